"""What nobody at all may do under a policy: the most that the kernel can take from a whole process."""

import os
import typing

from importguard.kernel import secrets
from importguard.model import PHASES
from importguard.policy import patterns, targets
from importguard.policy.table import CAPABILITY, EFFECT, KIND, LAYER, PACKAGE, PATTERNS, RANK, RULE
from importguard.policy.table import PHASES as RULE_PHASES

# The two kinds of owner that a rule without a name speaks of: everybody that is installed, and the application.
EVERYBODY, APPLICATION = "", "application"
BEYOND = (float("inf"),)
SPAWN = "proc.spawn"
WITHHELD = {"resolve": "net.resolve", "spawn": SPAWN, "signal": "proc.signal outside", "abstract": "abstract sockets"}


class Ceiling(typing.NamedTuple):
    """The union of what any owner may do; None is without limit.

    `writable` are folders, `connect` and `listen` TCP ports; the rest says whether it is open to anybody.
    """

    writable: tuple[str, ...] | None = None
    connect: tuple[int, ...] | None = None
    listen: tuple[int, ...] | None = None
    resolve: bool = True
    spawn: bool = True
    signal: bool = True
    abstract: bool = True  # unix sockets that have no file
    hidden: tuple[str, ...] | None = None  # secrets that nobody may read

    @property
    def is_open(self):
        return self == Ceiling()

    @property
    def has_internet(self):
        return self.connect != () or self.listen != () or self.resolve

    @property
    def has_datagrams(self):
        """Whether anybody may need UDP; asking for a port of the machine's own choice is what urllib3 tries with TCP."""
        return self.connect != () or self.resolve or self.listen is None or any(self.listen)

    def words(self):
        """Return what is limited, one text each."""
        shown = {"writable": "fs.write", "connect": "net.connect", "listen": "net.listen"}
        said = []
        for name in self._fields:
            value = getattr(self, name)
            if name in shown and value is not None:
                said.append(f"{shown[name]}: {', '.join(map(str, value)) or 'nothing'}")
            elif name == "hidden" and value is not None:
                said.append(f"fs.read: {len(value)} secrets that are here now")
            elif value is False:
                said.append(f"{WITHHELD[name]}: nothing")
        return tuple(said)


OPEN = Ceiling()


def ceiling(table, named, *, hides=False):
    """Return the Ceiling of a table that `policy.compile` made; `named` as in `policy.named.surroundings`.

    `hides`: secrets are to be hidden where nobody may read them.
    """
    rules = table["rules"]
    connect = granted(rules, "net.connect")
    return Ceiling(
        writable=_folders(granted(rules, "fs.write"), named),
        connect=_ports(connect),
        listen=_ports(granted(rules, "net.listen")),
        resolve=_resolves(granted(rules, "net.resolve"), named),
        spawn=granted(rules, "proc.spawn") != (),
        signal=granted(rules, "proc.signal") != (),
        abstract=connect is None or any(_names_sockets(rule) for rule in connect),
        hidden=_hidden(granted(rules, "fs.read", "$secrets"), named) if hides else None,
    )


def granted(rules, capability, barred=None):
    """Return the rules that allow something of a capability to anybody, None where somebody may do all of it.

    With `barred`, the name of a set, it is about what is in that set alone.

    A rule that denies all of it is a bar to what comes after it; without one, in any phase, there's no ceiling.
    """
    speaking = [rule for rule in rules if targets.glob(rule[CAPABILITY], capability)]
    bars = {who: [_bar(speaking, who, phase, barred) for phase in PHASES] for who in (EVERYBODY, APPLICATION)}
    if BEYOND in bars[EVERYBODY] + bars[APPLICATION]:
        return None
    allowed = tuple(rule for rule in speaking if rule[EFFECT] == "allow" and _passes(rule, bars))
    return None if any(rule[KIND] == "any" for rule in allowed) else allowed


def _bar(rules, who, phase, barred):
    barring = (
        _precedence(rule) for rule in rules
        if rule[EFFECT] == "deny" and _covers(rule, barred) and rule[PACKAGE] == who and phase in rule[RULE_PHASES]
    )  # fmt: skip
    return min(barring, default=BEYOND)


def _covers(rule, barred):
    return rule[KIND] == "any" or (barred is not None and rule[KIND] == "set" and rule[PATTERNS] == barred)


def _passes(rule, bars):
    """Say whether a rule counts before the bar of somebody that it speaks of; one for a name may mean the application."""
    whose = [rule[PACKAGE]] if rule[PACKAGE] in bars else bars
    return any(
        _precedence(rule) < bar
        for who in whose
        for phase, bar in zip(PHASES, bars[who], strict=True)
        if phase in rule[RULE_PHASES]
    )


def _precedence(rule):
    return rule[LAYER], -rule[RANK], rule[EFFECT] != "deny", rule[RULE]


def _ports(rules):
    if rules is None:
        return None
    entries = [entry for rule in rules for entry in rule[PATTERNS] if entry[0] != "unix"]
    if any(port == "" for _kind, _data, port, _free in entries):
        return None
    return tuple(sorted({int(port) for _kind, _data, port, _free in entries}))


def _hidden(rules, named):
    if rules is None or any(rule[KIND] not in ("paths", "package", "written") for rule in rules):
        return None
    spared = [pattern for rule in rules if rule[KIND] == "paths" for pattern in rule[PATTERNS]]
    return secrets.hidden(named, spared) or None


def _names_sockets(rule):
    return any(entry[0] == "unix" for entry in rule[PATTERNS])


def _resolves(rules, named):
    """Say whether anybody may ask a name server; one's own names are in a file."""
    own = [patterns.compile_target("net.resolve", name, named)[1] for name in ("$loopback", "$hostname")]
    return rules is None or any(rule[PATTERNS] not in own for rule in rules)


def _folders(rules, named):
    """Return the folders that cover everything which some rule lets somebody write."""
    if rules is None:
        return None
    found = {}
    for rule in rules:
        if rule[KIND] == "set":
            return None
        if rule[KIND] == "package":
            found.update(dict.fromkeys(named["$site"]))
        elif rule[KIND] == "paths":
            found.update(dict.fromkeys(filter(None, map(_folder, rule[PATTERNS]))))
    return tuple(sorted(found))


def _folder(pattern):
    """Return the folder that a pattern's files lie in; none where it may be anywhere (`**/__pycache__/**`).

    Landlock has no patterns. Bytecode that can't be kept is made again, so that nothing breaks.
    """
    literal = pattern.partition("*")[0]
    if literal == "":
        return None
    folder = literal.rpartition("/")[0] or "/"
    return pattern if "*" not in pattern and os.path.isdir(pattern) else folder
