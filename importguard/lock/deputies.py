"""Who acted for whom, as it was seen: libraries that each caller had do something else are deputies in it.

A deputyship that is inferred names its targets. In all else, and where nobody called it, the library answers for itself.
"""

from importguard import versions
from importguard.lock import model
from importguard.policy import grants

APPLICATION = "application"
ITSELF = None
OF_ITS_OWN = ("$package",)  # nobody's but the one's who asks


class Uses:
    """What distributions were seen to do while running, and who called them for it."""

    def __init__(self):
        self.callers = {}
        self.earlier = set()

    def note(self, key, grant, caller):
        """Take it that the entry of a key was granted something for a caller: a key, APPLICATION, or ITSELF."""
        if grant.phase == "run":
            self.callers.setdefault((key, grant), set()).add(caller)
        else:
            # A deputyship holds in every phase: what it may do while somebody is imported, it must go on to answer for.
            self.earlier.add((key, _asked(grant)))

    def passed_on(self, lock):
        """Return {(key, grant): callers} of what is granted to those who called for it, and not to who did it.

        Who is a deputy in a Lock already needs no further proof.
        """
        known = {(entry.key, grant.capability) for entry in lock.entries for grant in targeted(entry)}
        by_library = {}
        for (key, grant), callers in self.callers.items():
            if self._can_pass(key, grant, callers):
                by_library.setdefault((key, grant.capability), {})[grant] = callers
        return {
            (key, grant): callers
            for (key, capability), served in by_library.items()
            if (key, capability) in known or _is_general(served)
            for grant, callers in served.items()
        }

    def _can_pass(self, key, grant, callers):
        is_its_own = not grant.target or grant.target in OF_ITS_OWN or (key, _asked(grant)) in self.earlier
        return not is_its_own and ITSELF not in callers


def _asked(grant):
    return grant.capability, grant.target


def _is_general(served):
    """Return whether different callers had different things done: then it is they who choose what is done."""
    by_caller = {}
    for grant, callers in served.items():
        for caller in callers:
            by_caller.setdefault(caller, set()).add(grant)
    asked = list(by_caller.values())
    return any(each != asked[0] for each in asked)


def entries(passed):
    """Yield the entries that say it: the deputy with its targets, and each distribution with what was done for it."""
    for (key, grant), callers in passed.items():
        yield _entry(key, deputies=(model.text(grant),))
        for caller in callers - {APPLICATION}:
            yield _entry(caller, grants=(grant,))


def _entry(key, **more):
    kind, name, version = key
    return model.Entry(name, version, model.KINDS[kind], **more)


def targeted(entry):
    """Return the Grants, while running, of an entry's deputyships that name their targets."""
    found = [grants.parse(text) for text in entry.deputies]
    return tuple(grants.Grant("run", grant.capability, grant.target) for grant in found if grant.target)


def counting(entry):
    """Return the deputyships of an entry that count: beside a grant of its own to do the same, in any phase, none does."""
    granted = set(map(_asked, entry.grants))
    return tuple(grant for grant in targeted(entry) if _asked(grant) not in granted)


def caller_of(owner):
    """Return who called, by the fields of an owner in a record: a key, APPLICATION, or ITSELF where nobody can be named."""
    kind = owner.get("kind")
    if kind == "app":
        return APPLICATION
    if kind != model.DISTRIBUTION or not owner.get("name"):
        return ITSELF
    return model.Entry(versions.canonical_name(owner["name"]), owner.get("version", "")).key
