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
    """Return the Ratio of values to the references that were measured in the same rounds."""
    paired = [value / reference for value, reference in zip(values, references, strict=True)]
    chance = random.Random(0)  # the same interval for the same values
    medians = sorted(statistics.median(chance.choices(paired, k=len(paired))) for _ in range(RESAMPLES))
    lower, upper = medians[int(RESAMPLES * 0.025)], medians[int(RESAMPLES * 0.975)]
    return Ratio(statistics.median(paired), lower, upper, len(paired))


def budgets(path):
    """Return {workload: the largest ratio of guarded to bare CPU time} of a budget file."""
    return tomllib.loads(path.read_text())["cpu"]


def over(measured, limits):
    """Return a line for each workload whose whole interval lies above its budget."""
    return [
        f"{name}: {measured[name]} is over its budget of {limit:.2f}"
        for name, limit in limits.items()
        if name in measured and measured[name].lower > limit
    ]
