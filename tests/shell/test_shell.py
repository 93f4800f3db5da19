"""`importguard shell` and `shell-init` in a real pseudo-terminal."""

import os
import shutil
import subprocess
import time

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


@pytest.mark.parametrize("way", ["bare", "guarded"])
def test_what_a_shell_leaves_in_its_own_group_ends_with_the_terminal(terminal, way):
    """The kernel tells it that the terminal is gone when the shell ends that the terminal has started; so does the guard."""
    opened = terminal(["bash", "-i"] if way == "bare" else [*guarded.launcher(), "shell", "--shell", "bash"])

    opened.wait_for("> ")
    opened.type("set +m; sleep 40 & echo left=$!; set -m")
    left = int(opened.wait_for(r"left=(\d+)").group(1))
    started = time.monotonic()

    assert opened.end() == 7
    assert time.monotonic() - started < 30
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.kill(left, 0)
            time.sleep(0.1)


def test_first_refusal_stands_before_the_next_prompt(terminal, world):
    """What was refused is said at once, the first time in a shell as well; a busy machine gets several tries."""
    line = f"{world.environment.python} -c 'import acme_thief, time; time.sleep(0.02)'"
    first = ""
    for _ in range(8):
        opened = terminal([*guarded.launcher(), "shell", "--shell", "bash"])
        opened.wait_for(r"\(importguard\)")
        time.sleep(1)  # as a person types
        opened.type(line)
        first = opened.wait_for(r"(?s)Denied.*?(IG201|\(importguard\) )").group(1)
        opened.end()
        if first == "IG201":
            break

    assert first == "IG201"


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


@pytest.fixture
def prompting(world):
    """The user's own prompt in each shell, set anew before each line: how the last command ended."""
    (world.home / ".bashrc").write_text("PROMPT_COMMAND='PS1=\"<$?>> \"'\n")
    (world.home / ".zshrc").write_text("precmd() { PROMPT=\"<$?>> \" }\n")
    settings = world.home / ".config/fish/config.fish"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("function fish_prompt; echo \"<$pipestatus>> \"; end\n")


@pytest.mark.usefixtures("prompting")
def test_prompt_that_is_set_anew_keeps_its_mark(terminal, shell):
    """Before a prompt that the user's settings make for each line stands the mark, and the prompt shows how the last command ended."""
    opened = terminal([*guarded.launcher(), "shell", "--shell", shell])

    opened.wait_for(r"\(importguard\) <0>> ")
    opened.type("false")
    opened.wait_for(r"\(importguard\) <1>> ")

    assert opened.end() == 7


def test_list_that_is_made_anew_keeps_the_mark(terminal, world):
    """A .zshrc that sets zsh's list of what runs before a prompt, and adds nothing to it, takes nothing away."""
    if shutil.which("zsh") is None:
        pytest.skip("this machine has no zsh")
    (world.home / ".zshrc").write_text("mine() { PROMPT=\"<$?>> \" }\nprecmd_functions=(mine)\n")
    opened = terminal([*guarded.launcher(), "shell", "--shell", shutil.which("zsh")])

    opened.wait_for(r"\(importguard\) <0>> ")
    opened.type("false")
    opened.wait_for(r"\(importguard\) <1>> ")

    assert opened.end() == 7


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_name_of_an_environment_brings_no_second_mark(terminal, world, name):
    """What an environment's `activate` puts in front of the prompt stands before the one mark."""
    if shutil.which(name) is None:
        pytest.skip(f"this machine has no {name}")
    (world.home / ".zshrc").write_text("PROMPT='> '\n")
    (world.project / "activate").write_text('PS1="(env) ${PS1-}"\n')
    opened = terminal([*guarded.launcher(), "shell", "--shell", shutil.which(name)])

    opened.wait_for(r"\(importguard\) > ")
    opened.type("source ./activate")
    prompt = opened.wait_for(r"[^\r\n]*\(env\) [^\r\n]*> ").group()

    assert opened.end() == 7
    assert prompt.count("(importguard)") == 1


def test_shell_without_the_guard_has_no_mark(terminal, shell):
    """Where the user has switched the guard off the prompt doesn't say that there is one."""
    opened = terminal([*guarded.launcher(), "shell", "--shell", shell], IMPORTGUARD="off")

    opened.wait_for("runs without the guard")
    opened.type('echo "marked_$IMPORTGUARD_SHELL"')
    opened.wait_for("marked_[\r\n]")
    shown = opened.wait_for("[>$#] ").string

    assert opened.end() == 7
    assert "(importguard)" not in shown


def test_shell_that_nobody_knows_is_named():
    """A shell without a known way to mark it: one line with what to type instead, exit 2."""
    done = guarded.importguard("shell", "--shell", "/bin/tcsh")

    assert (done.returncode, done.stdout) == (2, "")
    assert "'/bin/tcsh' is none of bash, zsh, fish: `importguard run -- /bin/tcsh`" in done.stderr


@pytest.fixture
def hooked(world, shell):
    """A function that runs a line in a shell that has evaluated shell-init, after `before`, and returns what it has shown."""
    name = os.path.basename(shell)
    (world.programs / "importguard").symlink_to(guarded.launcher()[0])
    init = "importguard shell-init fish | source" if name == "fish" else f'eval "$(importguard shell-init {name})"'
    variables = world.variables()
    variables["PATH"] = f"{world.environment.path}/bin:{variables['PATH']}"

    def run(line, *, before="", folder=world.project):
        # As in a start-up file: aliases are there, and hold from the next line on.
        done = subprocess.run(
            [shell, "-i"], input=f"{before}\n{init}\n{line}\n", cwd=folder, env=variables | {"PWD": str(folder)},
            capture_output=True, text=True, timeout=SECONDS, start_new_session=True,
        )  # fmt: skip
        return done.stdout + done.stderr

    return run


@pytest.mark.parametrize("name", ["importguard.toml", "importguard.lock", "pyproject.toml"])
def test_hook_knows_each_kind_of_policy(world, hooked, name):
    """A policy, a lock and a table in a pyproject.toml, however it is spaced, make a project one that is guarded."""
    text = ' [ tool . "importguard" ]\n' if name == "pyproject.toml" else ""
    (world.project / name).write_text(text + "version = 1\n")

    assert "canary-key" not in hooked("python -c 'import acme_thief'")


def test_hook_looks_where_a_link_leads(world, hooked):
    """In a folder that was entered by a link, the project is the one that the folder lies in."""
    (world.project / "importguard.toml").write_text("version = 1\n")
    (world.project / "deeper").mkdir()
    (world.home / "link").symlink_to(world.project / "deeper")

    assert "canary-key" not in hooked("cd ~/link; python -c 'import acme_thief'", folder=world.home)


@pytest.mark.parametrize("mark", [".git", "setup.py", "pyproject.toml"])
def test_hook_looks_beyond_the_root_of_a_checkout(world, hooked, mark):
    """A checkout within a project that carries a policy is guarded, as with direnv: it is no way out."""
    (world.project / "importguard.toml").write_text("version = 1\n")
    inner = world.project / "vendored/inner"
    inner.mkdir(parents=True)
    (inner / mark).mkdir() if mark == ".git" else (inner / mark).touch()

    assert "canary-key" not in hooked("cd vendored/inner; python -c 'import acme_thief'")


@pytest.mark.parametrize("has_policy", [True, False])
def test_hook_and_aliases(world, hooked, has_policy):
    """A user's aliases of guarded names break nothing: what they lead to is guarded in a project, and they are what they were elsewhere."""
    if has_policy:
        (world.project / "importguard.toml").write_text("version = 1\n")
    aliases = "alias python=python3\nalias pip='python3 -c \"import acme_thief\"'"

    shown = hooked("python -c 'import acme_thief'\npip", before=aliases)

    assert not any(word in shown for word in ("syntax error", "parse error", "based on alias"))
    assert shown.count("canary-key") == (0 if has_policy else 2)


def test_users_own_functions_stay_elsewhere(world, shell, hooked):
    """A function of the user's by a guarded name does outside of projects what it did, also when the hook is evaluated twice."""
    mine = "function pip; echo mine $argv; end" if shell.endswith("fish") else "pip() { echo mine \"$@\"; }"
    again = hooked("pip a b", before=mine)
    twice = "importguard shell-init fish | source" if shell.endswith("fish") else 'eval "$(importguard shell-init bash)"'

    assert "mine a b" in again
    assert "mine a b" in hooked(f"{twice}\npip a b", before=mine)


def test_hook_ends_no_shell_that_ends_at_errors(world, shell):
    """In a script under `set -e` the hook is no error."""
    name = os.path.basename(shell)
    if name == "fish":
        pytest.skip("fish has no set -e")
    (world.programs / "importguard").symlink_to(guarded.launcher()[0])

    line = f'set -e; eval "$(importguard shell-init {name})"; echo there'
    done = subprocess.run([shell, "-c", line], cwd=world.project, env=world.variables(), capture_output=True, text=True, timeout=SECONDS)

    assert (done.returncode, done.stdout) == (0, "there\n"), done.stderr


def test_hook_knows_a_folder_of_two_lines(world, hooked):
    """A folder with a newline in its name is a folder like any other: its project is found, and nobody waits."""
    folder = world.project / "one\ntwo" / "below"
    folder.mkdir(parents=True)
    (folder.parent / "importguard.toml").write_text("version = 1\n")

    assert "canary-key" not in hooked("python -c 'import acme_thief'", folder=folder)
    assert "canary-key" in hooked("python -c 'import acme_thief'", folder=world.home)


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
