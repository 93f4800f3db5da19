"""Lines that never count, because another one decides whatever they speak of before them."""

from importguard.policy import cover, covering, lint, targets
from importguard.policy.grants import Grant

# The order in which tables count; a locked policy is before all of them.
LAYERS = {"exception": 1, "package": 2}
LOCKED, PHASE = 0, 3
GLOB = "*"  # any package's name with a glob in it


def findings(resolved):
    """Return a text for each line of the policies in force that an earlier layer, or the same words elsewhere, put out."""
    placed = [(LOCKED, line) for policy in resolved.locked for line in policy.lines]
    placed += [(LAYERS.get(line.table, PHASE), line) for policy in resolved.policies for line in policy.lines]
    others = _Others(placed)
    for layer, line in placed:
        other = next((other for place, other in others.about(line) if _puts_out(place, other, layer, line)), None)
        if other is not None:
            says = "says so" if other.effect == line.effect else "says the contrary"
            yield f"{line.where}: {lint.shown(line)} never counts: {other.where} ({lint.shown(other)}) comes before it and {says}"


class _Others:
    """The lines of all policies, by what they are about and whom they are for."""

    def __init__(self, placed):
        self.index = covering.Index(_grant(line) for _, line in placed)
        self.found = {}
        for number, (place, line) in enumerate(placed):
            package = GLOB if "*" in line.package else line.package
            self.found.setdefault((_grant(line), package), []).append((number, place, line))

    def about(self, line):
        """Return (place, line) for those that may put out a line, in their order."""
        found = {}
        for grant in (_grant(line), *self.index.covering(_grant(line))):
            for package in {"", line.package, GLOB}:
                found |= {number: (place, other) for number, place, other in self.found.get((grant, package), ())}
        return [found[number] for number in sorted(found) if found[number][1] is not line]


def _puts_out(place, other, layer, line):
    """Return whether one line leaves nothing to decide for another."""
    if place > layer or not set(line.phases) <= set(other.phases) or not _speaks_for(other, line):
        return False
    if place == layer:
        return _is_denied_elsewhere(other, line)
    return cover.covers(_grant(other), _grant(line))


def _is_denied_elsewhere(other, line):
    """Return whether a line of the same layer in another file denies what this one allows in the same words."""
    return (
        (other.effect, line.effect) == ("deny", "allow")
        and _grant(other) == _grant(line)
        and other.package == line.package
        and other.where.partition(":")[0] != line.where.partition(":")[0]
    )


def _speaks_for(other, line):
    """Return whether a line is for every owner that another one is for."""
    if other.specifier not in ("", line.specifier):
        return False
    if other.package == line.package:
        return True
    # The application is none of the others, and what speaks of all distributions doesn't speak of it.
    return line.package not in ("", "application") and (not other.package or targets.glob(other.package, line.package))


def _grant(line):
    return Grant("", line.grant.capability, line.grant.target)
