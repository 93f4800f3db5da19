"""Work that the import arranges and that runs later: a timer, the end of the program, an alarm."""

from payloads import STEAL_VARIABLE, TOOLS, app, function
from scenario import Expected, Scenario
from support.wheels import Wheel

COMMON = {"models": ("fast-dotenv", "rblxfando"), "techniques": ("T1195.002", "T1497.003", "T1041")}
WORK = TOOLS + function("_work", "try:", f"    {STEAL_VARIABLE}", "except OSError:", "    pass", arguments="*_ignored")
ALARM = "import signal\nsignal.signal(signal.SIGALRM, _work)\nsignal.setitimer(signal.ITIMER_REAL, 0.3)\n"


def deferred(variant, story, name, arrange, *waiting):
    """Return a Scenario in which the package `name` arranges for `_work`."""
    return Scenario(
        row=9,
        variant=variant,
        story=story,
        wheels=(Wheel(name.replace("_", "-"), "1.1.0", {f"{name}/__init__.py": WORK + arrange}),),
        app=app(f"import {name}", *waiting),
        achieves=("leaked:variable", "POST:/variable"),
        denied=(Expected("net.connect", name.replace("_", "-"), "import", "127.0.0.1:*"),),
        **COMMON,
    )


SCENARIOS = (
    deferred(
        "timer",
        "a timer that the import started posts a variable",
        "acme_env_timer",
        "import threading\nthreading.Timer(0.3, _work).start()\n",
    ),
    deferred(
        "atexit",
        "a function that the import registered posts a variable when the program ends",
        "acme_env_atexit",
        "import atexit\natexit.register(_work)\n",
    ),
    deferred(
        "alarm",
        "a signal handler that the import installed posts a variable from the middle of the application",
        "acme_env_alarm",
        ALARM,
        "import time",
        "end = time.monotonic() + 1",
        "while time.monotonic() < end: time.sleep(0.05)",
    ),
)
