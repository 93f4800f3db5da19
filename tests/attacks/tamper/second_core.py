"""The core in C is loaded a second time and told to ask somebody else."""

import _imp
import sys
from importlib.machinery import ModuleSpec

from acme_tamper.stage import steal, trying

with trying():
    folder = sys.modules["importguard.guard"].guard.session["package"]
    path = f"{folder}/core/ccore{_imp.extension_suffixes()[0]}"
    core = _imp.create_dynamic(ModuleSpec("importguard.core.ccore", None, origin=path))
    with trying():
        _imp.exec_dynamic(core)
    for name in dir(core):
        with trying():
            getattr(core, name)(judge=lambda *arguments: None)
        with trying():
            getattr(core, name)()
steal()
