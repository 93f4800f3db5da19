"""From what was asked for once to what a lock grants: named folders, no temporary names, no users, no passing ports."""

import re

from importguard.policy import grants, targets

# The folders that a target is written by, the closest first where one is inside another.
ROOTS = ("$cache", "$site", "$stdlib", "$prefix", "$tmp", "$cwd", "$home")
MOST_ARGUMENTS = 8
LONGEST_ARGUMENT = 40
ANY_NAME = {"$tmp": "$tmp/**", "$cache": "$cache/**"}
MADE_UP = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"tmp[a-z0-9_]{8}"  # tempfile
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?=[a-f]*[0-9])[0-9a-f]{12,}|[0-9]{5,}|[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r")(?![A-Za-z0-9])"
)
SAME_EVERYWHERE = ("0", "1", "-1")  # the own group, the first process, all there are
PLAIN = re.compile(r"[\w.,:=+@%-]+")


def whom(target):
    """Return the target of a signal as it is elsewhere, too: no process has the number again that this one had."""
    return target if target in SAME_EVERYWHERE or not target.removeprefix("-").isdecimal() else ""


class Names:
    """Names targets on one machine: `named` as `named.surroundings` gives it, `owns(path)` says whose file a path is."""

    def __init__(self, named, owns):
        self.named = named
        self.owns = owns
        self.folders = [(folder, root) for root in ROOTS for folder in named.get(root, ()) if folder.strip("/")]
        # Of two folders the one inside the other comes first, `$home` after what lies in it.
        self.folders.sort(key=lambda pair: (-pair[0].count("/"), ROOTS.index(pair[1])))

    def grant(self, phase, capability, target, argv, owner, *, is_cut=False):
        """Return the Grant that allows what `owner` (a PEP 503 name) asked for, and what it would ask for elsewhere.

        `argv` are the arguments of a program, or None; where they are not all (`is_cut`), any may follow.
        """
        text = whom(target) if capability == "proc.signal" else self._target(grants.FAMILIES[capability], target, argv, owner, is_cut)
        try:
            parsed = grants.parse(f"{phase}:{capability}:{text}" if text else f"{phase}:{capability}")
        except ValueError:
            # Nobody can write down such a target: it is allowed with anything in place of what is odd about it.
            parsed = grants.Grant(phase, capability, _harmless(text))
        return grants.Grant(phase, capability, parsed.target)

    def _target(self, family, target, argv, owner, is_cut):
        if family == "path":
            return "$package" if owner and self.owns(target) == owner else self.path(target)
        if family == "program":
            return self._program(target, argv, is_cut)
        if family == "net":
            return self._host(target)
        return "*" + target[1:] if target[:1] in ("$", "~") else target

    def path(self, path):
        """Return a pattern for an absolute path."""
        for folder, root in self.folders:
            rest = _below(path, folder)
            if rest is not None:
                return ANY_NAME.get(root) or _passing(root + rest if rest else root)
        return _passing("*" + path[1:] if path[:1] in ("$", "~") else path)

    def _program(self, program, argv, is_cut):
        shown = self.path(program)
        words = [f'"{shown}"' if " " in shown else shown]
        arguments = (argv or ())[1:]
        words += [self._argument(argument) for argument in arguments[:MOST_ARGUMENTS]]
        if argv is None or is_cut or len(arguments) > MOST_ARGUMENTS:
            words.append("**")
        return " ".join(words)

    def _argument(self, argument):
        if argument.startswith("/"):
            shown = self.path(argument)
            return f'"{shown}"' if " " in shown else shown
        if len(argument) > LONGEST_ARGUMENT or not PLAIN.fullmatch(argument):
            return "*"
        return MADE_UP.sub("*", argument)

    def _host(self, target):
        if target.startswith("unix:"):
            return "unix:" + self.path(target[5:])
        return targets.lasting(target, self.named.get("$hostname", ()))


def _below(path, folder):
    """Return what of a path is below a folder, which may have a `*` as a component, or None."""
    parts, wanted = path.split("/"), folder.split("/")
    given = parts[: len(wanted)]
    if len(given) < len(wanted) or any(one not in ("*", other) for one, other in zip(wanted, given, strict=True)):
        return None
    rest = "/".join(parts[len(wanted) :])
    return "/" + rest if rest else ""


def _passing(path):
    """Return a path in which names that were made up for the occasion are a `*`."""
    return "/".join(MADE_UP.sub("*", part) for part in path.split("/"))


def _harmless(text):
    return re.sub(r"[$\"]", "*", text).replace("**/**", "**")
