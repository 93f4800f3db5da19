"""Runs every re-enacted attack without the guard and beneath each rung of it, and says by the ground truth which it stopped."""

import concurrent.futures
import functools
import itertools
import os
import shutil
from dataclasses import dataclass

import stage
from support import guarded

# What each rung is started with. None is no guard: the control that an attack really happens here.
RUNGS = {
    "unguarded": None,
    "py": ("--core", "py", "--kernel", "off"),
    "c": ("--core", "c", "--kernel", "off"),
    "c + kernel": ("--core", "c", "--kernel", "require"),
}
CONTROL = "unguarded"
PLAIN, OWN = "recommended", "its own policy"
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Staged:
    """How one attack went on one CPython: what happened unguarded, and by (rung, policy) a Held."""

    id: str
    version: str
    lacks: str
    happens: bool
    held: dict[tuple[str, str], "Held"]


@dataclass(frozen=True, slots=True)
class Held:
    """What one guarded run showed: `stopped` by the ground truth, `named` by the records, and the layers that armed."""

    stopped: bool
    named: bool
    layers: tuple[str, ...]


def as_plain(staged):
    """Return a Staged as plain values, for a file."""
    held = [[rung, policy, one.stopped, one.named, list(one.layers)] for (rung, policy), one in staged.held.items()]
    return [staged.id, staged.version, staged.lacks, staged.happens, held]


def from_plain(values):
    """Return the Staged of plain values."""
    *named, held = values
    return Staged(*named, {(rung, policy): Held(stopped, seen, tuple(layers)) for rung, policy, stopped, seen, layers in held})


def attacks(scenarios):
    """Return the scenarios that have an effect to prevent; the others show that nothing is refused where nothing is done."""
    return [scenario for scenario in scenarios if scenario.achieves]


def reenact(scenarios, pythons, folder, *, jobs=None, tell=print):
    """Run each scenario on each Interpreter, every way; return the Stageds in that order."""
    workshop = stage.Workshop(folder / "workshop")
    for interpreter in pythons:
        # Here, one after the other: what is made for all rows isn't made twice.
        workshop.empty(interpreter)
        workshop.empty(interpreter, user_site=True)
    pairs = [(scenario, interpreter) for interpreter in pythons for scenario in attacks(scenarios)]

    def one(numbered):
        number, (scenario, interpreter) = numbered
        root = folder / str(number)
        try:
            staged = _stage(scenario, interpreter, workshop, root)
        finally:
            shutil.rmtree(root, ignore_errors=True)
        tell(f"{interpreter.version} {scenario.id}: {_told(staged)}")
        return staged

    with concurrent.futures.ThreadPoolExecutor(jobs or len(os.sched_getaffinity(0)) + 1) as pool:
        return list(pool.map(one, enumerate(pairs)))


def _stage(scenario, interpreter, workshop, root):
    if lack := stage.missing(scenario):
        return Staged(scenario.id, interpreter.version, lack, False, {})
    numbered = (root / str(number) for number in itertools.count())

    def once(**how):
        with stage.set_up(scenario, interpreter, workshop, next(numbered)) as world:
            outcome = stage.perform(scenario, world, seconds=SECONDS, **how)
            return outcome, set(scenario.achieves) & set(world.evidence())

    _outcome, happened = once(mode=guarded.UNGUARDED)
    held = {
        (rung, policy): _held(scenario, functools.partial(once, mode=guarded.RECOMMENDED, options=options, policy=text))
        for rung, options in RUNGS.items()
        for policy, text in ((PLAIN, None), (OWN, scenario.policy))
        if options is not None and (policy == PLAIN or text)
    }
    return Staged(scenario.id, interpreter.version, "", happened == set(scenario.achieves), held)


def _held(scenario, once):
    """Return what a guarded run showed; one that ended well without a record may just have been slow, and has to do so twice."""
    found = _seen(scenario, *once())
    if found.stopped and not found.named:
        again = _seen(scenario, *once())
        return again if not again.stopped else found
    return found


def _seen(scenario, outcome, happened):
    armed = next(record for record in outcome.records if record["event"] == "armed")
    named = all(_is_named(expected, outcome) for expected in scenario.denied)
    in_time = outcome.returncode != guarded.TIMED_OUT
    return Held(stopped=not happened and in_time, named=named, layers=tuple(armed["layers"]))


def _is_named(expected, outcome):
    found = outcome.decisions(
        capability=expected.capability, owner=expected.owner, phase=expected.phase, target=expected.target, verdict="deny"
    )
    return len({record["target"] for record in found}) >= expected.targets


def _told(staged):
    if staged.lacks:
        return staged.lacks
    open_ = [f"{rung}, {policy}" for (rung, policy), held in staged.held.items() if not held.stopped]
    return ("happens" if staged.happens else "DOES NOT HAPPEN") + (f"; not stopped: {'; '.join(open_)}" if open_ else "")
