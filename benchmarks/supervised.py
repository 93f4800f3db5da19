"""Measures what the supervisor of system calls costs a program that connects: with it and without, under the guard both times.

    python benchmarks/supervised.py [--rounds 60] [--write]     fetches httpx once
"""

import argparse
import json
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
import http.server, json, socket, threading, time

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
    function()
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

print(json.dumps({
    "connect": timed(connected, 500), "http, a connection a request": timed(requested, 100),
    "http, kept alive": timed(requested_again, 200),
}))
"""
VARIANTS = {"off": ("--supervise", "off"), "supervised": ("--supervise", "require")}
HEAD = """# What the supervisor of system calls costs

Written by `python benchmarks/supervised.py --write`: seconds by the clock within guarded processes, {rounds} paired rounds in turns,
CPython {version}; the median, and for ratios the 95 % interval. The client is httpx, and the server a thread of the same process.
To connect is to make, connect and close a datagram socket. Load of a CPU before and after: {load}.

| what | without | supervised | |
|---|---|---|---|
"""


def once(python, options, folder):
    """Return {what: seconds} of one process."""
    launcher = Path(sys.executable).with_name("importguard")
    command = [launcher, "run", *options, "--", python, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, timeout=120)
    return json.loads(done.stdout)


def measure(python, rounds):
    """Return {variant: [{what: seconds}, ...]}; the order turns with the rounds."""
    taken = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(-1, rounds):
            for name in list(VARIANTS)[:: 1 if number % 2 else -1]:
                found = once(python, VARIANTS[name], folder)
                if number >= 0:
                    taken[name].append(found)
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ratios.FEW)
    parser.add_argument("--write", action="store_true", help="keep the results beside this file")
    options = parser.parse_args()
    limits = tomllib.loads((HERE / "budgets.toml").read_text())["supervised"]
    before, python = load(), kept.environment(("httpx",), interpreters.own()).python
    taken = measure(python, options.rounds)
    lines, over = [], []
    for what, limit in limits.items():
        off, on = ([found[what] for found in taken[name]] for name in VARIANTS)
        middle = [sorted(values)[len(values) // 2] * 1e6 for values in (off, on)]
        if what == "connect":
            said, is_over = f"{middle[1] - middle[0]:.0f} µs more", middle[1] - middle[0] > limit
        else:
            found = ratios.ratio(on, off)
            said, is_over = str(found), found.lower > limit
        lines.append(f"| {what} | {middle[0]:.0f} µs | {middle[1]:.0f} µs | {said} |")
        over += [f"{what}: {said}, over {limit}"] if is_over else []
    text = HEAD.format(rounds=options.rounds, version=sys.version.split()[0], load=f"{before:.1f}, {load():.1f}") + "\n".join(lines) + "\n"
    (HERE / "supervised.md").write_text(text) if options.write else print(text)
    pairs.progress("\n".join(over) or "all within their budgets")
    return bool(over)


if __name__ == "__main__":
    sys.exit(main())
