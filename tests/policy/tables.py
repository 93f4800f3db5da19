"""Tables, owners and requests for the tests of the policy."""

import pathlib
import tempfile

from importguard import model
from importguard.policy import compile as compiler
from importguard.policy import decide, named, resolve, table

SITE = "/srv/app/.venv/lib/python3.11/site-packages"
HOME = "/home/ada"
SURROUNDINGS = {
    "$site": [SITE],
    "$prefix": "/srv/app/.venv",
    "$stdlib": "/usr/lib/python3.11",
    "$hostname": "build7",
}
ANYBODY = model.Owner("somepackage", "1.0", "distribution")


def surroundings(home=HOME, cwd="/srv/app"):
    """Return the named targets of a launch that doesn't depend on this machine."""
    return named.surroundings({"HOME": home} if home else {}, cwd, SURROUNDINGS)


def resolved(text="", preset="recommended", environ=None):
    """Return what is in force with one policy, given as the text after its version, that its user named."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "importguard.toml")
        path.write_text(f'version = 1\nextends = "{preset}"\n{text}', "utf-8")
        return resolve.resolve({"policy": str(path)}, environ or {}, folder)


def flat(text="", preset="recommended"):
    """Return the flat table of such a policy."""
    return compiler.table(resolved(text, preset), surroundings())


def load(text="", preset="recommended"):
    """Return the loaded Table of such a policy."""
    return table.load(flat(text, preset))


def request(capability, target, *, owner=ANYBODY, phase="import", argv=None):
    """Return a Request of somebody's."""
    return model.Request(capability, target, argv, owner, (), phase, "somepackage", "audit")


def ask(loaded, capability, target, **options):
    """Return the verdict of a table."""
    return decide.decide(loaded, request(capability, target, **options)).verdict
