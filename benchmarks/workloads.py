"""What is measured: programs of a few lines, each run by a fresh interpreter."""

from dataclasses import dataclass

# What environment.py installs: a distribution without any grant.
RESTRICTED = "acme_restricted"

OPEN_CLOSE = """
for _ in range({times}):
    open({file!r}, "rb").close()
"""
# Two system calls and nothing else: as bad as it gets.
OS_OPEN_CLOSE = """
import os
for _ in range({times}):
    os.close(os.open({file!r}, os.O_RDONLY))
"""
CONNECT = """
import socket, struct
listener = socket.create_server(("127.0.0.1", 0))
address = listener.getsockname()
# Reset instead of closed: thousands of connections would otherwise wait for their ports to be free again.
linger = struct.pack("ii", 1, 0)
for _ in range({times}):
    client = socket.socket()
    client.connect(address)
    listener.accept()[0].close()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    client.close()
"""
DJANGO = """
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
    "django.contrib.messages", "django.contrib.sessions"], SECRET_KEY="none")
django.setup()
"""
BOTO3 = """
import boto3
boto3.client("s3", region_name="eu-north-1", aws_access_key_id="none", aws_secret_access_key="none")
"""

ID = """
for _ in range({times}):
    id(None)
"""
# No rule speaks of it, and no reader reads it.
UNHEARD = """
from sys import audit
for _ in range({times}):
    audit("unheard.of")
"""
HTTP = """
import http.client, http.server, threading

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for _ in range({times}):
    connection = http.client.HTTPConnection(*server.server_address)
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()
"""
# A program that says how much CPU time its own statements took, all threads of the process together.
TIMED = """
from time import process_time
started = process_time()
{code}
taken = process_time() - started
from os import write
write(1, f"\\n{{taken}}\\n".encode())
"""
BY_RESTRICTED = "import " + RESTRICTED + "\n" + RESTRICTED + ".{function}({times}, {file!r})\n"


@dataclass(frozen=True, slots=True)
class Workload:
    """One program: its `name` in the budgets, its `code`, whether it needs packages.txt (`is_import`), and how many calls
    of what is measured it makes (0 where that is no call)."""

    name: str
    code: str
    is_import: bool = False
    calls: int = 0


def every(file, *, times=1.0):
    """Return all workloads; the loops open `file`, and go round `times` as often as they usually do."""

    def imported(name, code):
        return Workload(name, TIMED.format(code=code), is_import=True)

    def loop(name, code, calls, **more):
        calls = int(calls * times)
        return Workload(name, code.format(times=calls, file=str(file), **more), calls=calls)

    return (
        Workload("start", "pass"),
        imported("numpy", "import numpy"),
        imported("pandas", "import pandas"),
        imported("django", DJANGO),
        imported("boto3", BOTO3),
        imported("fastapi", "import fastapi"),
        loop("open-close", OPEN_CLOSE, 30_000),
        loop("os-open-close", OS_OPEN_CLOSE, 30_000),
        loop("connect", CONNECT, 6_000),
        loop("http", HTTP, 1_000),
        loop("id", ID, 500_000),
        loop("unheard", UNHEARD, 500_000),
        loop("restricted-open", BY_RESTRICTED, 30_000, function="open_and_close"),
        loop("restricted-decided", BY_RESTRICTED, 30_000, function="connect"),
    )
