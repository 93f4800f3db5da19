"""enable and disable that fail or are killed half-way: at every step that touches the disk, one after the other."""

import errno
import os
import signal

import pytest
from support.enabled import picture

from importguard.cli import enable as command
from importguard.cli import environment
from importguard.errors import UsageError
from importguard.sessionfile import pack
from importguard.startupfiles import enable

STEPS = ("replace", "rename", "link", "fsync", "unlink", "mkdir", "rmdir", "fchmod")
MOST = 60


@pytest.fixture
def enabled_with(world):
    """Return functions that enable and disable in this process."""
    (world.site / "sitecustomize.py").write_text("x = 1\n")
    world.python("-c", "")
    found = environment.find(str(world.environment.python), world.variables())
    options = {"policy": None, "mode": None, "on_violation": None, "records": None, "cwd": str(world.folder)}
    resolved = command.resolved_for(options, world.variables())
    content = pack(command.session_content(found, resolved, options, world.variables()))

    def do():
        enable.enable(
            str(world.site), found.version, session=content, bundle=("base.bin", b"code"), sites=found.before, approved=()
        )

    def undo():
        enable.disable(str(world.site))

    return do, undo


def break_at(monkeypatch, number, act):
    """Have the `number`th step of STEPS call `act` in its place; return a list that counts the steps."""
    steps = []

    def broken(original):
        def step(*arguments, **options):
            steps.append(original)
            return act() if len(steps) == number else original(*arguments, **options)

        return step

    for name in STEPS:
        monkeypatch.setattr(os, name, broken(getattr(os, name)))
    return steps


def full():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_environment_as_it_was(world, enabled_with, monkeypatch):
    """Whichever step fails first, everything is taken back, and the error is one line."""
    do, undo = enabled_with
    before = picture(world.site)
    failed = 0

    for number in range(1, MOST):
        with monkeypatch.context() as patched:
            steps = break_at(patched, number, full)
            try:
                do()
            except UsageError as error:
                failed += 1
                assert len(str(error).splitlines()) == 1
                assert picture(world.site) == before, number
        undo()  # a step may fail without harm, such as a hard link that becomes a copy
        assert picture(world.site) == before, number
        if len(steps) < number:
            break

    assert failed > 10


@pytest.mark.parametrize("action", ["enable", "disable"])
def test_a_kill_at_any_step_leaves_something_that_starts_and_can_be_undone(world, enabled_with, action):
    """After a kill the interpreter starts, guarded or not, and disable brings back what was there before."""
    do, undo = enabled_with
    before = picture(world.site)
    seen = set()

    for number in range(1, MOST):
        if action == "disable":
            do()
        ended = in_child(do if action == "enable" else undo, number)

        done = world.python("-c", "import sys; print('importguard.guard' in sys.modules)")
        assert done.returncode == 0, (number, done.stderr)
        seen.add(done.stdout.strip())
        undo()
        after = picture(world.site)
        after.pop("_importguard/__pycache__", None)
        assert after == before, number
        if ended:
            break

    assert ended
    assert seen == {"True", "False"}


def in_child(act, number):
    """Carry `act` out in a child that kills itself at a step; return whether it came to its end."""
    pid = os.fork()
    if pid == 0:
        try:
            with pytest.MonkeyPatch.context() as patched:
                break_at(patched, number, lambda: os.kill(os.getpid(), signal.SIGKILL))
                act()
        finally:
            os._exit(0)
    return os.WIFEXITED(os.waitpid(pid, 0)[1])
