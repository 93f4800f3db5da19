"""Where the re-enacted collector sends its loot: an HTTP server on loopback that keeps what arrives."""

import contextlib
import http.server
import threading

LARGEST = 1 << 20
MOST = 200  # posts that are kept; the re-enactment makes a handful


@contextlib.contextmanager
def listening():
    """Serve on a free loopback port for the length of the block; yields (URL, the list of bodies that arrived)."""
    received = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(received))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(received):
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self):
            length = min(int(self.headers.get("Content-Length") or 0), LARGEST)
            body = self.rfile.read(length)
            if len(received) < MOST:
                received.append(body)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments):
            """Write no access log into the show."""

    return Handler
