"""Says whether a target matches a pattern: paths, programs, hosts and names."""

# ruff: noqa: SIM110  (any and all could be a package's by now)

from importguard.pinned import int, len, tuple, zip

LITERAL, GLOBS, END, STAR, LOOPS = range(5)
FOLDERS_KEPT = 2048
FIRST_PASSING = 32768  # of the ports that Linux gives to a socket that names none


def glob(pattern, text):
    """Return whether `pattern` matches the whole of `text`, where `*` stands for any characters."""
    if "*" not in pattern:
        return pattern == text
    first, *middle, last = pattern.split("*")
    end = len(text) - len(last)
    at = len(first)
    if end < at or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def path_glob(pattern, path):
    """Return whether a path pattern matches: `*` stays within a component, `**` is any number of components."""
    if "*" not in pattern:
        return pattern == path
    wanted, given = pattern.split("/"), path.split("/")
    want = at = 0
    star, resume = -1, 0
    while at < len(given):
        if want < len(wanted) and wanted[want] == "**":
            star, resume = want, at
            want += 1
        elif want < len(wanted) and glob(wanted[want], given[at]):
            want += 1
            at += 1
        elif star >= 0:
            resume += 1
            want, at = star + 1, resume
        else:
            return False
    while want < len(wanted) and wanted[want] == "**":
        want += 1
    return want == len(wanted)


class Paths:
    """A set of path patterns, built by `policy.machine`, that is asked about one path after another.

    Patterns are walked all at once, component by component; the state that a folder leaves is kept, so that
    a path in a folder where nothing is of interest costs a few dictionary lookups.
    """

    __slots__ = ("ends", "floating", "folders", "names", "start", "starts", "unless")

    def __init__(self, machine):
        root = machine["root"]
        self.floating = root[STAR]
        self.start = (root,)
        self.names = machine["names"]
        self.starts = machine["starts"]
        self.ends = machine["ends"]
        self.unless = Paths(machine["unless"]) if machine["unless"] else None
        self.folders = {}

    def matches(self, path):
        """Return whether the path, absolute and without symlinks, is in the set."""
        folder, _, name = path.rpartition("/")
        states = self.folders.get(folder)
        if states is None:
            states = self.enter(folder)
        if not states and name not in self.names and not name.startswith(self.starts) and not name.endswith(self.ends):
            return False
        return self.accepts(states, name) and (self.unless is None or not self.unless.matches(path))

    def enter(self, folder):
        """Return, and keep, the states that are alive in a folder beside the ones that are alive everywhere."""
        parent, slash, name = folder.rpartition("/")
        states = self.folders.get(parent) if slash else None
        if states is None:
            states = self.start
            for component in folder.split("/"):
                states = self.step(states, component)
        else:
            states = self.step(states, name)
        if len(self.folders) >= FOLDERS_KEPT:
            self.folders.clear()
        self.folders[folder] = states
        return states

    def accepts(self, states, name):
        if self.floating is not None and self.floating[END]:
            return True
        for node in self.step(states, name):
            if node[END]:
                return True
        return False

    def step(self, states, component):
        reached = []
        if self.floating is not None:
            follow(self.floating, component, reached)
        for node in states:
            follow(node, component, reached)
            if node[LOOPS]:
                add(node, reached)
        return tuple(reached)


def follow(node, component, reached):
    """Add to `reached` the nodes to which a component leads from a node."""
    child = node[LITERAL].get(component)
    if child is not None:
        add(child, reached)
    for pattern, child in node[GLOBS]:
        if glob(pattern, component):
            add(child, reached)


def add(node, reached):
    for other in reached:
        if other is node:
            return
    reached.append(node)
    if node[STAR] is not None:
        add(node[STAR], reached)


def split_address(target):
    """Return host (lower case, without brackets and zone) and port ("" when there is none) of a network target."""
    if target.startswith("["):
        host, _, rest = target[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else ""
    elif target.count(":") == 1:
        host, _, port = target.partition(":")
    else:
        host, port = target, ""
    return host.partition("%")[0].rstrip(".").lower(), port


def lasting(target, names=()):
    """Return `host:port` as it is the next time and elsewhere: loopback under that name, and no port that passes.

    `names` are this machine's own, which are another's on another one.
    """
    host, port = split_address(target)
    if host in names:
        host = "$hostname"
    elif is_loopback(host):
        host = "$loopback"
    elif ":" in host:
        host = "[" + host + "]"
    return host if not port or is_passing(port) else host + ":" + port


def is_passing(port):
    return port.isdecimal() and FIRST_PASSING <= int(port) < 65536


def is_loopback(host):
    if host == "localhost":
        return True
    bits, number = parse_address(host) or (0, 0)
    return number == 1 if bits == 128 else bits == 32 and number >> 24 == 127


def parse_address(host):
    """Return (bits, number) of an IP address in any spelling that the C library takes, or None for a name."""
    if ":" in host:
        return parse_v6(host)
    number = parse_v4(host)
    return None if number is None else (32, number)


def parse_v4(text):
    """Return the number of an IPv4 address, short, octal and hexadecimal spellings included, or None."""
    parts = text.split(".")
    if len(parts) > 4:
        return None
    numbers = [parse_number(part) for part in parts]
    if None in numbers:
        return None
    last = numbers.pop()
    if last >= 256 ** (4 - len(numbers)):
        return None
    shift = 32
    for number in numbers:
        shift -= 8
        if number > 255:
            return None
        last |= number << shift
    return last


def parse_number(text):
    """Return a number as inet_aton reads it, or None."""
    base = 16 if text[:2] in ("0x", "0X") else 8 if len(text) > 1 and text[0] == "0" else 10
    digits = text[2:] if base == 16 else text
    if not digits or len(digits) > 16 or digits.strip("0123456789abcdefABCDEF"):
        return None
    try:
        return int(digits, base)
    except ValueError:
        return None


def parse_v6(text):
    """Return (bits, number) of an IPv6 address, (32, number) where it holds an IPv4 one, or None."""
    head, double, tail = text.partition("::")
    before, after = groups(head), groups(tail)
    if before is None or after is None or "::" in tail:
        return None
    missing = 8 - len(before) - len(after)
    if missing < 0 or (missing == 0 and double) or (missing and not double):
        return None
    number = 0
    for group in before + [0] * missing + after:
        number = number << 16 | group
    if number >> 32 in (0xFFFF, 0x64FF9B << 64) and number > 1:
        return 32, number & 0xFFFFFFFF
    return 128, number


def groups(text):
    """Return the 16-bit groups of a part of an IPv6 address, or None."""
    if not text:
        return []
    found = []
    parts = text.split(":")
    for part in parts:
        if "." in part and part is parts[-1]:
            low = parse_v4(part)
            if low is None:
                return None
            found += [low >> 16, low & 0xFFFF]
        elif part and len(part) <= 4 and not part.strip("0123456789abcdefABCDEF"):
            found.append(int(part, 16))
        else:
            return None
    return found


def net_matches(patterns, target, *, hosts_only):
    """Return whether one of the patterns (kind, data, port, free port) matches `host:port` or `unix:/path`.

    With `hosts_only` the target is a host that is looked up, and ports don't count.
    """
    if target.startswith("unix:"):
        return unix_matches(patterns, target[5:])
    host, port = (target.rstrip(".").lower(), "") if hosts_only else split_address(target)
    address = parse_address(host)
    for kind, data, wanted, free in patterns:
        if wanted and port != wanted and not hosts_only:
            continue
        if free and port == free:
            continue
        if host_matches(kind, data, host, address):
            return True
    return False


def unix_matches(patterns, path):
    for kind, data, _, _ in patterns:
        if kind == "unix" and path_glob(data, path):
            return True
    return False


def host_matches(kind, data, host, address):
    if kind == "any":
        return True
    if kind == "host":
        return glob(data, host)
    if kind == "block" and address is not None:
        bits, network, length = data
        return address[0] == bits and (address[1] ^ network) >> (bits - length) == 0
    return False


def spawn_matches(patterns, target, argv, is_written):
    """Return whether one of the patterns (program, arguments, called, system) matches a program and its argv.

    `called` is the base name that argv[0] must have, after a login shell's "-", for a program that has several names;
    a `system` pattern never matches what this process tree wrote.
    """
    for program, arguments, called, system in patterns:
        if not path_glob(program, target):
            continue
        if called and (not argv or argv[0].rpartition("/")[2].removeprefix("-") != called):
            continue
        if system and is_written(target):
            continue
        if arguments is None or (argv is not None and arguments_match(arguments, argv[1:])):
            return True
    return False


def arguments_match(patterns, arguments):
    """Return whether arguments match one by one; a last pattern `**` takes any that are left."""
    if patterns and patterns[-1] == "**":
        patterns = patterns[:-1]
        if len(arguments) < len(patterns):
            return False
    elif len(arguments) != len(patterns):
        return False
    for pattern, given in zip(patterns, arguments):
        if not argument_matches(pattern, given):
            return False
    return True


def argument_matches(pattern, given):
    """Return whether one argument matches; one that is a path can't climb out of its folder."""
    if pattern.startswith("/"):
        return ".." not in given.split("/") and path_glob(pattern, given)
    return glob(pattern, given)


def matches(kind, data, request, table):
    """Return whether a compiled target (kind, data) matches what a request asks for."""
    target = request.target
    if kind == "any":
        return True
    if kind == "set":
        return table.paths(data).matches(target)
    if kind == "paths":
        return any_matches(path_glob, data, target)
    if kind == "spawn":
        return spawn_matches(data, target, request.argv, table.is_written)
    if kind == "net":
        return net_matches(data, target, hosts_only=request.capability == "net.resolve")
    if kind == "written":
        return table.is_written(target)
    if kind == "package":
        return owns(request.owner, target, table)
    return any_matches(glob, data, target)


def any_matches(compare, patterns, target):
    for pattern in patterns:
        if compare(pattern, target):
            return True
    return False


def owns(owner, target, table):
    """Return whether a path is one of the owner's own files, which nobody's are when the owner is not known."""
    return owner.kind in ("distribution", "app") and table.owner_of(target) == owner.name
