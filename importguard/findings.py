"""What is found out while a program runs: the advisory of a new distribution, what was imported, what a start-up file does."""

import sys

from importguard import later
from importguard.pinned import list, read_file, sorted, type


def look_up_advisory(session, recorder, name, version):
    """Return the advisory of a distribution that was installed after the launch, as preflight would mark it."""
    database = later.load(later.ADVISORIES)
    try:
        known = database.Databases([database.open(path) for path in session.get("databases", ())])
        advisory = known.lookup(name, version)
    except (OSError, sys.modules["importguard.errors"].AdvisoryError) as error:
        recorder.record("degraded", reason=f"advisories can't be read: {error}")
        return ""
    if advisory is None:
        return ""
    return ("" if advisory.verdict == "block" else "warn:") + " ".join(advisory.ids)


def imported(identity):
    """Return the distributions of which something is imported already."""
    names = []
    for name, module in list(sys.modules.items()):
        # A run of pytest is armed by a hundred modules of the guard's own.
        is_own = type(name) is str and name.startswith("importguard.")
        if type(module) is type(sys) and not is_own and not identity.is_named_as_the_librarys(module.__dict__.get("__file__")):
            owner = identity.owner_of_globals(module.__dict__)
            if owner is not None and owner.kind == "distribution" and owner.name not in names:
                names.append(owner.name)
    return sorted(names)


def has_executable_lines(path):
    """Say whether `site` would execute a line of a .pth file; a file that can't be read has none."""
    try:
        lines = read_file(path).decode("utf-8-sig", "replace").splitlines()
    except OSError:
        return False
    return path.endswith(".start") or any(line.startswith(("import ", "import\t")) for line in lines)
