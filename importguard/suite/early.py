"""Whether a run of pytest is to be guarded, and arming it: before pytest itself has parsed anything."""

import dataclasses
import os
import shlex
import tempfile
import typing

OFF, OBSERVE, ENFORCE = MODES = ("off", "observe", "enforce")
INI = "importguard"
FLAG, OBSERVING, POLICY = OPTIONS = ("--importguard", "--importguard-observe", "--importguard-policy")


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What options and configuration ask for: a mode, and the path of a policy, None for what `run` would find."""

    mode: str
    policy: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Armed:
    """The guard that is there, and the file that its records go to, "" where an outer run has them."""

    guard: typing.Any
    records: str


def wanted(config, environ):
    """Return what is Wanted; raises ValueError for a mode that is none.

    It must be known before pytest loads its plugins, and so before it parses options: `config` has its files read.
    """
    mode = config.getini(INI)
    if mode not in MODES:
        raise ValueError(f"{INI} = {mode!r} is none of {', '.join(MODES)}")
    typed = map(str, config.invocation_params.args)
    words = [*shlex.split(environ.get("PYTEST_ADDOPTS", "")), *config.getini("addopts"), *typed]
    if FLAG in words and mode == OFF:
        mode = ENFORCE
    if OBSERVING in words:
        mode = OBSERVE
    return Wanted(mode, _after(words, POLICY))


def arm(wanted):
    """Arm this process, unless an outer run has done so; raises ImportguardError where that can't be done."""
    from importguard import guard
    from importguard.launch import embed

    if guard.guard is not None:
        return Armed(guard.guard, "")
    handle, path = tempfile.mkstemp(prefix="importguard-", suffix=".jsonl")
    os.close(handle)
    embed.arm(wanted.policy, mode=wanted.mode, records=path)
    return Armed(guard.guard, path)


def _after(words, option):
    """Return the value of an option, None where it isn't there."""
    for at, word in enumerate(words):
        if word.startswith(option + "="):
            return word.partition("=")[2]
        if word == option and at + 1 < len(words):
            return words[at + 1]
    return None
