"""Arms a process by hand with something strange in one place; a child for each try, as what is armed stays armed."""

import os
import random
import resource
import tempfile

import acts
import strange
from by_hand import FLAT, TABLE, ccore, learning, nothing, parts, piece_of_table

AS_THEY_SHOULD_BE, UNKNOWN, IN_A_FILE = "all as they should be", "none of them", "a table in a file"
NO_FILE_IN_MEMORY = "a table in a file, and no file in memory to be had"
LIMITS = resource.getrlimit(resource.RLIMIT_NOFILE)
NOWHERE = ("", "/", "/tmp/missing", "/dev/null", "/dev/full", "/proc/self/mem", "/dev/tty", "a\0b", "\udcff", "\ud800", "x" * 5000)


def broken_piece(chance):
    """Return where a table should lie in a file, and none does that is whole."""
    path, start, size = piece_of_table()
    kind = chance.randrange(5)
    if kind < 2:
        with tempfile.NamedTemporaryFile(delete=False, dir=acts.ROOM) as file:
            changed = strange.flipped(chance, FLAT) if kind else FLAT[: chance.randrange(len(FLAT))]
            file.write(changed)
        return file.name, 0, len(changed if kind else FLAT)
    if kind == 4:
        return path, chance.choice([number for number in strange.NUMBERS if number != start]), size
    if kind == 2:
        return path, start, size + chance.choice((-size, -1, 1, 4096, 2**31, 2**62, -(2**62)))
    return chance.choice(NOWHERE), start, size


def chosen(chance):
    """Return the arguments of install(), in one of the forms in which they are good."""
    given = parts()
    given["undoes_patches"] = chance.random() < 0.5
    given["table"] = chance.choice((TABLE, learning(TABLE), FLAT, piece_of_table()))
    given["candidate"] = chance.choice((None, FLAT, piece_of_table()))
    given["learn"], given["imported"] = chance.choice((None, nothing)), chance.choice((None, nothing))
    return given


def leave_one_descriptor():
    """Have the process open no more than one file at a time."""
    free = os.open("/", os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, LIMITS[1]))


def attempt(name, seed, link):
    """Arm this process, use it and end it: by 0, or by 3 where it could not be armed."""
    chance = random.Random(f"{name} {seed}")
    given = chosen(chance)
    if name in given:
        given[name] = strange.inside(chance, given[name], strange.value(chance))
    elif name == UNKNOWN:
        given["more"] = 1
    elif name == IN_A_FILE and seed:
        given["table"] = broken_piece(chance)
    elif name == NO_FILE_IN_MEMORY:
        given["table"] = piece_of_table()
        leave_one_descriptor()
    try:
        services = ccore.install(**given)
    except BaseException:
        os._exit(3)
    resource.setrlimit(resource.RLIMIT_NOFILE, LIMITS)
    use(services, link)
    os._exit(0)


def use(services, link):
    """Do once what is done again and again elsewhere; what it gives is of no interest here."""
    for known in acts.everything(services, link):
        for act, *_ in known.values():
            try:
                act()
            except BaseException:
                continue


def attempt_all(first, last):
    """Return {how a child ended: what it was given}, from one seed to another."""
    link, _ = acts.prepare()
    ends = {}
    for name in (AS_THEY_SHOULD_BE, UNKNOWN, IN_A_FILE, NO_FILE_IN_MEMORY, *parts()):
        for seed in range(first, last * 16 if name == IN_A_FILE else last):
            child = os.fork()
            if child == 0:
                os.close(2)
                attempt(name, seed, link)
            end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            ends.setdefault(end, []).append((name, seed))
    return ends


def unexpected(ends):
    """Return what ended as it may not: by a signal, or armed with a table that isn't whole, or not armed without a reason."""
    wrong = {end: tried for end, tried in ends.items() if end not in (0, 3)}
    believed = [tried for tried in ends.get(0, ()) if tried[0] in (UNKNOWN, IN_A_FILE) and tried != (IN_A_FILE, 0)]
    refused = [tried for tried in ends.get(3, ()) if tried[0] in (AS_THEY_SHOULD_BE, NO_FILE_IN_MEMORY) or tried == (IN_A_FILE, 0)]
    return wrong, believed, refused
