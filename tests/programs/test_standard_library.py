"""Programs of the standard library alone, with children of every kind, behave the same guarded and not."""

import pytest
from comparing_programs import Program, assert_same

POOL = """
import multiprocessing, os, sys

def double(number):
    return 2 * number

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        print(pool.map(double, range(5)))
    queue = context.Queue()
    child = context.Process(target=queue.put, args=("from the child",))
    child.start()
    print(queue.get(timeout=30))
    child.join()
    print(child.exitcode)
"""
MANAGER = """
import multiprocessing
from multiprocessing import managers, shared_memory

if __name__ == "__main__":
    with multiprocessing.Manager() as manager:
        shared = manager.dict(text="shared")
        print(shared["text"])
    block = shared_memory.SharedMemory(create=True, size=8)
    block.close()
    block.unlink()
"""
FUTURES = """
import concurrent.futures, math

if __name__ == "__main__":
    for kind in (concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor):
        with kind(2) as pool:
            print(kind.__name__, list(pool.map(math.factorial, range(6))), pool.submit(pow, 2, 8).result())
            try:
                pool.submit(int, "x").result()
            except ValueError as error:
                print(error)
"""
ASYNCIO = """
import asyncio, sys

async def main():
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print(input()[::-1])", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    print(await child.communicate(b"desrever\\n"), child.returncode)
    child = await asyncio.create_subprocess_shell("echo $((1 + 2)); exit 4", stdout=asyncio.subprocess.PIPE)
    print(await child.communicate(), child.returncode)
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    print(await reader.read())
    writer.close()
    server.close()
    print(await asyncio.to_thread(sum, [1, 2, 3]))

asyncio.run(main())
"""
EMPTIED = """
import os, subprocess, sys

SHOW = "import json, os, sys; print(sorted(os.environ), sys.flags, sys.argv, json.dumps({}))"

for arguments in ([], ["-I"], ["-E"], ["-S"], ["-s", "-E"], ["-B", "-W", "ignore"]):
    for env in ({}, {"PATH": os.defpath}, {"PYTHONPATH": "elsewhere", "PYTHONHASHSEED": "0"}):
        command = [sys.executable, *arguments, "-c", SHOW, "argument"]
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        print(arguments, done.returncode, done.stdout, done.stderr)
print(os.spawnve(os.P_WAIT, sys.executable, [sys.executable, "-c", "raise SystemExit(7)"], {}))
child = os.posix_spawn(sys.executable, [sys.executable, "-c", "raise SystemExit(8)"], {})
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
sys.stdout.flush()
child = os.fork()
if child == 0:
    os.execve(sys.executable, [sys.executable, "-c", SHOW], {})
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), dict(os.environ) == dict(os.environ.items()))
sys.stdout.flush()
os.system("exit 3")
os.execle("/bin/sh", "sh", "-c", "echo $0 replaced; exit 9", {})
"""
PROGRAMS = (
    Program("pool-fork", {"app.py": POOL}, ("python", "app.py", "fork"), "from the child"),
    Program("pool-spawn", {"app.py": POOL}, ("python", "app.py", "spawn"), "from the child"),
    Program("pool-forkserver", {"app.py": POOL}, ("python", "app.py", "forkserver"), "from the child"),
    Program("manager", {"app.py": MANAGER}, ("python", "app.py"), "shared"),
    Program("futures", {"app.py": FUTURES}, ("python", "app.py"), "ProcessPoolExecutor"),
    Program("asyncio", {"app.py": ASYNCIO}, ("python", "app.py"), "reversed"),
    Program("emptied-environment", {"app.py": EMPTIED}, ("python", "app.py"), "sh replaced"),
)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)
def test_it_behaves_the_same(program, empty_environment, place):
    """Exit status and output are those of the bare run, under observe and under recommended."""
    assert_same(program, lambda: empty_environment, place)
