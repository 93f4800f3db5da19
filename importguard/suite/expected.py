"""Whether a refusal is one that a test's marker names, by the rules of a policy's own grants."""

import functools
import os

from importguard import model, session
from importguard.policy import grants, named, patterns, targets
from importguard.policy import table as tables

UNKNOWN = (
    "importguard: a marker says what a test expects to be refused, as `expect=[...]`, and not {}; what tests are to be let "
    "do stands in the policy, for example [package.NAME] run.allow = [...]"
)
NO_LIST = 'importguard: expect={!r} is no list of grants: write expect=["fs.read:$secrets"], for example'
NO_GRANT = "importguard: expect={!r}: {}; a grant is capability[:target], as a denial's own text has it"


class Asked(tables.Question):
    """A refused operation, as `targets.matches` looks at it."""

    __slots__ = ()

    def __init__(self, record):
        self.capability, self.target = record["capability"], record["target"]
        self.argv = tuple(record.get("argv") or ())
        owner = record["owner"]
        self.owner = model.Owner(owner["name"], owner.get("version", ""), owner["kind"])


def problem(mark):
    """Return why a marker can't be understood, and what to write, or ""."""
    if mark.args or set(mark.kwargs) - {"expect"}:
        words = [*map(repr, mark.args), *(f"{name}=" for name in mark.kwargs if name != "expect")]
        return UNKNOWN.format(", ".join(words))
    listed = mark.kwargs.get("expect", ())
    if not isinstance(listed, (list, tuple)) or not all(isinstance(text, str) for text in listed):
        return NO_LIST.format(listed)
    try:
        for text in listed:
            grants.parse(text)
    except ValueError as error:
        return NO_GRANT.format(listed, error)
    return ""


def texts_of(marks):
    """Return the grants that name what a test's markers expect, of those that can be understood."""
    return [text for mark in marks if not problem(mark) for text in mark.kwargs.get("expect", ())]


class Judge:
    """Judges what the guard `armed` has refused; what named targets go by is what held before any test had changed it."""

    def __init__(self, armed):
        self._armed = armed
        self._environ, self._cwd = dict(os.environ), os.getcwd()

    def is_expected(self, record, texts):
        """Say whether one of the grants covers what a record says was refused."""
        return any(self._covers(grants.parse(text), record) for text in texts)

    def _covers(self, grant, record):
        if record["capability"] not in grants.capabilities(grant.capability):
            return False
        if grant.phase and grant.phase != record.get("phase"):
            return False
        kind, data, _rank = patterns.compile_target(record["capability"], grant.target, self._named)
        return targets.matches(kind, data, Asked(record), self._table)

    @functools.cached_property
    def _named(self):
        return named.surroundings(self._environ, self._cwd, named.interpreter())

    @functools.cached_property
    def _table(self):
        """The table in force, which knows what its named sets hold."""
        return tables.load(session.opened(self._armed.session["table"]))
