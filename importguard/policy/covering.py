"""Which of many grants may cover another one, without comparing each with each: an index by what patterns say literally."""

import collections
import re

from importguard.policy import cover, grants

SEPARATORS = re.compile(r"[/.:\0]")
LONGEST = 64  # of what is before or after a `*`
# A lock is text that anybody may have written. What would take more than this is not compared, and so covers nothing.
MOST_FOR_ONE = 100
MOST = 200_000


class Index:
    """The grants among `wide` that can cover others, each under the rarest of the things that it says literally.

    Whatever a pattern covers holds the words of it that have no `*`, and begins and ends words as it does. `compared`
    counts the comparisons that were made.
    """

    def __init__(self, wide):
        said = {grant: tuple(_said(grant)) for grant in dict.fromkeys(wide) if cover.is_wide(grant)}
        counts = collections.Counter(each for features in said.values() for each in features)
        self.found = {}
        self.order = {grant: number for number, grant in enumerate(said)}
        self.compared = 0
        for grant, features in said.items():
            rarest = min(features, key=lambda each: (counts[each], each), default=None)
            for capability in grants.capabilities(grant.capability):
                self.found.setdefault((grant.phase, capability, rarest), []).append(grant)

    def covering(self, narrow):
        """Return the grants that cover another one than themselves, in their order."""
        found = [wide for wide in self._candidates(narrow) if wide != narrow and cover.covers(wide, narrow)]
        return sorted(found, key=self.order.__getitem__)

    def covers(self, narrow):
        """Return whether any grant covers another one than itself."""
        return any(wide != narrow and cover.covers(wide, narrow) for wide in self._candidates(narrow))

    def _candidates(self, narrow):
        """Yield the grants that may cover another one, as many as may be compared."""
        left = min(MOST_FOR_ONE, MOST - self.compared)
        for wide in self._alike(narrow):
            if left <= 0:
                return
            left -= 1
            self.compared += 1
            yield wide

    def _alike(self, narrow):
        if not self.found:
            return
        capability = grants.capabilities(narrow.capability)[0]
        for said in dict.fromkeys((None, *_sayable(narrow))):
            for phase in dict.fromkeys(("", narrow.phase)):
                yield from self.found.get((phase, capability, said), ())


def _said(grant):
    """Yield what a pattern says literally, in words: whole ones, and the beginnings and ends of those with a `*`."""
    for word in () if _is_block(grant) else _words(grant):
        if "*" not in word:
            yield "=", word
            continue
        head, tail = word[: word.index("*")], word[word.rindex("*") + 1 :]
        yield from (("<", head[:LONGEST]),) if head else ()
        yield from ((">", tail[-LONGEST:]),) if tail else ()


def _sayable(grant):
    """Yield all that a pattern which covers a grant may say."""
    for word in _words(grant):
        yield "=", word
        for size in range(1, min(len(word), LONGEST) + 1):
            yield "<", word[:size]
            yield ">", word[-size:]


def _words(grant):
    """Return the words of a target, each of which a pattern has to match by itself or with others next to it."""
    target, family = grant.target, grants.FAMILIES[grants.capabilities(grant.capability)[0]]
    if family == "program":
        try:
            program, *arguments = grants.split_words(target)
        except ValueError:
            return ()
        target = "\0".join((cover.rooted(program), *arguments))
    elif family == "net":
        target = _address(target)
    elif family == "path":
        target = cover.rooted(target)
    return tuple(word for word in SEPARATORS.split(target) if word)


def _address(target):
    if target.startswith("unix:"):
        return cover.rooted(target[5:])
    return ":".join(grants.split_net(target))


def _is_block(grant):
    """Return whether a grant is for addresses that needn't have any word of it in common."""
    if grants.FAMILIES[grants.capabilities(grant.capability)[0]] != "net" or grant.target.startswith("unix:"):
        return False
    host = grants.split_net(grant.target)[0]
    return "/" in host or ":" in host
