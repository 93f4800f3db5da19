"""The trusted base in one file."""

import ast
import importlib.util
from pathlib import Path

import pytest

from importguard.launch import bundle


def wanted_at_load(module):
    """Return the modules of the trusted base that a module imports while it is loaded."""
    tree = ast.parse(Path(importlib.util.find_spec(module).origin).read_text())
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names & set(bundle.TRUSTED)


@pytest.mark.parametrize("module", bundle.TRUSTED)
def test_a_module_comes_after_what_it_imports(module):
    """The modules are executed in the order of the list, so that none has to be looked for as a file."""
    before = bundle.TRUSTED[: bundle.TRUSTED.index(module)]

    assert wanted_at_load(module) <= set(before)
    assert not module.rpartition(".")[0] or module.rpartition(".")[0] in before
