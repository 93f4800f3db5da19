"""A pod's network, with a sink in it: `unshare --net python network.py LOG` serves until its standard input ends.

The network has no device but loopback, so that nothing in it can leave the machine. What the sink on port 9000 is sent is
written to LOG as JSON lines, and so is what datagrams bring to the two ports behind it; `ready` on standard output says that
all are there.
"""

import http.server
import json
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
import metadata  # noqa: E402 - found through the line above

PORT, DATAGRAMS = 9000, (9001, 9002)
SINK = f"http://127.0.0.1:{PORT}"


class _Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        _keep(self.server.log, self.path, body)
        self.send_response(200)
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_arguments):
        """Keep the tests' own output free of the access log."""


def _keep(log, path, body):
    with open(log, "a") as file:
        file.write(json.dumps({"path": path, "body": body}) + "\n")


def _receive(listener, log):
    port = listener.getsockname()[1]
    while True:
        _keep(log, f"udp:{port}", listener.recv(1 << 16).decode("utf-8", "replace"))


def main(log):
    metadata.bring_up("lo", "127.0.0.1")
    for port in DATAGRAMS:
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(("127.0.0.1", port))
        threading.Thread(target=_receive, args=(listener, log), daemon=True).start()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), _Sink)
    server.log = log
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
