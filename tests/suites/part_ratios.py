"""From the parts of runs to a ratio: what each part takes when nothing else is in its way, summed, over the same of bare.

A machine that others use too is slow for seconds at a time, and a suite runs for many: its whole times differ by more than the
guard costs. Its parts (the start, each test, the end) are short, so that of a few rounds each has one that wasn't disturbed.
"""

import random
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).parents[2] / "benchmarks"))

import ratios  # noqa: E402 - found through the line above

RESAMPLES = 400
MEASURES = ("cpu", "clock")  # the columns of a part's times


def ratio(runs, bare, measure):
    """Return the Ratio of a mode's runs to the bare ones, lists of {part: [seconds of CPU, of the clock]} round by round, by a measure.

    Rounds in which both were run count. Its median is of all rounds, its interval a bootstrap over rounds.
    """
    rounds = min(len(runs), len(bare))
    values, references = (_columns(each[:rounds], MEASURES.index(measure)) for each in (runs, bare))
    chance = random.Random(0)  # the same interval for the same values
    samples = sorted(_over(values, references, chance.choices(range(rounds), k=rounds)) for _ in range(RESAMPLES))
    lower, upper = samples[int(RESAMPLES * 0.025)], samples[int(RESAMPLES * 0.975)]
    return ratios.Ratio(_over(values, references, range(rounds)), lower, upper, rounds)


def _over(values, references, rounds):
    return _undisturbed(values, rounds) / _undisturbed(references, rounds)


def _undisturbed(columns, rounds):
    """Return the sum over parts of the lower quartile of some rounds: a minimum would go by luck."""
    at = (len(rounds) - 1) // 4
    return sum(sorted(map(column.__getitem__, rounds))[at] for column in columns)


def _columns(runs, which):
    """Return a list for each part with its seconds in each run; what isn't in every run is one part together."""
    shared = set.intersection(*map(set, runs))
    columns = [[run[part][which] for run in runs] for part in sorted(shared)]
    return [*columns, [sum(times[which] for part, times in run.items() if part not in shared) for run in runs]]
