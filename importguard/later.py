"""Parts of the trusted base that most processes never come to need: kept as bytecode, executed when somebody asks.

They are loaded past every finder, and past what stands in `sys.modules` under their name by then: a finder of somebody
else's must not answer for the guard, nor refuse it, as pip's does once it has begun to install.
"""

import sys
from _thread import RLock, get_ident

from importguard.pinned import list, set, type

# Each list holds all that its modules import, in an order in which a module comes after those: what is imported on the way
# would be loaded twice.
# What a program may ask for by name.
PUBLIC = ("importguard.denials", "importguard.model")
# What serves the core in C.
ATTENDING = ("importguard.surroundings", "importguard.attendant")
# What code sees when it is refused something.
DENYING = ("importguard.denials",)
# The text of a denial, and of what else a person reads.
WORDS = ("importguard.messages",)
# What takes secrets out of records, and what writes them, all but that of arming where the core in C has written it.
REDACTING = ("importguard.report", "importguard.report.redact")
RECORDING = (*REDACTING, "importguard.report.sink", "importguard.recorder")
PATHS = ("importguard.paths",)
PATCHING = ("importguard.patching",)
BLAMED = ("importguard.model",)
# What asks for the start of a program, and tells the child.
STARTING = (*PATHS, *DENYING, "importguard.programs", "importguard.dynamic", "importguard.throughenv", "importguard.childargs", "importguard.wraps.starting")
ENVIRON = (*PATHS, "importguard.wraps.environ")
# What -I and -E do, where the guard couldn't be started beneath them.
ISOLATING = ("importguard.isolation",)
# What records how long imports take.
TIMINGS = (*RECORDING, "importguard.timings")
# What has the kernel hold something.
HOLDING = ("importguard.kernel", "importguard.kernel.inside")
# What is needed when there is something to report, or to look into.
INQUIRING = (
    *RECORDING,
    *WORDS,
    *PATHS,
    *BLAMED,
    *DENYING,
    "importguard.versions",
    "importguard.ledger",
    "importguard.ledger.scan",
    "importguard.identity",
    "importguard.policy",
    "importguard.policy.targets",
    "importguard.policy.suggest",
    "importguard.enforce",
    "importguard.findings",
    "importguard.inquiry",
)
TABLE = ("importguard.policy", "importguard.versions", "importguard.policy.targets", "importguard.policy.table")
IMPORTS = (
    *PATHS,
    *BLAMED,
    *DENYING,
    *PATCHING,
    "importguard.finder",
    "importguard.findings",
    *TABLE,
    "importguard.policy.decide",
    "importguard.imports",
)
# What the core in Python decides with.
DECIDING = (
    *RECORDING,
    *WORDS,
    *PATHS,
    *BLAMED,
    *DENYING,
    "importguard.blame",
    "importguard.versions",
    "importguard.policy",
    "importguard.policy.targets",
    "importguard.policy.suggest",
    "importguard.enforce",
    "importguard.inside",
    "importguard.ledger",
    "importguard.ledger.scan",
    "importguard.identity",
    "importguard.surroundings",
    "importguard.findings",
    "importguard.policy.table",
    "importguard.policy.decide",
    *PATCHING,
    "importguard.finder",
    "importguard.imports",
    *STARTING,
    "importguard.wraps.carrier",
    "importguard.wraps.deferred",
    "importguard.core.events",
    "importguard.written",
    "importguard.hearsay",
    "importguard.corridor",
)
PACKAGES = ("importguard.report", "importguard.kernel", "importguard.policy", "importguard.ledger", "importguard.advisories")
CORE = (*PATHS, *DENYING, "importguard.programs", "importguard.core.events", "importguard.core.pycore")
ADVISORIES = (
    *BLAMED,
    *DENYING,
    "importguard.versions",
    "importguard.errors",
    "importguard.advisories",
    "importguard.advisories.layout",
    "importguard.advisories.advisory",
    "importguard.advisories.database",
)
# {module: (is a package, file, start, size)}: where the marshalled code is that nobody has asked for yet, in a file that "" has
# as (path, start, what of it serves the core in C). Filled, like the functions that find and execute it, by whoever has read
# the bundle.
parts = {}
rest = None  # all of it, once the core in Python has asked for something
find = None
execute = None
# What the parts import besides: an interpreter that ends has taken it out of `sys.modules`, and has no finder any more.
BUILT_IN = {name: sys.modules[name] for name in ("sys", "_thread", "_frozen_importlib")}
folder = __file__.rpartition("/")[0]  # importguard's own
loaded = {}
busy = set()  # the threads in which the guard is at work: what it asks for itself is let through
lock = RLock()  # two threads may come to need the same part at once


def hand_over(finder):
    """Have the parts found by the core in C from now on, which alone knows what is the guard's own."""
    global find
    if find is not None:
        find = finder
        parts.clear()


def learn():
    """Take the modules of the guard that are there for its own; to be called before anything else can be imported."""
    for name, module in list(sys.modules.items()):
        if type(module) is type(sys) and (name + ".").startswith("importguard."):
            loaded[name] = module


def load(names):
    """Execute those of the modules that aren't there yet, and return the last."""
    if names[-1] not in loaded:
        with lock:
            _load(names)
    return loaded[names[-1]]


def _load(names):
    thread = get_ident()
    was_busy = thread in busy
    busy.add(thread)
    try:
        for name in names:
            if name not in loaded:
                _put_back()
                part = find(name) if find is not None else None
                loaded[name] = execute(name, *part) if part else _from_file(name)
    finally:
        if not was_busy:
            busy.discard(thread)


def _put_back():
    """Have a part find the guard's own modules under their names, whatever stands there by now.

    By the names alone: an iterator of items() that has no memory for its pair ends the process by a signal (CPython 3.11 to 3.13).
    """
    for name in list(loaded):
        if sys.modules.get(name) is not loaded[name]:
            sys.modules[name] = loaded[name]
    if sys.meta_path is None:
        for name in BUILT_IN:
            sys.modules[name] = BUILT_IN[name]


def after_fork():
    """Take a lock of one's own: the thread that held it isn't there any more."""
    global lock
    lock = RLock()


def _from_file(name):
    external, frozen = sys.modules["_frozen_importlib_external"], sys.modules["_frozen_importlib"]
    place = folder + "/" + name.partition(".")[2].replace(".", "/")
    is_package = name in PACKAGES
    file, locations = (place + "/__init__.py", [place]) if is_package else (place + ".py", None)
    spec = external.spec_from_file_location(name, file, submodule_search_locations=locations)
    module = sys.modules[name] = frozen.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
