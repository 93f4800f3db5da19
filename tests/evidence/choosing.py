"""A plugin of pytest that keeps the challenges: what is expected to fail, and what attacks the guard while it is there."""

import pytest

FOLDER = "tests/attacks/"
# Re-enacted by this evidence itself, one rung after the other; or about the stage.
OTHERS = ("test_rows", "test_negative", "test_stage", "test_catalogue", "test_dot_start")
CONTROLS = ("unguarded", "without_the_guard")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Deselect everything else."""
    kept = [item for item in items if is_challenge(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def is_challenge(item):
    """Say whether an item shows that something is stopped, or is known not to be."""
    if item.get_closest_marker("xfail"):
        return True
    module = item.nodeid.partition("::")[0]
    is_guarded = not any(word in item.originalname for word in CONTROLS)
    return module.startswith(FOLDER) and not any(name in module for name in OTHERS) and is_guarded
