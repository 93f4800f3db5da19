"""What a policy line asks for: `[phase:]capability[:target]`, read and checked."""

import functools
import typing

from importguard import model
from importguard.policy import targets

FAMILIES = {
    "import": "name",
    "net.connect": "net",
    "net.listen": "net",
    "net.resolve": "net",
    "fs.read": "path",
    "fs.write": "path",
    "fs.list": "path",
    "proc.spawn": "program",
    "proc.signal": "text",
    "env.read": "text",
    "env.write": "text",
    "native.load": "path",
    "native.call": "text",
    "code.run": "text",
    "runtime.patch": "name",
}
ROOTS = ("$prefix", "$stdlib", "$site", "$tmp", "$cache", "$cwd", "$home", "$bin", "$keys", "$libraries")
FILE_SETS = ("$package", "$secrets", "$persistence", "$written")
NET_SETS = ("$loopback", "$private", "$metadata", "$hostname")
ALL_NAMED = ROOTS + FILE_SETS + NET_SETS
NAMED = {"path": ROOTS + FILE_SETS, "program": ROOTS + FILE_SETS, "net": NET_SETS, "text": (), "name": ()}
MOST_STARS = 2


class Grant(typing.NamedTuple):
    """A capability (globs allowed) with a target ("" for any), in one phase or ("") wherever its table holds."""

    phase: str
    capability: str
    target: str


@functools.cache
def parse(text):
    """Return the Grant that a text stands for; raises ValueError with the reason and the near miss."""
    phase, rest = _split_phase(text)
    capability, _, target = rest.partition(":")
    if capability != capability.strip() or not capability:
        raise ValueError(f"{text!r} does not start with a capability")
    covered = capabilities(capability)
    if not covered:
        raise ValueError(f"unknown capability {capability!r}{near_miss(capability, model.CAPABILITIES)}")
    if target in ("*", "**"):
        target = ""
    if target or rest.endswith(":"):
        _check_target(target, {FAMILIES[name] for name in covered}, text)
    return Grant(phase, capability, target)


@functools.cache
def capabilities(pattern):
    """Return the capabilities that a pattern covers."""
    return tuple(name for name in model.CAPABILITIES if targets.glob(pattern, name))


def near_miss(word, known):
    """Return `, did you mean 'x'?` for the closest of `known`, or an empty text."""
    import difflib  # only a mistake pays for it

    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def _split_phase(text):
    """Return phase and rest; `import:` is a phase only where a capability follows, or it is the capability."""
    head, _, rest = text.partition(":")
    if head not in model.PHASES:
        return "", text
    following = rest.partition(":")[0]
    if head == "import" and ("." not in following and following != "import" or not capabilities(following)):
        return "", text
    return head, rest


def _check_target(target, families, text):
    if not target:
        raise ValueError(f"{text!r} ends in ':' but names no target")
    if len(families) > 1:
        raise ValueError(f"{text!r} has one target for capabilities of different kinds: write one line for each")
    family = families.pop()
    if "$" in target or family in ("path", "program"):
        _check_named(target, family, text)
    if target.split("/").count("**") > MOST_STARS:
        raise ValueError(f"{text!r} has more than {MOST_STARS} times '**'")
    if family == "net":
        check_net(target, text)


def _check_named(target, family, text):
    words = split_words(target) if family == "program" else [target]
    if family == "net" and target.startswith("unix:"):
        words, family = [target[5:]], "path"
    for word in words:
        name = word.partition("/")[0].partition(":")[0]
        if name.startswith("$") and name not in NAMED[family]:
            raise ValueError(_wrong_name(name, family, text))
        if name in FILE_SETS and name != word:
            raise ValueError(f"{text!r}: {name} is a set of files, nothing can follow it")
    first = words[0]
    if family in ("path", "program") and not first.startswith(("/", "~", "$", "*", "<")) and "/" in first:
        raise ValueError(f"{text!r}: {first!r} is not an absolute path")
    if first.startswith("~") and first != "~" and not first.startswith("~/"):
        raise ValueError(f"{text!r}: homes of other users ({first!r}) are not looked up, write the path")


def _wrong_name(name, family, text):
    if name in ALL_NAMED:
        return f"{text!r}: named target {name} does not fit this capability"
    return f"{text!r}: unknown named target {name!r}{near_miss(name, NAMED[family] or ALL_NAMED)}"


def check_net(target, text):
    """Raise ValueError where a network target can't be meant."""
    if target.startswith("unix:"):
        return
    host, port = split_net(target)
    if not host:
        raise ValueError(f"{text!r} names no host")
    if port and not (port.isdecimal() and int(port) < 65536):
        raise ValueError(f"{text!r}: {port!r} is not a port")
    if "/" in host:
        base, _, length = host.partition("/")
        address = targets.parse_address(base)
        if address is None or not length.isdecimal() or int(length) > (128 if ":" in base else 32):
            raise ValueError(f"{text!r}: {host!r} is not a block of addresses")


def split_net(target):
    """Return host and port ("" for any) of a network pattern."""
    host, port = targets.split_address(target)
    return host, "" if port == "*" else port


def split_words(target):
    """Return program and argument patterns; double quotes hold an argument with spaces together."""
    words, word, quoted, started = [], "", False, False
    for character in target:
        if character == '"':
            quoted, started = not quoted, True
        elif character == " " and not quoted:
            if started:
                words.append(word)
            word, started = "", False
        else:
            word, started = word + character, True
    if quoted:
        raise ValueError(f"{target!r} has a quote that does not end")
    if started:
        words.append(word)
    if not words:
        raise ValueError(f"{target!r} names no program")
    return words
