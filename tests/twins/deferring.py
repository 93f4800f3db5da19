"""Ways to have a function of the library called later, each as data: none of them shows a frame of who arranged it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """`arrange` hands the function `act` over; `python` is what the core in Python makes of it where that is less.

    "run" where it takes what a package arranges when it is called for the application's, "always" where it never knows.
    """

    name: str
    arrange: str
    python: str = "same"


WAYS = (
    Way("thread", "threading.Thread(target=act).start()"),
    Way("thread_without_threading", "_thread.start_new_thread(act, ())"),
    Way("thread_by_an_older_name", "_thread.start_new(act, ())"),
    Way("timer", "threading.Timer(0, act).start()"),
    Way("executor", "stage.pool.submit(act)"),
    Way("executor_of_its_own", "stage.pools.append(ThreadPoolExecutor(1)); stage.pools[-1].submit(act)"),
    Way("first_work_of_an_executor", "stage.pools.append(ThreadPoolExecutor(1, initializer=act))", "always"),
    Way("next_turn_of_a_loop", "stage.loop.call_soon(act)", "run"),
    Way("later_turn_of_a_loop", "stage.loop.call_later(0, act)", "run"),
    Way("turn_from_another_thread", "stage.loop.call_soon_threadsafe(act)", "run"),
    Way("task_in_a_thread", "stage.loop.create_task(asyncio.to_thread(act))", "run"),
    Way("signal", "signal.signal(signal.SIGUSR1, act)"),
    Way("exit", "atexit.register(act)"),
    Way("finalizer", "weakref.finalize(stage.victims.pop(), act)"),
    Way("finalizer_at_exit", "weakref.finalize(stage, act)"),
    Way("fork", "os.register_at_fork(before=act)", "always"),
)

MODULES = """
import _thread, asyncio, atexit, functools, os, shutil, signal, sys, threading, types, weakref
from concurrent.futures import ThreadPoolExecutor
"""
HOME = "HOME = os.path.expanduser('~')\n"
ARRANGE = "".join(
    f"    act = functools.partial(shutil.rmtree, HOME + '/doomed-{way.name}')\n    {way.arrange}\n" for way in WAYS
)
ARRANGING = f"{MODULES}{HOME}def arrange(stage):\n{ARRANGE}"

# The application owns the loop, the pool and the thing that is finalized; what it does at the end sets everything off.
STAGE = f"""{MODULES}
class Victim: pass
stage = sys.stage = Victim()
stage.pool, stage.pools, stage.victims = ThreadPoolExecutor(1), [], [Victim()]
stage.pool.submit(int).result()
stage.loop = asyncio.new_event_loop()
"""
SET_OFF = """
async def turns():
    await asyncio.sleep(0.01)
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)

def attempt(function, *args):
    try: return function(*args)
    except BaseException as error: print('raised', type(error).__name__)

attempt(stage.loop.run_until_complete, turns())
stage.loop.run_until_complete(stage.loop.shutdown_default_executor())
for pool in stage.pools:
    attempt(pool.submit, int)
for pool in [stage.pool, *stage.pools]:
    pool.shutdown()
attempt(os.kill, os.getpid(), signal.SIGUSR1)
while _thread._count():
    os.sched_yield()
if attempt(os.fork) == 0:
    os._exit(0)
print('app done', flush=True)
"""
# Who arranges: the package while it is imported, the package when it is called, the application.
PACKAGES = {
    "import": (f"{ARRANGING}\nimport sys\narrange(sys.stage)\n", f"{STAGE}\nimport acme_evil\n{SET_OFF}"),
    "run": (ARRANGING, f"{STAGE}\nimport acme_evil\nacme_evil.arrange(stage)\n{SET_OFF}"),
    "application": ("", f"{STAGE}\n{ARRANGING}\narrange(stage)\n{SET_OFF}"),
}
POLICY = """version = 1
extends = "recommended"
[import]
deny = ["fs.write:~/doomed-*"]
[run]
deny = ["fs.write:~/doomed-*"]
"""
