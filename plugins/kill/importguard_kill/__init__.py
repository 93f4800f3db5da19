"""Ends the process tree when what one distribution was refused adds up: by how often, and by how bad it is."""

import collections
from fnmatch import fnmatchcase

from importguard.plugins import hookimpl

THRESHOLD = 10
# A package that tries to start a program or to read a key has no second reason; a look-up may be telemetry.
WEIGHTS = {"proc.*": 5, "fs.write": 5, "fs.read": 5, "native.*": 5, "net.*": 2, "*": 1}


class Kill:
    """Made with `threshold` (points, 10) and `weights`, which maps globs of capabilities to points, the first that fits."""

    def __init__(self, options):
        unknown = sorted(set(options) - {"threshold", "weights"})
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r}: 'threshold' and 'weights' are known")
        self.threshold = _points("threshold", options.get("threshold", THRESHOLD))
        given = options.get("weights", {})
        if not isinstance(given, dict):
            raise ValueError(f'weights = {given!r} is no table: write weights = {{ "net.*" = 2 }}')
        weights = {name: _points(f"weights.{name}", points) for name, points in given.items()}
        self.weights = {**weights, **{name: points for name, points in WEIGHTS.items() if name not in weights}}
        self.scores = collections.Counter()

    @hookimpl
    def importguard_review(self, record):
        if record["event"] != "decision" or record["verdict"] not in ("deny", "kill"):
            return None
        owner = (record["owner"]["name"], record["owner"].get("version"))
        self.scores[owner] += self.weight(record["capability"]) * record.get("count", 1)
        return "kill" if self.scores[owner] >= self.threshold else None

    def weight(self, capability):
        """Return the points of one refusal."""
        return next((points for name, points in self.weights.items() if fnmatchcase(capability, name)), 0)


def _points(name, value):
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} = {value!r} is no number of points")
    return value
