"""Tab completion in a guarded shell, on a real pseudo-terminal: files, programs, and what the user's own settings complete."""

import os
import time

import pytest
from support import guarded

# What completes `acme zeb`, in the user's own settings of each shell.
OWN = {
    "bash": (".bashrc", "PS1='> '\ncomplete -W zebra-crossing acme\nacme() { echo \"got $*\"; }\n"),
    "zsh": (
        ".zshrc",
        "autoload -Uz compinit; compinit -u -D\n_acme() { compadd zebra-crossing }\ncompdef _acme acme\nacme() { echo \"got $*\" }\n",
    ),
    "fish": (".config/fish/config.fish", "complete -c acme -f -a zebra-crossing\nfunction acme; echo got $argv; end\n"),
}


@pytest.fixture
def furnished(world, shell):
    """The world, with a program, a script and the user's own settings of the shell."""
    file, text = OWN[os.path.basename(shell)]
    (world.home / file).parent.mkdir(parents=True, exist_ok=True)
    (world.home / file).write_text(text)
    program = world.programs / "unusual-program"
    program.write_text("#!/bin/sh\necho got unusual-program\n")
    program.chmod(0o755)
    (world.project / "quite-a-script.py").write_text("import acme_thief\nprint('got quite-a-script')\n")
    return world


def complete(opened, typed, rest):
    """Type the beginning of a line and the tab key, and enter once the rest of it is there."""
    os.write(opened.master, typed.encode())
    opened.wait_for(typed[-3:])
    time.sleep(0.3)  # what comes in one go is no typing
    os.write(opened.master, b"\t")
    opened.wait_for(rest)
    os.write(opened.master, b"\r")


@pytest.mark.parametrize(
    ("typed", "rest", "shown"),
    [
        ("acme zeb", "ra-crossing", "got zebra-crossing"),
        ("unusual-pr", "ogram", "got unusual-program"),
        ("python quite-a-", "script.py", "(Denied|PermissionError)(?s:.*)got quite-a-script"),
    ],
    ids=["own", "program", "file"],
)
@pytest.mark.parametrize("way", ["shell", "shell-init"])
def test_tab_completes_in_a_guarded_shell(terminal, furnished, shell, way, typed, rest, shown):
    """What the tab key completes unguarded, it completes in there; what is run in this way is guarded."""
    (furnished.project / "importguard.toml").write_text("version = 1\n")
    path = f"{furnished.environment.path}/bin:{furnished.variables()['PATH']}"
    if way == "shell":
        opened = terminal([*guarded.launcher(), "shell", "--shell", shell], TERM="xterm", PATH=path)
        opened.wait_for(r"\(importguard\)")
    else:
        opened = terminal([shell, "-i"], TERM="xterm", PATH=path)
        (furnished.programs / "importguard").symlink_to(guarded.launcher()[0])
        name = os.path.basename(shell)
        opened.type("importguard shell-init fish | source; echo rea''dy" if name == "fish" else f"eval \"$(importguard shell-init {name})\"; echo rea''dy")
        opened.wait_for("ready")
    time.sleep(0.5)  # until the prompt is there

    complete(opened, typed, rest)

    opened.wait_for(shown)
    assert opened.end() == 7
    assert "canary-key" not in opened.shown
