"""Loopback servers that keep what they were sent: an HTTP sink and a UDP sink."""

import contextlib
import http.server
import socket
import threading
from dataclasses import dataclass, field

LIMIT = 500  # requests that one sink keeps; more than that is a payload out of control
LARGEST = 1 << 20
SECONDS = 10
MARK = b"\0everything before this has been read"

# The text of a function that calls the sink in a program's environment, and takes no for an answer.
CONNECT = """
import os, socket

def connect(path):
    host, port = os.environ["SINK"].removeprefix("http://").split(":")
    try:
        with socket.create_connection((host, int(port)), 5) as connection:
            connection.sendall(b"GET /" + path + b" HTTP/1.0\\r\\n\\r\\n")
            connection.recv(64)
    except PermissionError:
        pass
    return path
"""


@dataclass(frozen=True, slots=True)
class Received:
    """One request or datagram as it arrived."""

    method: str
    path: str
    headers: str
    body: bytes

    @property
    def text(self):
        return "\n".join([self.path, self.headers, self.body.decode("utf-8", "replace")])


@dataclass(slots=True)
class Sink:
    """Where a sink listens and what it received. `pages` is what it serves: path -> body, `refused` paths get 403."""

    host: str
    port: int
    received: list[Received] = field(default_factory=list)
    pages: dict[str, bytes] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    answer: bytes = b""
    marked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def settle(self):
        """Wait until a UDP sink has taken what has arrived: datagrams from this machine are queued in their order."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(MARK, (self.host, self.port))
        if not self.marked.acquire(timeout=SECONDS):
            raise TimeoutError(f"the sink at {self.host}:{self.port} has stopped reading")

    def keep(self, item):
        if len(self.received) < LIMIT:
            self.received.append(item)


@contextlib.contextmanager
def http_sink(host="127.0.0.1", port=0):
    """Serve HTTP on loopback for the length of the block; yields a Sink."""
    server = http.server.ThreadingHTTPServer((host, port), _Handler)
    server.daemon_threads = True
    server.sink = Sink(host, server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join(SECONDS)


@contextlib.contextmanager
def udp_sink(host="127.0.0.1"):
    """Receive datagrams on loopback for the length of the block; each gets `sink.answer` back when there is one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((host, 0))
    sink = Sink(host, listener.getsockname()[1])
    thread = threading.Thread(target=_receive, args=(listener, sink), daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stopper:
            stopper.sendto(b"", (sink.host, sink.port))
        thread.join(SECONDS)
        listener.close()


@contextlib.contextmanager
def stream_sink(host="127.0.0.1"):
    """Accept connections on loopback for the length of the block, and keep each; nobody is answered."""
    listener = socket.create_server((host, 0), backlog=1024)
    sink = Sink(host, listener.getsockname()[1])
    thread = threading.Thread(target=_accept, args=(listener, sink), daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        # What had come before this has been accepted then.
        with socket.create_connection((sink.host, sink.port)) as stopper:
            stopper.sendall(MARK)
            thread.join(SECONDS)
        listener.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = SECONDS

    def do_GET(self):
        self._take()

    def do_POST(self):
        self._take()

    def do_PUT(self):
        self._take()

    def _take(self):
        length = min(int(self.headers.get("Content-Length") or 0), LARGEST)
        sink, path = self.server.sink, self.path.partition("?")[0]
        sink.keep(Received(self.command, self.path, str(self.headers), self.rfile.read(length)))
        page = b"" if path in sink.refused else sink.pages.get(path, b"ok")
        self.send_response(403 if path in sink.refused else 200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_arguments):
        """Keep the tests' own output free of the access log."""


def _accept(listener, sink):
    while True:
        connection, _sender = listener.accept()
        with connection:
            connection.settimeout(SECONDS)
            data = connection.recv(len(MARK))
            if data == MARK:
                return
            sink.keep(Received("TCP", "", "", data))


def _receive(listener, sink):
    while True:
        data, sender = listener.recvfrom(65536)
        if not data:
            return
        if data == MARK:
            sink.marked.release()
            continue
        sink.keep(Received("UDP", "", "", data))
        if sink.answer:
            listener.sendto(sink.answer, sender)
