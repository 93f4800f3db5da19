"""Which core watches this process, and why not the other one."""

import _imp
import sys

from importguard import later

LIBRARY = "importguard.core.ccore"


NAMESPACE = type(sys.implementation)  # types.SimpleNamespace: to make a class takes longer than all else that is done here in Python


def choice(name, library, missing):
    """Return a core: its `name`, its `library`, its set of `busy` threads, and what is `missing` ("" where it is the one that was
    wanted)."""
    return NAMESPACE(name=name, library=library, busy=library.new_busy(), missing=missing)


def choose(wanted, folder):
    """Return the choice for `wanted` ("auto", "c" or "py"); raises ValueError when the C core is demanded and not there.

    `folder` is importguard's own: the C core is loaded by its path, since nothing can be found that early.
    """
    reason = ""
    if wanted != "py":
        try:
            return choice("c", _load_c(folder), "")
        except (ImportError, OSError, RuntimeError) as error:
            if wanted == "c":
                raise ValueError(f"the C core was demanded and can't be had: {error}") from error
            reason = f"the C core: {error}"
    return choice("py", later.load(later.CORE), reason)


def flat(table, folder):
    """Return a table as the C core takes it over without reading it again, None where this interpreter has no C core."""
    try:
        return _load_c(folder).table_flat(table)
    except (ImportError, OSError, RuntimeError):
        return None


def _load_c(folder):
    """Return the module that installs the C core; raises ImportError where it isn't built for this interpreter."""
    spec = type(sys.__spec__)(LIBRARY, None, origin=f"{folder}/core/ccore{_imp.extension_suffixes()[0]}")
    try:
        module = _imp.create_dynamic(spec)
    except ImportError as error:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise ImportError(f"not built for this CPython {version}, or not loadable ({error})") from None
    _imp.exec_dynamic(module)
    sys.modules.pop(LIBRARY, None)
    if module.codes(True) != module.codes(False) and not module.codes(True):
        raise RuntimeError("it can't read the frames of this interpreter")
    return module
