"""What is measured: programs of a few lines, each run by a fresh interpreter."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Workload:
    """One program: its `name` in the budgets, its `code`, and whether it needs packages.txt (`is_import`)."""

    name: str
    code: str
    is_import: bool = False


def every(file, *, times=1.0):
    """Return all workloads; the loops open `file`, and go round `times` as often as they usually do."""
    return (
        Workload("start", "pass"),
        Workload("numpy", "import numpy", is_import=True),
        Workload("pandas", "import pandas", is_import=True),
        Workload("django", DJANGO, is_import=True),
        Workload("boto3", BOTO3, is_import=True),
        Workload("open-close", OPEN_CLOSE.format(times=int(30_000 * times), file=str(file))),
        Workload("os-open-close", OS_OPEN_CLOSE.format(times=int(30_000 * times), file=str(file))),
        Workload("connect", CONNECT.format(times=int(6_000 * times))),
    )
