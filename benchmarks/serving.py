"""Measures what `importguard run` costs a server: requests per second of gunicorn guarded, as a ratio to bare.

    python benchmarks/serving.py [--pairs 60] [--servers 6] [--write]     fetches flask and gunicorn once

Two servers run all the time, with two workers each, and are asked by turns: so many requests one after the other on kept
connections; then two others do, since no two processes are as fast. CPU is what the workers took for them, which what else the machine does disturbs less.
"""

import argparse
import contextlib
import http.client
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

import pairs  # noqa: E402 - found through the line above, as are its neighbours
import ratios  # noqa: E402
from launching import LAUNCHER, load  # noqa: E402
from support import interpreters, kept  # noqa: E402

NEEDS = ("flask", "gunicorn")
WORKERS, CONNECTIONS = 2, 2
REQUESTS = 200  # of each connection in each turn
LEAST = 0.97  # of the requests per second that the bare server answers
APP = """
import flask

app = flask.Flask(__name__)
@app.get("/")
def page():
    with open(__file__) as file:
        file.readline()
    return flask.render_template("page.html", items=[{"name": n, "price": n * n} for n in range(20)])
"""
PAGE = "<ul>{% for item in items %}<li>{{ item.name }}: {{ item.price }}</li>{% endfor %}</ul>"
HEAD = """# What the guard costs a server

Written by `python benchmarks/serving.py --write`: gunicorn with two workers serves a page that Flask makes of a template and
an opened file, over kept connections on loopback. Median ratio of guarded to bare over paired turns, with its 95 % interval.

| pairs | of servers | requests a turn | requests per second | CPU of the workers for a request | load of a CPU before and after |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A gunicorn that listens on `port`, and the pids of its workers."""

    port: int
    workers: tuple[int, ...]

    def cpu(self):
        """Return the CPU seconds that the workers have taken so far."""
        return sum(_cpu(pid) for pid in self.workers)


@contextlib.contextmanager
def serving(python, folder, before=()):
    """Run gunicorn behind `before`; yields the Server."""
    bound = ["--bind", "127.0.0.1:0", "--workers", str(WORKERS), "--worker-class", "gthread", "--threads", "4", "--keep-alive", "600"]
    environment = {"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}
    log = folder / f"log-{len(before)}"
    with log.open("wb") as file:
        process = subprocess.Popen([*before, str(python), "-m", "gunicorn", *bound, "app:app"], cwd=folder, env=environment, stderr=file)
    try:
        while len(booted := re.findall(r"Booting worker with pid: (\d+)", log.read_text())) < WORKERS:
            time.sleep(0.05)
            if process.poll() is not None:
                raise pairs.WorkloadFailed(log.read_text())
        yield Server(int(re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text())[1]), tuple(map(int, booted)))
    finally:
        process.terminate()
        process.wait(30)


def turn(server, connections):
    """Ask a server REQUESTS times on each connection; return (requests per second, CPU seconds of a request)."""

    def ask(connection):
        for _ in range(REQUESTS):
            connection.request("GET", "/")
            answer = connection.getresponse()
            if answer.status != 200 or not answer.read():
                raise pairs.WorkloadFailed(f"the server answered {answer.status}")

    threads = [threading.Thread(target=ask, args=(connection,)) for connection in connections]
    cpu, start = server.cpu(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, many = time.perf_counter() - start, REQUESTS * len(connections)
    return many / seconds, (server.cpu() - cpu) / many


def measure(python, rounds, servers):
    """Return {"bare": [(requests per second, CPU seconds of a request)], "guarded": ...}, a value a round of each pair of servers."""
    run = [sys.executable, "-I", "-S", str(LAUNCHER), sysconfig.get_path("purelib"), "run", "--"]
    found = {"bare": [], "guarded": []}
    for _ in range(servers):
        with tempfile.TemporaryDirectory(prefix="benchmark-of-importguard-") as name, contextlib.ExitStack() as stack:
            (Path(name) / "app.py").write_text(APP)
            (Path(name) / "templates").mkdir()
            (Path(name) / "templates" / "page.html").write_text(PAGE)
            asked = {}
            for kind, before in {"bare": [], "guarded": run}.items():
                server = stack.enter_context(serving(python, Path(name), before))
                asked[kind] = server, [http.client.HTTPConnection("127.0.0.1", server.port, timeout=60) for _ in range(CONNECTIONS)]
            for number in range(-pairs.WARM_UP, rounds):
                for kind in sorted(asked, reverse=number % 2):
                    taken = turn(*asked[kind])
                    if number >= 0:
                        found[kind].append(taken)
    return found


def _cpu(pid):
    """Return the CPU seconds of a process, to the nanosecond: the clock ticks of /proc/PID/stat are far too coarse."""
    tasks = Path(f"/proc/{pid}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=ratios.FEW)
    parser.add_argument("--servers", type=int, default=6, help="how many pairs of servers")
    parser.add_argument("--write", action="store_true", help="keep the results beside this file")
    options = parser.parse_args()
    before = load()
    found = measure(kept.environment(NEEDS, interpreters.own()).python, -(-options.pairs // options.servers), options.servers)
    rate, cpu = (ratios.ratio(*([taken[at] for taken in found[kind]] for kind in ("guarded", "bare"))) for at in (0, 1))
    text = HEAD + f"| {len(found['bare'])} | {options.servers} | {REQUESTS * CONNECTIONS} | {rate} | {cpu} | {before:.1f}, {load():.1f} |\n"
    (HERE / "serving.md").write_text(text) if options.write else None
    print(text)
    is_over = rate.upper < LEAST
    print(f"over its budget: {rate} of the bare rate, at least {LEAST}" if is_over else "within its budget", file=sys.stderr)
    return is_over


if __name__ == "__main__":
    sys.exit(main())
