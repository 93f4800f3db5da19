"""What the C core leaves to Python: the words of a denial, a closer look at an import, the start of a child.

The core has decided by then, and holds its verdict whatever becomes of this: Python that is tampered with can lose a
record, and nothing else. What is seldom asked for is in inquiry.py. Twin: corridor.py, which decides as well.
"""

import sys

from importguard import later, surroundings
from importguard.pinned import dict, get_frame
from importguard.session import opened

MALICIOUS = ("block", "warn", "off")  # as in ccore.h
# The interpreter raises these as it comes to the user's program.
START_OF_PROGRAM = (
    "cpython.run_command", "cpython.run_file", "cpython.run_interactivehook", "cpython.run_module",
    "cpython.run_startup", "cpython.run_stdin",
)  # fmt: skip
# The modules in Python of which the core diverts classes that keep a function for later; the builtins it diverts by itself.
WATCHED = ("asyncio.events", "concurrent.futures.thread", "multiprocessing.util", "weakref")


class Attendant:
    """Serves the C core, `core`; Python's own corridor has the same methods. `recorder` gives what writes records."""

    def __init__(self, session, told, *, core, recorder):
        self.session = session
        self.told = told
        self.core = core
        self._recorder = recorder
        self.starts = None
        self.table = session["table"]
        self.enforces = self.table["mode"] == "enforce"
        self.refuses_startup_files = self.enforces and self.table["startup_files"] == "refuse"
        self.patches = {}
        self.services = {}
        self.finder = None
        self.folders = surroundings.of(session, core.library.resolve)
        self._inquiry = None

    def install(self, *, is_late):
        """Put the hook in place; raises RuntimeError when it doesn't answer. `is_late`: not ahead of `site`."""
        ledger = self.session["ledger"]
        table, candidate = self.session.pop("flat", None), self.session.pop("flat_candidate", None)
        if not table:
            table = opened(self.table)
            candidate = table["candidate"]
        self.services = self.core.library.install(
            table=table,
            candidate=candidate,
            ledger=(ledger["holdings"], *self.folders.values()),
            rescan=self.rescan,
            main_origin=self._main_origin(),
            programs=START_OF_PROGRAM,
            code_events=self.table["code_events"],
            patches=self.patches,
            parts=later.parts,
            base=None if later.execute is None else later.execute.__globals__,
            report=self.report,
            look=self.look,
            patch=self.patch,
            learn=self.learn if self.table["learning"] else None,
            on_path=self.on_path,
            startup_file=self.judge_startup_file,
            tampered=self.tampered,
            adopt=self.inquiry().identity.owner_of_globals if is_late else None,
            noticed=self.notice_patch,
            wheel_bytecode=ledger["bytecode"],
            pycache_prefix=sys.pycache_prefix,
            enforcing=self.enforces,
            refuses_startup_files=self.refuses_startup_files,
            examines_bytecode=self.table["bytecode"] != "ignore",
            undoes_patches=self.enforces and self.table["refuses_patches"],
            malicious=MALICIOUS.index(self.table["malicious"]),
            asker=self.session.get("asker"),
            imported=self._timings(),
            since=self.session.get("started", 0),
            records=self.session["records"],
        )
        self.finder = self.services["finder"]
        later.hand_over(self.services["part"])
        if not self.services["answers"]():
            raise RuntimeError("the audit hook was blocked by one that was there before")

    def _main_origin(self):
        told = self.told
        is_app = told["kind"] == "app"
        owner = (told["name"], told["version"], told["kind"])
        return owner, told["phase"], told["module"], is_app, told["program"] if is_app else ""

    def _timings(self):
        """Return what is to hear of each module that was imported, None where nobody wants to know."""
        return later.load(later.TIMINGS).Timings(self.recorder).add if self.session.get("times_imports") else None

    @property
    def recorder(self):
        """Return what writes records, loaded when there is one to write."""
        return self._recorder()

    def inquiry(self):
        """Return the Inquiry, made when there is something to look into for the first time."""
        if self._inquiry is None:
            self._inquiry = later.load(later.INQUIRING).Inquiry(self)
        return self._inquiry

    def enforcer(self):
        """Return what carries out a decision."""
        return self.inquiry().enforcer

    # What the core asks for.

    def report(self, *what):
        """Record what was refused, and raise Denied, or end the process, where the mode enforces."""
        self.inquiry().report(*what, get_frame(0).f_back)

    def notice_patch(self, *what):
        """Record what one package has changed of another, which no rule forbids."""
        self.inquiry().notice_patch(*what)

    def learn(self, *what):
        """Record what was allowed."""
        self.inquiry().learn(*what)

    def look(self, name, spec):
        """Have a closer look at what was found for a module; raises BlockedImport."""
        self.inquiry().look(name, spec)

    def rescan(self, site):
        """Scan a site directory again, and return what it holds by now as the core takes it."""
        return self.inquiry().identity.rescan(site)

    def patch(self, spec, patch):
        """Have a module patched after it ran."""
        if spec.loader is not None:
            spec.loader = later.load(later.PATCHING).PatchingLoader(spec.loader, patch)

    def on_path(self):
        """Put the finder first again, and say so where it was gone."""
        self.inquiry().on_path()

    def tampered(self, capability, target, reason):
        """Record what was done to the guard, or to what it goes by."""
        self.inquiry().tampered(capability, target, reason)

    def judge_startup_file(self, path):
        """Let `site` read a start-up file that has nothing to execute or is well known; it skips what it can't read."""
        self.inquiry().judge_startup_file(path)

    # What the others want to know.

    def announce(self, fields):
        """Record that this process is armed, if that can be done without a recorder; return whether it was done."""
        if self.session["records"] == "stderr":
            return True
        if not self.session["supervised"]:
            fields = later.load(later.REDACTING).redact(fields)
        return self.services["announce"](fields)

    def carry(self):
        """Have deferred work carry its origin; return what else is to be patched: modules at import, and made anew."""
        return dict.fromkeys(WATCHED, self.services["watch"]), {}

    def ask_to_spawn(self, target, argv, frame):
        """Ask for a start; return who answers for it, None where nobody could be refused; raises Denied."""
        self.services["answers"]()
        who = self.services["ask"]("proc.spawn", target or "?", argv)
        if who is None:
            return None
        model = later.load(later.BLAMED)
        return model.Blamed(model.Owner(*who[:3]), *who[3:])

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
        return (later.load(later.BLAMED).UNOWNED, "run", "") if origin is None else origin.as_tuple()

    def imported_before(self):
        """Return the distributions of which something is imported already."""
        return self.inquiry().imported_before()

    def program(self):
        """Return the distribution whose command the user typed, "" for none."""
        return self.services["program"]()

    def program_starts(self):
        """For a process that was armed when its program had begun."""
        self.services["program_starts"]()
