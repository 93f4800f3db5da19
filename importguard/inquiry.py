"""What the attendant of the C core does when there is something to look into: a denial's words, a closer look at an import, a
site directory that has changed. Loaded when that happens for the first time."""

import sys

from importguard import later
from importguard.enforce import Enforcer, record_allowed, stack_of
from importguard.findings import imported, look_up_advisory
from importguard.identity import Identity
from importguard.model import APP, Decision, Owner, Request
from importguard.pinned import getattr, list, str, type
from importguard.session import opened, sites_of


class Inquiry:
    """Looks into what the C core asks its `attendant` about."""

    def __init__(self, attendant):
        session, recorder = attendant.session, attendant.recorder
        self.attendant = attendant
        self.session = session
        self.recorder = recorder
        self.table = session["table"]
        self.enforcer = Enforcer(recorder, mode=self.table["mode"], on_violation=self.table["on_violation"])
        self._imports = None
        app = self.table["app"]
        self.identity = Identity(
            sites=sites_of(session),
            **attendant.folders,
            is_app=lambda name: bool(app) and self._table().is_app(name),
            is_written=lambda path: False,
            look_up=lambda name, version: look_up_advisory(session, recorder, name, version),
        )

    def report(self, capability, target, argv, owner, via, phase, module, decided, tried, layer, asked, frame):
        """Record what was refused, and raise Denied, or end the process, where the mode enforces.

        `decided` is what the policy says, as (verdict, rule), `tried` what the candidate does, None without one;
        `asked` is what somebody answered to it, "" where nobody was asked; `frame` is the innermost that isn't the guard's.
        """
        request = Request(capability, target, argv, Owner(*owner), via, phase, module or "", layer)
        stack = stack_of(frame, self._owner_at)
        enforcer = self.enforcer
        tried = None if tried is None else Decision(*tried)
        enforcer.guarded(enforcer.carry_out, Decision(*decided), request, stack, None, tried, None, asked)

    def notice_patch(self, target, owner, phase, module, victim):
        """Record what one package has changed of another, which no rule forbids."""
        request = Request("runtime.patch", target, None, Owner(*owner), (), phase, module or "", "wrap")
        whose = " ".join([text for text in victim[:2] if text]) or victim[2]
        self.enforcer.carry_out(Decision("log", "patch:noticed"), request, [], reason=f"belongs to {whose}")

    def learn(self, capability, target, argv, owner, via, phase, layer, caller):
        """Record what was allowed; `caller` is who had it done, None for nobody."""
        caller = None if caller is None else Owner(*caller)
        record_allowed(self.recorder, Request(capability, target, argv, Owner(*owner), via, phase, "", layer), caller)

    def _owner_at(self, frame):
        owner = self.attendant.services["owner_at"](frame)
        return None if owner is None else Owner(*owner)

    def look(self, name, spec):
        """Have a closer look at what was found for a module; raises BlockedImport.

        A spec may be of a package's own making: what it says now decides, and is all that is asked of it.
        """
        origin, cached, loader = [getattr(spec, field, None) for field in ("origin", "cached", "loader")]
        places = None
        if origin is None:
            places = [str(place) for place in getattr(spec, "submodule_search_locations", None) or ()]
        self.enforcer.guarded(self._closer().examine, name, origin, cached, loader, places)

    def _closer(self):
        if self._imports is None:
            table, candidate = self._table(), opened(self.table)["candidate"]
            self._imports = later.load(later.IMPORTS).Imports(
                table=table,
                candidate=later.load(later.TABLE).load(candidate) if candidate else None,
                identity=self.identity,
                enforcer=self.enforcer,
                walker=self,
                startup_known=self.session.get("startup_known", ()),
            )
        return self._imports

    @property
    def starting(self):
        """Whether the program is still to begin."""
        return self.attendant.services["is_starting"]()

    def _table(self):
        return later.load(later.TABLE).load(opened(self.table))

    def on_path(self):
        """Put the finder first again, and say so where it was gone."""
        was_there = self.attendant.finder in sys.meta_path
        others = [finder for finder in sys.meta_path if finder is not self.attendant.finder]
        if type(sys.meta_path) is list:
            sys.meta_path[:] = [self.attendant.finder, *others]
        else:
            # A list of somebody's own making does what it likes when it is changed.
            sys.meta_path = [self.attendant.finder, *others]
        if not was_there:
            self._on_removal()

    def _on_removal(self):
        """Ask for it, and tell of whoever isn't the application: its tests put lists of their own in the place of the path."""
        who = None
        try:
            who = self.attendant.services["ask"]("runtime.patch", "sys.meta_path", None)
        finally:
            if who is None or who[2] != APP.kind:
                self.tampered("runtime.patch", "sys.meta_path", "the finder was removed")

    def tampered(self, capability, target, reason):
        """Record what was done to the guard, or to what it goes by."""
        self.recorder.record("tamper", capability=capability, target=target, reason=reason)

    def judge_startup_file(self, path):
        """Let `site` read a start-up file that has nothing to execute or is well known; it skips what it can't read."""
        self._closer().judge_startup_file(path)

    def imported_before(self):
        """Return the distributions of which something is imported already."""
        return imported(self.identity)
