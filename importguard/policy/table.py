"""The compiled policy inside a guarded process: rules by capability and owner, and what is worth a closer look."""

# ruff: noqa: SIM110  (any and all could be a package's by now)

from importguard import versions
from importguard.pinned import len, sorted, str, tuple, type
from importguard.policy.targets import Paths, glob, matches

FORMAT = 1
LAYER, RANK, EFFECT, CAPABILITY, KIND, PATTERNS, PACKAGE, SPECIFIER, PHASES, RULE = range(10)
ANSWERS_KEPT = 4096
# Watched by nothing but whether this process tree has written it.
WRITTEN = "$written"
# A rule for one of these names is for that kind of owner, and for no distribution that calls itself so.
RESERVED = {"application": "app", "python": "stdlib", "unowned": "unowned"}


class Question:
    """What `targets.matches` wants to know, where nobody is to blame yet."""

    __slots__ = ("argv", "capability", "owner", "target")


class Table:
    """A policy as a guarded process asks it.

    Two hooks may be set by whoever knows the files: `owner_of(path)` gives the PEP 503 name of the distribution that
    owns a path or None, `is_written(path)` whether this process tree created it.
    """

    __slots__ = (
        "_answers", "_app", "_deputies", "_opened", "_rules", "_sets", "_watch", "bytecode", "digest", "is_written",
        "malicious", "mode", "name", "named", "on_violation", "owner_of", "startup_files",
    )  # fmt: skip

    def __init__(self, content):
        self.digest = content["digest"]
        self.name = content["name"]
        self.mode = content["mode"]
        self.on_violation = content["on_violation"]
        self.malicious = content["malicious"]
        self.bytecode = content["bytecode"]
        self.startup_files = content["startup_files"]
        self.named = content["named"]
        self.owner_of = _nobody
        self.is_written = _not_written
        self._rules = content["rules"]
        self._deputies = content["deputies"]
        self._app = content["app"]
        self._sets = content["sets"]
        self._opened = {}
        # By the names alone, as in later.py: a refusal may come where memory is short.
        watched = content["watch"]
        self._watch = {
            name: watched[name] if watched[name] is True or watched[name] == WRITTEN else self.paths(watched[name])
            for name in watched
        }
        self._answers = {}

    def watches(self, capability, target):
        """Return whether a rule could deny this target to anybody; where not, there's nobody to look for."""
        watch = self._watch.get(capability)
        if watch is None or watch is True:
            return watch is True
        return self.is_written(target) if type(watch) is str else watch.matches(target)

    def watches_any(self, capability):
        """Return whether there is any target of a capability that a rule could deny."""
        return self._watch.get(capability) is not None

    def could_deny(self, capability, target):
        """Return whether some rule denies this very target to somebody, by looking at each; for use beforehand."""
        question = Question()
        question.owner, question.target, question.argv = None, target, None
        return any(
            rule[EFFECT] == "deny" and glob(rule[CAPABILITY], capability)
            and matches(rule[KIND], rule[PATTERNS], question, self)
            for rule in self._rules
        )  # fmt: skip

    def paths(self, name):
        """Return the set of paths that is kept under a name."""
        paths = self._opened.get(name)
        if paths is None:
            paths = self._opened[name] = Paths(self._sets[name])
        return paths

    def rules_for(self, capability, owner):
        """Return the rules that speak of a capability and an owner, the one that decides first coming first."""
        key = (capability, owner.kind, owner.name, owner.version)
        found = self._answers.get(key)
        if found is None:
            if len(self._answers) >= ANSWERS_KEPT:
                self._answers.clear()
            found = self._answers[key] = self._select(capability, owner)
        return found

    def _select(self, capability, owner):
        chosen = [rule for rule in self._rules if glob(rule[CAPABILITY], capability) and _speaks_of(rule, owner)]
        return tuple(sorted(chosen, key=_precedence))

    def is_deputy(self, name, capability, target, version, argv=None):
        """Return whether a distribution acts for its caller in this, so that the blame goes further out."""
        for wanted, kind, patterns, specifier in self._deputies.get(name, ()):
            if not glob(wanted, capability) or (specifier and not versions.matches(specifier, version)):
                continue
            question = Question()
            question.owner, question.capability, question.target, question.argv = None, capability, target, argv
            if matches(kind, patterns, question, self):
                return True
        return False

    def is_app(self, name):
        """Return whether the policy names a distribution as the application's own."""
        for pattern in self._app:
            if glob(pattern, name):
                return True
        return False


def load(content):
    """Return the Table of a mapping that `policy.compile` made; raises ValueError when it is of another format."""
    if content.get("v") != FORMAT:
        raise ValueError(f"policy table of format {content.get('v')!r}, not {FORMAT}")
    return Table(content)


def _precedence(rule):
    return rule[LAYER], -rule[RANK], rule[EFFECT] != "deny", rule[RULE]


def _speaks_of(rule, owner):
    package = rule[PACKAGE]
    if package in RESERVED:
        return owner.kind == RESERVED[package]
    if owner.kind == "app" or owner.kind == "stdlib":
        # Full authority, unless a rule names that very distribution.
        return package == owner.name and package != "" and _fits(rule, owner.version)
    if not package:
        return True
    name = versions.canonical_name(owner.name) if owner.kind == "startup" else owner.name
    return name not in RESERVED and glob(package, name) and _fits(rule, owner.version)


def _fits(rule, version):
    """Return whether a rule's specifier holds; of a version that is not known, denials hold and grants don't."""
    specifier = rule[SPECIFIER]
    if not specifier:
        return True
    if versions.version_key(version) is None:
        return rule[EFFECT] == "deny"
    return versions.matches(specifier, version)


def _nobody(path):
    return None


def _not_written(path):
    return False
