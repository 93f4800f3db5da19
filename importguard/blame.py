"""Who is to blame for an operation: the chain of owners from the innermost frame to a boundary, and its verdict.

The rules are those of the architecture page: the standard library is never in the chain; the application ends the
walk; a deputy passes the blame outwards; an import, a start-up file or the start of deferred work is a boundary.
"""

import _frozen_importlib
import _frozen_importlib_external
import sys
from _thread import get_ident

from importguard.model import APP, STDLIB, UNOWNED, Owner, Value
from importguard.paths import resolve
from importguard.pinned import address, getattr, str, tuple, type

ModuleSpec = type(sys.__spec__)
LOADED_BY_IMPORTLIB = "_initializing"
FAST_LOCALS = 1  # inspect.CO_OPTIMIZED: every function has it, no module's body
IMPORTLIB, EXTERNAL = _frozen_importlib.__dict__, _frozen_importlib_external.__dict__
# What an import goes through; a loader that is called by hand doesn't.
LOADING = (_frozen_importlib._load_unlocked.__code__, _frozen_importlib._exec.__code__)
PROGRAM_KINDS = ("distribution", "unowned")
# What stands in a walk by tags for the program itself, and how such a walk ends (the numbers of ccore.h).
MAIN = Owner("__main__", "", "app")
END, BODY, CARRIED, STARTUP_LINE = range(4)


class Origin(Value):
    """Where deferred work or a child process comes from: its `chain` (owners, innermost first), `phase`, `module`."""

    __slots__ = ("chain", "phase", "module")


class Blame(Value):
    """The outcome of a walk: the `owner` to blame, the names it went `via`, the `phase`, the `module`, the `chain`."""

    __slots__ = ("owner", "via", "phase", "module", "chain")


class Walker:
    """Walks Python frames by their globals.

    It never reads `f_code`: that raises an audit event a frame.
    """

    def __init__(self, *, owner_of_globals, owner_of_path, main_origin, deferred_globals, is_deputy):
        self.owner_of_globals = owner_of_globals
        self.owner_of_path = owner_of_path
        self.main_origin = main_origin
        self.deferred_globals = deferred_globals
        self.is_deputy = is_deputy
        self.program = main_origin.program
        self.main = None
        self.main_thread = get_ident()
        self.starting = True

    def trace(self, frame):
        """Return the Origin that a frame belongs to: its chain up to the boundary."""
        chain = []
        namespace = owner = inner = pretended = None
        in_site = is_made = is_made_here = False
        while frame is not None:
            outer = frame.f_globals
            if outer is not namespace:
                if self._ends_here(owner, inner, namespace, outer):
                    return self._at_import(chain, namespace, owner)
                if is_made_here and not chain and inner.f_code.co_flags & FAST_LOCALS:
                    # A function without a module, and whoever made it isn't there: it speaks for nobody but itself.
                    chain.append(UNOWNED)
                namespace = outer
                name = namespace.get("__name__")
                if name == "__main__" and address(namespace) != self.main:
                    # Runs under that name for somebody else: what it does in an import is done by who imports.
                    pretended = pretended or self._at_main(chain)
                    name = None
                found = self._enter(chain, frame, namespace, name)
                if type(found) is Origin:
                    return found if pretended is None or found.phase != "run" else pretended
                owner, in_site = found, name == "site"
                is_made_here = owner is None
                is_made = is_made or is_made_here
                if owner is not None and owner is not STDLIB and owner not in chain:
                    chain.append(owner)
                    if owner.kind == "app":
                        return pretended or Origin(tuple(chain), self._phase(), "")
            if in_site:
                startup_file = startup_file_of(frame)
                if startup_file is not None:
                    return self._at_startup_file(chain, startup_file)
            inner = frame
            frame = frame.f_back
        if self._ends_here(owner, inner, namespace, None):
            return self._at_import(chain, namespace, owner)
        if pretended is not None:
            return pretended
        if is_made and not chain:
            # Code that was made at run time, in a namespace that is no module's, and nobody who called it.
            chain.append(UNOWNED)
        if not chain and owner is STDLIB and namespace.get("__name__") == "threading" and inner.f_code.co_name == "_shutdown":
            # threading's own end calls what was left with it, and nobody who did so is there.
            chain.append(UNOWNED)
        return self._at_end(chain)

    def conclude(self, owners, end, detail):
        """Return the Origin for a walk by tags: `owners` innermost first, how it ended, and what belongs to that end."""
        chain = []
        for owner in owners:
            if owner is MAIN:
                return self._at_main(chain)
            if owner not in chain:
                chain.append(owner)
            if owner.kind == "app":
                return Origin(tuple(chain), self._phase(), "")
        if end == BODY:
            return self._at_import(chain, detail, chain[-1])
        if end == CARRIED:
            return Origin(tuple(chain) + detail.chain, detail.phase, detail.module)
        if end == STARTUP_LINE:
            return self._at_startup_file(chain, detail)
        return self._at_end(chain)

    def choose(self, origin, capability, target, argv=None, is_deputy=None):
        """Return the Blame for an Origin: the innermost owner that is no deputy for this, as `is_deputy` says or else the
        policy in force."""
        is_deputy = is_deputy or self.is_deputy
        via = []
        for owner in origin.chain:
            judged = self._with_authority(owner, origin.phase)
            if judged.kind == "app" or not is_deputy(owner.name, capability, target, owner.version, argv):
                return Blame(judged, tuple(via), origin.phase, origin.module, origin.chain)
            via.append(owner.name)
        if not origin.chain:
            # Nothing but the standard library: the program's own start, or a thread that the application began.
            return Blame(self._nobody(), (), origin.phase, origin.module, ())
        outermost = origin.chain[-1]
        return Blame(outermost, tuple(via[:-1]), origin.phase, origin.module, origin.chain)

    def beyond(self, origin, blame, capability, target, argv=None):
        """Return the Owner who had the one to blame do it: who would be to blame if that one were a deputy; or None."""
        rest = origin.chain[len(blame.via) + 1 :]
        return self.choose(Origin(rest, origin.phase, origin.module), capability, target, argv).owner if rest else None

    def _ends_here(self, owner, inner, namespace, outer):
        """Say whether the frames of a namespace, `inner` the outermost, end with an import that is no application's."""
        if inner is None or (owner is not None and owner.kind not in PROGRAM_KINDS):
            return False
        return is_module_body(inner, namespace, outer) and not (outer is IMPORTLIB and self._is_script(owner, inner))

    def _is_script(self, owner, body):
        """Say whether a loader that was called by hand executes a body as a call of whoever did so, and not as an import:
        a file of nobody's, and any for who runs other people's scripts, by trade or as the program that the user typed."""
        frame = caller_by_hand(body)
        if frame is None or owner is None:
            return False
        if owner is UNOWNED:
            return True
        caller = STDLIB
        while frame is not None and caller is STDLIB:
            namespace = frame.f_globals
            if namespace is self.deferred_globals or namespace.get("__name__") == "__main__":
                return False
            caller = self.owner_of_globals(namespace)
            frame = frame.f_back
        if caller is None or caller.kind != "distribution":
            return False
        return caller.name == self.program or self.is_deputy(caller.name, "code.run", "exec", caller.version)

    def _at_end(self, chain):
        if chain and not self.starting and get_ident() != self.main_thread:
            # A thread that carries no origin is the application's: everybody else's carries one.
            chain.append(self._nobody())
        return Origin(tuple(chain), self._phase(), "")

    def _enter(self, chain, frame, namespace, name):
        """Return the owner of a namespace that the walk has come to, or an Origin when the walk ends there."""
        if namespace is self.deferred_globals:
            origin = frame.f_locals.get("origin")
            if type(origin) is Origin:
                return Origin(tuple(chain) + origin.chain, origin.phase, origin.module)
            return STDLIB
        if name == "__main__":
            return self._at_main(chain)
        return self.owner_of_globals(namespace)

    def _at_main(self, chain):
        main = self.main_origin
        if main.kind == "app":
            return Origin(tuple(chain) + (APP,), self._phase(), "__main__")
        return Origin(tuple(chain) + (main.owner,), main.phase, main.module or "__main__")

    def learn_program(self, owner):
        """Take it that the user's program starts now, and whose it is; what __main__ says of itself later may be a lie."""
        self.starting = False
        main = sys.modules.get("__main__")
        if type(main) is type(sys):
            # Its address alone: whoever holds the namespace keeps the program's last objects from being finalized.
            self.main = address(main.__dict__)
        if self.main_origin.kind == "app" and owner is not None and owner.kind == "distribution":
            self.program = owner.name

    def _at_import(self, chain, namespace, owner):
        if owner is None:
            # A module that has thrown away what says whose it is.
            chain.append(UNOWNED)
        phase = "startup" if self.starting else "import"
        name = namespace.get("__name__")
        if self.starting and chain and chain[-1] is UNOWNED:
            file = namespace.get("__file__")
            if type(file) is str:
                chain[-1] = Owner(file.rpartition("/")[2], "", "startup")
        return Origin(tuple(chain), phase, name if type(name) is str else "")

    def _at_startup_file(self, chain, path):
        name = path.rpartition("/")[2]
        owner = self.owner_of_path(resolve(path))
        if owner is UNOWNED or owner is STDLIB:
            # Python brings no start-up file: one that seems to lie there was put there.
            owner = Owner(name, "", "startup")
        return Origin(tuple(chain) + (owner,), "startup", name)

    def _phase(self):
        if self.main_origin.kind != "app":
            return self.main_origin.phase
        return "startup" if self.starting else "run"

    def _nobody(self):
        return APP if self.main_origin.kind == "app" else self.main_origin.owner

    def _with_authority(self, owner, phase):
        """The installed program whose command the user typed acts as the application, but never while importing."""
        if phase != "run" or owner.kind != "distribution":
            return owner
        return Owner(owner.name, owner.version, "app") if owner.name == self.program else owner


class MainOrigin(Value):
    """On whose behalf this process runs: the `owner` and `phase` of its spawn, `kind` "app" for the user's own."""

    __slots__ = ("owner", "phase", "module", "kind", "program")


def is_module_body(frame, namespace, outer):
    """Say whether a frame is the body of a module that the import system, or who it is called from, executes just now.

    A module may say of itself what it likes: that importlib called its body can't be hidden.
    """
    if outer is not IMPORTLIB:
        spec = namespace.get("__spec__")
        if type(spec) is not ModuleSpec or not getattr(spec, LOADED_BY_IMPORTLIB, False):
            return False
    # Within a comprehension f_locals of a module's body is a copy from 3.12 on (PEP 709), so its flags have to tell;
    # one f_code for each boundary costs nothing, where one for each frame costs more than the import.
    return not frame.f_code.co_flags & FAST_LOCALS


def caller_by_hand(body):
    """Return the frame from which a loader was called to execute a body; None where an import does."""
    frame = body.f_back
    while frame is not None and (frame.f_globals is IMPORTLIB or frame.f_globals is EXTERNAL):
        if frame.f_code in LOADING:
            return None
        frame = frame.f_back
    return frame


def startup_file_of(frame):
    """Return the .pth file whose line `site` is executing in this frame, or None."""
    values = frame.f_locals
    # An executed line runs in the namespaces of site.addpackage itself: its frame shows the same locals.
    if "sitedir" not in values or "line" not in values:
        return None
    name = values.get("fullname")
    return name if type(name) is str else None
