"""The corridor in Python: from a door to a decision, by way of who is to blame."""

import sys
from _thread import get_ident

from importguard import later
from importguard.blame import MAIN, MainOrigin, Walker
from importguard.core.events import on_move, read_open
from importguard.enforce import stack_of
from importguard.errors import AdvisoryError
from importguard.finder import Finder
from importguard.identity import Identity
from importguard.imports import Imports
from importguard.inside import Inside
from importguard.model import APP, CAPABILITIES, STDLIB, UNOWNED, Decision, Owner, Request, Value
from importguard.paths import is_folder, resolve
from importguard.pinned import get_frame, getattr, list, read_file, sorted, type
from importguard.policy import table as tables
from importguard.policy.decide import decide
from importguard.wraps import carrier
from importguard.written import Written

# Started in one of these, a program has no project around it: its script alone is the application's.
TOO_WIDE = ("/", "/dev/shm", "/etc", "/home", "/opt", "/tmp", "/usr", "/usr/local", "/var", "/var/tmp")
STARTUP_SUFFIXES = (".pth", ".start")
IS_PROGRAM = "importguard.program"  # what the C core asks on_program before it takes code for the program
IMPORT_SYSTEM = ("importlib._bootstrap", "importlib._bootstrap_external", "_frozen_importlib_external")


class Attribution(Value):
    """What a core needs to say whose code runs: the `identity` of files, and the rest that it goes by."""

    __slots__ = ("identity", "finder", "is_deputy", "deferred_globals", "is_late", "is_enforcing")


class Corridor:
    """What an armed process decides with: its table, its owners, and the way from a door to a decision.

    `core` is the Choice of a core, `recorder` and `enforcer` carry out what is decided.
    """

    def __init__(self, session, told, *, core, recorder, enforcer):
        self.session = session
        self.core = core
        self.busy = core.busy
        self.recorder = recorder
        self.enforcer = enforcer
        self.inside = Inside(self.busy)
        self.table = tables.load(session["table"])
        self.written = Written()
        on_move.append(self.written.move)
        self.identity = Identity(
            sites=session["ledger"]["sites"],
            app_roots=[with_slash(root) for root in session["app_roots"] if root not in TOO_WIDE],
            stdlib=stdlib_folders(),
            package=with_slash(session["package"]),
            is_app=self.table.is_app,
            is_written=self.is_written,
            look_up=self.look_up_advisory,
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
            identity=self.identity,
            enforcer=self.enforcer,
            walker=self.walker,
            startup_known=session.get("startup_known", ()),
        )
        self.refuses_startup_files = self.imports.refuses_startup_files
        self.finder = Finder(self.examine, {})
        self.spawner = None
        self.answers = self.owner_by_tag = None
        self.is_heard = True
        self.program_file = None
        self.table.owner_of = self.identity.name_of_path
        self.table.is_written = self.is_written

    def install(self, *, is_late):
        """Put the hook in place; raises RuntimeError when it doesn't answer. `is_late`: not ahead of `site`."""
        capabilities = {name for name in CAPABILITIES if self.table.watches_any(name)} | {"fs.write"}
        if self.refuses_startup_files:
            capabilities.add("fs.read")
        self.answers, self.walker.walk_tags, self.owner_by_tag, is_own = self.core.install(
            capabilities=capabilities,
            concerns=self.concerns,
            judge=self.judge,
            busy=self.busy,
            is_own=self.inside.is_own,
            on_import=self.on_import,
            on_program=self.on_program,
            code_events=self._code_events(),
            attribution=Attribution(
                self.identity, self.finder, self.table.is_deputy, carrier.__dict__, is_late, self.table.mode == "enforce"
            ),
        )
        self.inside.learn()
        self.inside.is_own = is_own or self.inside.is_own
        if not self.answers():
            raise RuntimeError("the audit hook was blocked by one that was there before")

    def _code_events(self):
        targets = {"exec": "exec", "marshal.loads": "marshal"}
        return [event for event, target in targets.items() if self.table.could_deny("code.run", target)]

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
        if capability == "proc.spawn" and self.spawner.is_passing(frame):
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
            self._judge_startup_file(target)
            return None
        origin = self.walker.trace(frame)
        blame = self.walker.choose(origin, capability, target, argv)
        request = Request(capability, target, argv, blame.owner, blame.via, blame.phase, blame.module, layer)
        decision = decide(self.table, request)
        # Secrets are regular files: `.env` may be a virtual environment, and whoever removes it opens it first.
        if decision.verdict != "allow" and not (capability == "fs.read" and is_folder(target)):
            self.enforcer.carry_out(decision, request, stack_of(frame, self.owner_of_frame))
        return origin

    def owner_of_frame(self, frame):
        """Return the Owner of the code in a frame, None for what is nobody's."""
        if self.owner_by_tag is None:
            return self.identity.owner_of_globals(frame.f_globals)
        owner = self.owner_by_tag(frame)
        return APP if owner is MAIN else owner

    def is_at_work(self, frame, *modules):
        """Say whether the code in a frame is that of one of these modules of the standard library."""
        if frame is None or frame.f_globals.get("__name__") not in modules:
            return False
        return self.owner_of_frame(frame) is STDLIB

    def _judge_startup_file(self, path):
        """Let `site` read a start-up file that has nothing to execute or is well known; it skips what it can't read."""
        if path in self.imports.startup_known or not has_executable_lines(path):
            return
        name = path.rpartition("/")[2]
        owner = self.identity.owner_of_path(path)
        if owner is UNOWNED:
            owner = Owner(name, "", "startup")
        request = Request("code.run", path, None, owner, (), "startup", name, "scan")
        self.enforcer.carry_out(Decision("deny", "startup-files:refuse"), request, [])

    def look_up_advisory(self, name, version):
        """Return the advisory of a distribution that was installed after the launch, as preflight would mark it."""
        database = later.load(later.ADVISORIES, self.session["package"])
        try:
            known = database.Databases([database.open(path) for path in self.session.get("databases", ())])
            advisory = known.lookup(name, version)
        except (OSError, AdvisoryError) as error:
            self.recorder.record("degraded", reason=f"advisories can't be read: {error}")
            return ""
        if advisory is None:
            return ""
        return ("" if advisory.verdict == "block" else "warn:") + " ".join(advisory.ids)

    # The doors.

    def ask_to_spawn(self, target, argv, frame):
        self.listen()
        return self.judge("proc.spawn", target or "?", argv, frame, layer="wrap")

    def ask_to_open(self, path, flags, frame):
        for capability, target, _ in read_open((path, None, flags)):
            if self.concerns(capability, target):
                self.judge(capability, target, None, frame, layer="wrap")

    def on_import(self, args):
        """Keep the finder first; the event comes before any finder is asked."""
        if not self.finder.is_first():
            was_there = self.finder in sys.meta_path
            self.finder.go_first()
            if not was_there:
                self.recorder.record(
                    "tamper", capability="runtime.patch", target="sys.meta_path", reason="the finder was removed"
                )
                if self.concerns("runtime.patch", "sys.meta_path"):
                    self.judge("runtime.patch", "sys.meta_path", None, get_frame(0).f_back)
        filename = args[1]
        if type(filename) is str and self.table.watches("native.load", filename):
            self.judge("native.load", resolve(filename), None, get_frame(0).f_back)

    def on_program(self, event, args):
        """The program begins: only the interpreter itself says so below no frame, and only once."""
        if event == IS_PROGRAM:
            return self._is_program(*args)
        if self.walker.starting and get_frame(2).f_back is None:
            self.walker.learn_program(self._program_of(event, args[0] if args else None))
            self.program_file = args[0] if event == "cpython.run_file" and type(args[0]) is str else None
        return None

    def _is_program(self, *path):
        """Say whether what is run is what was typed, and not what a start-up file has put in its place.

        `path` is of the code that runpy runs, None where that comes from no file; without it, the file is the one that
        the interpreter named.
        """
        if self.walker.main_origin.kind != "app":
            return True
        file = path[0] if path else self.program_file
        is_it = not self.is_written(resolve(file)) if file else not path
        if is_it and path:
            owner = self.identity.owner_of_path(resolve(file))
            is_it = owner.kind in ("app", "stdlib") or owner.name == self.walker.program or self._is_beside(file, owner)
        if not is_it:
            reason = "not the program that was typed"
            self.recorder.record("tamper", capability="code.run", target=file or "?", reason=reason)
        return is_it

    def _is_beside(self, file, owner):
        """Say whether a file that is nobody's lies where `python -m` looks first: a folder too wide to be a project."""
        here = resolve(".")
        folder, _, name = resolve(file).rpartition("/")
        return owner is UNOWNED and (folder == here or (name == "__main__.py" and folder.rpartition("/")[0] == here))

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
        self.listen()
        self._busily(frame, self.imports.examine, name, origin, cached, loader, places)

    def listen(self):
        """Make sure, by a way that leads around it, that the hook of the C core still hears; say so once when it doesn't."""
        if self.core.name == "c" and self.is_heard and not self.answers():
            self.is_heard = False
            self.recorder.record("tamper", capability="runtime.patch", target="audit hook", reason="the audit hook is gone")

    # What the others want to know.

    def blame_of_spawn(self, origin, target, argv):
        """Return (owner, phase, module) to blame for a start that `ask_to_spawn` has let pass."""
        if origin is None:
            return UNOWNED, "run", ""
        blame = self.walker.choose(origin, "proc.spawn", target or "", argv)
        return blame.owner, blame.phase, blame.module

    def imported_before(self):
        """Return the distributions of which something is imported already."""
        names = []
        for module in list(sys.modules.values()):
            if type(module) is type(sys):
                owner = self.identity.owner_of_globals(module.__dict__)
                if owner is not None and owner.kind == "distribution" and owner.name not in names:
                    names.append(owner.name)
        return sorted(names)


def main_origin(told):
    """Return on whose behalf this process runs, from what its parent said."""
    if told["kind"] == "app":
        return MainOrigin(APP, "run", "", "app", told["program"])
    owner = Owner(told["name"], told["version"], told["kind"])
    return MainOrigin(owner, told["phase"], told["module"], told["kind"], "")


def stdlib_folders():
    """Return the folders of the standard library, read off the modules that the interpreter itself has loaded."""
    folders = []
    for root in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix):
        for name in (root, resolve(root)):
            folder = f"{name}/{sys.platlibdir}/python{sys.version_info[0]}.{sys.version_info[1]}/"
            if folder not in folders:
                folders.append(folder)
    encodings = sys.modules.get("encodings")
    if encodings is not None and type(getattr(encodings, "__file__", None)) is str:
        folders.append(resolve(encodings.__file__).rpartition("/encodings/")[0] + "/")
    zipped = f"/lib/python{sys.version_info[0]}{sys.version_info[1]}.zip/"
    return [*folders, sys.base_prefix + zipped]


def has_executable_lines(path):
    """Say whether `site` would execute a line of a .pth file; a file that can't be read has none."""
    try:
        lines = read_file(path).decode("utf-8-sig", "replace").splitlines()
    except OSError:
        return False
    return path.endswith(".start") or any(line.startswith(("import ", "import\t")) for line in lines)


def with_slash(folder):
    return folder.rstrip("/") + "/"
