"""The corridor in Python: from a door to a decision, by way of who is to blame."""

import _thread
import sys
from _thread import get_ident

from importguard import findings, surroundings
from importguard.blame import MainOrigin, Walker
from importguard.core.events import on_move, read_open
from importguard.enforce import Enforcer, record_allowed, stack_of
from importguard.finder import Finder
from importguard.hearsay import is_by_hearsay
from importguard.identity import Identity
from importguard.imports import Imports
from importguard.inside import Inside
from importguard.model import APP, CAPABILITIES, STDLIB, UNOWNED, Owner, Request
from importguard.paths import is_folder, resolve
from importguard.pinned import get_frame, getattr, len, type
from importguard.policy import table as tables
from importguard.policy.decide import decide
from importguard.policy.table import ANSWERS_KEPT
from importguard.session import opened, sites_of
from importguard.wraps import carrier, deferred
from importguard.wraps.fresh import with_argument
from importguard.written import Written

STARTUP_SUFFIXES = (".pth", ".start")
MOST_LEARNT = 65536
IMPORT_SYSTEM = ("importlib._bootstrap", "importlib._bootstrap_external", "_frozen_importlib_external")


class Corridor:
    """What an armed process decides with: its table, its owners, and the way from a door to a decision.

    `core` is what core.choose has given, `recorder` writes what is decided.
    """

    def __init__(self, session, told, *, core, recorder):
        self.session = session
        self.core = core
        self.busy = core.busy
        self.recorder = recorder
        table = session["table"]
        self.enforcer = Enforcer(recorder, mode=table["mode"], on_violation=table["on_violation"])
        self.inside = Inside(self.busy)
        content = opened(session["table"])
        self.table = tables.load(content)
        self.agreeing = {}
        self.shares_deputies = bool(content["candidate"]) and content["candidate"]["deputies"] == content["deputies"]
        # What is only tried out: it is asked the same, and nothing comes of its answers but a record.
        self.candidate = tables.load(content["candidate"]) if content["candidate"] else None
        self.written = Written()
        on_move.append(self.written.move)
        self.identity = Identity(
            sites=sites_of(session),
            **surroundings.of(session, resolve),
            is_app=self.table.is_app,
            is_written=self.is_written,
            look_up=lambda name, version: findings.look_up_advisory(session, recorder, name, version),
        )
        self.walker = Walker(
            owner_of_globals=self.identity.owner_of_globals,
            owner_of_path=self.identity.owner_of_path,
            main_origin=main_origin(told),
            deferred_globals=carrier.__dict__,
            is_deputy=self.table.is_deputy,
        )
        self.imports = Imports(
            table=self.table,
            candidate=self.candidate,
            identity=self.identity,
            enforcer=self.enforcer,
            walker=self.walker,
            startup_known=session.get("startup_known", ()),
        )
        self.refuses_startup_files = self.imports.refuses_startup_files
        self.patches = {}
        self.finder = Finder(self.examine, self.patches)
        self.learnt = {} if table["learning"] else None
        self.starts = None
        self.answers = None
        for asked in (self.table, self.candidate) if self.candidate else (self.table,):
            asked.owner_of = self.identity.name_of_path
            asked.is_written = self.is_written

    def install(self, *, is_late):
        """Put the hook in place; raises RuntimeError when it doesn't answer. `is_late`: not ahead of `site`."""
        table = self.session["table"]
        capabilities = {name for name in CAPABILITIES if self.table.watches_any(name)} | {"fs.write"}
        if self.refuses_startup_files:
            capabilities.add("fs.read")
        self.answers = self.core.library.install(
            capabilities=capabilities,
            concerns=self.concerns,
            judge=self.judge,
            busy=self.busy,
            is_own=self.inside.is_own,
            on_import=self.on_import,
            on_program=self.on_program,
            code_events=table["code_events"],
        )
        self.inside.learn()
        if not self.answers():
            raise RuntimeError("the audit hook was blocked by one that was there before")

    # From a request to a decision.

    def concerns(self, capability, target):
        """Say whether anybody could be refused this: the question that costs next to nothing."""
        if capability == "fs.write":
            self.written.note(target)
            self.identity.forget(target)
        elif self.refuses_startup_files and capability == "fs.read" and target.endswith(STARTUP_SUFFIXES):
            return True
        return self.table.watches(capability, target)

    def is_written(self, path):
        """Say whether this process has written a file, by its own name or by one that leads to it."""
        return self.written.holds(path) or ("/" in path and self.written.holds(resolve(path)))

    def judge(self, capability, target, argv, frame, layer="audit"):
        """Decide on what the code in `frame` asks for; raises Denied when it is refused."""
        if capability == "proc.spawn" and self.starts.is_passing(frame):
            return None
        if capability == "code.run" and self.is_at_work(frame, *IMPORT_SYSTEM):
            return None
        return self._busily(frame, self._judge, capability, target, argv, frame, layer)

    def _busily(self, frame, work, *args):
        """Do the guard's work in this thread; what the guard itself asks for while it is at work is let through."""
        thread = get_ident()
        was_busy = thread in self.busy
        if was_busy and self.inside.is_own(frame):
            return None
        self.busy.add(thread)
        try:
            return self.enforcer.guarded(work, *args)
        finally:
            if not was_busy:
                self.busy.discard(thread)

    def _judge(self, capability, target, argv, frame, layer):
        if (
            self.refuses_startup_files
            and capability == "fs.read"
            and target.endswith(STARTUP_SUFFIXES)
            and self.is_at_work(frame, "site")
        ):
            self.imports.judge_startup_file(target)
            return None
        origin = self.walker.trace(frame)
        request, decision = self._ask(self.table, origin, capability, target, argv, layer)
        if decision.verdict == "allow" and self._is_by_hearsay(request, frame):
            request, decision = self._ask_for_nobody(request, decision)
        if self.learnt is not None and decision.verdict == "allow":
            self._learn(request, origin)
        tried = None
        if self.candidate is not None:
            other, tried = self._try_out(origin, request, decision)
            request = other if decision.verdict == "allow" else request
        if decision.verdict == "allow" and (tried is None or tried.verdict == "allow"):
            return origin
        # Secrets are regular files: `.env` may be a virtual environment, and whoever removes it opens it first.
        if not (capability == "fs.read" and is_folder(target)):
            self.enforcer.carry_out(decision, request, stack_of(frame, self.owner_of_frame), candidate=tried)
        return origin

    def _ask(self, table, origin, capability, target, argv, layer):
        """Return the Request that a table sees, since it names the deputies, and its Decision."""
        blame = self.walker.choose(origin, capability, target, argv, table.is_deputy)
        request = Request(capability, target, argv, blame.owner, blame.via, blame.phase, blame.module, layer)
        return request, decide(table, request)

    def _is_by_hearsay(self, request, frame):
        """Say whether what the application is taken to read is nobody's file and nobody's wish."""
        if request.capability != "fs.read" or request.owner.kind != "app":
            return False
        return self.identity.owner_of_path(request.target) is UNOWNED and is_by_hearsay(frame, self.owner_of_frame)

    def _ask_for_nobody(self, request, decision):
        """Return the Request that refuses nobody what is read by hearsay, and its Decision; else what was there."""
        other = Request(request.capability, request.target, request.argv, UNOWNED, (), request.phase, request.module, request.layer)
        decided = decide(self.table, other)
        return (request, decision) if decided.verdict == "allow" else (other, decided)

    def _try_out(self, origin, request, decision):
        """Return the Request that the candidate sees, and its Decision.

        Most of what two policies say is the same, and needn't be decided twice.
        """
        capability, target, argv = request.capability, request.target, request.argv
        if not self.shares_deputies:
            blame = self.walker.choose(origin, capability, target, argv, self.candidate.is_deputy)
            if blame.owner != request.owner:
                other = Request(capability, target, argv, blame.owner, blame.via, blame.phase, blame.module, request.layer)
                return other, decide(self.candidate, other)
        if self._agree(capability, request.owner):
            return request, decision
        return request, decide(self.candidate, request)

    def _agree(self, capability, owner):
        """Say whether policy and candidate have the same rules for somebody."""
        key = (capability, owner.kind, owner.name, owner.version)
        found = self.agreeing.get(key)
        if found is None:
            if len(self.agreeing) >= ANSWERS_KEPT:
                self.agreeing.clear()
            rules = self.table.rules_for(capability, owner)
            found = self.agreeing[key] = rules == self.candidate.rules_for(capability, owner)
        return found

    def _learn(self, request, origin):
        """Record what was allowed, each thing once; of what the application does only those count that acted for it."""
        owner, via = request.owner, request.via
        if (owner.kind == "app" or owner.kind == "stdlib") and not via:
            return
        caller = self.walker.beyond(origin, request, request.capability, request.target, request.argv)
        key = (request.capability, request.target, request.argv, owner, via, request.phase, caller)
        if key not in self.learnt and len(self.learnt) < MOST_LEARNT:
            self.learnt[key] = True
            record_allowed(self.recorder, request, caller)

    def owner_of_frame(self, frame):
        """Return the Owner of the code in a frame, None for what is nobody's."""
        return self.identity.owner_of_globals(frame.f_globals)

    def is_at_work(self, frame, *modules):
        """Say whether the code in a frame is that of one of these modules of the standard library."""
        if frame is None or frame.f_globals.get("__name__") not in modules:
            return False
        return self.owner_of_frame(frame) is STDLIB

    # The doors.

    def ask_to_spawn(self, target, argv, frame):
        return self.judge("proc.spawn", target or "?", argv, frame, layer="wrap")

    def ask_to_open(self, path, flags, frame):
        for capability, target, _ in read_open((path, None, flags)):
            if self.concerns(capability, target):
                self.judge(capability, target, None, frame, layer="wrap")

    def on_import(self, args):
        """Keep the finder first; the event comes before any finder is asked."""
        if sys.meta_path is not None and not self.finder.is_first():  # None while the interpreter ends
            was_there = self.finder in sys.meta_path
            self.finder.go_first()
            if not was_there:
                self._on_removal(get_frame(0).f_back)
        filename = args[1]
        if type(filename) is str and self.table.watches("native.load", filename):
            self.judge("native.load", resolve(filename), None, get_frame(0).f_back)

    def _on_removal(self, frame):
        """Ask for it, and tell of whoever isn't the application: its tests put lists of their own in the place of the path."""
        asked = "runtime.patch", "sys.meta_path", None
        owner = None
        try:
            origin = self.judge(*asked, frame) if self.concerns(*asked[:2]) else None
            owner = None if origin is None else self.walker.choose(origin, *asked).owner
        finally:
            if owner is None or owner.kind != APP.kind:
                self.recorder.record("tamper", capability=asked[0], target=asked[1], reason="the finder was removed")

    def on_program(self, event, args):
        """The program begins: only the interpreter itself says so below no frame, and only once."""
        if self.walker.starting and get_frame(2).f_back is None:
            self.walker.learn_program(self._program_of(event, args[0] if args else None))

    def _program_of(self, event, what):
        """Return the Owner of the file or module that is run, None where it is neither."""
        if type(what) is not str:
            return None
        if event == "cpython.run_file":
            return self.identity.owner_of_path(resolve(what))
        return self.identity.owner_of_module(what) if event == "cpython.run_module" else None

    def examine(self, name, spec, frame):
        """Look at what the finders found for a module, before anything of it runs; raises BlockedImport.

        A spec may be of a package's own making, and so is read before the guard starts to work.
        """
        origin, cached, loader = [getattr(spec, field, None) for field in ("origin", "cached", "loader")]
        places = None
        if origin is None:
            places = [str(place) for place in getattr(spec, "submodule_search_locations", None) or ()]
        self._busily(frame, self.imports.examine, name, origin, cached, loader, places)

    # What the others want to know.

    def announce(self, fields):
        """The recorder is here anyway."""
        return False

    def blame_of_spawn(self, origin, target, argv):
        """Return (owner, phase, module) to blame for a start that `ask_to_spawn` has let pass."""
        if origin is None:
            return UNOWNED, "run", ""
        blame = self.walker.choose(origin, "proc.spawn", target or "", argv)
        return blame.owner, blame.phase, blame.module

    def imported_before(self):
        """Return the distributions of which something is imported already."""
        return findings.imported(self.identity)

    def program(self):
        """Return the distribution whose command the user typed, "" for none."""
        return self.walker.program

    def program_starts(self):
        """For a process that was armed when its program had begun."""
        self.walker.learn_program(None)

    def carry(self):
        """Have deferred work carry its origin; return what else is to be patched: modules at import, and made anew."""
        deferral = deferred.Deferral(self.walker.trace, lambda: self.walker.starting)
        deferred.wrap_threads(_thread, deferral)
        deferred.tell_threading()
        patches = {name: with_argument(patch, deferral) for name, patch in deferred.AT_IMPORT.items()}
        return patches, {name: with_argument(patch, deferral) for name, patch in deferred.MADE_ANEW.items()}

    def spawned(self):
        """The start that was asked for is over."""


def main_origin(told):
    """Return on whose behalf this process runs, from what its parent said."""
    if told["kind"] == "app":
        return MainOrigin(APP, "run", "", "app", told["program"])
    owner = Owner(told["name"], told["version"], told["kind"])
    return MainOrigin(owner, told["phase"], told["module"], told["kind"], "")
