"""A wheel that brings its own `sitecustomize` and `usercustomize`: nbpl."""

from payloads import STEAL_KEY, app, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel

TECHNIQUES = ("T1195.002", "T1546.018", "T1552.004", "T1041")

SCENARIOS = (
    Scenario(
        row=3,
        variant="sitecustomize",
        story="sitecustomize.py of a wheel reads a private key and posts it",
        models=("nbpl",),
        techniques=TECHNIQUES,
        wheels=(Wheel("acme-notebook", "1.4.0", {"sitecustomize.py": quietly(STEAL_KEY)}),),
        app=app(),
        achieves=("leaked:ssh", "POST:/key"),
        denied=(Expected("fs.read", "acme-notebook", "startup", "*/.ssh/id_ed25519"),),
        then=(Expected("net.connect", "acme-notebook", "startup"),),
        flagged=("*/sitecustomize.py",),
    ),
    Scenario(
        row=3,
        variant="usercustomize",
        story="usercustomize.py of a wheel in the user's site directory does the same",
        models=("nbpl",),
        techniques=TECHNIQUES,
        user_wheels=(Wheel("acme-notebook", "1.4.0", {"usercustomize.py": quietly(STEAL_KEY)}),),
        app=app(),
        achieves=("leaked:ssh", "POST:/key"),
        denied=(Expected("fs.read", "acme-notebook", "startup", "*/.ssh/id_ed25519"),),
        then=(Expected("net.connect", "acme-notebook", "startup"),),
    ),
)
