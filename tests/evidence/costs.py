"""Works out what the guard costs, with intervals, from the values that the benchmarks have kept."""

import json
import re
import sys

import provenance

VALUES, PAGE = "benchmarks/results.json", "benchmarks/results.md"
NAME = re.compile(r"(?P<workload>.*) \((?P<variant>.*)\)")
DAY = re.compile(r"Measured (?P<date>[\d-]+) with CPython (?P<python>[\d.]+) on (?P<machine>.*), by `(?P<by>.*)`")

sys.path.insert(1, str(provenance.PROJECT / "benchmarks"))

import ratios  # noqa: E402 - found through the line above


def every():
    """Return the ratios of guarded to bare, a mapping a workload, and where they come from."""
    kept = json.loads((provenance.PROJECT / VALUES).read_text())
    known = DAY.search((provenance.PROJECT / PAGE).read_text())
    about = {**provenance.read(VALUES, known["by"], date=known["date"]), "machine": known["machine"]}
    return {"python": known["python"], "ratios": of(kept), "provenance": about}


def of(kept):
    """Return {workload: {"median", "lower", "upper", "pairs"}} of values in pyperf's JSON."""
    taken = {}
    for benchmark in kept["benchmarks"]:
        named = NAME.fullmatch(benchmark["metadata"]["name"])
        values = [value for run in benchmark["runs"] for value in run["values"]]
        taken.setdefault(named["workload"], {})[named["variant"]] = values
    found = {}
    for workload, variants in taken.items():
        ratio = ratios.ratio(variants["guarded"], variants["bare"])
        shown = {name: round(getattr(ratio, name), 4) for name in ("median", "lower", "upper")}
        found[workload] = {**shown, "pairs": ratio.pairs}
    return found
