"""One container in a network of its own: started, asked, signalled, and what it left."""

import contextlib
import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import documented
import images
import network
from support import homes

HERE = Path(__file__).parent
SECONDS = 90
USER = 1000
HOME = "/home/app"


@dataclass(slots=True)
class Box:
    """A container that runs in the background: its `id`, and `home`, the folder of this machine that is its home."""

    podman: object
    id: str
    net: int
    home: Path
    canaries: dict
    log: Path
    _ended: dict = field(default_factory=dict)

    def visiting(self, path, *, threads=1):
        """Return a Visitor that asks for `path` until it is told to stop."""
        _path, port = documented.readiness()
        url = f"http://127.0.0.1:{port}{path}"
        return Visitor(subprocess.Popen(
            ["nsenter", "--target", str(self.net), "--net", sys.executable, "-I", HERE / "visitor.py", url, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ))  # fmt: skip

    def ask(self, path):
        """Wait until the server answers; return what it says."""
        answers = self.visiting(path).stop()
        assert answers[-1][0] == 200, f"{answers[-1]}\n{self.story()}"
        return json.loads(answers[-1][1])

    def signal(self, number):
        """Send a signal to the container's process 1."""
        self.podman.call("kill", "--signal", signal.Signals(number).name, self.id)

    def wait(self):
        """Return the exit status of the container once it has ended."""
        return int(self.podman.call("wait", self.id).stdout)

    def outputs(self):
        """Return (standard output, standard error), as a platform collects them."""
        done = self.podman.call("logs", self.id)
        return done.stdout, done.stderr

    def records(self):
        """Return the records among the lines of standard error."""
        return [json.loads(line) for line in self.outputs()[1].splitlines() if line.startswith('{"v":1,')]

    def decisions(self):
        """Return the records of what was refused."""
        return [record for record in self.records() if record["event"] == "decision" and record["verdict"] == "deny"]

    def story(self):
        """Return what a failing test should show."""
        return "\n".join(self.outputs())

    def stolen(self):
        """Return the names of the canaries that reached the sink."""
        text = self.log.read_text() if self.log.exists() else ""
        return {name for name, canary in self.canaries.items() if canary in text}

    def arrived(self):
        """Return the paths of what the sinks received: that of a request, `udp:PORT` for a datagram."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return {json.loads(line)["path"] for line in lines}

    def files(self):
        """Return the relative paths of the files in the home by now."""
        return {str(path.relative_to(self.home)) for path in self.home.rglob("*") if path.is_file()}


@dataclass(slots=True)
class Visitor:
    """A client that asks without end; `ready` once it was answered."""

    process: subprocess.Popen

    def ready(self):
        assert self.process.stdout.readline() == "ready\n"
        return self

    def stop(self):
        """Return the list of [status, body] of all its requests."""
        out, _err = self.process.communicate("", timeout=SECONDS)
        return json.loads(out.splitlines()[-1])


@contextlib.contextmanager
def pod(folder):
    """Make a network in which a sink listens; yields the pid of the process that holds it."""
    log = folder / "received.jsonl"
    holder = subprocess.Popen(
        ["unshare", "--net", sys.executable, "-I", HERE / "network.py", log],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout.readline() == "ready\n"
        yield holder.pid, log
    finally:
        holder.stdin.close()
        holder.wait(SECONDS)
        holder.stdout.close()


@contextlib.contextmanager
def box(podman, folder, *, image=images.CLEAN, words=(), options=(), home_options="rw"):
    """Run a container of an image, with canaries in its home, for the length of the block; yields the Box."""
    home = folder / "home"
    canaries = homes.furnish(home, folder / "project")
    subprocess.run(["chown", "-R", f"{USER}:{USER}", home], check=True)
    before = [image, *words]
    with pod(folder) as (net, log):
        more = ["--network", f"ns:/proc/{net}/ns/net", "--volume", f"{home}:{HOME}:{home_options}", "--env", f"HOME={HOME}", "--env", f"SINK={network.SINK}"]
        made = podman.start(*before, options=[*more, *options])
        try:
            yield Box(podman, made, net, home, canaries, log)
        finally:
            podman.call("rm", "--force", "--time", "0", made)
