"""`importguard shell` and `shell-init` in a real pseudo-terminal."""

import os
import subprocess

import pytest
from support import guarded

SECONDS = 60


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
