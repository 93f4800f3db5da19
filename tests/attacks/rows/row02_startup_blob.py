"""A large encoded `.pth` that does its work in the interpreter itself: elementary-data 0.23.3, the Hades wave."""

from payloads import STEAL_KEY, app, encoded, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel

PADDING = "".join(f"# {number:060}\n" for number in range(2400))
LINE = f"import base64;exec(base64.b64decode('{encoded(quietly(STEAL_KEY) + PADDING)}'), {{}})\n"

SCENARIOS = (
    Scenario(
        row=2,
        story="200 kB of base64 in a start-up file read a private key and post it",
        models=("elementary-data 0.23.3", "Hades wave, branch a"),
        techniques=("T1195.002", "T1546.018", "T1027", "T1140", "T1552.004", "T1041"),
        wheels=(Wheel("acme-lineage", "0.23.9", {"acme_lineage/__init__.py": "", "acme_lineage.pth": LINE}),),
        app=app("import acme_lineage"),
        achieves=("leaked:ssh", "POST:/key"),
        denied=(Expected("fs.read", "acme-lineage", "startup", "*/.ssh/id_ed25519"),),
        then=(Expected("net.connect", "acme-lineage", "startup"),),
        flagged=("*/acme_lineage.pth",),
    ),
)
