"""From paired values to a ratio with an interval, and from the interval to a verdict on a budget."""

import random
import statistics
import tomllib
from dataclasses import dataclass

RESAMPLES = 2000
FEW = 60
CLAIM = 1.10


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median of paired ratios, its 95 % bootstrap interval, and the number of pairs."""

    median: float
    lower: float
    upper: float
    pairs: int

    def __str__(self):
        few = " (too few pairs)" if self.median < CLAIM and self.pairs < FEW else ""
        return f"{self.median:.3f} [{self.lower:.3f}, {self.upper:.3f}]{few}"


def ratio(values, references):
    """Return the Ratio of values to the references that were measured in the same rounds, the first ones where there are fewer."""
    return summary([value / reference for value, reference in zip(values, references)])  # noqa: B905


def summary(paired):
    """Return the median of values that were measured round by round, with its interval, as a Ratio."""
    chance = random.Random(0)  # the same interval for the same values
    medians = sorted(statistics.median(chance.choices(paired, k=len(paired))) for _ in range(RESAMPLES))
    lower, upper = medians[int(RESAMPLES * 0.025)], medians[int(RESAMPLES * 0.975)]
    return Ratio(statistics.median(paired), lower, upper, len(paired))


def budgets(path, version):
    """Return {kind: {workload: the most that it may take}} of a budget file for a version of CPython ("3.12.1"); the kinds
    are explained there."""
    limits = tomllib.loads(path.read_text())
    special = limits.pop("special", {}).get(version.rpartition(".")[0], {})
    return {kind: {**limits.get(kind, {}), **special.get(kind, {})} for kind in {**limits, **special}}


def over(measured, limits):
    """Return a line for each workload whose whole interval lies above its budget."""
    return [
        f"{name}: {measured[name]} is over its budget of {limit:.2f}"
        for name, limit in limits.items()
        if measured.get(name) is not None and measured[name].lower > limit
    ]
