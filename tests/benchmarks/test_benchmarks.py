"""The benchmarks run, and a broken budget makes them fail; how long anything takes is not looked at."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"

needs_pyperf = pytest.mark.skipif(importlib.util.find_spec("pyperf") is None, reason="needs pyperf (group `bench`)")


def measure(*options):
    """Run the quick benchmark of a bare start."""
    command = [sys.executable, BENCHMARKS, "--quick", "--only", "start", *map(str, options)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def budget_of(folder, ratio):
    file = folder / "budgets.toml"
    file.write_text(f"[cpu]\nstart = {ratio}\n")
    return file


@needs_pyperf
def test_a_budget_that_holds_lets_the_benchmark_pass(tmp_path):
    """What stays below its budget ends with exit status 0, and the page has a row for it."""
    done = measure("--budgets", budget_of(tmp_path, 1000))

    assert done.returncode == 0, done.stderr
    assert "| start | 3 |" in done.stdout
    assert "over its budget" not in done.stderr


@needs_pyperf
def test_a_broken_budget_fails_the_benchmark(tmp_path):
    """A whole interval above the budget ends with exit status 1 and says which budget it was."""
    done = measure("--budgets", budget_of(tmp_path, 0.001))

    assert done.returncode == 1
    assert "start: " in done.stderr
    assert "over its budget of 0.00" in done.stderr


@pytest.mark.parametrize("lower, is_over", [(1.49, False), (1.50, False), (1.51, True)])
def test_only_the_lower_end_of_the_interval_breaks_a_budget(ratios, lower, is_over):
    """A median above the budget is noise for as long as the interval reaches down to it."""
    measured = ratios.Ratio(median=1.8, lower=lower, upper=2.0, pairs=60)

    assert bool(ratios.over({"start": measured}, {"start": 1.5})) is is_over


def test_a_small_ratio_from_few_pairs_is_marked(ratios):
    """A ratio below 1.10 that rests on fewer than sixty pairs says so wherever it is shown."""
    assert "too few" in str(ratios.Ratio(1.05, 1.0, 1.1, pairs=59))
    assert "too few" not in str(ratios.Ratio(1.05, 1.0, 1.1, pairs=60))


def test_the_interval_is_that_of_the_pairs(ratios):
    """Values that all cost the same factor more than their partner give that factor, with nothing around it."""
    references = [1.0, 2.0, 5.0, 3.0]

    measured = ratios.ratio([2 * value for value in references], references)

    assert (measured.median, measured.lower, measured.upper, measured.pairs) == (2.0, 2.0, 2.0, 4)


def test_every_budget_is_for_a_workload(workloads, ratios):
    """No budget is checked against nothing."""
    budgets = ratios.budgets(BENCHMARKS / "budgets.toml", "3.11.0")

    assert set(budgets.pop("tree")) == {"learn"}  # by learning.py
    supervised = budgets.pop("supervised")  # measured by a script of its own
    assert all(f'"{name}": (' in (BENCHMARKS / "supervised.py").read_text() for name in supervised)
    assert {name for limits in budgets.values() for name in limits} <= {workload.name for workload in workloads.every("file")}


def test_the_kept_results_name_no_machine():
    """What is committed of a measurement names neither a host nor a folder of the machine it ran on."""
    kept = json.loads((BENCHMARKS / "results.json").read_text())

    assert not {"hostname", "python_executable", "command"} & set(kept["metadata"])
    for name in ("/home/", "/root/", "/tmp/"):
        assert name not in (BENCHMARKS / "results.json").read_text() + (BENCHMARKS / "results.md").read_text()


@pytest.fixture
def ratios():
    return load("ratios")


@pytest.fixture
def workloads():
    return load("workloads")


def load(name):
    """Load a file of the benchmarks by its place: its plain name may be another folder's as well."""
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_way_to_learn_can_be_measured(tmp_path, monkeypatch):
    """A program is started, and its CPU time is there."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    learning, pairs = importlib.import_module("learning"), importlib.import_module("pairs")
    bare = learning.ways(tmp_path, sys.executable, sys.executable)[0]

    taken = pairs.measure(learning.Program("none", ("-c", "pass")), [bare], rounds=1)

    assert len(taken["bare"]) == 1 and taken["bare"][0] > 0
