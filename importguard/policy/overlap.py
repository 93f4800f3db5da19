"""Whether there can be anything that both of two patterns match."""

from importguard.policy import targets


def paths_overlap(one, other):
    """Return whether some path matches both of two path patterns, in which `**` is any number of components."""
    return _begin_alike(one, other) and _meet(tuple(one.split("/")), tuple(other.split("/")), "**", globs_overlap)


def globs_overlap(one, other):
    """Return whether some text matches both of two patterns, in which `*` is any characters."""
    if "*" not in one:
        return targets.glob(other, one)
    if "*" not in other:
        return targets.glob(one, other)
    return _begin_alike(one, other) and _meet(one, other, "*", str.__eq__)


def _begin_alike(one, other):
    """Return whether what is before the first star of two patterns can be the same: most pairs end here."""
    head, start = one.partition("*")[0], other.partition("*")[0]
    return head.startswith(start) if len(head) > len(start) else start.startswith(head)


def _meet(one, other, star, is_same):
    """Return whether two sequences can be the same, where `star` stands for any number of elements."""
    reached = {0}
    for element in one:
        reached = _past(reached, other, star)
        if element == star:
            # Anything of the other is what it stands for.
            reached = set(range(min(reached), len(other) + 1))
            continue
        reached = {after for place in reached for after in _step(other, place, element, star, is_same)}
        if not reached:
            return False
    return len(other) in _past(reached, other, star)


def _step(other, place, element, star, is_same):
    if place == len(other):
        return
    if other[place] == star:
        yield place
    elif is_same(element, other[place]):
        yield place + 1


def _past(reached, other, star):
    """Return places with those behind a star that stands for nothing."""
    found = set()
    for place in reached:
        found.add(place)
        while place < len(other) and other[place] == star:
            place += 1
            found.add(place)
    return found
