"""Counts how many re-enacted attacks each rung stopped, and names those that it didn't."""

import challenges
import reenacting
from reenacting import OWN, PLAIN


def counted(staged, scenarios, versions):
    """Return the counts of Stageds as plain values; `versions` maps a minor version of CPython to all of it."""
    tried = [one for one in staged if not one.lacks]
    return {
        "pythons": versions,
        "attacks": sorted({one.id for one in tried}),
        "harmless": [scenario.id for scenario in scenarios if not scenario.achieves],
        "lacking": {one.id: one.lacks for one in staged if one.lacks},
        "happen_not": [f"{one.id} doesn't happen unguarded on {one.version}" for one in tried if not one.happens],
        "layers": {rung: sorted(_layers(tried, rung)) for rung in _guards()},
        "stopped": {version: {rung: _count(tried, version, rung) for rung in _guards()} for version in versions},
        "unnamed": sorted({one.id for one in tried for held in one.held.values() if held.stopped and not held.named}),
        "missed": _missed(tried, {scenario.id: scenario for scenario in scenarios}),
    }


def _guards():
    return [rung for rung in reenacting.RUNGS if rung != reenacting.CONTROL]


def _layers(tried, rung):
    return {layer for one in tried for (found, _), held in one.held.items() if found == rung for layer in held.layers}


def _count(tried, version, rung):
    here = [one for one in tried if one.version == version]
    plain = [one.held[rung, PLAIN] for one in here]
    return {
        "tried": len(here),
        PLAIN: sum(held.stopped for held in plain),
        "named": sum(held.stopped and held.named for held in plain),
        OWN: sum(_best(one, rung).stopped for one in here),
    }


def _best(one, rung):
    """Return what held with the attack's own policy where it has one, else with the plain preset."""
    return one.held.get((rung, OWN), one.held[rung, PLAIN])


def _missed(tried, scenarios):
    found = {}
    for one in tried:
        for (rung, policy), held in one.held.items():
            if not held.stopped:
                found.setdefault((one.id, policy), {}).setdefault(rung, []).append(one.version)
    return [_miss(scenarios[name], policy, where) for (name, policy), where in sorted(found.items())]


def _miss(scenario, policy, where):
    reason = scenario.gaps.get("recommended", "")
    return {
        "attack": scenario.id,
        "story": scenario.story,
        "policy": policy,
        "where": where,
        "reason": reason.partition(": docs/")[0],
        **challenges.limit(reason),
    }
