"""The core in C as a module, for its pure functions; it stays unarmed."""

import _imp
import functools
from pathlib import Path

import importguard
from importguard import core

MISSING = "needs the core in C for this interpreter: tools/cores builds it"


@functools.cache
def own():
    """Return the module of the running interpreter, or None where it isn't built."""
    folder = Path(importguard.__file__).parent
    spec = type(core.__spec__)(core.LIBRARY, None, origin=f"{folder}/core/ccore{_imp.extension_suffixes()[0]}")
    try:
        module = _imp.create_dynamic(spec)
    except ImportError:
        return None
    _imp.exec_dynamic(module)
    return module
