"""A worker that detaches itself by two forks and a session of its own, and outlives the application: test-py-conn."""

from payloads import STEAL_KEY, TOOLS, app, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel, bytecode

DETACH = """
import os
if os.fork() == 0:
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
    "app": app("import acme_conn"),
}

SCENARIOS = (
    Scenario(
        row=10,
        variant="bytecode",
        story="the worker loads a .pyc half a second later, reads a private key and posts it",
        wheels=(
            Wheel(
                "acme-conn",
                "0.3.2",
                {
                    "acme_conn/__init__.py": LOAD_WORKER + DETACH,
                    "acme_conn/worker.pyc": bytecode(quietly(STEAL_KEY)),
                },
            ),
        ),
        achieves=("leaked:ssh", "POST:/key"),
        denied=(Expected("fs.read", "acme-conn", "import", "*/.ssh/id_ed25519"),),
        then=(Expected("net.connect", "acme-conn", "import", "127.0.0.1:*"),),
        **COMMON,
    ),
    Scenario(
        row=10,
        variant="shell",
        story="the worker becomes a shell, in which no Python hook sees anything",
        wheels=(Wheel("acme-conn", "0.3.2", {"acme_conn/__init__.py": TOOLS + BECOME_A_SHELL + DETACH}),),
        achieves=("wrote:home/from-the-worker.mark",),
        denied=(Expected("proc.spawn", "acme-conn", "import", "/bin/sh"),),
        **COMMON,
    ),
)
