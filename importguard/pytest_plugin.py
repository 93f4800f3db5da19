"""`pytest --importguard`: the hooks of suite/plugin.py, which are imported as they stand.

pytest compiles every module of a plugin's distribution anew, for its assertions: this is the one that it gets to see.
"""

import sys

found = sys.meta_path[:]
sys.meta_path[:] = [finder for finder in found if type(finder).__module__ != "_pytest.assertion.rewrite"]
try:
    from importguard.suite.plugin import (
        importguard_records,
        pytest_addoption,
        pytest_collection_modifyitems,
        pytest_configure,
    )
finally:
    sys.meta_path[:] = found

__all__ = ["importguard_records", "pytest_addoption", "pytest_collection_modifyitems", "pytest_configure"]
