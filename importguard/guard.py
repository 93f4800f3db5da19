"""Arming: the one place where the parts of the guard meet."""

import posix
import sys

from importguard import core, later
from importguard.pinned import list
from importguard.wraps import fresh, spawn
from importguard.wraps.fresh import with_argument

# Who a process works for that no guarded process has started.
TYPED_BY_THE_USER = {"phase": "run", "kind": "app", "name": "", "version": "", "module": "", "program": ""}
guard = None


class Guard:
    """What an armed process holds: the corridor from a door to a decision, and what carries a decision out."""

    def __init__(self, session, told):
        self.session = session
        self.told = told
        later.learn()
        self.core = core.choose(session.get("core", "auto"), session["package"])
        later.busy = self.core.busy
        self.layers = ["finder", "audit", "wrap"]
        self.ceilings = []
        self.missing = [*session.get("missing", ()), *([self.core.missing] if self.core.missing else ())]
        if session.get("times_imports") and self.core.name != "c":
            self.missing.append("imports: how long they take is known to the core in C alone")
        table = session["table"]
        self._recorder = None
        # Says where what a child is refused goes to as well, asked in the thread that starts it; None: where it goes here.
        self.copy_for_child = None
        self.mode = table["mode"]
        if self.core.name == "c":
            attendant = later.load(later.ATTENDING)
            self.corridor = attendant.Attendant(session, told, core=self.core, recorder=lambda: self.recorder)
        else:
            corridor = later.load(later.DECIDING)
            self.corridor = corridor.Corridor(session, told, core=self.core, recorder=self.recorder)
        if later.find is None:
            # Without a bundle it might be out of reach by then, and a file's code isn't taken for the guard's own any more.
            later.load(later.RECORDING)
            later.load(later.STARTING)
        self.starts = self.corridor.starts = spawn.Starts(
            ask=self.corridor.ask_to_spawn,
            ask_to_open=self.corridor.ask_to_open,
            spawn_fields=self.spawn_fields,
            spawned=self.corridor.spawned,
            is_enforcing=self.mode == "enforce",
        )

    @property
    def recorder(self):
        """Return what writes records, made when there is one to write."""
        if self._recorder is None:
            with later.lock:
                self._recorder = self._recorder or self._new_recorder()
        return self._recorder

    def _new_recorder(self):
        session = self.session
        return later.load(later.RECORDING).Recorder(
            session["records"], late=session.get("late", ""), supervised=session["supervised"], busy=self.core.busy,
            copy=self.told.get("copy", ""),
        )  # fmt: skip

    # Arming.

    def arm(self, *, is_late):
        """Put the hook, the finder and the wraps in place; raises RuntimeError when the hook doesn't answer."""
        self.corridor.install(is_late=is_late)
        self._wrap()
        sys.meta_path.insert(0, self.corridor.finder)
        posix.register_at_fork(after_in_child=self._after_fork)
        self._tell_preload(is_late)
        self._hold_layers()
        self.announce(before=self.corridor.imported_before() if is_late else [])

    def _wrap(self):
        spawn.wrap_posix(posix, self.starts)
        spawn.tell_os()
        patches, makers = self.corridor.carry()
        if self.core.name != "c" and "env.read" in self.session["table"]["watch"]:
            patches["os"] = with_argument(later.load(later.ENVIRON).wrap_environ, self.corridor.judge)
        patches["_posixsubprocess"] = with_argument(spawn.wrap_fork_exec, self.starts)
        for name, patch in patches.items():
            module = sys.modules.get(name)
            if module is not None:
                patch(module)
            else:
                self.corridor.patches[name] = patch
        fresh.wrap_makers(sys.modules["_imp"], self._makers(makers))
        subprocess = sys.modules.get("subprocess")
        if subprocess is not None and hasattr(subprocess, "_fork_exec"):
            subprocess._fork_exec = sys.modules["_posixsubprocess"].fork_exec

    def _makers(self, deferring):
        """Return how to patch a module that is made a second time, by the name of a function that it has."""
        makers = {
            "fork_exec": with_argument(spawn.wrap_fork_exec, self.starts),
            "posix_spawn": with_argument(spawn.wrap_posix, self.starts),
            **deferring,
        }
        makers["create_dynamic"] = with_argument(fresh.wrap_makers, makers)
        return makers

    def _hold_layers(self):
        """Let the kernel hold what it was asked for; observing changes nothing about a program."""
        told = self.session.get("kernel")
        if told is not None and self.mode == "enforce":
            layers, missing, self.ceilings = later.load(later.HOLDING).hold(told, self.core)
            self.layers += layers
            self.missing += missing

    def _tell_preload(self, is_late):
        """Tell the hook of the preload that the guard is there: it answers by adding its name to the layers."""
        sys.audit("importguard.armed", self.layers, "preload")
        if self.session.get("preload") and "preload" not in self.layers and not is_late:
            self.missing.append("preload: this interpreter doesn't take LD_PRELOAD")

    def announce(self, **more):
        """Write the `armed` record: its absence is the alarm."""
        fields = {
            "ppid": posix.getppid(),
            "argv": list(sys.orig_argv[:8]),
            "python": "%d.%d.%d" % sys.version_info[:3],
            "core": self.core.name,
            "mode": self.mode,
            "policy": self.session["table"]["digest"],
            "layers": self.layers,
            "missing": self.missing,
            "ceilings": self.ceilings,
            **more,
        }
        if self._recorder is not None or not self.corridor.announce(fields):
            self.recorder.record("armed", **fields)

    def _after_fork(self):
        later.after_fork()
        if self.copy_for_child is not None:
            # Whoever listens is in the parent.
            self.recorder.listener, self.recorder.copy = None, self.copy_for_child()
        if self._recorder is not None:
            self._recorder.after_fork()
        self.announce(forked=True)

    # What children are told.

    def spawn_fields(self, origin, target, argv):
        """Return what a child must know: the session, and the blame of its spawn."""
        told = {"session": self.told["session"], "ahead": self.session["package"] + "/ahead"}
        told["preload"] = self.session.get("preload", "")
        owner, phase, module = self.corridor.blame_of_spawn(origin, target, argv)
        told.update(phase=phase, kind=owner.kind, name=owner.name, version=owner.version, module=module)
        told["program"] = self.corridor.program() if owner.kind == "app" else ""
        told["copy"] = self._copy() if self.copy_for_child is None else self.copy_for_child()
        told["mode"] = self.mode
        return told

    def _copy(self):
        return self.told.get("copy", "") if self._recorder is None else self._recorder.copy


def arm(session, told, *, is_late=False):
    """Arm this process once; a second call finds it armed and does nothing. `is_late`: not ahead of `site`."""
    global guard
    if guard is None:
        guard = Guard(session, told)
        guard.arm(is_late=is_late)
    return guard
