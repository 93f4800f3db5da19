"""The top of the command line."""

import subprocess
import sys

import pytest
from support import guarded

from importguard.cli import main as top

WRITTEN = [name for name in top.COMMANDS if name != "demo"]


def call(*words):
    return guarded.importguard(*words)


def test_the_version_names_core_and_kernel():
    """One line, on standard output."""
    ended = call("--version")

    assert ended.stdout.startswith("importguard 0.") and "core: " in ended.stdout and "kernel" in ended.stdout


def test_an_unknown_command_gets_the_near_miss():
    """One line, exit status 2."""
    ended = call("enabel")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "did you mean 'enable'?" in ended.stderr and ended.stderr.count("\n") == 1


def test_an_unknown_option_leads_to_the_help_of_its_command():
    """The near miss, and where all of that command's options are; below a command of commands as well."""
    for typed, help_of in ((("run", "--kernle", "off", "--", "true"), "run"), (("advisories", "info", "--jsno"), "advisories")):
        ended = call(*typed)

        assert (ended.returncode, ended.stdout) == (2, "")
        assert "did you mean '--" in ended.stderr and f"(see `importguard {help_of} --help`)" in ended.stderr


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        (("vet",), 2, "nothing to vet: name requirements"),
        (("learn",), 2, "`importguard learn -- python app.py` (see `importguard learn --help`)"),
        (("run", "--", "acme_notes"), 127, "'./acme_notes' is here"),
        (("explain", "--record", "01ACME", "--records", "acme_notes"), 2, "--records FILE looks into another file"),
    ],
    ids=["nothing-to-vet", "nothing-to-learn-from", "without-the-folder", "another-file"],
)
def test_a_mistake_is_told_with_the_next_step(typed, status, said, tmp_path, monkeypatch):
    """One line, which says what to do about it."""
    (tmp_path / "acme_notes").touch()
    monkeypatch.chdir(tmp_path)

    ended = call(*typed)

    assert (ended.returncode, ended.stderr.count("\n")) == (status, 1), ended.stderr
    assert said in ended.stderr


def test_nothing_typed_shows_the_help():
    """And says with its status that nothing was done."""
    ended = call()

    assert ended.returncode == 2 and "importguard run -- python app.py" in ended.stdout


@pytest.mark.parametrize("name", WRITTEN)
def test_every_command_shows_an_example(name):
    """`--help` of each command ends with one."""
    ended = call(name, "--help")

    assert ended.returncode == 0, ended.stderr
    assert "example" in ended.stdout and f"importguard {name}" in ended.stdout.partition("example")[2]


def test_only_the_command_that_was_typed_is_loaded():
    """`--version` pays for no command, and no command for another."""
    code = "import sys; from importguard.cli.main import main; main(['run', '--help'])"
    shown = "print([name for name in sys.modules if name.startswith('importguard.')])"
    line = f"import sys\ntry:\n    {code}\nfinally:\n    {shown}"

    ended = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, timeout=60)

    loaded = ended.stdout.splitlines()[-1]
    assert "importguard.cli.run" in loaded and "importguard.launch" not in loaded and "importguard.policy" not in loaded


def test_a_reader_that_leaves_early_gets_no_traceback():
    """`importguard ... | head -0`."""
    line = ["/bin/sh", "-c", '"$@" --help | :', "sh", *guarded.launcher()]

    ended = subprocess.run(line, capture_output=True, text=True, timeout=60)

    assert "Traceback" not in ended.stderr


def test_what_others_have_named_does_nothing_to_a_terminal(tmp_path):
    """A folder's name is escaped in an error: neither colours nor letters that turn a line round reach the terminal."""
    odd = tmp_path / "a\x1b[31m\u202eb"
    odd.mkdir()
    for words in (("check", "--policy"), ("allow",), ("report",), ("learn", "--from-records")):
        ended = call(*words, odd / "none")

        assert ended.returncode == 2 and r"a\x1b[31m\u202eb/none: can't be read" in ended.stderr
        assert "\x1b" not in ended.stderr and "\u202e" not in ended.stderr


def test_a_folder_s_name_does_nothing_to_a_terminal_where_its_policy_can_be_used(tmp_path):
    """Nor what is said of a policy that was found in such a folder; what approves it can be copied into a shell."""
    odd, plain = tmp_path / "a b\x1b[31m\n\u202ec", tmp_path / "a b"
    home = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    said = []
    for folder in (odd, plain):
        folder.mkdir()
        (folder / "importguard.toml").write_text('version = 1\n[package.six]\nimport.allow = ["proc.spawn"]\n')
        for words in (("run", "--", "true"), ("check",), ("allow",), ("check",)):
            ended = subprocess.run([*guarded.launcher(), *words], cwd=folder, env=home, capture_output=True, text=True, timeout=60)
            said.append(ended.stdout + ended.stderr)

    assert all(r"\u202ec/importguard.toml" in text and r"a b\x1b[31m" in text for text in said[:4]), said
    assert not [text for text in said for character in "\x1b\u202e" if character in text], said
    assert f"(importguard allow '{plain}/importguard.toml' approves it)" in said[4], said


def test_a_file_without_an_end_is_not_read_to_it():
    """A device in the place of a policy or a lock is one line as well, and takes no more memory than a file may."""
    for words in (("check", "--policy", "/dev/zero"), ("diff", "/dev/zero", "/dev/zero")):
        ended = call(*words)

        assert (ended.returncode, ended.stdout) == (2, "")
        assert "/dev/zero: can't be read: File too large" in ended.stderr and ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "/dev/zero", "-o", "out.html"), "/dev/zero:1: longer than a record can be"),
        (("explain", "--record", "01J", "--records", "/dev/zero"), "/dev/zero:1: longer than a record can be"),
        (("vet", "six", "--results", "/dev/full"), "can't read results from '/dev/full': not a regular file"),
    ],
)
def test_records_and_results_without_an_end_are_one_line(tmp_path, words, said):
    """What gives bytes for ever in the place of records or results is one line, and takes no memory to speak of."""
    line = 'ulimit -v 2000000; exec "$@"'
    command = ["/bin/sh", "-c", line, "sh", *map(str, guarded.launcher()), *words]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1) and said in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("--help",), ("check",), ("vet", "--help"), ("shell-init", "bash")], ids=" ".join)
def test_no_room_for_the_output_is_one_line(words, tmp_path):
    """A disk that is full: the reason and exit status 2, and nothing of the interpreter's own."""
    with open("/dev/full", "w") as full:
        command = [*map(str, guarded.launcher()), *words]
        ended = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)

    assert ended.returncode == 2
    assert ended.stderr == "importguard IG101: standard output can't be written: No space left on device\n"


def test_no_room_beside_another_mistake_is_no_line_more(tmp_path):
    """The mistake is told, with its own exit status, and the interpreter doesn't complain at its end."""
    with open("/dev/full", "w") as full:
        command = [*map(str, guarded.launcher()), "report", __file__, "-o", "out.html"]
        ended = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)

    assert ended.returncode == 2 and "unreadable record" in ended.stderr and "Exception ignored" not in ended.stderr


@pytest.mark.parametrize("words", [("check",), ("run", "--", "true"), ("explain", "fs.read", "x", "--package", "y")], ids=" ".join)
def test_a_folder_that_is_gone_is_one_line(words, tmp_path):
    """Whoever stands in a folder that was removed is told so, with exit status 2."""
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$1" && rmdir "$1" && shift && exec "$@"'

    ended = subprocess.run(
        ["sh", "-c", script, "sh", gone, *map(str, guarded.launcher()), *words], capture_output=True, text=True, timeout=60
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    said = [line for line in ended.stderr.splitlines() if "getcwd" not in line]  # a shell's own complaint
    assert len(said) == 1 and said[0].startswith("importguard IG101: the working directory can't be found")
