"""Whether one grant allows all that another one does: of patterns, and so for certain or not at all."""

import ipaddress

from importguard.policy import grants, targets

ALIASES = {"~": "$home"}


def covers(wide, narrow):
    """Return whether a Grant allows, in the phases that it is for, all that another one does.

    Where that can't be told from the patterns (a named set and a path that may be in it), the answer is no.
    """
    if wide.phase and wide.phase != narrow.phase:
        return False
    if wide.capability == narrow.capability:
        return target_covers(narrow.capability, wide.target, narrow.target)
    return set(grants.capabilities(narrow.capability)) <= set(grants.capabilities(wide.capability)) and target_covers(
        narrow.capability, wide.target, narrow.target
    )


def is_wide(grant):
    """Return whether a Grant can cover another one than itself."""
    target = grant.target
    if not target or "*" in target or "*" in grant.capability or ALIASES.get(target, target) in grants.ROOTS:
        return True
    family = grants.FAMILIES.get(grant.capability)
    if family == "net":
        return not target.startswith("unix:") and ("/" in target or not grants.split_net(target)[1])
    return family == "program" and " " not in target


def target_covers(capability, wide, narrow):
    """Return whether a target pattern matches all that another one of the same capability does."""
    if not wide or wide == narrow:
        return True
    if not narrow:
        return False
    family = grants.FAMILIES[grants.capabilities(capability)[0]]
    return COMPARED[family](wide, narrow)


def _paths(wide, narrow):
    wide, narrow = rooted(wide).split("/"), rooted(narrow).split("/")
    if "*" not in "".join(wide[:2]) and wide[:2] != narrow[:2]:
        return False
    return _components(wide, narrow)


def rooted(path):
    """Return a path pattern with one spelling of each root, which alone stands for all below it."""
    root, slash, rest = path.partition("/")
    root = ALIASES.get(root, root)
    if root in grants.ROOTS and not slash:
        return root + "/**"
    return root + slash + rest


def _components(wide, narrow):
    """Return whether path components match all that others do; `**` is any number of them."""
    reached = _past_stars(wide, {0})
    for component in narrow:
        reached = _past_stars(wide, {after for at in reached for after in _step(wide, at, component)})
    return len(wide) in reached


def _step(wide, at, component):
    """Yield where a component of the narrow pattern leads to from a place in the wide one."""
    if at == len(wide):
        return
    if wide[at] == "**":
        yield at
    elif component != "**" and _texts(wide[at], component):
        yield at + 1


def _past_stars(wide, reached):
    """Return places in a pattern with those behind a `**` that stands for nothing."""
    found = set()
    for at in reached:
        found.add(at)
        while at < len(wide) and wide[at] == "**":
            at += 1
            found.add(at)
    return found


def _texts(wide, narrow):
    # A `*` of the narrow one is a character here, which only a `*` of the wide one matches.
    return targets.glob(wide, narrow)


def _programs(wide, narrow):
    try:
        (program, *arguments), (other, *others) = grants.split_words(wide), grants.split_words(narrow)
    except ValueError:
        return False
    return _paths(program, other) and (not arguments or _arguments(arguments, others))


def _arguments(wide, narrow):
    is_open = wide[-1] == "**"
    wide = wide[:-1] if is_open else wide
    if not narrow:
        return is_open and not wide  # whatever arguments
    if narrow[-1] == "**":
        if not is_open:
            return False
        narrow = narrow[:-1]
    if len(narrow) < len(wide) or (len(narrow) > len(wide) and not is_open):
        return False
    return all(map(_texts, wide, narrow))


def _hosts(wide, narrow):
    if wide.startswith("unix:") or narrow.startswith("unix:"):
        return wide.startswith("unix:") and narrow.startswith("unix:") and _paths(wide[5:], narrow[5:])
    (host, port), (other, other_port) = grants.split_net(wide), grants.split_net(narrow)
    return port in ("", other_port) and (_texts(host, other) or _block_covers(host, other))


def _block_covers(wide, narrow):
    try:
        block, other = ipaddress.ip_network(wide, strict=False), ipaddress.ip_network(narrow, strict=False)
    except ValueError:
        return False
    return block.version == other.version and other.subnet_of(block)


COMPARED = {"path": _paths, "program": _programs, "net": _hosts, "text": _texts, "name": _texts}
