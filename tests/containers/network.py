"""A pod's network, with a sink in it: `unshare --net python network.py LOG` serves until its standard input ends.

The network has no device but loopback, so that nothing in it can leave the machine. What the sink on port 9000 is sent is
written to LOG as JSON lines; `ready` on standard output says that both are there.
"""

import http.server
import json
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
import metadata  # noqa: E402 - found through the line above

PORT = 9000
SINK = f"http://127.0.0.1:{PORT}"


class _Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        with open(self.server.log, "a") as log:
            log.write(json.dumps({"path": self.path, "body": body}) + "\n")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments):
        """Keep the tests' own output free of the access log."""


def main(log):
    metadata.bring_up("lo", "127.0.0.1")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), _Sink)
    server.log = log
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
