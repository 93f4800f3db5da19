"""How much a capability is worth to somebody who means harm: by what it is for, when, and on which target."""

import functools
import re

from importguard.policy import cover, grants, machine, named, overlap, targets
from importguard.policy.grants import Grant
from importguard.report import redact

LOW, MEDIUM, HIGH, CRITICAL = LEVELS = ("low", "medium", "high", "critical")
# What code needs at run time that its caller wanted.
WHILE_RUNNING = {
    "import": LOW,
    "net.connect": MEDIUM,
    "net.listen": MEDIUM,
    "net.resolve": MEDIUM,
    "fs.read": LOW,
    "fs.write": MEDIUM,
    "fs.list": LOW,
    "proc.spawn": HIGH,
    "proc.signal": LOW,
    "env.read": LOW,
    "env.write": LOW,
    "native.load": MEDIUM,
    "native.call": HIGH,
    "code.run": MEDIUM,
    "runtime.patch": MEDIUM,
}
OWN = tuple(Grant("", "fs.*", root) for root in ("$package", "$cache/**", "$tmp/**", "$prefix/**", "$stdlib/**"))
NEARBY = tuple(Grant("", "net.*", host) for host in ("$loopback", "$hostname"))
SETS = {"fs.read": "$secrets", "fs.list": "$secrets", "fs.write": "$persistence"}
HOME = "/home/somebody"
PLACES = {"~": HOME, "$home": HOME, "$cwd": HOME + "/project"}
STARTUP_FILE = HIGH
DEPUTY = MEDIUM
ANYTHING = ("", "*", "*:80", "*:443")
SECRET = re.compile("|".join(redact.SECRET_WORDS), re.IGNORECASE)


def of(grant, *, is_refused=False):
    """Return the level of a grant, one higher for what the policy had to refuse."""
    return _raised(_granted(grant), by=is_refused)


@functools.cache
def _granted(grant):
    if any(cover.covers(other, grant) for other in (*OWN, *NEARBY)):
        return LOW
    if any(_is_of_interest(capability, grant.target) for capability in grants.capabilities(grant.capability)):
        return CRITICAL
    level = max((WHILE_RUNNING[name] for name in grants.capabilities(grant.capability)), key=LEVELS.index)
    level = _raised(level, by=grant.target in ANYTHING and level != LOW)
    # Nobody has called anything yet: what is done while a package is imported, it does of its own accord.
    return _raised(level, by=grant.phase != "run" and level != LOW)


def _raised(level, *, by):
    return LEVELS[min(LEVELS.index(level) + by, len(LEVELS) - 1)]


def _is_of_interest(capability, target):
    """Return whether a target may be a credential that is read, or a file that makes something run later."""
    if capability == "env.read":
        return not target or SECRET.search(target) is not None
    name = SETS.get(capability)
    if name is None or target == "$package":
        return False
    if not target or target in ("$secrets", "$persistence"):
        return True
    root, slash, rest = target.partition("/")
    place = PLACES.get(root, root) + (slash + rest or "/**" * (root in PLACES))
    paths, fixed = _set(name)
    if "*" not in place:
        return paths.matches(place)
    top = _top(place)
    return any(
        overlap.paths_overlap(place, pattern)
        for folder, patterns in fixed.items()
        if overlap.paths_overlap(top, folder)
        for pattern in patterns
    )


def _top(pattern):
    """Return a pattern of paths for all that is below the first folder of one."""
    return "/".join(pattern.split("/")[:2]) + "/**"


@functools.cache
def _set(name):
    """Return a named set, and by their first folder those of its patterns that have one: every folder may have a `.env`."""
    patterns, unless = named.data_set(name.removeprefix("$"), named.surroundings({"HOME": HOME}, HOME + "/project"))
    fixed = {}
    for pattern in patterns:
        if not pattern.startswith("**"):
            fixed.setdefault(_top(pattern), []).append(pattern)
    return targets.Paths(machine.build(patterns, unless)), fixed
