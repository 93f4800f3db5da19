"""`pytest --importguard` on a real suite: whatever a package tries, and whenever, is stopped and pinned to its place."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import guarded, wheels
from support.suites import IN_TEST, PLUGIN, outcomes


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


def test_refusal_is_told_without_its_secrets(suite):
    """Neither in a test's failure nor in what no report tells do a refusal's arguments or its line of policy show a credential."""
    starts = "import subprocess\ntry: subprocess.run(['/bin/true', '--token', 's3cr3t', '--password=s3cr3t'])\nexcept OSError: pass\n"
    suite.install(wheels.Wheel("acme-early", "1.0", {"acme_early.py": starts}))
    suite.install(wheels.Wheel("acme-late", "1.0", {"acme_late.py": starts}))
    suite.write(conftest="import acme_early\n", test_it="def test_it():\n    import acme_late\n")

    code, output = suite.run("--importguard", variables={"PYTHONDONTWRITEBYTECODE": "1"})

    told = [line for line in output.splitlines() if "proc.spawn" in line]
    assert code == 1 and {"early", "late"} == {re.search(r"acme-(\w+)", line)[1] for line in told}, output
    assert all("--token ***" in line and "--password=***" in line for line in told) and "s3cr3t" not in output, output


def test_exception_that_nobody_caught_is_told_without_its_secrets(suite):
    """Nor does the text of the exception itself, in a test's traceback, in that of a collection, of a thread, or in the summary."""
    starts = "import subprocess\ndef start(token):\n    subprocess.run(['/bin/true', '--token', token, 'https://me:' + token + '@127.0.0.1/'])\n"
    early = starts + "import base64\nstart(base64.b64decode('czNjcjN0').decode())\n"
    suite.install(wheels.Wheel("acme-early", "1.0", {"acme_early.py": early}))
    suite.install(wheels.Wheel("acme-late", "1.0", {"acme_late.py": early}))
    threaded = "import threading\ndef test_thread():\n    def work():\n        import acme_late\n    thread = threading.Thread(target=work)\n    thread.start()\n    thread.join()\n"
    suite.write(test_early="import acme_early\n", test_late="def test_it():\n    import acme_late\n", test_more=threaded)

    code, output = suite.run("--importguard", "--tb=line", variables={"PYTHONDONTWRITEBYTECODE": "1"})
    _code, native = suite.run("--importguard", "--tb=native", variables={"PYTHONDONTWRITEBYTECODE": "1"})

    assert code != 0 and "errors.Denied: importguard IG201" in native, output + native
    assert "--token ***" in native and "s3cr3t" not in output + native, output + native


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

@pytest.mark.importguard(expect=["fs.read:$secrets"])
def test_expected(importguard_records):
    acme_thief.steal()
    assert [record["capability"] for record in importguard_records] == ["fs.read"]

@pytest.mark.importguard(expect=["proc.spawn"])
def test_another():
    acme_thief.steal()
"""
    )

    code, output = suite.run("--importguard")

    assert (code, outcomes(output)) == (
        1,
        {"test_it.py::test_expected": "PASSED", "test_it.py::test_another": "FAILED"},
    ), output


def test_marker_that_would_open_the_guard_is_told_where_grants_stand(suite):
    """`allow=` in a marker allows nothing: the test fails with the words that belong into the policy."""
    suite.write(
        test_it="""
import acme_thief, pytest

@pytest.mark.importguard(allow=["fs.read:$secrets"])
def test_opened():
    acme_thief.steal()
"""
    )

    code, output = suite.run("--importguard")

    assert (code, outcomes(output)["test_it.py::test_opened"]) == (1, "ERROR"), output
    assert "as `expect=[...]`, and not allow=; what tests are to be let do stands in the policy" in output
    assert not suite.loot.exists()


def test_assertions_of_the_project_alone_are_rewritten(suite):
    """pytest compiles the modules of a plugin's distribution anew; the guard's stay as they are, and the project's don't."""
    suite.write(
        test_it="""
import sys

def test_loaders():
    kinds = {name: type(module.__loader__).__name__ for name, module in sys.modules.items() if getattr(module, "__loader__", None)}
    assert kinds[__name__] == "AssertionRewritingHook"
    assert kinds["importguard.suite.reporter"] == kinds["importguard.policy.compile"] == "SourceFileLoader"
"""
    )

    code, output = suite.run("--importguard")

    assert code == 0, output


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


def test_tests_are_the_application(suite):
    """What a test does itself is refused by a ceiling over the application, and is said of that, not of pytest."""
    suite.write(test_it="import socket\n\ndef test_listens():\n    socket.create_server(('127.0.0.1', 0))\n")
    (suite.root / "project/importguard.toml").write_text('version = 1\n[application]\ndeny = ["net.listen"]\n')

    code, output = suite.run("--importguard")

    assert code == 1 and "denied  application -> net.listen 127.0.0.1:0" in output, output


def test_outer_run_is_enough(suite):
    """Under `importguard run` the guard is there already, and the plugin only tells pytest."""
    suite.write(test_it=IN_TEST)

    done = outer_run(suite)

    assert outcomes(done.stdout)["test_it.py::test_swallowed"] == "FAILED", done.stdout + done.stderr
    assert not suite.loot.exists()


def test_outer_run_adds_no_warning(suite):
    """Where warnings are errors, a suite passes under `importguard run` as well: the guard came before pytest on purpose."""
    suite.write(test_it="def test_it(): pass\n")

    done = outer_run(suite, "-W", "error", "-p", "importguard")

    assert (done.returncode, outcomes(done.stdout)) == (0, {"test_it.py::test_it": "PASSED"}), done.stdout + done.stderr


def outer_run(suite, *options):
    """Run the suite with `importguard run` before the command."""
    pytest_itself = [sys.executable, "-m", "pytest", "-q", "-rA", "--importguard", *options]
    command = [*guarded.launcher(), "run", "--", *pytest_itself]
    environ = {
        "PATH": os.defpath,
        "HOME": str(suite.root / "home"),
        "LOOT": str(suite.loot),
        "PYTHONPATH": str(suite.root / "site"),
    }
    return subprocess.run(command, cwd=suite.root / "project", env=environ, capture_output=True, text=True, timeout=120)


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


def test_examples_of_the_how_to(suite):
    """Its settings and its marker: the client is refused the key, and the test that expects it passes."""
    page = (Path(__file__).parents[2] / "docs/how-to/guard-a-test-suite.md").read_text()
    (suite.root / "project/pyproject.toml").write_text(re.search(r"# pyproject.toml\n(.*?)```", page, re.DOTALL)[1])
    example = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    suite.write(test_it="from acme_thief import steal as client\n" + example)

    code, output = suite.run(plugin=False)

    assert (code, outcomes(output)) == (0, {"test_it.py::test_client_survives_without_a_key": "PASSED"}), output
    assert not suite.loot.exists()


def test_no_network_is_one_line_of_policy(suite):
    """The how-to's policy: the tests' own code reaches loopback, and would be refused whatever isn't."""
    page = (Path(__file__).parents[2] / "docs/how-to/guard-a-test-suite.md").read_text()
    (suite.root / "own.toml").write_text(re.search(r"# importguard.toml\n(.*?)```", page, re.DOTALL)[1])
    suite.write(
        test_it="""
import asyncio, socket

def test_loop():
    asyncio.run(asyncio.sleep(0))

def test_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), 5).close()
"""
    )

    code, output = suite.run("--importguard", f"--importguard-policy={suite.root}/own.toml")

    assert code == 0 and set(outcomes(output).values()) == {"PASSED"}, output
    for question in (("net.connect", "192.0.2.1:9"), ("net.resolve", "example.invalid"), ("net.listen", "0.0.0.0:80")):
        assert explained(suite, *question).returncode == 1


def explained(suite, capability, target):
    variables = {"IMPORTGUARD_POLICY": str(suite.root / "own.toml"), "PATH": os.defpath}
    return guarded.importguard("explain", capability, target, "--package", "application", variables=variables)


@pytest.mark.parametrize(
    ("option", "open_to"),
    [
        ("--allow-hosts=10.1.2.3,172.16.0.0/12", ["net.connect 10.1.2.3:80", "net.connect 172.31.0.9:443"]),
        ("--allow-unix-socket", ["net.connect unix:/run/some.sock", "net.listen unix:/tmp/some.sock"]),
        ("a host by its name", ["net.resolve db.test", "net.connect 10.1.2.3:5432"]),
    ],
)
def test_table_for_people_from_pytest_socket_says_what_opens(suite, option, open_to):
    """Each line of the how-to's table opens what it stands for, and nothing else."""
    page = (Path(__file__).parents[2] / "docs/how-to/guard-a-test-suite.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith("|") and option in line)
    allow = re.search(r"allow = \[.*?\]", row)[0]
    (suite.root / "own.toml").write_text(f'version = 1\n[application]\ndeny = ["net.*"]\n{allow}\n')

    for question in open_to:
        assert explained(suite, *question.split(" ", 1)).returncode == 0
    for question in ("net.connect 192.0.2.1:80", "net.resolve example.invalid", "net.connect 127.0.0.1:80"):
        assert explained(suite, *question.split(" ", 1)).returncode == 1


def test_child_that_outlives_its_test_is_told_of_as_that_tests(suite):
    """What it is refused while another test runs fails the session, and names the test that has started it."""
    suite.write(
        test_it=(
            "import subprocess, sys\nCODE = 'input(); import acme_thief; acme_thief.steal()'\nleft = []\n"
            "def test_starts():\n    left.append(subprocess.Popen([sys.executable, '-c', CODE], stdin=subprocess.PIPE))\n"
            "def test_next():\n    left[0].communicate(b'now\\n')\n"
        )
    )

    code, output = suite.run("--importguard")

    assert (code, outcomes(output)) == (1, {"test_it.py::test_starts": "PASSED", "test_it.py::test_next": "PASSED"}), output
    assert "importguard: refused at test_it.py::test_starts" in output
    assert not suite.loot.exists()


def test_forked_child_of_a_test_is_charged_to_it(suite):
    """A process that a test forks off is one that it has started."""
    suite.write(
        test_it=(
            "import os\ndef test_forks():\n    if os.fork() == 0:\n        try:\n            import acme_thief; acme_thief.steal()\n"
            "        finally:\n            os._exit(0)\n    os.wait()\n"
        )
    )

    code, output = suite.run("--importguard")

    assert (code, outcomes(output)) == (1, {"test_it.py::test_forks": "FAILED"}), output
    assert not suite.loot.exists()
