"""Forty ordinary workloads, each what a program does every day: `everyday.py NAME...` prints {name: "ok" or the error}.

Each runs in a process of its own, since some of them give up rights or become daemons. Those of `everyday_packages` need a
distribution.
"""

import asyncio
import concurrent.futures
import contextlib
import ctypes
import faulthandler
import http.client
import http.server
import json
import logging.handlers
import multiprocessing
import multiprocessing.shared_memory
import os
import platform
import shutil
import signal
import socket
import socketserver
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import uuid

SECONDS = 90
ALL = {}


def workload(function):
    ALL[function.__name__] = function
    return function


@contextlib.contextmanager
def server():
    """Serve HTTP on loopback; yields the URL."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers everything with two bytes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_arguments):
        return


# The standard library.


@workload
def http_server():
    with server() as url:
        assert urllib.request.urlopen(url, timeout=5).read() == b"ok"


@workload
def http_client():
    with server() as url:
        connection = http.client.HTTPConnection(url.split("/")[2], timeout=5)
        for _ in range(3):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"ok"


@workload
def names_of_this_machine():
    assert socket.getaddrinfo("localhost", 80) and socket.gethostbyname("localhost")


@workload
def datagrams():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two:
        one.bind(("127.0.0.1", 0))
        two.sendto(b"x", one.getsockname())
        assert one.recv(9) == b"x"


@workload
def unix_sockets():
    class Echo(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(self.rfile.readline())

    with socketserver.UnixStreamServer("socket", Echo) as serving:
        threading.Thread(target=serving.handle_request, daemon=True).start()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("socket")
            client.sendall(b"x\n")
            assert client.recv(9) == b"x\n"


@workload
def passed_descriptors():
    one, two = socket.socketpair()
    with open("passed", "w") as file:
        socket.send_fds(one, [b"x"], [file.fileno()])
    _data, fds, _flags, _address = socket.recv_fds(two, 9, 1)
    os.write(fds[0], b"x")


@workload
def asyncio_use():
    async def main():
        await asyncio.sleep(0.001)
        assert await asyncio.to_thread(sum, [1, 2]) == 3

    asyncio.run(main())


@workload
def asyncio_streams():
    async def echo(reader, writer):
        writer.write(await reader.readline())
        writer.close()

    async def main():
        serving = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*serving.sockets[0].getsockname())
        writer.write(b"x\n")
        assert await reader.readline() == b"x\n"
        writer.close()
        serving.close()

    asyncio.run(main())


@workload
def asyncio_subprocess():
    async def main():
        process = await asyncio.create_subprocess_exec("/bin/true")
        assert await process.wait() == 0

    asyncio.run(main())


@workload
def threads():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(abs, [-1, -2])) == [1, 2]


def pool_of(method):
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]


@workload
def fork_pool():
    pool_of("fork")


@workload
def spawn_pool():
    pool_of("spawn")


@workload
def forkserver_pool():
    pool_of("forkserver")


@workload
def process_executor():
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        assert pool.submit(abs, -1).result(SECONDS) == 1


@workload
def manager():
    with multiprocessing.get_context("fork").Manager() as managing:
        shared = managing.dict()
        shared["a"] = 1
        assert shared["a"] == 1


@workload
def shared_memory():
    block = multiprocessing.shared_memory.SharedMemory(create=True, size=100)
    block.buf[0] = 1
    block.close()
    block.unlink()


@workload
def locks_between_processes():
    lock = multiprocessing.get_context("fork").Lock()
    with lock:
        assert not lock.acquire(timeout=0.01)


@workload
def programs():
    assert subprocess.run(["/bin/echo", "x"], capture_output=True).stdout == b"x\n"
    assert os.system("true") == 0


@workload
def programs_in_sessions():
    assert subprocess.run(["/bin/true"], start_new_session=True, cwd="/", close_fds=False).returncode == 0


@workload
def what_platform_says():
    platform.platform(), platform.processor(), platform.uname(), platform.libc_ver()


@workload
def unique_numbers():
    uuid.uuid1(), uuid.uuid4(), uuid.getnode()


@workload
def c_callbacks():
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    numbers = (ctypes.c_int * 3)(3, 1, 2)
    ctypes.CDLL(None).qsort(numbers, 3, 4, compare(lambda one, two: one[0] - two[0]))
    assert list(numbers) == [1, 2, 3]


@workload
def late_imports():
    import bz2  # noqa: E401, F401


@workload
def database():
    with contextlib.closing(sqlite3.connect("t.db")) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table if not exists t(a)")
        connection.execute("insert into t values(1)")
        connection.commit()


@workload
def temporary_files():
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/x", "w") as file:
            file.write("x")
        os.rename(folder + "/x", folder + "/y")
        os.chmod(folder + "/y", 0o600)
        shutil.copytree(folder, folder + "-copy")
        shutil.rmtree(folder + "-copy")
    with tempfile.TemporaryFile() as file:
        file.write(b"x")


@workload
def special_files():
    os.mkfifo("pipe")
    os.symlink("pipe", "link")
    os.setxattr("t", "user.x", b"1") if os.path.exists("t") else None
    os.close(os.memfd_create("x"))


@workload
def certificates():
    ssl.create_default_context()


@workload
def system_log():
    with contextlib.suppress(OSError):
        logging.handlers.SysLogHandler("/dev/log")


@workload
def own_signals():
    got = []
    signal.signal(signal.SIGUSR1, lambda *_arguments: got.append(1))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert len(got) == 2


@workload
def ended_children():
    child = subprocess.Popen(["/bin/sleep", "30"])
    child.terminate()
    assert child.wait(5) == -signal.SIGTERM


@workload
def tracebacks():
    with open(os.devnull, "w") as nothing:
        faulthandler.dump_traceback(file=nothing, all_threads=True)


@workload
def plain_forks():
    child = os.fork()
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


@workload
def daemons():
    child = os.fork()
    if child == 0:
        os.setsid()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


@workload
def given_up_rights():
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


@workload
def limits():
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(1)
    os.sched_setaffinity(0, os.sched_getaffinity(0))


def run(name):
    """Return "ok", or what went wrong, for one workload in a process of its own and a folder of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # A workload's own output is not what is compared.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        signal.alarm(SECONDS)
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            os.chdir(folder)
            try:
                ALL[name]()
                said = "ok"
            except BaseException as error:
                said = f"{type(error).__name__}: {error}"
            os.write(writer, said.encode()[:500])
            os.chdir("/")
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        said = file.read().decode()
    _pid, status = os.waitpid(child, 0)
    return said or f"ended by {os.waitstatus_to_exitcode(status)}"


if __name__ == "__main__":
    print(json.dumps({name: run(name) for name in sys.argv[1:] or ALL}))
