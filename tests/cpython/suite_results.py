"""Writes down how CPython's tests went, bare and guarded."""

import datetime
import platform
from dataclasses import dataclass

import suite
from differing import Difference, Known, Place, stale, unexplained
from support import guarded

MODES = (guarded.OBSERVE, guarded.RECOMMENDED)


@dataclass(frozen=True, slots=True)
class Results:
    """All runs: `bare` maps (version, file) to a Run, `guarded` a Place; `gone` differed once and not when repeated.

    `pythons` maps a minor version to all of it.
    """

    bare: dict[tuple[str, str], suite.Run]
    guarded: dict[Place, suite.Run]
    differences: list[Difference]
    gone: list[Difference]
    listed: list[Known]
    pythons: dict[str, str]

    @property
    def seconds(self):
        """How long the runs of whole files took together."""
        return sum(run.seconds for runs in (self.bare, self.guarded) for run in runs.values())

    def problems(self):
        """Return what must not be, a line each: differences that nobody has explained, explanations of none."""
        return [
            *[f"unexplained  {_told(difference)}" for difference in unexplained(self.differences, self.listed)],
            *[f"stale        {item.test}: it doesn't differ" for item in stale(self.differences, self.listed, self.guarded)],
        ]


def summary(results):
    """Return the outcome in a few lines of plain text."""
    runs = len(results.bare) + len(results.guarded)
    tests = sum(len(run.outcomes) - 1 for run in results.bare.values())
    lines = [f"{tests} tests in {runs} runs, {results.seconds:.0f} s: {len(results.differences)} differences"]
    return "\n".join([*lines, *[f"differs once {_told(difference)}" for difference in results.gone], *results.problems()])


def page(results):
    """Return the outcome as a Markdown page."""
    columns = list(dict.fromkeys((place.core, place.mode) for place in results.guarded))
    versions = list(dict.fromkeys(results.pythons[version] for version, _ in results.bare))
    whole = len(suite.FILES) * len(versions)
    tests = sum(len(run.outcomes) - 1 for run in results.bare.values())
    differ = len({difference.test for difference in results.differences})
    return "\n".join(
        [
            "# CPython's own tests under the guard",
            "",
            "Test files of CPython's, run by its own runner (`python -m test`), bare, under `observe` and under "
            "`recommended` as the application. Each test must end the same, and the guard must have nothing to say but "
            "what is listed here. A difference counts when it shows a second time.",
            "",
            f"- {tests} tests that were run bare; {differ} of them, or of the guard's records, differ",
            f"- CPython {', '.join(versions)}, {platform.system()} {platform.machine()}, {datetime.date.today().isoformat()}, "
            f"{len(results.bare)} of {whole} bare runs and {len(results.guarded)} of {whole * len(columns)} guarded ones, "
            f"{results.seconds / 60:.0f} minutes",
            "- made by `python tests/cpython` (`make cpython`)",
            "",
            "| CPython | test file | bare | " + " | ".join(f"{core} core, {mode}" for core, mode in columns) + " |",
            "|---" * (3 + len(columns)) + "|",
            *[_line(results, version, file, columns) for version, file in results.bare],
            "",
            *_listed("Not run yet", _left_out(results)),
            *_listed("What differs, and why", _explanations(results)),
            *_listed("Differed once, and not when it was repeated", [_told(item) for item in results.gone]),
            *_listed("Failing with and without the guard", _broken(results)),
        ]
    )


def _line(results, version, file, columns):
    cells = [_cell(results, Place(version, *column, file)) for column in columns]
    return f"| {version} | `{file}` | {results.bare[version, file].tally()} | {' | '.join(cells)} |"


def _cell(results, place):
    found = [difference for difference in results.differences if difference.place == place]
    return f"{len(found)} differ" if found else "same" if place in results.guarded else "not run"


def _left_out(results):
    """Return the files that not even a bare run was made of, with the versions."""
    lacking = {
        file: [results.pythons[version] for version in results.pythons if (version, file) not in results.bare]
        for file in suite.FILES
    }
    return [f"`{file}` ({', '.join(versions)})" for file, versions in lacking.items() if versions]


def _explanations(results):
    for item in results.listed:
        found = [difference for difference in results.differences if item.explains(difference)]
        if found:
            ends = ", ".join(sorted({f"{difference.bare} → {difference.guarded}" for difference in found}))
            yield f"`{item.test}` ({_where(found)}): {ends}. {item.reason}"
    for difference in unexplained(results.differences, results.listed):
        yield f"{_told(difference)}. Not explained."


def _where(found):
    places = [difference.place for difference in found]
    kinds = [[place.version for place in places], [place.core for place in places], [place.mode for place in places]]
    return "; ".join(", ".join(sorted(set(kind))) for kind in kinds)


def _told(difference):
    place = difference.place
    return f"`{difference.test}` ({place.version}; {place.core}; {place.mode}): {difference.bare} → {difference.guarded}"


def _broken(results):
    failing = {}
    for (version, _), run in results.bare.items():
        for test, outcome in run.outcomes.items():
            if outcome in ("failed", "error"):
                failing.setdefault(test, []).append(version)
    return [f"`{test}` ({', '.join(versions)})" for test, versions in failing.items()]


def _listed(title, items):
    items = [f"- {item}" for item in items]
    return [f"## {title}", "", *items, ""] if items else []
