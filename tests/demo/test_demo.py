"""The demo: what it shows, where it shows it, what it leaves behind, and that it admits when it shows nothing."""

import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest
from support import guarded

from importguard import demo_fixture
from importguard.demo import page, stage, story, wheels

SECONDS = 120
ESCAPE = "\x1b["


def variables(folder, **more):
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    return {"PATH": os.defpath, "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "LANG": "C.UTF-8", **more}


def left_behind(folder):
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() or path.is_socket()]


@pytest.fixture(scope="module")
def in_a_pipe(tmp_path_factory):
    """The demo as it runs in a pipe: (what it said, the folder that its home and its temporary files were in)."""
    folder = tmp_path_factory.mktemp("piped")
    done = subprocess.run(
        [*guarded.launcher(), "demo"], env=variables(folder), capture_output=True, text=True, timeout=SECONDS
    )
    return done, folder


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """The outcome of the first scene, played without the guard."""
    folder = tmp_path_factory.mktemp("attacked")
    return story.perform(story.SCENES[0], folder / "world", guarded=False)


def test_demo_shows_what_leaked_and_what_was_stopped(in_a_pipe):
    """The page names the posts, the credentials, the unit, and the denials with rule and grant; the exit status is 0."""
    done, _folder = in_a_pipe

    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"~/{path}" in done.stdout for path in demo_fixture.CREDENTIALS)
    assert "with the text of 6 credentials" in done.stdout
    assert "importguard IG201: denied  acmellm 1.82.8 -> proc.spawn" in done.stdout
    assert "at start-up (acmellm_init.pth)" in done.stdout
    assert re.search(r"denied  acmellm 1\.82\.7 -> proc\.spawn .*at import", done.stdout)
    assert "rule   preset:recommended#import.deny" in done.stdout
    assert "importguard IG202: denied  litellm 1.82.8 -> import litellm" in done.stdout
    assert "rule   advisory:" in done.stdout
    assert done.stdout.rstrip().endswith("nothing went out guarded.")
    # The records are gone with the world that they were made in: nobody is sent to look for them.
    assert "explain --record" not in done.stdout


def test_demo_in_a_pipe_is_plain_text(in_a_pipe):
    """What goes into a file or a pipe holds no terminal escapes."""
    done, _folder = in_a_pipe

    assert ESCAPE not in done.stdout


def test_demo_leaves_nothing_behind(in_a_pipe):
    """Neither the user's home nor the temporary folder holds a file afterwards."""
    _done, folder = in_a_pipe

    assert left_behind(folder) == []


@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_demo_on_a_terminal_is_coloured_unless_that_is_declined(tmp_path, more, coloured):
    """Colours come on a terminal, and not where NO_COLOR is set."""
    output = first_denial_on_a_terminal(variables(tmp_path, TERM="xterm-256color", **more))

    assert bool(re.search(r"\x1b\[[0-9;]*31m", output)) == coloured


def first_denial_on_a_terminal(environment):
    """Run the demo on a pseudo-terminal until it has shown a denial, and return what arrived there."""
    outer, inner = pty.openpty()
    child = subprocess.Popen(
        [*guarded.launcher(), "demo"], env=environment, stdin=subprocess.DEVNULL, stdout=inner, stderr=inner
    )
    os.close(inner)
    output = b""
    while b"  allow  [" not in output:
        output += os.read(outer, 65536)
    child.terminate()
    child.wait(SECONDS)
    os.close(outer)
    return output.decode("utf-8", "replace")


def test_demo_that_is_stopped_leaves_nothing_behind(tmp_path):
    """A SIGTERM in the middle of a scene ends the processes of the attack and removes the worlds."""
    child = subprocess.Popen([*guarded.launcher(), "demo"], env=variables(tmp_path), stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        if line.startswith("2. "):
            break

    child.send_signal(signal.SIGTERM)
    child.stdout.read()

    assert child.wait(SECONDS) == 128 + signal.SIGTERM
    assert left_behind(tmp_path) == []


def test_attack_happens_without_the_guard(attacked):
    """The control: all canaries are read and sent, and the unit is written."""
    assert attacked.leaked == demo_fixture.CREDENTIALS
    assert attacked.written == (demo_fixture.UNIT,)
    assert attacked.denials == ()


def test_guard_that_stops_nothing_is_a_problem(attacked):
    """Had the guarded run leaked, the demo would say what, and fail."""
    found = "\n".join(story.problems(story.Played(story.SCENES[0], attacked, attacked)))

    assert "guarded, the sink received" in found
    assert f"guarded, files were written: {demo_fixture.UNIT}" in found
    assert "guarded, nothing was refused" in found


def test_attack_that_does_not_happen_is_a_problem(tmp_path):
    """Where nothing leaks without the guard either, the demo proves nothing, and says so."""
    harmless = (demo_fixture.NAME, "0.1", lambda _url: {"acmellm.py": "def complete(text):\n    return text\n"})
    scene = story.Scene("harmless", "", story.ASKS, harmless, leaks=True)
    outcome = story.perform(scene, tmp_path / "world", guarded=False)

    found = "\n".join(story.problems(story.Played(scene, outcome, outcome)))

    assert "unguarded, the sink did not receive" in found
    assert f"unguarded, {demo_fixture.UNIT} was not written" in found


def test_wheel_is_installed_the_same_with_and_without_pip(tmp_path):
    """Unpacking by ourselves leaves the files that pip leaves, but for what installers write about themselves."""
    files = demo_fixture.startup_release("http://127.0.0.1:9")
    wheel = wheels.build(tmp_path, "acmellm", "1.82.8", files)
    pythons = [stage._environment(tmp_path / name) for name in ("pip", "own")]

    by_pip = wheels.install(wheel, pythons[0], {"PATH": os.defpath, "HOME": str(tmp_path)})
    wheels._unpack(wheel, pythons[1])

    installed = [site_of(python) for python in pythons]
    if by_pip == "pip":
        assert content_of(installed[0]) == content_of(installed[1])
    assert set(files) <= set(content_of(installed[1]))


def site_of(python):
    return next(Path(python).parents[1].glob("lib/python3.*/site-packages"))


def content_of(site):
    own = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")
    files = [path for path in site.rglob("*") if path.is_file() and path.name not in own]
    return {str(path.relative_to(site)): path.read_bytes() for path in files}


def test_repeated_denials_are_shown_once():
    """The same denial, which a virtual environment's start makes twice, is one text that says how often it came."""
    record = {
        "verdict": "deny", "capability": "proc.spawn", "target": "/bin/x", "rule": "r", "count": 1, "stack": [],
        "module": "m", "owner": {"name": "acme", "version": "1"}, "phase": "import", "id": "1",
    }  # fmt: skip
    outcome = stage.Outcome(0, "", "", 0, (), (), (), (record, record))

    texts = page.denials(outcome)

    assert len(texts) == 1
    assert texts[0].endswith("(2 times)")
