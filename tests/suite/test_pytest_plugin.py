"""`pytest --importguard` on a real suite: whatever a package tries, and whenever, is stopped and pinned to its place."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import guarded, wheels

THIEF = '''
import os, pathlib, subprocess, threading

def steal():
    """Swallows what it is refused, as real ones do."""
    try:
        pathlib.Path(os.environ["LOOT"]).write_text(open(os.path.expanduser("~/.ssh/id_rsa")).read())
    except OSError:
        pass

def steal_later(event):
    thread = threading.Thread(target=lambda: event.wait(20) and steal())
    thread.start()
    return thread

async def steal_in_task():
    steal()
'''
PLUGIN = "import acme_thief\nacme_thief.steal()\n"
IN_TEST = "import acme_thief\ndef test_swallowed():\n    acme_thief.steal()\ndef test_clean():\n    pass\n"


class Suite:
    """A project with tests, a home with a key, and a folder of installed distributions."""

    def __init__(self, root, interpreter):
        self.root = root
        self.interpreter = interpreter
        for name in ("project", "site", "home/.ssh"):
            (root / name).mkdir(parents=True)
        (root / "home/.ssh/id_rsa").write_text("canary-key")
        (root / "project/pyproject.toml").touch()
        self.install(wheels.Wheel("acme-thief", "1.0", {"acme_thief.py": THIEF}))

    def install(self, wheel):
        built = wheels.build(wheel, self.root / "wheels", self.interpreter)
        subprocess.run([sys.executable, "-m", "zipfile", "-e", built, self.root / "site"], check=True, timeout=20)

    def write(self, **files):
        for name, text in files.items():
            (self.root / "project" / f"{name}.py").write_text(text)

    def run(self, *options, plugin=True, variables=None):
        first = ["-p", "importguard"] if plugin else []
        command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *first, *options]
        environ = {
            "PATH": os.defpath, "HOME": str(self.root / "home"), "LANG": "C.UTF-8", "LOOT": str(self.loot), "NO_COLOR": "1",
            "PYTHONPATH": str(self.root / "site"), "TMPDIR": str(self.root), "COLUMNS": "200", **(variables or {}),
        }  # fmt: skip
        done = subprocess.run(
            command, cwd=self.root / "project", env=environ, capture_output=True, text=True, timeout=120
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def loot(self):
        return self.root / "loot"


@pytest.fixture
def suite(tmp_path, interpreter):
    return Suite(tmp_path, interpreter)


def outcomes(output):
    """Return {test or file: outcome} of what pytest said."""
    return {name: outcome for outcome, name in re.findall(r"^(PASSED|FAILED|ERROR) (\S+)", output, re.MULTILINE)}


def test_run_that_isnt_guarded_lets_everything_happen(suite):
    """Without the option the plugin does nothing: the control of everything below."""
    suite.write(test_it=IN_TEST)

    code, output = suite.run()

    assert code == 0, output
    assert suite.loot.read_text() == "canary-key"


def test_swallowed_denial_fails_the_test_that_caused_it(suite):
    """A test whose package was refused something fails with the denial's own text, although nobody saw an exception."""
    suite.write(test_it=IN_TEST)

    code, output = suite.run("--importguard")

    assert (code, outcomes(output)) == (
        1,
        {"test_it.py::test_swallowed": "FAILED", "test_it.py::test_clean": "PASSED"},
    ), output
    assert "importguard IG201: denied  acme-thief 1.0 -> fs.read" in output
    assert not suite.loot.exists()


def test_what_fires_before_any_test_is_stopped_and_pinned(suite):
    """Import of a pytest plugin, of a conftest, of a test module: refused, and told with the place of each."""
    points = "[pytest11]\nacme = acme_plugin\n"
    suite.install(wheels.Wheel("acme-plugin", "1.0", {"acme_plugin.py": PLUGIN}, meta={"entry_points.txt": points}))
    suite.write(conftest=PLUGIN, test_it="import acme_thief\nacme_thief.steal()\ndef test_clean():\n    pass\n")

    code, output = suite.run("--importguard")

    assert code != 0 and not suite.loot.exists(), output
    assert "ERROR test_it.py" in output
    assert output.count("  more   importguard explain") == 3, output
    assert output.count("importguard: refused at the loading of plugins and conftests") == 2, output


def test_session_fixture_thread_and_task_are_pinned_to_their_tests(suite):
    """A fixture's denial fails the test that it was made for; a thread's and a task's, the test that started them."""
    suite.write(
        test_it="""
import asyncio, threading
import acme_thief, pytest
event = threading.Event()
loop = asyncio.new_event_loop()

@pytest.fixture(scope="session")
def costly():
    acme_thief.steal()

def test_fixture(costly):
    pass

def test_starts_thread():
    globals()["thread"] = acme_thief.steal_later(event)

def test_starts_task():
    async def start():
        globals()["task"] = asyncio.get_running_loop().create_task(acme_thief.steal_in_task())
    loop.run_until_complete(start())

def test_innocent():
    event.set()
    thread.join()
    loop.run_until_complete(task)
"""
    )

    code, output = suite.run("--importguard")

    assert code == 1 and not suite.loot.exists(), output
    seen = outcomes(output)
    assert seen.pop("test_it.py::test_fixture") in ("FAILED", "ERROR")
    assert seen["test_it.py::test_innocent"] == "PASSED", output
    assert "importguard: refused at test_it.py::test_starts_thread" in output
    assert (
        "importguard: refused at test_it.py::test_starts_task" in output
        or seen["test_it.py::test_starts_task"] == "FAILED"
    )


def test_marker_names_what_a_test_expects(suite):
    """A refusal that the marker names fails nothing, and the fixture has its record; another one still fails."""
    suite.write(
        test_it="""
import acme_thief, pytest

@pytest.mark.importguard(allow=["fs.read:$secrets"])
def test_expected(importguard_records):
    acme_thief.steal()
    assert [record["capability"] for record in importguard_records] == ["fs.read"]

@pytest.mark.importguard(allow=["proc.spawn"])
def test_another():
    acme_thief.steal()
"""
    )

    code, output = suite.run("--importguard")

    assert (code, outcomes(output)) == (
        1,
        {"test_it.py::test_expected": "PASSED", "test_it.py::test_another": "FAILED"},
    ), output


def test_workers_of_xdist_are_guarded(suite):
    """Each worker is guarded from its first line, and fails the test that it ran."""
    suite.write(test_it=IN_TEST)

    code, output = suite.run("--importguard", "-n", "2")

    assert (code, outcomes(output)) == (
        1,
        {"test_it.py::test_swallowed": "FAILED", "test_it.py::test_clean": "PASSED"},
    ), output
    assert not suite.loot.exists()


def test_child_of_a_test_is_charged_to_it(suite):
    """What a process was refused that a test started fails the test."""
    suite.write(
        test_it="import subprocess, sys\ndef test_child():\n    subprocess.run([sys.executable, '-c', 'import acme_thief; acme_thief.steal()'], check=True)\n"
    )

    code, output = suite.run("--importguard")

    assert (code, outcomes(output)) == (1, {"test_it.py::test_child": "FAILED"}), output
    assert not suite.loot.exists()


def test_observe_changes_no_outcome(suite):
    """Under observe the operation happens, every test has its own outcome, and what would be refused is listed."""
    suite.write(test_it=IN_TEST)

    code, output = suite.run("--importguard-observe")

    assert (code, outcomes(output)) == (
        0,
        {"test_it.py::test_swallowed": "PASSED", "test_it.py::test_clean": "PASSED"},
    ), output
    assert "importguard: would have refused at test_it.py::test_swallowed" in output
    assert suite.loot.read_text() == "canary-key"


def test_configuration_switches_it_on(suite):
    """The ini setting guards every run of the project, with the policy that the project names."""
    suite.write(test_it=IN_TEST)
    (suite.root / "own.toml").write_text('version = 1\n[package.acme-thief]\nallow = ["fs.read:$secrets"]\n')
    text = (
        f'[tool.pytest.ini_options]\nimportguard = "enforce"\naddopts = "--importguard-policy={suite.root}/own.toml"\n'
    )
    (suite.root / "project/pyproject.toml").write_text(text)

    code, output = suite.run()

    assert code == 0, output
    assert suite.loot.read_text() == "canary-key"


def test_outer_run_is_enough(suite):
    """Under `importguard run` the guard is there already, and the plugin only tells pytest."""
    suite.write(test_it=IN_TEST)
    command = [*guarded.launcher(), "run", "--", sys.executable, "-m", "pytest", "-q", "-rA", "--importguard"]
    environ = {
        "PATH": os.defpath,
        "HOME": str(suite.root / "home"),
        "LOOT": str(suite.loot),
        "PYTHONPATH": str(suite.root / "site"),
    }

    done = subprocess.run(command, cwd=suite.root / "project", env=environ, capture_output=True, text=True, timeout=120)

    assert outcomes(done.stdout)["test_it.py::test_swallowed"] == "FAILED", done.stdout + done.stderr
    assert not suite.loot.exists()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("importguard = 'on'", "importguard = 'on' is none of off, observe, enforce"),
        ("addopts = '--importguard --importguard-policy=no.toml'", "no.toml: can't be read"),
    ],
)
def test_what_cant_be_had_stops_the_run(suite, setting, said):
    """A mode that is none and a policy that isn't there are one line, and no test runs."""
    suite.write(test_it=IN_TEST)
    (suite.root / "project/pyproject.toml").write_text(f"[tool.pytest.ini_options]\n{setting}\n")

    code, output = suite.run()

    assert (code, outcomes(output)) == (pytest.ExitCode.USAGE_ERROR, {})
    assert said in output
    assert not suite.loot.exists()


def test_no_network_is_one_line_of_policy(suite):
    """The how-to's policy: the tests' own code reaches loopback, and would be refused whatever isn't."""
    page = (Path(__file__).parents[2] / "docs/how-to/guard-a-test-suite.md").read_text()
    (suite.root / "own.toml").write_text(re.search(r"# importguard.toml\n(.*?)```", page, re.DOTALL)[1])
    suite.write(
        test_it="""
import socket

def test_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), 5).close()
"""
    )

    code, output = suite.run("--importguard", f"--importguard-policy={suite.root}/own.toml")

    assert (code, outcomes(output)) == (0, {"test_it.py::test_loopback": "PASSED"}), output
    for question in (("net.connect", "192.0.2.1:9"), ("net.resolve", "example.invalid"), ("net.listen", "0.0.0.0:80")):
        variables = {"IMPORTGUARD_POLICY": str(suite.root / "own.toml"), "PATH": os.defpath}
        answer = guarded.importguard("explain", *question, "--package", "application", variables=variables)
        assert answer.returncode == 1, answer.stdout + answer.stderr
