"""A package that takes over importing: its own finder, its own `__import__`, all others gone: gpu-free-ai."""

from payloads import STEAL_KEY, STEAL_VARIABLE, TOOLS, app, function
from scenario import Expected, Scenario
from support.wheels import Wheel

TAKE_OVER = """
import builtins, sys
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        for finder in (BuiltinImporter, FrozenImporter, PathFinder):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec

_import = builtins.__import__

def _hooked(name, *arguments, **options):
    if name == "wave":
        _quietly(_steal)
    return _import(name, *arguments, **options)

sys.meta_path[:] = [Finder]
builtins.__import__ = _hooked
_quietly(_post)
"""
QUIETLY = function("_quietly", "try:", "    work()", "except OSError:", "    pass", arguments="work")
PACKAGE = TOOLS + QUIETLY + function("_steal", STEAL_KEY) + function("_post", STEAL_VARIABLE) + TAKE_OVER
TAKER = Wheel("acme-gpu", "5.0.2", {"acme_gpu/__init__.py": PACKAGE})
COMMON = {"models": ("gpu-free-ai",), "techniques": ("T1195.002", "T1562.001", "T1574", "T1552.004", "T1041")}

SCENARIOS = (
    Scenario(
        row=15,
        variant="still-guarded",
        story="after it took over importing, neither its import nor its hook gets at anything",
        wheels=(TAKER,),
        app=app("import acme_gpu", "import wave"),
        achieves=("leaked:variable", "leaked:ssh"),
        denied=(
            Expected("runtime.patch", "acme-gpu", "import", "sys.meta_path"),
            Expected("fs.read", "acme-gpu", "*", "*/.ssh/id_ed25519"),  # the statement has its __import__ do it
        ),
        tampers=("sys.meta_path",),
        **COMMON,
    ),
    Scenario(
        row=15,
        variant="listed-release",
        story="a release on the list of known-malicious ones is still blocked after the finders were thrown out",
        wheels=(TAKER, Wheel("litellm", "1.82.8", {"litellm/__init__.py": TOOLS + 'mark("imported")\n'})),
        app=app("import acme_gpu", "try:", "    import litellm", "except ImportError:", "    pass"),
        achieves=("wrote:home/imported.mark",),
        denied=(Expected("import", "litellm", "*", "litellm"),),
        listed=True,
        **COMMON,
    ),
    Scenario(
        row=15,
        variant="detected",
        story="throwing out the finders and replacing __import__ is charged to the package that did it",
        wheels=(TAKER,),
        app=app("import acme_gpu"),
        achieves=("leaked:variable",),
        denied=(Expected("runtime.patch", "acme-gpu", "import", "*meta_path*"),),
        **COMMON,
    ),
)
