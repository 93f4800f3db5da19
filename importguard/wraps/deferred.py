"""Work that is arranged while a package is imported, and done later, keeps the phase and the blame of the import."""

import _frozen_importlib
import _thread
import sys

from importguard.pinned import BUILTIN, callable, get_frame, getattr, setattr, type
from importguard.wraps.carrier import Carried, unwrap

THREAD_STARTS = ("start_new_thread", "start_new", "start_joinable_thread")
THREADING_ALIASES = {"_start_new_thread": "start_new_thread", "_start_joinable_thread": "start_joinable_thread"}


class Deferral:
    """Says on whose behalf something is being arranged, at almost no cost when no import is under way."""

    def __init__(self, trace, is_starting):
        self.trace = trace
        self.is_starting = is_starting
        self.imports_under_way = _frozen_importlib._module_locks
        self.has_carried = False
        self.has_worker = False

    def carry(self, function, frame):
        """Return `function`, or one that carries its origin where that is an import or a start-up file.

        What can't be called yet may be by then.
        """
        if not (self.imports_under_way or self.has_carried or self.is_starting()):
            return function
        if function is None or type(function) is Carried:
            return function
        origin = self.trace(frame)
        if origin.phase == "run":
            return function
        self.has_carried = True
        return Carried(origin, function)

    def carry_always(self, function, frame):
        """Return `function`, or one that carries its origin where that is anybody but the application alone.

        The walk of a thread, a handler or a finalizer finds no caller: a package that is called could hand a deputy or
        a function of the standard library to one, and be forgotten.
        """
        if function is None or type(function) is Carried:
            return function
        origin = self.trace(frame)
        if origin.phase != "run":
            self.has_carried = True
        elif is_application(origin) and not self.has_worker:
            return function
        # An executor's thread works for many: from here on the application's items say whose they are as well.
        self.has_worker = self.has_worker or is_worker(function)
        return Carried(origin, function)

    def carry_callable(self, function, frame):
        """The same for those who look whether it can be called: they still refuse what can't."""
        return self.carry_always(function, frame) if callable(function) else function


def is_application(origin):
    """Say whether an Origin is the application's, or that of a program without any packages."""
    return not origin.chain or origin.chain[0].kind == "app"


def is_worker(function):
    """Say whether a thread that is to run `function` is one of an executor's."""
    futures = sys.modules.get("concurrent.futures.thread")
    target = getattr(getattr(function, "__self__", None), "_target", None)
    return futures is not None and target is futures._worker


def wrap_threads(module, deferral):
    """Threads: the three functions of `_thread`."""
    for name in THREAD_STARTS:
        real = getattr(module, name, None)
        if real is not None:
            setattr(module, name, _wrap_start(real, deferral))


def tell_threading():
    """Give the wrapped functions of `_thread` to a `threading` that was imported before they were wrapped."""
    threading = sys.modules.get("threading")
    if threading is not None:
        for alias, name in THREADING_ALIASES.items():
            if hasattr(threading, alias):
                setattr(threading, alias, getattr(_thread, name))


def _wrap_start(real, deferral):
    def start(function, *args, **kwargs):
        return real(deferral.carry_callable(function, get_frame(1)), *args, **kwargs)

    start.__name__ = start.__qualname__ = real.__name__
    start.__doc__ = real.__doc__
    start.__module__ = "_thread"
    return start


def wrap_signals(module, deferral):
    """Signal handlers; what is asked back is the handler that was given.

    Importing `_signal` before the interpreter itself does so crashes it, so this too waits for the import.
    """
    set_handler, get_handler = module.signal, module.getsignal
    if type(set_handler) is not BUILTIN:
        return

    def signal(signalnum, handler, /):
        return unwrap(set_handler(signalnum, deferral.carry_callable(handler, get_frame(1))))

    def getsignal(signalnum, /):
        return unwrap(get_handler(signalnum))

    signal.__doc__, getsignal.__doc__ = set_handler.__doc__, get_handler.__doc__
    module.signal, module.getsignal = signal, getsignal


def wrap_atexit(module, deferral):
    real = module.register
    if type(real) is not BUILTIN:
        return

    def register(func, /, *args, **kwargs):
        real(deferral.carry_callable(func, get_frame(1)), *args, **kwargs)
        return func

    register.__doc__ = real.__doc__
    module.register = register


def wrap_weakref(module, deferral):
    _wrap_init(module.finalize, 2, deferral.carry_always)


def wrap_finalizers(module, deferral):
    _wrap_init(module.Finalize, 2, deferral.carry_always, "callback")


def wrap_futures(module, deferral):
    _wrap_init(module._WorkItem, 2, deferral.carry_always)


def wrap_asyncio(module, deferral):
    real = module.Handle.__init__

    def __init__(self, callback, args, loop, context=None):
        real(self, deferral.carry(callback, get_frame(1)), args, loop, context)
        if self._source_traceback:
            # In debug mode a handle says where it was made: not in here.
            del self._source_traceback[-1]

    __init__.__doc__ = real.__doc__
    __init__.__wrapped__ = real
    module.Handle.__init__ = __init__


def _wrap_init(kind, position, carry, keyword=None):
    """Carry the callable at `position` of a class's __init__ (self counts), or given by its name."""
    real = kind.__init__

    def __init__(*args, **kwargs):
        if len(args) > position:
            carried = carry(args[position], get_frame(1))
            if carried is not args[position]:
                args = args[:position] + (carried,) + args[position + 1 :]
        elif keyword in kwargs:
            kwargs[keyword] = carry(kwargs[keyword], get_frame(1))
        return real(*args, **kwargs)

    __init__.__doc__ = real.__doc__
    __init__.__wrapped__ = real
    kind.__init__ = __init__


# What is wrapped when it is imported: a module that nobody imports is not loaded for it.
AT_IMPORT = {
    "_signal": wrap_signals,
    "atexit": wrap_atexit,
    "weakref": wrap_weakref,
    "concurrent.futures.thread": wrap_futures,
    "multiprocessing.util": wrap_finalizers,
    "asyncio.events": wrap_asyncio,
}
# What defers work and is built in, by the name of a function in it: a second copy comes without wraps.
MADE_ANEW = {"start_new_thread": wrap_threads, "set_wakeup_fd": wrap_signals, "_run_exitfuncs": wrap_atexit}
# The modules in Python that the C core is told of: it diverts their classes, and the builtins by itself.
WATCHED = ("asyncio.events", "concurrent.futures.thread", "multiprocessing.util", "weakref")
