"""`importguard shell` and `shell-init` in a real pseudo-terminal."""

import contextlib
import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest
from support import envs, guarded, wheels, worlds

SECONDS = 60
STEAL = "import os\ntry:\n    print('loot', open(os.path.expanduser('~/.ssh/id_rsa')).read())\nexcept OSError as error:\n    print(type(error).__name__)\n"


@pytest.fixture
def world(tmp_path, empty_environment):
    """A world with `acme-thief`, which reads a key when it is imported."""
    made = envs.copy(empty_environment, tmp_path / "env")
    envs.install(made, wheels.Wheel("acme-thief", "1.0", {"acme_thief.py": STEAL}), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path / "world", made) as furnished:
        (furnished.home / ".ssh").mkdir(exist_ok=True)
        (furnished.home / ".ssh/id_rsa").write_text("canary-key")
        # A dumb terminal scrolls a prompt that is wider than itself, and shows its end alone.
        (furnished.home / ".bashrc").write_text("PS1='> '\n")
        yield furnished


class Terminal:
    """A program on a pseudo-terminal: what is typed into it, and all that it has shown."""

    def __init__(self, command, *, folder, variables):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            list(map(str, command)), cwd=folder, env=variables, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)
        self.shown = ""

    def type(self, line):
        os.write(self.master, line.encode() + b"\n")

    def wait_for(self, pattern):
        """Read on until what was shown since the last call matches, and return the match."""
        end = time.monotonic() + SECONDS
        while (found := re.search(pattern, self.shown)) is None:
            assert time.monotonic() < end, self.shown
            if select.select([self.master], [], [], 1)[0]:
                try:
                    self.shown += os.read(self.master, 65536).decode("utf-8", "replace")
                except OSError:
                    raise AssertionError(f"ended: {self.shown}") from None
        self.shown = self.shown[found.end() :]
        return found

    def end(self):
        """Type exit, read to the end and return the exit status."""
        self.type("exit 7")
        with contextlib.suppress(OSError):
            while os.read(self.master, 65536):
                continue
        return self.process.wait(SECONDS)


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request):
    """Each shell in turn that this machine has."""
    path = shutil.which(request.param)
    if path is None:
        pytest.skip(f"this machine has no {request.param}")
    return path


@pytest.fixture
def terminal(world):
    """A function that opens a Terminal in the world's project; closed at the end."""
    opened = []

    def open_it(command, **variables):
        environ = {**world.variables(), "TERM": "dumb", "PS1": "$ ", **variables}
        opened.append(Terminal(command, folder=world.project, variables=environ))
        return opened[-1]

    yield open_it
    for each in opened:
        each.process.kill()
        each.process.wait()
        os.close(each.master)


def test_shell_is_marked_and_what_it_starts_is_guarded(terminal, world, shell):
    """The prompt says where one is; a package imported in there is refused the key; `exit` gives the shell's status."""
    opened = terminal([*guarded.launcher(), "shell", "--shell", shell])

    opened.wait_for(r"\(importguard\)")
    opened.type(f"{world.environment.python} -c 'import acme_thief'")
    opened.wait_for("Denied|PermissionError")
    opened.wait_for(r"\(importguard\)")

    assert opened.end() == 7
    assert "canary-key" not in opened.shown


def test_job_control_works(terminal, world):
    """An interrupt from the keyboard ends the command in front, and neither the shell nor the guard."""
    opened = terminal([*guarded.launcher(), "shell", "--shell", "bash"])

    opened.wait_for(r"\(importguard\)")
    opened.type(f"{world.environment.python} -c \"import time; print('rea' + 'dy'); time.sleep(60)\"")
    opened.wait_for("ready")
    os.write(opened.master, b"\x03")
    opened.wait_for("KeyboardInterrupt")
    opened.type("echo still-$((40 + 2))")
    opened.wait_for("still-42")

    assert opened.end() == 7


def test_users_own_settings_are_there(terminal, world):
    """What the user's bashrc sets is set; the mark stands before the user's own prompt."""
    (world.home / ".bashrc").write_text("PS1='mine> '\nalias greet='echo hel''lo'\n")
    opened = terminal([*guarded.launcher(), "shell", "--shell", "bash"])

    opened.wait_for(r"\(importguard\) mine> ")
    opened.type("greet")
    opened.wait_for("\nhello")

    assert opened.end() == 7


def test_shell_that_nobody_knows_is_named():
    """A shell without a known way to mark it: one line with what to type instead, exit 2."""
    done = guarded.importguard("shell", "--shell", "/bin/tcsh")

    assert (done.returncode, done.stdout) == (2, "")
    assert "'/bin/tcsh' is none of bash, zsh, fish: `importguard run -- /bin/tcsh`" in done.stderr


@pytest.mark.parametrize("has_policy", [True, False])
def test_hook_guards_projects_that_carry_a_policy(world, shell, has_policy):
    """With shell-init, python in a project with a policy is guarded, and elsewhere it is what it was."""
    if has_policy:
        (world.project / "importguard.toml").write_text("version = 1\n")
    (world.project / "deeper").mkdir()
    name = os.path.basename(shell)
    (world.programs / "importguard").symlink_to(guarded.launcher()[0])
    init = "importguard shell-init fish | source" if name == "fish" else f'eval "$(importguard shell-init {name})"'
    line = f"{init}; cd deeper; python -c 'import acme_thief'"
    variables = world.variables()
    variables["PATH"] = f"{world.environment.path}/bin:{variables['PATH']}"

    done = subprocess.run(
        [shell, "-c", line], cwd=world.project, env=variables, capture_output=True, text=True, timeout=SECONDS
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert ("canary-key" in done.stdout) is not has_policy, done.stdout + done.stderr
