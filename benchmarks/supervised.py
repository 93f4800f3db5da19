"""Measures what the supervisor of system calls costs a program that connects: with it and without, under the guard both times.

    python benchmarks/supervised.py [--rounds 60] [--processes 5] [--write]     fetches httpx once

Both processes run all the time and are asked by turns, so that what else the machine does meets both; then two others do, since
no two processes are as fast.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

import pairs  # noqa: E402 - found through the line above, as are its neighbours
import ratios  # noqa: E402
from launching import load  # noqa: E402
from support import interpreters, kept  # noqa: E402

PROGRAM = """
import http.server, socket, sys, threading, time

import httpx

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: else the kernel waits 40 ms for an acknowledgement
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()

def timed(function, count):
    begin = time.perf_counter()
    for _ in range(count):
        function()
    return (time.perf_counter() - begin) / count

def connected():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.connect(("127.0.0.1", 9))

url = f"http://127.0.0.1:{server.server_port}/"
anew = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))
kept = httpx.Client()

def requested():
    anew.get(url).raise_for_status()

def requested_again():
    kept.get(url).raise_for_status()

functions = {
    "connect": (connected, 100), "http, a connection a request": (requested, 20), "http, kept alive": (requested_again, 40),
}
for line in sys.stdin:
    print(timed(*functions[line.strip()]), flush=True)
"""
WORK = ("connect", "http, a connection a request", "http, kept alive")
# The third is as the second, where the right to take descriptors of others is kept back, as in a container: a socket asks too.
VARIANTS = {"off": ("--supervise", "off"), "supervised": ("--supervise", "require"), "contained": ("--supervise", "require")}
BENEATH = HERE.parent / "tests" / "kernel" / "beneath.py"
CONTAINED = (
    "/usr/bin/env", f"PYTHONPATH={HERE.parent}", sys.executable, BENEATH, "EPERM", "pidfd_getfd", "/usr/bin/env", "-u", "PYTHONPATH",
)  # fmt: skip
HEAD = """# What the supervisor of system calls costs

Written by `python benchmarks/supervised.py --write`: seconds by the clock within guarded processes, {pairs} pairs: {processes} of
processes, in {rounds} rounds by turns, CPython {version}; the median, and for ratios the 95 % interval. The client is httpx, and the
server a thread of the same process. To connect is to make, connect and close a datagram socket. `contained` is where descriptors
of others can't be taken, as in a container, so that making a socket asks as well. Load of a CPU before and after: {load}.

| what | without | supervised | | contained | |
|---|---|---|---|---|---|
"""


@contextlib.contextmanager
def running(python, folder):
    """Run a process of each variant; yields {variant: its Popen}."""
    launcher = Path(sys.executable).with_name("importguard")
    with contextlib.ExitStack() as stack:
        found = {}
        for name, options in VARIANTS.items():
            command = [*(CONTAINED if name == "contained" else ()), launcher, "run", *options, "--", python, "-c", PROGRAM]
            found[name] = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder))
        yield found


def once(process, what):
    """Return the seconds that a process takes for one of what it can do."""
    process.stdin.write(what + "\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def measure(python, rounds, processes):
    """Return {what: {variant: [seconds, ...]}}; the order turns with the rounds."""
    taken = {what: {name: [] for name in VARIANTS} for what in WORK}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(processes):
            with running(python, folder) as found:
                for number in range(-pairs.WARM_UP, rounds):
                    names = list(VARIANTS)
                    names = [*names[number % len(names) :], *names[: number % len(names)]]
                    for what in WORK:
                        for name in names:
                            seconds = once(found[name], what)
                            if number >= 0:
                                taken[what][name].append(seconds)
    return taken


def compared(what, taken, limit):
    """Return (a line of the page, whether what a supervised process takes is over the limit)."""
    middle = {name: statistics.median(values) * 1e6 for name, values in taken.items()}
    cells, is_over = [f"{middle['off']:.0f} µs"], False
    for name in ("supervised", "contained"):
        if what == "connect":
            found = ratios.summary([(on - off) * 1e6 for on, off in zip(taken[name], taken["off"], strict=True)])
            said = f"{found.median:.0f} [{found.lower:.0f}, {found.upper:.0f}] µs more"
        else:
            found = ratios.ratio(taken[name], taken["off"])
            said = str(found)
        cells += [f"{middle[name]:.0f} µs", said]
        is_over = is_over or (name == "supervised" and found.lower > limit)
    return f"| {what} | " + " | ".join(cells) + " |", is_over


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ratios.FEW)
    parser.add_argument("--processes", type=int, default=5, help="how many pairs of processes")
    parser.add_argument("--write", action="store_true", help="keep the results beside this file")
    options = parser.parse_args()
    limits = tomllib.loads((HERE / "budgets.toml").read_text())["supervised"]
    before, python = load(), kept.environment(("httpx",), interpreters.own()).python
    taken = measure(python, options.rounds, options.processes)
    lines, over = [], []
    for what, limit in limits.items():
        line, is_over = compared(what, taken[what], limit)
        lines.append(line)
        over += [f"{what} is over {limit}: {line}"] if is_over else []
    text = HEAD.format(
        pairs=options.rounds * options.processes, rounds=options.rounds, processes=options.processes,
        version=sys.version.split()[0], load=f"{before:.1f}, {load():.1f}",
    ) + "\n".join(lines) + "\n"  # fmt: skip
    (HERE / "supervised.md").write_text(text) if options.write else print(text)
    pairs.progress("\n".join(over) or "all within their budgets")
    return bool(over)


if __name__ == "__main__":
    sys.exit(main())
