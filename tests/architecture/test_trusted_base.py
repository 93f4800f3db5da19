"""The trusted base: what a guarded process loads before its program, and what that imports."""

import ast
import json
import subprocess
from pathlib import Path

import pytest
from support import guarded, worlds

from importguard import later
from importguard.launch import bundle

PROJECT = Path(__file__).parents[2]
ALLOWED = {"sys", "posix", "marshal", "_thread", "time", "errno", "_frozen_importlib", "_frozen_importlib_external", "_imp", "builtins"}
# Where another part of the base is only asked for when it is needed, with the reason.
LATE = {"importguard": "the public names, on first use"}
PROGRAM = "import sys, json; print(json.dumps(sorted(sys.modules)))"


def path_of(module):
    path = PROJECT / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imported_by(module):
    """Yield (what is imported, whether that happens when the module is loaded) for each import of a module."""
    tree = ast.parse(path_of(module).read_text())
    at_load = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in at_load) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((part if path_exists(part) else node.module, id(node) in at_load) for part in parts)


def path_exists(module):
    return path_of(module).exists()


# What each core loads beside what every guarded process does.
MORE = {"c": (*later.HOLDING, *later.ATTENDING), "py": (*later.HOLDING, *later.DECIDING, *later.CORE)}


@pytest.fixture(scope="module", params=MORE)
def loaded(request, tmp_path_factory, empty_environment):
    """The core, and the modules that a program finds: without the guard, and with it."""
    with worlds.furnished(tmp_path_factory.mktemp("world"), empty_environment) as world:
        command = [empty_environment.python, "-c", PROGRAM]
        bare = subprocess.run(command, env=world.variables(), capture_output=True, text=True, timeout=20, check=True)
        outcome = guarded.run(world, command, options=("--core", request.param))
        return request.param, json.loads(bare.stdout), json.loads(outcome.stdout)


def test_start_up_loads_exactly_the_trusted_base(loaded):
    """What the guard adds to a process that does nothing is the part of the bundle that its core needs at once."""
    core, bare, with_guard = loaded

    added = {name for name in set(with_guard) - set(bare) if name.partition(".")[0] == "importguard"}

    assert added == {*bundle.FIRST, *MORE[core]}


def test_start_up_loads_nothing_of_the_standard_library_for_the_guard(loaded):
    """A program finds no module in sys.modules that it wouldn't find without the guard, but for builtin ones."""
    _core, bare, with_guard = loaded

    others = {name for name in set(with_guard) - set(bare) if name.partition(".")[0] != "importguard"}

    assert others <= ALLOWED


@pytest.mark.parametrize("module", bundle.TRUSTED)
def test_trusted_module_imports_only_the_base(module):
    """A module of the trusted base imports builtin modules and other modules of the base, nothing else."""
    foreign = {
        name
        for name, at_load in imported_by(module)
        if name not in ALLOWED and name not in bundle.TRUSTED and (at_load or module not in LATE)
    }

    assert foreign == set()


def test_decide_is_pure():
    """`decide`, and whatever it uses, imports no clock, no files and no interpreter state; `pinned` holds builtins."""
    reached, pending = set(), ["importguard.policy.decide"]
    while pending:
        module = pending.pop()
        if module in bundle.TRUSTED and module not in reached | {"importguard.pinned"}:
            pending += [name for name, _at_load in imported_by(module)]
        reached.add(module)

    assert reached & ALLOWED == set()
    assert {name for name in reached if name.startswith("importguard.")} <= {
        "importguard.model", "importguard.pinned", "importguard.policy", "importguard.policy.decide",
        "importguard.policy.table", "importguard.policy.targets", "importguard.versions",
    }  # fmt: skip
