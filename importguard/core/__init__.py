"""Which core watches this process, and why not the other one."""

import _imp
import sys

from importguard import later

LIBRARY = "importguard.core.ccore"


class Choice:
    """A core: its `name`, its set of `busy` threads, its `install`, and what is `missing` ("" where it is the one that was wanted).

    `carry_from` is how it carries the origin of deferred work, None where the wraps do that.
    """

    __slots__ = ("busy", "carry_from", "install", "missing", "name")

    def __init__(self, name, module, missing):
        self.name = name
        self.install = module.install
        self.carry_from = module.carry_from
        self.busy = module.new_busy()
        self.missing = missing


def choose(wanted, folder):
    """Return the Choice for `wanted` ("auto", "c" or "py"); raises ValueError when the C core is demanded and not there.

    `folder` is importguard's own: the C core is loaded by its path, since nothing can be found that early.
    """
    reason = ""
    if wanted != "py":
        try:
            library = _load_c(folder)
            tags = later.load(("importguard.core.ctags",), folder)
            tags.ccore = library
            return Choice("c", tags, "")
        except (ImportError, OSError, RuntimeError) as error:
            if wanted == "c":
                raise ValueError(f"the C core was demanded and can't be had: {error}") from error
            reason = f"the C core: {error}"
    return Choice("py", later.load(("importguard.core.pycore",), folder), reason)


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
