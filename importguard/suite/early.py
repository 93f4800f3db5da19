"""Whether a run of pytest is to be guarded, and arming it: before pytest itself has parsed anything."""

import atexit
import contextlib
import os
import shlex
import shutil
import tempfile
import typing

DEEPEST = 20  # files of options that name one another
OFF, OBSERVE, ENFORCE = MODES = ("off", "observe", "enforce")
INI = "importguard"
FLAG, OBSERVING, LEARNING, POLICY = OPTIONS = (
    "--importguard", "--importguard-observe", "--importguard-learn", "--importguard-policy",
)  # fmt: skip
MODES_OF_WORDS = {FLAG: ENFORCE, OBSERVING: OBSERVE}
BELOW = f"{LEARNING} has no records below an outer run: `importguard learn -- python -m pytest` learns there"


class Wanted(typing.NamedTuple):
    """What options and configuration ask for: a mode, the path of a policy (None for what `run` would find), to learn."""

    mode: str
    policy: str | None
    learns: bool = False


class Armed(typing.NamedTuple):
    """The guard that is there, the file that its records go to, "" where somebody else has them, a Learning or None, and
    lines for who started the run."""

    guard: typing.Any
    records: str = ""
    learning: typing.Any = None
    notices: tuple[str, ...] = ()


def wanted(config, environ):
    """Return what is Wanted; raises ValueError for a mode that is none.

    It must be known before pytest loads its plugins, and so before it parses options: `config` has its files read.
    """
    mode = config.getini(INI)
    if mode not in MODES:
        raise ValueError(f"{INI} = {mode!r} is none of {', '.join(MODES)}{_near(mode)} ({config.inipath})")
    typed = _expanded(map(str, config.invocation_params.args))
    words = _expanded([*config.getini("addopts"), *shlex.split(environ.get("PYTEST_ADDOPTS", ""))]) + typed
    # As with all options, the last word counts, and any word more than what stands in the file.
    for word in words:
        mode = MODES_OF_WORDS.get(word, mode)
    if learns := LEARNING in words:
        if OBSERVING in words:
            raise ValueError(f"{LEARNING} enforces while it learns, and can't go with {OBSERVING}")
        mode = ENFORCE
    if mode == OFF and _after(typed, POLICY) is not None:
        raise ValueError(f"{POLICY} says which policy holds, and nothing is guarded: add {FLAG}, or leave it out")
    return Wanted(mode, _after(words, POLICY), learns)


def arm(wanted, *, is_worker=False):
    """Arm this process, unless an outer run has done so; raises ImportguardError where that can't be done.

    A worker of pytest-xdist is armed already, and leaves learning to the process that has started it.
    """
    from importguard import errors, guard

    if guard.guard is not None:
        if wanted.learns and not is_worker:
            raise errors.UsageError(BELOW)
        return Armed(guard.guard)
    try:
        # In a folder of its own: what outlives the run finds that gone, and doesn't make the file anew.
        folder = tempfile.mkdtemp(prefix="importguard-")
    except OSError as error:
        raise errors.CannotArm(f"no place for the records of the run: {error.strerror}; set TMPDIR to a folder that can be written") from error
    # Before anything is guarded, as the session's: the end of a run may not be the application's work, below another's command.
    atexit.register(_remove, folder, os.getpid())
    try:
        return _arm_with(wanted, f"{folder}/records.jsonl")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _remove(folder, owner):
    """Remove what a run has left, unless this is a fork of it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _arm_with(wanted, records):
    from importguard import guard
    from importguard.launch import embed

    if wanted.learns:
        from importguard.suite import learning  # all that it needs is there before anything is guarded
    notices, lesson = embed.arm_suite(wanted.policy, mode=wanted.mode, records=records, learning=wanted.learns)
    return Armed(guard.guard, records, learning.Learning(lesson, records) if wanted.learns else None, notices)


def missed(config):
    """Return the first option that is set, "" for none: where nothing was armed by then, it was given in a way that `wanted` doesn't see."""
    names = [word for word in OPTIONS if word != POLICY and config.getoption(word.lstrip("-").replace("-", "_"))]
    return names[0] if names else ""


def _expanded(words, depth=0):
    """Return words with those of the files that `@FILE` names, as pytest has them from 8.2 on."""
    found = []
    for word in words:
        if word.startswith("@") and depth < DEEPEST:
            from importguard.ledger import regular  # few name one

            # What can't be read pytest says itself, and a pipe is pytest's to read.
            with contextlib.suppress(OSError, ValueError), regular.read_binary(word[1:]) as file:
                found += _expanded(os.fsdecode(file.read()).splitlines(), depth + 1)
        found.append(word)
    return found


def _near(mode):
    from importguard.policy import grants  # who has made no mistake pays nothing for it

    return grants.near_miss(mode, MODES)


def _after(words, option):
    """Return the value of an option, None where it isn't there."""
    for at, word in enumerate(words):
        if word.startswith(option + "="):
            return word.partition("=")[2]
        if word == option and at + 1 < len(words):
            return words[at + 1]
    return None
