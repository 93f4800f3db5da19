"""Compiles a target as it is written into what `targets.matches` reads, with how specific it is."""

import functools
import ipaddress
import os

from importguard.policy import grants, links, targets

ANY, WIDE, SET, EXACT = range(4)
METADATA = (
    "169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "fd00:ec2::254/128", "fd00:ec2::23/128",
    "100.100.100.200/32", "168.63.129.16/32",
    "metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal",
)  # fmt: skip
LOOPBACK = ("127.0.0.0/8", "::1/128", "localhost", "localhost.localdomain", "localhost4", "localhost6",
            "ip6-localhost", "ip6-loopback")  # fmt: skip
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10")
DNS = "53"


def compile_target(capability, target, named):
    """Return (kind, patterns, rank) of a grant's target; `named` gives each of `grants.ROOTS` its absolute folders."""
    return _compiled(capability, target) or _compiled_here(capability, target, named)


@functools.cache
def _compiled(capability, target):
    """Return what a target is in every launch, None for one that depends on what named targets stand for there.

    A preset has hundreds of them, and below a lock it is compiled twice.
    """
    if not target:
        return "any", None, _rank(ANY, "")
    if target in grants.FILE_SETS:
        return _compile_set(target)
    if _family(capability) in ("text", "name"):
        return "text", (target,), _rank(WIDE if "*" in target else EXACT, target)
    return None


def _compiled_here(capability, target, named):
    family = _family(capability)
    if family == "path":
        return "paths", expand(target, named), _rank(WIDE if _is_wide(target) else EXACT, target)
    return _compile_program(target, named) if family == "program" else _compile_net(target, named)


def _family(capability):
    return grants.FAMILIES[grants.capabilities(capability)[0]]


def expand(target, named):
    """Return the absolute patterns that a path with a named root or `~` stands for."""
    root, slash, rest = target.partition("/")
    if root == "~":
        root = "$home"
    if root not in grants.ROOTS:
        return (target,)
    tail = slash + rest if slash else "/**"
    return tuple(dict.fromkeys(folder.rstrip("/") + tail for folder in named.get(root, ())))


def _is_wide(target):
    return "*" in target or target in grants.ROOTS or target == "~"


def _rank(kind, text):
    """Return how specific a target is: exact beats a named set beats a glob beats none; then the longer text."""
    return kind * 10_000 + min(len(text.replace("*", "")), 9_999)


def _compile_set(target):
    kinds = {"$package": "package", "$written": "written"}
    return kinds.get(target, "set"), None if target in kinds else target, _rank(SET, "")


def _compile_program(target, named):
    program, *arguments = grants.split_words(target)
    if program in grants.FILE_SETS:
        raise ValueError(f"{target!r}: {program} takes no arguments")
    entries = []
    for words in _argument_choices(arguments, named):
        for path in expand(program, named):
            entries += _program_entries(path, words, program.startswith("$bin"))
    rank = _rank(WIDE if _is_wide(program) else EXACT, target)
    return "spawn", tuple(dict.fromkeys(entries)), rank


def _argument_choices(arguments, named):
    """Return the argument patterns once for each folder that a named root in one of them stands for."""
    if not arguments:
        return [None]
    choices = [()]
    for argument in arguments:
        if argument == "$libraries":
            choices = [(*choice, *words) for choice in choices for words in _library_options(named)]
            continue
        spelled = expand(argument, named) if argument.startswith(("$", "~")) else (argument,)
        choices = [(*choice, word) for choice in choices for word in spelled]
    return choices


def _library_options(named):
    """Return the one choice of options that name the folders of LD_LIBRARY_PATH; none where somebody may move one of them."""
    folders = named.get("$libraries", ())
    if any("*" in folder or folder[:1] not in ("", "/") for folder in folders):
        return []
    return [tuple(word for folder in folders for word in ("-L", folder))]


def _program_entries(path, arguments, system):
    """Return a program's pattern and, where it is a link on this machine, one for what it leads to under its name."""
    entries = [(path, arguments, "", system)]
    real = links.real(path) if path.startswith("/") and "*" not in path else path
    if real != path:
        folder, name = os.path.split(path)
        linked = os.path.join(links.real(folder), name)
        called = "" if real == linked else name
        entries.append((real, arguments, called, system))
    return entries


def called_by_name(entries):
    """Return the entries of a grant so that a program of several names is started by its own: it may be another by each of them."""
    return tuple(
        (program, arguments, called or _only_name(program), system) for program, arguments, called, system in entries
    )


def _only_name(program):
    is_shared = program.startswith("/") and "*" not in program and links.has_other_names(program)
    return os.path.basename(program) if is_shared else ""


def _compile_net(target, named):
    if target.startswith("unix:"):
        sockets = tuple(("unix", path, "", "") for path in expand(target[5:], named))
        return "net", sockets, _rank(WIDE if _is_wide(target) else EXACT, target)
    host, port = grants.split_net(target)
    free = DNS if host == "$metadata" else ""
    entries = tuple((*_compile_host(name), port, free) for name in _hosts(host, named))
    return "net", entries, _rank(_host_class(host), host) + 100 * bool(port)


def _hosts(host, named):
    sets = {"$metadata": METADATA, "$loopback": LOOPBACK, "$hostname": named.get("$hostname", ())}
    return _private() if host == "$private" else sets.get(host, (host,))


@functools.cache
def _private():
    """Return PRIVATE without METADATA: whoever may reach the local network may not ask it for the machine's own keys."""
    blocks = [ipaddress.ip_network(block) for block in PRIVATE]
    for address in (ipaddress.ip_network(text) for text in METADATA if "/" in text):
        blocks = [part for block in blocks for part in _without(block, address)]
    return tuple(map(str, sorted(blocks, key=lambda block: (block.version, block))))


def _without(block, address):
    if block.version != address.version or not address.subnet_of(block):
        return [block]
    return list(block.address_exclude(address))


def _host_class(host):
    if host == "$metadata":
        return SET
    return WIDE if "*" in host or "/" in host or host.startswith("$") else EXACT


def _compile_host(host):
    if host == "*":
        return "any", None
    base, slash, length = host.partition("/")
    address = targets.parse_address(base)
    if address is None:
        return "host", host.lower()
    bits, number = address
    long = int(length) - (96 if bits == 32 and ":" in base else 0) if slash else bits
    return "block", (bits, number, max(long, 0))


def forget():
    """Drop what was compiled so far; it would be the same again."""
    _compiled.cache_clear()
