"""Asks a server in a thread of its own: over a kept connection, and over a new one each time."""

import http.server
import threading

import requests

KEPT, NEW = 1800, 600


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers everything with the same JSON."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: else the kernel waits 40 ms for an acknowledgement

    def do_GET(self):
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "14")
        self.end_headers()
        self.wfile.write(b'{"ok": "true"}')

    def log_message(self, *args):
        """Say nothing."""


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/"

with requests.Session() as session:
    for number in range(KEPT):
        session.get(address, params={"page": number}, timeout=5).json()
for number in range(NEW):
    requests.get(f"{address}{number}", timeout=5).json()
