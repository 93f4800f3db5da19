"""What a policy says of distributions that nobody has, and grants that nobody was seen to need: a lock knows."""

from importguard import versions
from importguard.lock import model
from importguard.policy import cover, grants, lint, overlap, targets

NOT_IN_LOCKS = ("", "application", "unowned")


def findings(policies, lock):
    """Return a text for each name of the policies that a Lock doesn't know, and for each grant that it has no use of."""
    known = sorted({entry.name for entry in lock.entries if entry.kind != model.UNOWNED})
    for policy in policies:
        unknown = _unknown(policy, known)
        for where, name in unknown.items():
            yield f"{where}: no distribution {name!r} in {lock.path}{grants.near_miss(name, known)}"
        for line in policy.lines:
            if line.effect == "allow" and line.package not in (*unknown.values(), "application") and not _is_used(line, lock):
                yield f"{line.where}: {lint.shown(line)} was never used, says {lock.path}"


def _unknown(policy, known):
    """Return {where: name} of the packages that a policy speaks of and nobody has."""
    found = {}
    for line in (*policy.lines, *policy.deputies):
        name = line.package
        if name not in NOT_IN_LOCKS and name not in found.values() and not any(targets.glob(name, each) for each in known):
            found[line.where] = name
    return found


def _is_used(line, lock):
    return any(
        grant.phase in line.phases and may_meet(line.grant, grant)
        for entry in lock.entries
        if _is_for(line, entry)
        for grant in (*entry.grants, *entry.refused)
    )


def _is_for(line, entry):
    name = "unowned" if entry.kind == model.UNOWNED else entry.name
    if line.package and not targets.glob(line.package, name):
        return False
    return not line.specifier or not entry.version or versions.matches(line.specifier, entry.version)


def may_meet(one, other):
    """Return whether two Grants may speak of the same request; what can't be told from the patterns may."""
    shared = set(grants.capabilities(one.capability)) & set(grants.capabilities(other.capability))
    return any(_targets_may_meet(capability, one.target, other.target) for capability in shared)


def _targets_may_meet(capability, one, other):
    if not one or not other or cover.target_covers(capability, one, other) or cover.target_covers(capability, other, one):
        return True
    family = grants.FAMILIES[capability]
    if family == "path":
        return _paths_may_meet(one, other)
    if family == "program":
        return _paths_may_meet(grants.split_words(one)[0], grants.split_words(other)[0])
    return _hosts_may_meet(one, other) if family == "net" else overlap.globs_overlap(one, other)


def _paths_may_meet(one, other):
    """Return whether a path may match both; folders with different names may lie in one another."""
    one, other = cover.rooted(one), cover.rooted(other)
    roots = {path.partition("/")[0] for path in (one, other)}
    return (len(roots) == 2 and roots != {"", "**"}) or overlap.paths_overlap(one, other)


def _hosts_may_meet(one, other):
    if one.startswith("unix:") or other.startswith("unix:"):
        return one[:5] == other[:5] and _paths_may_meet(one[5:], other[5:])
    (host, port), (other_host, other_port) = grants.split_net(one), grants.split_net(other)
    if any(character in text for character in "$/" for text in (host, other_host)):
        return True
    return (not port or not other_port or port == other_port) and overlap.globs_overlap(host, other_host)
