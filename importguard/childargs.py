"""How a child interpreter comes to run under the guard: three variables, and no -E or -I where these shut it out.

LD_PRELOAD carries the guard into every interpreter that is linked dynamically, PYTHONPATH into the others. `-I` and
`-E` make an interpreter overlook PYTHONPATH. A child that only PYTHONPATH reaches is started with the same effect in
other words: `-P -s` for `-I`, every PYTHON* variable put aside under another name. startup.py undoes it.
"""

import sys

from importguard import dynamic, ldpreload, throughenv
from importguard.pinned import O_CLOEXEC, O_RDONLY, close, len, list, open, read
from importguard.session import HELD, VARIABLE, encode_spawn, without_ahead

TAKES_VALUE = "cmWXQ"
PYTHONS = ("python", "pypy")
CARRIERS = ("PYTHONPATH", ldpreload.VARIABLE)


def guard_child(argv, env, spawn):
    """Return (argv, env) that start the same program under the guard.

    `argv` is a list of str with the program's path first, `env` a mapping of str to str; neither is changed. `spawn`
    holds session.SPAWN_FIELDS plus "ahead", the folder that goes first on PYTHONPATH, and "preload", the object for
    LD_PRELOAD, "" where there is none. Variables of importguard's own that the caller put into `env` are dropped:
    policy and blame are the parent's to say.
    """
    env = {name: value for name, value in env.items() if not name.startswith(VARIABLE)}
    preload = spawn.get("preload", "")
    if not ldpreload.is_there(preload):
        preload = ""
    argv, flags = _without_deafness(list(argv), preload)
    if flags:
        for name in [name for name in env if name.startswith("PYTHON")]:
            env[HELD + name] = env.pop(name)

    def variables(value_of):
        found = {}
        if preload:
            found[ldpreload.VARIABLE] = ldpreload.with_object(value_of(ldpreload.VARIABLE, env.get(ldpreload.VARIABLE)), preload)
        given = value_of("PYTHONPATH", env.get("PYTHONPATH"))
        rest = without_ahead(given, spawn["ahead"]) if given is not None else ""
        found["PYTHONPATH"] = spawn["ahead"] + (":" + rest if rest else "")
        found[VARIABLE] = encode_spawn({**spawn, "flags": flags, "pythonpath": "" if given is None else "="})
        return found

    return _through_env(argv, variables), {**env, **variables(lambda _name, before: before)}


def _through_env(argv, variables):
    """Have `env -i`, `env -u NAME` and their like, which clear the environment on the way, set the guard's variables again.

    `variables` returns them, told what the user has LD_PRELOAD and PYTHONPATH set to.
    """
    way = throughenv.follow(argv) or throughenv.follow(_as_the_kernel_starts(argv))
    if way is None or not (way.cleared or [name for name in (*way.unset, *way.assigned) if carries_the_guard(name)]):
        return argv
    own = [f"{name}={value}" for name, value in variables(way.value_of).items()]
    return way.argv[: way.place] + own + way.argv[way.place :]


def _as_the_kernel_starts(argv):
    """Return the arguments with which a script's interpreter is started where that is `env`, [] for all else."""
    if not argv or "/" not in argv[0]:
        return []
    interpreter, _, rest = first_line(argv[0]).strip().partition(" ")
    if interpreter.rpartition("/")[2] != "env" or not rest:
        return []
    return [interpreter, rest.strip(), *argv]


def carries_the_guard(name):
    """Say whether a variable is one by which a child comes under the guard."""
    return name in CARRIERS or name.startswith(VARIABLE)


def is_python(program):
    """Say whether a program's path looks like that of a Python interpreter."""
    name = program.rpartition("/")[2]
    return name.startswith(PYTHONS) or program == sys.executable


def _without_deafness(argv, preload):
    """Return (argv, flags taken off) so that the guard reaches the interpreter: as it is where the preload does."""
    plain, flags = _without_isolation(_with_interpreter(argv))
    if flags and preload and dynamic.enters(plain[0]):
        return argv, ""
    return plain, flags


def _with_interpreter(argv):
    """Name the interpreter of a script whose first line asks for isolation, so that its flags can be seen."""
    if not argv or is_python(argv[0]) or "/" not in argv[0]:
        return argv
    words = shebang(argv[0])
    if len(words) > 1 and is_python(words[0]) and _without_isolation(words)[1]:
        return words + argv
    return argv


def shebang(path):
    """Return the words of a script's first line, [] when it has none; `env` and its -S are looked through."""
    words = first_line(path).split()
    if words and words[0].rpartition("/")[2] == "env":
        words = words[2:] if words[1:2] == ["-S"] else words[1:]
    return words


def first_line(path):
    """Return what a script's first line names for its interpreter, "" when it has none."""
    try:
        fd = open(path, O_RDONLY | O_CLOEXEC)
    except OSError:
        return ""
    try:
        first = read(fd, 512)
    except OSError:
        return ""
    finally:
        close(fd)
    if first[:2] != b"#!":
        return ""
    return first[2:].partition(b"\n")[0].decode("utf-8", "surrogateescape")


def _without_isolation(argv):
    """Return (argv, flags taken off): "I" and "E" go, and "I" leaves its harmless half behind."""
    if not argv or not is_python(argv[0]):
        return argv, ""
    taken = ""
    kept = argv[:1]
    rest = argv[1:]
    while rest:
        word = rest[0]
        if len(word) < 2 or word[0] != "-" or word[1] == "-":
            break
        letters, value, ends = _read_cluster(word[1:])
        for letter in "IE":
            if letter in letters and letter not in taken:
                taken += letter
        left = "".join([letter for letter in letters if letter not in "IE"]) + value
        if left:
            kept.append("-" + left)
        rest = rest[1:]
        if ends:
            break
        if value and len(value) == 1 and value in TAKES_VALUE and rest:
            kept.append(rest[0])
            rest = rest[1:]
    if not taken:
        return argv, ""
    if "I" in taken:
        kept[1:1] = ["-P", "-s"]
    return kept + rest, taken


def _read_cluster(text):
    """Split "Ibc" into its letters, the option that takes a value (with what follows), and whether options end."""
    for at, letter in enumerate(text):
        if letter in TAKES_VALUE:
            return text[:at], text[at:], letter in "cm"
    return text, "", False
