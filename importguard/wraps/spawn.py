"""The functions that start a program, wrapped. What the wraps do is loaded when something is started for the first time."""

import posix
import sys

from importguard import later
from importguard.pinned import BUILTIN, get_frame, getattr, setattr, type
from importguard.wraps.inherited import Inherited, StandIn

WRAPPED = ("execv", "execve", "posix_spawn", "posix_spawnp", "putenv", "system", "unsetenv")
# The frames between a wrap and whoever called it: the wrap's own and that of what stands for the function.
CALLER = 2


class Starts:
    """Gives the Spawner, which is made of `parts` when it is first asked for."""

    def __init__(self, **parts):
        self.parts = parts
        self.inherited = Inherited()
        self._spawner = None

    def spawner(self):
        if self._spawner is None:
            made = later.load(later.STARTING).Spawner(inherited=self.inherited, **self.parts)
            # Another thread may have made one meanwhile, and be passing with it.
            self._spawner = self._spawner or made
        return self._spawner

    def is_passing(self, frame):
        """Say whether the code in a frame is a start that was asked for already."""
        return self._spawner is not None and self._spawner.is_passing(frame)


def wrap_posix(module, starts):
    """Replace the functions of `posix` that start a program; `os` takes its own from there when it is imported."""
    module.execv = _wrap_execv(module.execv, module.execve, starts)
    module.execve = _wrap_execve(module.execve, starts)
    module.posix_spawn = _wrap_spawn(module.posix_spawn, starts)
    module.posix_spawnp = _wrap_spawnp(module.posix_spawnp, starts)
    module.system = _wrap_system(module.system, starts)
    starts.inherited.follow(module)


def tell_os():
    """Give the wrapped functions of `posix`, and its variables, to an `os` that was imported before they were wrapped."""
    module = sys.modules.get("os")
    if module is not None:
        for name in WRAPPED:
            setattr(module, name, getattr(posix, name))
        for mapping in (module.environ, module.environb):
            if type(mapping) is module._Environ:
                mapping._data = posix.environ


def _wrap_execv(execv, execve, starts):
    def execv_guarded(path, argv, /):
        return starts.spawner().execv(execve, path, argv, get_frame(CALLER))

    return StandIn(execv_guarded, execv)


def _wrap_execve(execve, starts):
    def execve_guarded(path, argv, env):
        return starts.spawner().execve(execve, path, argv, env, get_frame(CALLER))

    return StandIn(execve_guarded, execve)


def _wrap_spawn(real, starts):
    def spawn_guarded(path, argv, env, /, **options):
        return starts.spawner().posix_spawn(real, path, argv, env, options, get_frame(CALLER))

    return StandIn(spawn_guarded, real)


def _wrap_spawnp(real, starts):
    def spawnp_guarded(path, argv, env, /, **options):
        return starts.spawner().posix_spawnp(real, path, argv, env, options, get_frame(CALLER))

    return StandIn(spawnp_guarded, real)


def _wrap_system(system, starts):
    def system_guarded(command):
        return starts.spawner().system(system, command, get_frame(CALLER))

    return StandIn(system_guarded, system)


def wrap_fork_exec(module, starts):
    """Replace `_posixsubprocess.fork_exec`, which raises no event of its own."""
    real = module.fork_exec
    if type(real) is not BUILTIN:
        return

    def fork_exec(*args):
        return starts.spawner().fork_exec(real, args, get_frame(CALLER))

    module.fork_exec = StandIn(fork_exec, real)
