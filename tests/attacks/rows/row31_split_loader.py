"""A start-up file of one distribution runs data that another one ships: the split loader of the Hades wave."""

from payloads import STEAL_KEY, app, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel

LINE = (
    "import os, sys; [exec(open(path).read(), {}) for path in "
    "[os.path.join(folder, 'acme_assets', '_index.dat') for folder in sys.path] if os.path.exists(path)]\n"
)

SCENARIOS = (
    Scenario(
        row=31,
        story="the loader's start-up line runs the other's data file, which reads a private key and posts it",
        models=("Hades wave, split loader",),
        techniques=("T1195.002", "T1546.018", "T1027", "T1552.004", "T1041"),
        wheels=(
            Wheel("acme-loader", "3.3.1", {"acme_loader/__init__.py": "", "acme_loader-setup.pth": LINE}),
            Wheel("acme-assets", "1.0.0", {"acme_assets/_index.dat": quietly(STEAL_KEY)}),
        ),
        app=app("import acme_loader"),
        achieves=("leaked:ssh", "POST:/key"),
        denied=(Expected("fs.read", "acme-loader", "startup", "*/.ssh/id_ed25519"),),
        then=(Expected("net.connect", "acme-loader", "startup", "127.0.0.1:*"),),
        flagged=("*/acme_loader-setup.pth",),
    ),
)
