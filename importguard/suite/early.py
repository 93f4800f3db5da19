"""Whether a run of pytest is to be guarded, and arming it: before pytest itself has parsed anything."""

import os
import shlex
import tempfile
import typing

OFF, OBSERVE, ENFORCE = MODES = ("off", "observe", "enforce")
INI = "importguard"
FLAG, OBSERVING, LEARNING, POLICY = OPTIONS = (
    "--importguard", "--importguard-observe", "--importguard-learn", "--importguard-policy",
)  # fmt: skip
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
    typed = list(map(str, config.invocation_params.args))
    words = [*shlex.split(environ.get("PYTEST_ADDOPTS", "")), *config.getini("addopts"), *typed]
    if FLAG in words and mode == OFF:
        mode = ENFORCE
    if OBSERVING in words:
        mode = OBSERVE
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
    from importguard.launch import embed

    if guard.guard is not None:
        if wanted.learns and not is_worker:
            raise errors.UsageError(BELOW)
        return Armed(guard.guard)
    try:
        handle, path = tempfile.mkstemp(prefix="importguard-", suffix=".jsonl")
    except OSError as error:
        raise errors.CannotArm(f"no place for the records of the run: {error.strerror}; set TMPDIR to a folder that can be written") from error
    os.close(handle)
    if wanted.learns:
        from importguard.suite import learning  # all that it needs is there before anything is guarded
    notices, lesson = embed.arm_suite(wanted.policy, mode=wanted.mode, records=path, learning=wanted.learns)
    return Armed(guard.guard, path, learning.Learning(lesson, path) if wanted.learns else None, notices)


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
