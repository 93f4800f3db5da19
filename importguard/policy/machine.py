"""Builds from path patterns the machine that `targets.Paths` walks: nested plain values, ready to be marshalled."""

from importguard.policy.targets import END, GLOBS, LITERAL, STAR

# Most nodes lead nowhere further.
LEAVES = {(end, loops): ({}, (), end, None, loops) for end in (False, True) for loops in (False, True)}


class Node:
    """A state while the machine grows: where each component leads, whether a path may end here, what `**` leads to; or the node
    that is the `same`, and knows all that."""

    __slots__ = ("children", "end", "loops", "same", "star")

    def __init__(self, loops):
        self.children = {}
        self.end = False
        self.star = None
        self.same = None
        self.loops = loops


def build(patterns, unless=(), *, tails=(), homes=()):
    """Return the machine that matches a path which any of `patterns` matches, or one of `tails` below one of `homes`, and none of
    `unless` does."""
    root = Node(False)
    for pattern in patterns:
        _insert(root, pattern)
    _graft(root, homes, tails)
    frozen = _freeze(root, {})
    return {"root": frozen, **_shortcuts(frozen[STAR]), "unless": build(unless) if unless else None}


def _graft(root, homes, tails):
    """Have hundreds of tails go on from each of a few folders: where such a folder leads nowhere else, as one and the same node."""
    common = Node(False)
    for tail in tails:
        _insert(common, tail[1:])
    # What leads on already may lead to another home, and grows by itself.
    for node in sorted((_at(root, home) for home in homes), key=_is_bare):
        if _is_bare(node):
            node.same = common
        else:
            for tail in tails:
                _insert(node, tail[1:])


def _is_bare(node):
    return not (node.children or node.star or node.end or node.loops)


def extended(machine, patterns):
    """Return the machine that matches what another one does, exceptions and all, or what any of a few `patterns` does."""
    root = machine["root"]
    for pattern in patterns:
        root = _leading(root, pattern.split("/"))
    return {"root": root, **_shortcuts(root[STAR]), "unless": None}


def _leading(node, components):
    """Return a frozen node that leads along the components as well; whatever lies beside them is the very same."""
    literal, globs, end, star, loops = node
    if not components:
        return literal, globs, True, star, loops
    component, *rest = components
    if component == "**":
        return _leading(node, rest) if loops else (literal, globs, end, _leading(star or LEAVES[False, True], rest), loops)
    among = dict(globs) if "*" in component else literal
    among = dict(sorted({**among, component: _leading(among.get(component, LEAVES[False, False]), rest)}.items()))
    return (literal, tuple(among.items()), end, star, loops) if "*" in component else (among, globs, end, star, loops)


def _insert(root, pattern):
    _at(root, pattern).end = True


def _at(root, pattern):
    """Return the node that a pattern leads to from another one."""
    node = root
    for component in pattern.split("/"):
        if component in node.children:  # most are there: thousands of patterns share their first components
            node = node.children[component]
        elif component != "**":
            node.children[component] = node = Node(False)
        elif not node.loops:
            node.star = node.star or Node(True)
            node = node.star
    return node


def _freeze(node, known):
    """Return a node as a tuple; equal nodes become the same tuple, which keeps the marshalled form small."""
    if node.same is not None:
        if node.same not in known:
            known[node.same] = _freeze(node.same, known)
        return known[node.same]
    children, star = node.children, node.star
    if not children and star is None:
        return LEAVES[node.end, node.loops]
    literal, globs, key = {}, [], []
    for component in sorted(children):
        child = _freeze(children[component], known)
        key += component, id(child)
        if "*" in component:
            globs.append((component, child))
        else:
            literal[component] = child
    star = _freeze(star, known) if star else None
    key = (*key, node.end, id(star), node.loops)
    found = known.get(key)
    if found is None:
        found = known[key] = (literal, tuple(globs), node.end, star, node.loops)
    return found


def _shortcuts(floating):
    """Return what a last component must look like for the patterns that float (`**/x`) to be worth a try."""
    if floating is None:
        return {"names": frozenset(), "starts": (), "ends": ()}
    names = {name for name, child in floating[LITERAL].items() if _accepts(child)}
    globs = [pattern for pattern, child in floating[GLOBS] if _accepts(child)]
    starts = {pattern.partition("*")[0] for pattern in globs}
    ends = {pattern.rpartition("*")[2] for pattern in globs if not pattern.partition("*")[0]}
    if floating[END]:
        ends.add("")
    # An empty start is true of every name, so those patterns are told by their end.
    return {"names": frozenset(names), "starts": tuple(sorted(starts - {""})), "ends": tuple(sorted(ends))}


def _accepts(node):
    return node[END] or (node[STAR] is not None and node[STAR][END])
