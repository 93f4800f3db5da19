"""The trusted base in one file."""

import ast
import importlib.machinery
import importlib.util
import types
from pathlib import Path

import pytest

from importguard import later
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


GROUPS = ("ATTENDING", "STARTING", "ENVIRON", "HOLDING", "INQUIRING", "IMPORTS", "DECIDING", "CORE", "ADVISORIES")


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_names_all_that_its_modules_import(group):
    """Nothing is imported on the way: it would be there twice, once with what others have told it and once without."""
    seen = set(bundle.FIRST)
    for module in getattr(later, group):
        missing = {name for name in wanted_at_load(module) if name not in seen and name in bundle.TRUSTED}
        assert missing == set(), module
        seen.add(module)


def functions(code):
    """Yield the code of each function in a module's code."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from functions(constant)


@pytest.mark.parametrize("module", bundle.TRUSTED)
def test_functions_lose_their_docstrings_and_nothing_else(module):
    """What is left of each function is what the compiler makes of it where it leaves docstrings out."""
    file = importlib.util.find_spec(module).origin
    made = compile(Path(file).read_text(), file, "exec", dont_inherit=True, optimize=2)

    left = bundle.without_docstrings(importlib.machinery.SourceFileLoader(module, file).get_code(module))

    for function, wanted in zip(functions(left), functions(made), strict=True):
        if function.co_flags & bundle.OPTIMIZED:
            assert [item for item in function.co_consts if type(item) is str] == [
                item for item in wanted.co_consts if type(item) is str
            ]
