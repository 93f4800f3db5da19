"""Builds from path patterns the machine that `targets.Paths` walks: nested plain values, ready to be marshalled."""

from importguard.policy.targets import END, GLOBS, LITERAL, STAR


class Node:
    """A state while the machine grows: where each component leads, whether a path may end here, what `**` leads to."""

    __slots__ = ("children", "end", "loops", "star")

    def __init__(self, *, loops=False):
        self.children = {}
        self.end = False
        self.star = None
        self.loops = loops


def build(patterns, unless=()):
    """Return the machine that matches a path which any of `patterns` matches and none of `unless` does."""
    root = Node()
    for pattern in patterns:
        _insert(root, pattern)
    frozen = _freeze(root, {})
    return {"root": frozen, **_shortcuts(frozen[STAR]), "unless": build(unless) if unless else None}


def _insert(root, pattern):
    node = root
    for component in pattern.split("/"):
        if component != "**":
            following = node.children.get(component)
            if following is None:  # most are there: thousands of patterns share their first components
                following = node.children[component] = Node()
            node = following
        elif not node.loops:
            node.star = node.star or Node(loops=True)
            node = node.star
    node.end = True


def _freeze(node, known):
    """Return a node as a tuple; equal nodes become the same tuple, which keeps the marshalled form small."""
    children = {component: _freeze(child, known) for component, child in sorted(node.children.items())}
    star = _freeze(node.star, known) if node.star else None
    key = (tuple((component, id(child)) for component, child in children.items()), node.end, id(star), node.loops)
    if key not in known:
        literal = {component: child for component, child in children.items() if "*" not in component}
        globs = tuple((component, child) for component, child in children.items() if "*" in component)
        known[key] = (literal, globs, node.end, star, node.loops)
    return known[key]


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
