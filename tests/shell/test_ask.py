"""`--ask` in a real pseudo-terminal: what is typed after the question answers it, and nothing else does."""

import os
import pathlib
import re
import signal
import subprocess
import termios
import time
import types

import pytest
from support import envs, guarded, wheels

from importguard.launch import asking

TYPING = pathlib.Path("/proc/sys/dev/tty/legacy_tiocsti")
STEAL = "import os\nprint('loot', open(os.path.expanduser('~/.ssh/id_rsa')).read())\n"
PROMPT = r"once, always, never, or Enter for no: "
CAN_TYPE = pytest.mark.skipif(
    not TYPING.exists() or TYPING.read_text().strip() == "0", reason="no program types into its terminal here"
)
KEY = "id_\u202egpj.\u05d0\x1b[2J\rfine"  # bidi, a letter that is read from right to left, a cleared screen, a line anew


@pytest.fixture
def ask(terminal, world):
    """A function that runs code of the application's at a terminal, and asks."""

    def run(code, *options):
        return terminal([*guarded.launcher(), "run", "--ask", *options, "--", world.environment.python, "-c", code])

    return run


def records_of(path):
    return [record for record in guarded.read_records(path) if record["event"] == "decision"]


def test_once_allows_once(terminal, shell, world):
    """In each shell: who, what and where are shown; typed, the answer lets this one read pass, and the next one is asked about."""
    opened = terminal([*guarded.launcher(), "shell", "--ask", "--shell", shell])

    opened.wait_for(r"\(importguard\)")
    opened.type(f"{world.environment.python} -c 'import acme_thief'")
    asked = opened.wait_for(r"(?s)importguard asks: may acme-thief 1\.0 .*?" + PROMPT).group()
    opened.press("once\r")
    opened.wait_for("loot canary-key")
    opened.wait_for(r"\(importguard\)")
    opened.type(f"{world.environment.python} -c 'import acme_thief'")
    opened.wait_for(PROMPT)
    opened.press("\r")
    opened.wait_for("Denied")
    opened.wait_for(r"\(importguard\)")

    assert opened.end() == 7
    assert "fs.read" in asked and "/.ssh/id_rsa" in asked and "in acme_thief" in asked


def test_every_version_is_asked_about(terminal, world, any_interpreter, tmp_path):
    """Below a guarded shell an interpreter of each version is refused, asked about and let pass, whatever the launcher's own is."""
    made = envs.create(tmp_path / "other", any_interpreter)
    envs.install(made, wheels.Wheel("acme-taker", "2.0", {"acme_taker.py": STEAL}), folder=tmp_path / "wheels")
    opened = terminal([*guarded.launcher(), "shell", "--ask", "--shell", "bash"])

    opened.wait_for(r"\(importguard\)")
    for answer, comes in (("\r", "Denied"), ("once\r", "loot canary-key")):
        opened.type(f"{made.python} -c 'import acme_taker'")
        opened.wait_for(r"(?s)may acme-taker 2\.0 .*?" + PROMPT)
        opened.press(answer)
        opened.wait_for(comes)
        opened.wait_for(r"\(importguard\)")

    assert opened.end() == 7


def test_enter_and_keys_that_would_signal_mean_no(ask):
    """Enter, Ctrl-C, Ctrl-Z and Ctrl-D are a no: the program is refused, and goes on."""
    again = "import sys, acme_thief\nfor _ in range(3): del sys.modules['acme_thief']; import acme_thief\nprint('went on')"
    opened = ask(again)

    for key in ("\r", "\x03", "\x1a", "\x04"):
        opened.wait_for(PROMPT)
        opened.press(key)
        opened.wait_for("Denied")
    opened.wait_for("went on")

    assert opened.finish() == 0
    assert "canary-key" not in opened.shown


def test_answers_are_in_the_records(ask, tmp_path):
    """What was allowed is a record as well, with the rule that was overruled and what was answered."""
    opened = ask("import acme_thief", "--records", str(tmp_path / "run.jsonl"))

    opened.wait_for(PROMPT)
    opened.press("o\r")
    opened.wait_for("loot")

    assert opened.finish() == 0
    (record,) = records_of(tmp_path / "run.jsonl")
    assert (record["verdict"], record["asked"], record["owner"]["name"]) == ("allow", "once", "acme-thief")
    assert record["rule"].startswith("preset:recommended#")


def test_what_was_typed_ahead_answers_nothing(ask):
    """Keys that were pressed before the question was there are thrown away."""
    opened = ask("import sys, time; print('rea' + 'dy', flush=True); time.sleep(1); import acme_thief")

    opened.wait_for("ready")
    os.write(opened.master, b"once\n" * 50)
    opened.wait_for(PROMPT)
    opened.press("\r")
    opened.wait_for("Denied")

    assert opened.finish() == 0


@pytest.mark.parametrize(
    "paste", [b"once\r", b"once\n", b"\x1b[200~once\r\x1b[201~", b"o\x1b[2J\x1b[1;1H\x1b]52;c;b25jZQ==\x07once\r", b"once\r" * 5000]
)
def test_paste_answers_nothing(ask, paste):
    """What arrives in one piece, or holds an escape sequence, is said to be no answer; nothing of it is echoed."""
    opened = ask("import acme_thief")

    opened.wait_for(PROMPT)
    os.write(opened.master, paste[:4000])
    shown = opened.wait_for(r"(?s)^.*?that was pasted, and answers nothing.*?" + PROMPT).group()
    opened.press("\r")
    opened.wait_for("Denied")

    assert opened.finish() == 0
    assert "[2J" not in shown and "52;c" not in shown


def test_three_pastes_are_a_no(ask):
    """Whoever pastes on and on is refused."""
    opened = ask("import acme_thief")

    for _ in range(3):
        opened.wait_for(PROMPT)
        os.write(opened.master, b"always\r")
    opened.wait_for("Denied")

    assert opened.finish() == 0


def test_names_cant_change_what_is_shown(ask, world):
    """Control characters, bidi and letters that are read from right to left stand there as escapes; what is long has its middle left out."""
    (world.home / ".ssh" / KEY).write_text("x")
    opened = ask(
        f"import os, sys\nsys.path.insert(0, os.getcwd())\nimport acme_reader\nfor name in ({KEY!r}, {'id_' + 'x' * 240!r}): acme_reader.read(name)"
    )

    first = opened.wait_for(r"(?s)importguard asks.*?" + PROMPT).group()
    opened.press("\r")
    second = opened.wait_for(r"(?s)importguard asks.*?" + PROMPT).group()
    opened.press("\r")

    assert opened.finish() == 0
    assert "\\u202egpj.\\u05d0\\x1b[2J\\rfine" in first
    assert not any(character in first for character in ("\u202e", "\u05d0", "\x1b[2J"))
    assert re.search(r"x …\(\d+ characters left out\)… x", second)


def test_never_is_remembered_for_the_run(ask):
    """After a never the same thing is refused without a question."""
    opened = ask("import sys, acme_thief\ndel sys.modules['acme_thief']\nimport acme_thief")

    opened.wait_for(PROMPT)
    opened.press("never\r")

    assert opened.finish() == 0
    assert opened.shown.count("asked  you said never") == 2
    assert "asks" not in opened.shown


@pytest.mark.parametrize("name", ["importguard.toml", "pyproject.toml"])
def test_always_writes_the_grant_and_nothing_else(ask, world, name):
    """An exception with a reason stands at the policy's end, the rest is as it was to the byte, and what was approved stays so."""
    policy = world.project / name
    table = "[tool.importguard]\n" if name == "pyproject.toml" else ""
    before = f"# mine\n{table}version   =  1   # keep\r\n".replace("\r", "") + "\n# the end, without a line's end"
    policy.write_text(before)
    approve(world, policy)
    opened = ask("import sys, acme_thief\ndel sys.modules['acme_thief']\nimport acme_thief")

    opened.wait_for(PROMPT)
    opened.press("always\r")
    opened.wait_for("written to")
    opened.wait_for("loot canary-key")
    opened.wait_for("loot canary-key")
    assert opened.finish() == 0
    after = policy.read_text()
    again = ask("import acme_thief")
    again.wait_for("loot canary-key")

    assert again.finish() == 0
    assert after.startswith(before)
    assert 'package = "acme-thief"' in after and f'allow = ["import:fs.read:{world.home}/.ssh/id_rsa"]' in after
    assert re.search(r'reason = "allowed at the terminal on \d{4}-\d\d-\d\d"', after)


def test_always_in_a_policy_that_nobody_approved_says_what_to_do(ask, world):
    """The grant is written, and doesn't count for later runs until the policy is approved, which is said."""
    (world.project / "importguard.toml").write_text("version = 1\n")
    opened = ask("import acme_thief")

    opened.wait_for(PROMPT)
    opened.press("always\r")
    opened.wait_for(r"it counts once `importguard allow \S+importguard.toml` has approved that policy")
    opened.wait_for("loot")
    assert opened.finish() == 0
    again = ask("import acme_thief")
    again.wait_for(PROMPT)
    again.press("\r")

    assert again.finish() == 0


def test_always_that_cant_be_written_holds_for_the_run(ask, world):
    """A policy to whose end no exception can be added stays as it is; the answer holds for this run, and that is said."""
    policy = world.project / "importguard.toml"
    policy.write_text('version = 1\nexception = [{package = "a", allow = ["net.*"], reason = "x"}]\n')
    before = policy.read_bytes()
    opened = ask("import acme_thief")

    opened.wait_for(PROMPT)
    opened.press("always\r")
    opened.wait_for("allowed for this run, and not written")
    opened.wait_for("loot")

    assert opened.finish() == 0
    assert policy.read_bytes() == before
    assert [path.name for path in world.project.iterdir() if path.name.startswith(".importguard")] == []


def test_background_is_refused_without_a_question(terminal, world):
    """A job in the background doesn't take the terminal from whoever works there."""
    opened = terminal([*guarded.launcher(), "shell", "--ask", "--shell", "bash"])

    opened.wait_for(r"\(importguard\)")
    opened.type(f"{world.environment.python} -c 'import acme_thief' & sleep 3; echo do''ne")
    shown = opened.wait_for("(?s)^.*done").group()

    assert opened.end() == 7
    assert "asks" not in shown
    assert "asked  nobody, as it doesn't run in the foreground" in shown


def test_nobody_answers(ask):
    """After the time that was set it is refused."""
    opened = ask("import acme_thief", "--ask-seconds", "1")

    opened.wait_for(PROMPT)
    opened.wait_for("Denied")
    opened.wait_for("nobody answered in time")

    assert opened.finish() == 0


def test_program_that_is_ended_leaves_the_terminal_as_it_was(ask):
    """A program that is killed while it asks ends the run, and the terminal shows again what is typed."""
    opened = ask("import os, acme_reader; print('pid', os.getpid(), flush=True); acme_reader.read('id_rsa')")

    pid = int(opened.wait_for(r"pid (\d+)")[1])
    opened.wait_for(PROMPT)
    os.kill(pid, signal.SIGKILL)

    assert opened.finish() == -signal.SIGKILL
    flags = termios.tcgetattr(opened.master)[3]
    assert flags & termios.ECHO and flags & termios.ICANON and flags & termios.ISIG


def test_without_a_terminal_nothing_waits(world):
    """Where there is no terminal a denial is a denial, and it was said beforehand."""
    started = time.monotonic()
    command = [*guarded.launcher(), "run", "--ask", "--", world.environment.python, "-c", "import acme_thief"]

    done = subprocess.run(
        list(map(str, command)), cwd=world.project, env=world.variables(), capture_output=True, text=True, timeout=60,
        stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, "Denied\n"), done.stderr
    assert "--ask: nobody is asked: there is no terminal; what the policy refuses is refused" in done.stderr
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("command", [("run", "--ask-seconds", "5", "--", "true"), ("shell", "--ask-seconds", "5")])
def test_seconds_without_asking_are_an_error(world, command):
    """How long a question would wait says nothing where nobody is asked: it is a mistake, and says what to do."""
    done = subprocess.run(
        [*map(str, guarded.launcher()), *command], cwd=world.project, env=world.variables(), capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode == 2
    assert "--ask-seconds says how long --ask waits, and nobody is asked: add --ask, or leave it out" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_proc_nobody_is_asked(monkeypatch, tmp_path):
    """A process knows by /proc who answers it; where there is none, that is said, and nothing is asked."""
    monkeypatch.setattr(asking, "STARTED", tmp_path / "nothing")
    said = []
    options = types.SimpleNamespace(ask=True, ask_seconds=None, no_supervisor=False)
    resolved = types.SimpleNamespace(mode="enforce", on_violation="deny", core="c")

    found = asking.place(options, resolved, types.SimpleNamespace(notice=said.append))

    assert found is None
    assert said == ["--ask: nobody is asked: there is no /proc, by which a process knows who answers it; what the policy refuses is refused"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--mode", "observe"), "the mode is observe"),
        (("--on-violation", "kill"), 'on-violation is "kill"'),
        (("--core", "py"), "the core in Python could be given any answer"),
        pytest.param(("--kernel", "off"), "without the kernel's seal, what runs here could type the answer", marks=CAN_TYPE),
    ],
)
def test_where_nothing_is_asked_the_reason_is_said(ask, options, reason):
    """With what asks nothing, or can't be trusted with an answer, it is said why."""
    opened = ask("print('star' + 'ted')", *options)

    opened.wait_for(re.escape(f"nobody is asked: {reason}"))
    opened.wait_for("started")

    assert opened.finish() == 0


def test_application_is_offered_no_grant_for_good(ask, world):
    """What a ceiling refuses to the application itself can be allowed once: a policy says the rest."""
    policy = world.project / "mine.toml"
    policy.write_text('version = 1\n[application]\ndeny = ["fs.read:$secrets"]\n')
    opened = ask("import os; print(open(os.path.expanduser('~/.ssh/id_rsa')).read())", "--policy", str(policy))

    opened.wait_for("once, never, or Enter for no: ")
    opened.press("once\r")
    opened.wait_for("canary-key")

    assert opened.finish() == 0


def approve(world, policy):
    subprocess.run(
        [*map(str, guarded.launcher()), "allow", str(policy)], cwd=world.project, env=world.variables(), check=True, capture_output=True
    )




def test_each_version_asks_and_times_imports(terminal, world, any_interpreter, tmp_path):
    """On every CPython that the core in C is written for: a question with its answer, other threads that go on, times of imports."""
    made = envs.create(tmp_path / "other", any_interpreter)
    envs.install(made, wheels.Wheel("acme-thief", "1.0", {"acme_thief.py": STEAL}), folder=tmp_path / "more")
    records = tmp_path / "run.jsonl"
    count = "import threading, time\nturns = []\ndef turn():\n    while True: turns.append(1); time.sleep(0.01)\nthreading.Thread(target=turn, daemon=True).start()\n"
    code = count + "before = len(turns)\nimport acme_thief\nprint('went on', len(turns) - before > 20)"
    options = ["--ask", "--record-imports", "--records", records]

    opened = terminal([*guarded.launcher(), "run", *options, "--", made.python, "-c", code])
    opened.wait_for(PROMPT)
    time.sleep(1)
    opened.press("once\r")
    opened.wait_for("loot canary-key")
    opened.wait_for("went on True")

    assert opened.finish() == 0
    assert [record["asked"] for record in records_of(records)] == ["once"]
    timed = [entry for record in guarded.read_records(records) if record["event"] == "imports" for entry in record["modules"]]
    (thief,) = [entry for entry in timed if entry["module"] == "acme_thief"]
    assert thief["owner"]["name"] == "acme-thief" and thief["duration"] >= 1_000_000
