"""Lines of a policy that can be read and are mistakes all the same."""

from importguard.policy import grants

OPEN = ("net.connect", "proc.spawn")


def findings(policy):
    """Return one text for each line of a policy that never counts or that gives everything to everybody."""
    return [*_without_effect(policy), *_twice(policy), *_open(policy)]


def _key(line):
    return line.table, line.package, line.specifier, line.grant.capability, line.grant.target


def _without_effect(policy):
    """Name grants that a denial of the same words in the same table beats."""
    denied = {}
    for line in policy.lines:
        if line.effect == "deny":
            denied.setdefault(_key(line), []).append(line)
    for line in policy.lines:
        for other in denied.get(_key(line), ()) if line.effect == "allow" else ():
            if set(line.phases) <= set(other.phases):
                yield f"{line.where}: {shown(line)} never counts, since {other.where} denies the same"
                break


def _twice(policy):
    seen = {}
    for line in (*policy.lines, *policy.deputies):
        first = seen.setdefault((_key(line), line.effect, line.phases), line)
        if first is not line:
            yield f"{line.where}: {shown(line)} is there twice, first in {first.where}"


def _open(policy):
    for line in policy.lines:
        if line.effect == "allow" and not line.package and not line.grant.target:
            given = [name for name in OPEN if name in grants.capabilities(line.grant.capability)]
            if given:
                yield f"{line.where}: {shown(line)} gives every distribution {' and '.join(given)}, without any target"


def shown(line):
    """Return the words of a line."""
    return repr(":".join(part for part in (line.grant.capability, line.grant.target) if part))
