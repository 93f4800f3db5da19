"""A daemon thread that waits until the import is long over: lightning 2.6.2/2.6.3."""

from payloads import TOOLS, app, function
from scenario import Expected, Scenario
from support.wheels import Wheel

PACKAGE = (
    TOOLS
    + function("_later", "import time", "time.sleep(0.5)", 'mark_from_child("from-the-thread")')
    + "import threading\nthreading.Thread(target=_later, daemon=True).start()\n"
)

SCENARIOS = (
    Scenario(
        row=8,
        story="a thread that was started by the import spawns an interpreter half a second later",
        models=("lightning 2.6.2", "lightning 2.6.3"),
        techniques=("T1195.002", "T1059.006", "T1497.003"),
        wheels=(Wheel("acme-lightning", "2.6.9", {"acme_lightning/__init__.py": PACKAGE}),),
        app=app("import acme_lightning, threading", "threading.Event().wait(1.5)"),
        achieves=("wrote:home/from-the-thread.mark",),
        denied=(Expected("proc.spawn", "acme-lightning", "import", "*python*"),),
    ),
)
