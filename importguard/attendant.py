"""What the C core leaves to Python: the words of a denial, a closer look at an import, the start of a child.

The core has decided by then, and holds its verdict whatever becomes of this: Python that is tampered with can lose a
record, and nothing else. Twin: corridor.py, which decides as well.
"""

import sys

from importguard import later, surroundings
from importguard.finder import PatchingLoader
from importguard.identity import Identity
from importguard.model import APP, STDLIB, UNOWNED, Owner, Value
from importguard.pinned import frozenset, get_frame, getattr, list, str, tuple, type
from importguard.session import opened

# The numbers of `Meaning` in ccore.h, and of what is made of malicious distributions there.
OWNED, LIBRARY, APPLICATION, RUNNER, GUARD = range(5)
MALICIOUS = ("block", "warn", "off")
# The interpreter raises these as it comes to the user's program.
START_OF_PROGRAM = (
    "cpython.run_command", "cpython.run_file", "cpython.run_interactivehook", "cpython.run_module",
    "cpython.run_startup", "cpython.run_stdin",
)  # fmt: skip


class Blamed(Value):
    """Who answers for a start that was let pass."""

    __slots__ = ("owner", "phase", "module")


class Attendant:
    """Serves the C core, `core`; Python's own corridor has the same methods. `recorder` writes records."""

    def __init__(self, session, told, *, core, recorder):
        self.session = session
        self.told = told
        self.core = core
        self.recorder = recorder
        self.spawner = None
        self.table = session["table"]
        self.enforces = self.table["mode"] == "enforce"
        self.refuses_startup_files = self.enforces and self.table["startup_files"] == "refuse"
        self.patches = {}
        self.services = {}
        self.finder = None
        self._enforcer = self._imports = None
        app = self.table["app"]
        self.identity = Identity(
            sites=session["ledger"]["sites"],
            **surroundings.of(session),
            is_app=lambda name: bool(app) and self._table().is_app(name),
            is_written=lambda path: False,
            look_up=lambda name, version: surroundings.look_up_advisory(session, recorder, name, version),
        )

    def install(self, *, is_late):
        """Put the hook in place; raises RuntimeError when it doesn't answer. `is_late`: not ahead of `site`."""
        sites = self.session["ledger"]["sites"]
        table, candidate = self.session.get("flat"), self.session.get("flat_candidate")
        if not table:
            table = opened(self.table)
            candidate = table["candidate"]
        self.services = self.core.library.install(
            table=table,
            candidate=candidate,
            ledger=self.identity.as_tuple(),
            rescan=self.identity.rescan,
            main_origin=self._main_origin(),
            programs=START_OF_PROGRAM,
            loaded=tuple(self._loaded()),
            code_events=self.table["code_events"],
            patches=self.patches,
            parts=later.parts,
            unowned=UNOWNED,
            application=APP,
            main_owner=Owner("__main__", "", "app"),
            library=STDLIB,
            report=self.report,
            look=self.look,
            patch=self.patch,
            learn=self.learn if self.table["learning"] else None,
            on_path=self.on_path,
            startup_file=self.judge_startup_file,
            tampered=self.on_tampered,
            adopt=self.identity.owner_of_globals if is_late else None,
            noticed=self.notice_patch,
            wheel_bytecode=frozenset([path for site in sites.values() for path in site.get("bytecode", ())]),
            pycache_prefix=sys.pycache_prefix,
            enforcing=self.enforces,
            refuses_startup_files=self.refuses_startup_files,
            examines_bytecode=self.table["bytecode"] != "ignore",
            undoes_patches=self.enforces and self.table["refuses_patches"],
            malicious=MALICIOUS.index(self.table["malicious"]),
        )
        self.finder = self.services["finder"]
        later.hand_over(self.services["part"])
        if not self.services["answers"]():
            raise RuntimeError("the audit hook was blocked by one that was there before")

    def _main_origin(self):
        told = self.told
        is_app = told["kind"] == "app"
        owner = APP if is_app else Owner(told["name"], told["version"], told["kind"])
        return owner, told["phase"], told["module"], is_app, told["program"] if is_app else ""

    def _loaded(self):
        """Yield (namespace, meaning, owner) of each module that is there: nobody could tag its code when it was loaded."""
        if later.execute is not None:
            yield later.execute.__globals__, GUARD, None
        for name, module in list(sys.modules.items()):
            if type(module) is not type(sys):
                continue
            namespace = module.__dict__
            if name == "importguard" or name.startswith("importguard."):
                yield namespace, GUARD, None
            elif name == "__main__":
                yield namespace, APPLICATION, APP
            else:
                owner = self.identity.owner_of_globals(namespace)
                if owner is STDLIB or name == "zipimport":
                    yield namespace, LIBRARY, None
                elif owner is not None:
                    yield namespace, APPLICATION if owner.kind == "app" else OWNED, owner

    # What the core asks for.

    def report(self, capability, target, argv, owner, via, phase, module, decided, tried, layer):
        """Record what was refused, and raise Denied, or end the process, where the mode enforces.

        `decided` is what the policy says, as (verdict, rule), `tried` what the candidate does, None without one.
        """
        enforce = later.load(later.REPORTING)
        model = sys.modules["importguard.model"]
        request = model.Request(capability, target, argv, Owner(*owner), via, phase, module or "", layer)
        stack = enforce.stack_of(get_frame(0).f_back, self.services["owner_at"])
        enforcer = self.enforcer()
        tried = None if tried is None else model.Decision(*tried)
        enforcer.guarded(enforcer.carry_out, model.Decision(*decided), request, stack, None, tried)

    def notice_patch(self, target, owner, phase, module, victim):
        """Record what one package has changed of another, which no rule forbids."""
        later.load(later.REPORTING, self.session["package"])
        model = sys.modules["importguard.model"]
        request = model.Request("runtime.patch", target, None, Owner(*owner), (), phase, module or "", "wrap")
        whose = " ".join([text for text in victim[:2] if text]) or victim[2]
        self.enforcer().carry_out(model.Decision("log", "patch:noticed"), request, [], reason=f"belongs to {whose}")

    def learn(self, capability, target, argv, owner, via, phase, layer):
        """Record what was allowed."""
        enforce = later.load(later.REPORTING, self.session["package"])
        model = sys.modules["importguard.model"]
        enforce.record_allowed(
            self.recorder, model.Request(capability, target, argv, Owner(*owner), via, phase, "", layer)
        )

    def enforcer(self):
        """Return the Enforcer, made when there is something to report for the first time."""
        if self._enforcer is None:
            enforce = later.load(later.REPORTING)
            self._enforcer = enforce.Enforcer(
                self.recorder, mode=self.table["mode"], on_violation=self.table["on_violation"]
            )
        return self._enforcer

    def look(self, name, spec):
        """Have a closer look at what was found for a module; raises BlockedImport.

        A spec may be of a package's own making: what it says now decides, and is all that is asked of it.
        """
        origin, cached, loader = [getattr(spec, field, None) for field in ("origin", "cached", "loader")]
        places = None
        if origin is None:
            places = [str(place) for place in getattr(spec, "submodule_search_locations", None) or ()]
        self.enforcer().guarded(self._closer().examine, name, origin, cached, loader, places)

    def _closer(self):
        if self._imports is None:
            table, candidate = self._table(), opened(self.table)["candidate"]
            self._imports = sys.modules["importguard.imports"].Imports(
                table=table,
                candidate=sys.modules["importguard.policy.table"].load(candidate) if candidate else None,
                identity=self.identity,
                enforcer=self.enforcer(),
                walker=self,
                startup_known=self.session.get("startup_known", ()),
            )
        return self._imports

    @property
    def starting(self):
        """Whether the program is still to begin."""
        return self.services["is_starting"]()

    def _table(self):
        later.load(later.REPORTING)
        later.load(later.DECIDING)
        return sys.modules["importguard.policy.table"].load(opened(self.table))

    def patch(self, spec, patch):
        """Have a module patched after it ran."""
        if spec.loader is not None:
            spec.loader = PatchingLoader(spec.loader, patch)

    def on_path(self):
        """Put the finder first again, and say so where it was gone."""
        was_there = self.finder in sys.meta_path
        others = [finder for finder in sys.meta_path if finder is not self.finder]
        if type(sys.meta_path) is list:
            sys.meta_path[:] = [self.finder, *others]
        else:
            # A list of somebody's own making does what it likes when it is changed.
            sys.meta_path = [self.finder, *others]
        if not was_there:
            self._on_removal()

    def _on_removal(self):
        """Ask for it, and tell of whoever isn't the application: its tests put lists of their own in the place of the path."""
        who = None
        try:
            who = self.services["ask"]("runtime.patch", "sys.meta_path", None)
        finally:
            if who is None or who[2] != APP.kind:
                self.on_tampered("runtime.patch", "sys.meta_path", "the finder was removed")

    def on_tampered(self, capability, target, reason):
        """Record what was done to the guard, or to what it goes by."""
        self.recorder.record("tamper", capability=capability, target=target, reason=reason)

    def judge_startup_file(self, path):
        """Let `site` read a start-up file that has nothing to execute or is well known; it skips what it can't read."""
        self._closer().judge_startup_file(path)

    # What the others want to know.

    def ask_to_spawn(self, target, argv, frame):
        """Ask for a start; return who answers for it, None where nobody could be refused; raises Denied."""
        self.services["answers"]()
        who = self.services["ask"]("proc.spawn", target or "?", argv)
        return None if who is None else Blamed(Owner(*who[:3]), *who[3:])

    def ask_to_open(self, path, flags, frame):
        """Ask for a file that a child is to have; raises Denied."""
        self.services["ask_to_open"](path, flags)

    def judge(self, capability, target, argv, frame, layer):
        """Ask for what raises no event; raises Denied."""
        self.services["ask"](capability, target, argv)

    def spawned(self):
        """The start that was asked for is over."""
        self.services["spawned"]()

    def blame_of_spawn(self, origin, target, argv):
        """Return (owner, phase, module) to blame for a start that `ask_to_spawn` has let pass."""
        return (UNOWNED, "run", "") if origin is None else origin.as_tuple()

    def imported_before(self):
        """Return the distributions of which something is imported already."""
        return surroundings.imported(self.identity)

    def program(self):
        """Return the distribution whose command the user typed, "" for none."""
        return self.services["program"]()

    def program_starts(self):
        """For a process that was armed when its program had begun."""
        self.services["program_starts"]()
