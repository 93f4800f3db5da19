"""Source that isn't what runs: an extension module beside it, or bytecode that nobody checks: pycacheopt."""

from payloads import STEAL_KEY, app, quietly
from scenario import LIMITS, Expected, Scenario
from support.interpreters import SUPPORTED
from support.wheels import Wheel, bytecode

DECOY = 'KIND = "source"\n'
EXTENSION = r"""
#include <Python.h>
#include <stdio.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_fast", NULL, -1, NULL};
PyMODINIT_FUNC PyInit__fast(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s/from-the-extension.mark", getenv("HOME"));
    FILE *file = fopen(path, "a");
    if (file) fclose(file);
    PyObject *module = PyModule_Create(&definition);
    PyModule_AddStringConstant(module, "KIND", "extension");
    return module;
}
"""
BLIND = f"what an extension does in C is seen by the kernel rungs alone: {LIMITS}#native-code"
CACHED = {
    f"acme_cache/__pycache__/core.cpython-{version.replace('.', '')}.pyc": bytecode(
        'KIND = "bytecode"\n' + quietly(STEAL_KEY), "core.py", unchecked_as=DECOY
    )
    for version in SUPPORTED
}
COMMON = {"models": ("pycacheopt",), "techniques": ("T1195.002", "T1036", "T1574", "T1027")}

SCENARIOS = (
    Scenario(
        row=17,
        variant="extension",
        story="an extension module with the name of a harmless source file is what gets imported",
        wheels=(
            Wheel(
                "acme-cache",
                "1.8.1",
                {"acme_cache/__init__.py": "", "acme_cache/_fast.py": DECOY},
                native={"acme_cache/_fast": EXTENSION},
            ),
        ),
        app=app("from acme_cache import _fast", "print(_fast.KIND)"),
        achieves=("wrote:home/from-the-extension.mark",),
        flagged=("*/_fast.*.so",),
        holds_with="kernel",
        gaps={
            "observe": BLIND,
            "recommended": BLIND,
            "audit": f"a source file beside an extension module of the same name is no finding yet: {LIMITS}#native-code",
        },
        denied=(Expected("native.load", "acme-cache", "import", "*/_fast.*.so"),),
        needs=("compiler",),
        **COMMON,
    ),
    Scenario(
        row=17,
        variant="unchecked-bytecode",
        story="unchecked bytecode in __pycache__ runs code that isn't in its source",
        wheels=(Wheel("acme-cache", "1.8.1", {"acme_cache/__init__.py": "", "acme_cache/core.py": DECOY, **CACHED}),),
        pip_options=("--no-compile",),
        app=app("from acme_cache import core", "print(core.KIND)"),
        achieves=("leaked:ssh", "POST:/key"),
        # CPython has just cached another module in that folder, so that anybody could have put it there: it isn't what its source says.
        denied=(Expected("fs.read", "unowned", "import", "*/.ssh/id_ed25519"),),
        flagged=("*/__pycache__/core.cpython-*.pyc",),
        **COMMON,
    ),
)
