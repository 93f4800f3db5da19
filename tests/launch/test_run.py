"""`importguard run`, whole: what a user types, what comes out, and what happens when something is wrong."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support import envs, guarded, interpreters

SECONDS = 60


def test_a_python_command_runs_as_it_would_alone(place):
    """Same output, flags, path and status; the first record is `armed`, the last one `exit`."""
    code = "import sys; print(sys.flags, sys.path, sys.argv, sys.executable, sys.orig_argv); sys.exit(9)"
    bare = subprocess.run([sys.executable, "-c", code], env=place.variables(), cwd=place.folder, capture_output=True)

    ended = place.run("--", sys.executable, "-c", code)

    assert ended.stdout == bare.stdout.decode()
    assert ended.returncode == 9
    assert place.events()[0] == "armed" and place.events()[-1] == "exit"


def test_the_environment_is_the_user_s(place):
    """Nothing of the guard is in os.environ, and the user's own PYTHONPATH is."""
    own = place.folder / "own"
    own.mkdir()
    code = "import os; print(os.environ.get('PYTHONPATH'), [n for n in os.environ if 'IMPORTGUARD' in n])"

    assert place.python(code).stdout == "None []\n"
    assert place.python(code, variables={"PYTHONPATH": str(own)}).stdout == f"{own} []\n"


def test_a_virtual_environment_stays_the_one_that_was_typed(place, interpreter):
    """The interpreter's link is not followed: sys.executable and sys.prefix are the environment's."""
    environment = envs.create(place.folder / "env", interpreter)

    ended = place.run("--", environment.python, "-c", "import sys; print(sys.executable, sys.prefix)")

    assert ended.stdout == f"{environment.python} {environment.path}\n"


@pytest.mark.parametrize("flags", ["-I", "-E", "-S", "-Is", "-P", "-IS"])
def test_isolating_flags_keep_the_guard(place, flags):
    """An interpreter that would overlook the guard's variables is armed all the same."""
    ended = place.run("--", sys.executable, flags, "-c", "print('ran')")

    assert ended.stdout == "ran\n", ended.stderr
    assert place.events()[0] == "armed"


def test_a_script_whose_first_line_isolates_is_guarded(place):
    """`#!/usr/bin/python3 -Es`, as distributors write it."""
    script = place.folder / "tool"
    script.write_text(f"#!{sys.executable} -Es\nimport sys; print(sys.argv[1:])\n")
    script.chmod(0o755)

    ended = place.run("--", script, "a", "b")

    assert ended.stdout == "['a', 'b']\n", ended.stderr
    assert place.events()[0] == "armed"


def test_module_code_and_script_need_no_interpreter(place, interpreter):
    """-m, -c and script.py run on the active environment's Python."""
    environment = envs.create(place.folder / "env", interpreter)
    (place.folder / "mod.py").write_text("import sys; print('mod', sys.prefix)")
    active = {"VIRTUAL_ENV": str(environment.path)}

    assert place.run("-m", "mod", variables=active).stdout == f"mod {environment.path}\n"
    assert place.run("mod.py", variables=active).stdout == f"mod {environment.path}\n"
    assert place.run("-c", "import sys; print(sys.prefix)", variables=active).stdout == f"{environment.path}\n"


@pytest.mark.parametrize("core", ["c", "py"])
@pytest.mark.parametrize("module", ["__hello__", "genericpath"])
def test_a_frozen_module_is_the_program_that_was_typed(place, any_interpreter, module, core):
    """The interpreter has its code in itself, and no file: nobody is suspected of having put it there."""
    python = envs.create(place.folder / "env", any_interpreter).python

    ended = place.run("--core", core, "--", python, "-m", module)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert place.events() == ["armed", "exit"]


def test_a_shim_is_followed_to_its_interpreter(place):
    """A shell script called python, as pyenv makes them."""
    shims = place.folder / "shims"
    shims.mkdir()
    (shims / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (shims / "python3").chmod(0o755)

    ended = place.run("--", "python3", "-c", "print('ran')", variables={"PATH": f"{shims}:/usr/bin:/bin"})

    assert ended.stdout == "ran\n", ended.stderr
    assert place.events()[0] == "armed"


def test_python_below_another_program_is_guarded(place):
    """A shell that starts Python: the child is armed."""
    ended = place.run("--", "/bin/sh", "-c", f"echo shell; {sys.executable} -c 'print(1)'")

    assert ended.stdout == "shell\n1\n", ended.stderr
    assert "armed" in place.events()


def test_another_program_passes_its_status_on(place):
    """No Python at all is no reason for alarm."""
    assert place.run("--", "/bin/sh", "-c", "exit 3").returncode == 3
    assert place.events() == ["exit"]


def test_a_script_without_a_first_line_runs_as_in_a_shell(place):
    """The kernel refuses it; every shell hands it to /bin/sh."""
    script = place.folder / "plain"
    script.write_text('echo plain "$1"\n')
    script.chmod(0o755)

    assert place.run("--", script, "x").stdout == "plain x\n"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_a_command_that_dies_of_a_signal(place, name):
    """The caller sees the signal."""
    assert place.python(f"import os, signal; os.kill(os.getpid(), signal.{name})").returncode == -getattr(signal, name)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--", "no-such-command"], 127, "IG102"),
        (["--", "/etc/passwd"], 126, "IG103"),
        (["--", "/tmp"], 126, "IG103"),
        ([], 2, "IG101"),
        (["-m"], 2, "IG101"),
        (["--recrods", "x", "--", "true"], 2, "did you mean '--records'"),
        (["--mode", "enforced", "--", "true"], 2, "IG101"),
        (["--records", "/nowhere/at/all", "--", "true"], 3, "'/nowhere/at/all'"),
        (["--records", "fd:77", "--", "true"], 3, "'fd:77'"),
        (["--records", "fd:1", "--", "echo", "x"], 3, "never go to standard output"),
        (["--records", "/dev/stdout", "--", "echo", "x"], 3, "never go to standard output"),
        (["--no-supervisor", "--records", "/dev/fd/1", "--", "echo", "x"], 3, "never go to standard output"),
        (["--policy", "missing.toml", "--", "true"], 2, "missing.toml"),
    ],
)
def test_a_mistake_gets_one_line_and_its_status(place, words, status, said):
    """Nothing is started, and the line says what and where."""
    ended = place.importguard("run", *words)

    assert (ended.returncode, ended.stdout) == (status, "")
    assert said in ended.stderr and ended.stderr.count("\n") == 1, ended.stderr


def test_a_broken_policy_starts_nothing(place):
    """Bad TOML in the project: exit 2, the file and the line are named."""
    (place.folder / "importguard.toml").write_text("version = 1\nmode = \n")

    ended = place.run("--", "touch", "started")

    assert ended.returncode == 2 and "importguard.toml:2" in ended.stderr, ended.stderr
    assert not (place.folder / "started").exists()


def test_an_older_interpreter_is_refused_and_only_observed_when_asked(place):
    """CPython before 3.11 can't be guarded: exit 3, or under observe a notice and an unguarded run."""
    old = _older_interpreter()

    refused = place.run("--", old, "-c", "print('ran')")
    observed = place.run("--mode", "observe", "--", old, "-c", "print('ran')")

    assert (refused.returncode, refused.stdout) == (3, "")
    assert "older than 3.11" in refused.stderr
    assert (observed.returncode, observed.stdout) == (0, "ran\n")
    assert "without the guard" in observed.stderr


def _older_interpreter():
    folder = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in ("3.10", "3.9", "3.8"):
        for path in sorted(folder.glob(f"{version}.*/bin/python")):
            return path
    return pytest.skip("needs a CPython older than 3.11 in pyenv's folder")


@pytest.mark.parametrize("version", interpreters.SUPPORTED)
def test_another_minor_version_is_guarded(place, version):
    """importguard's own interpreter and the command's need not be the same."""
    found = interpreters.find(version)
    if found is None:
        pytest.skip(interpreters.missing(version))

    ended = place.run("--", found.path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")

    assert ended.stdout == f"{version}\n", ended.stderr
    armed = [record for record in guarded.read_records(place.records) if record["event"] == "armed"]
    assert [record["python"].rpartition(".")[0] for record in armed] == [version]


def test_off_runs_without_the_guard_and_says_so(place):
    """The user's own word counts, loudly."""
    ended = place.python("print('ran')", variables={"IMPORTGUARD": "off"})

    assert ended.stdout == "ran\n"
    assert "without the guard" in ended.stderr


def test_a_run_within_a_run_keeps_the_outer_guard(place):
    """One notice; the outer records have both processes, and the inner options change nothing."""
    inner = " ".join(map(str, guarded.launcher()))
    line = f"{inner} run --mode observe --records {place.folder}/inner -- {sys.executable} -c 'print(2)'"

    ended = place.run("--", "/bin/sh", "-c", line)

    assert ended.stdout == "2\n", ended.stderr
    assert ended.stderr.count("already guarded") == 1
    assert not (place.folder / "inner").exists()
    armed = [record for record in guarded.read_records(place.records) if record["event"] == "armed"]
    assert armed and all(record["mode"] == "enforce" for record in armed)


def test_without_a_supervisor_the_command_takes_our_place(place):
    """No parent: the command has the process that was started, and appends its records itself."""
    code = "import os; print(os.getpid())"
    options = ["--no-supervisor", "--records", place.records]
    command = [*guarded.launcher(), "run", *options, "--", sys.executable, "-c", code]

    started = subprocess.Popen(
        list(map(str, command)), env=place.variables(), cwd=place.folder, stdout=subprocess.PIPE, text=True
    )
    out, _ = started.communicate(timeout=SECONDS)

    assert int(out) == started.pid
    assert place.events() == ["armed"]


def test_records_to_a_descriptor(place):
    """fd:N is written by the supervisor; the command doesn't have it."""
    line = f'exec 9>>{place.records}; exec "$@"'
    code = "import os\ntry: os.write(9, b'forged')\nexcept OSError: print('closed')"

    ended = place.importguard(
        "run", "--records", "fd:9", "--", sys.executable, "-c", code, before=("/bin/sh", "-c", line, "sh")
    )

    assert ended.stdout == "closed\n", ended.stderr
    assert place.events()[0] == "armed"


@pytest.mark.parametrize("target", ["-", "/dev/stderr"])
@pytest.mark.parametrize(("how", "events"), [((), ["armed", "exit"]), (("--no-supervisor",), ["armed"])])
def test_records_to_standard_error_are_json_lines(place, how, events, target):
    """`-` never means standard output; so it is where the command itself writes them."""
    ended = place.importguard("run", *how, "--records", target, "--", sys.executable, "-c", "print('out')")

    assert ended.stdout == "out\n"
    assert [json.loads(line)["event"] for line in ended.stderr.splitlines()] == events


def test_no_home_is_no_problem(place):
    """A container's user often has none."""
    environ = {name: value for name, value in place.variables().items() if name != "HOME"}
    command = [*guarded.launcher(), "run", "--", sys.executable, "-c", "print('ran')"]

    ended = subprocess.run(list(map(str, command)), env=environ, cwd=place.folder, capture_output=True, timeout=SECONDS)

    assert ended.stdout == b"ran\n", ended.stderr


SESSION = """
    import os, pathlib
    told = pathlib.Path("/proc/self/environ").read_text().partition("_IMPORTGUARD=")[2]
    folder = pathlib.Path(told.partition("/session.bin")[0])
    print(folder)
    for path in (folder, folder.parent): print(oct(path.stat().st_mode))
"""


def test_the_session_is_gone_afterwards(place):
    """Neither the folder nor the one around it is left behind."""
    path = Path(place.python(SESSION).stdout.splitlines()[0])

    assert len(path.name) == 24 and path.parent.name.startswith("importguard-")
    assert not path.exists() and not path.parent.exists()


def test_the_session_can_be_entered_and_not_listed(place):
    """A child that gives up its user finds its session; another user can't find its name."""
    modes = place.python(SESSION).stdout.splitlines()[1:]

    assert [stat.S_IMODE(int(mode, 8)) for mode in modes] == [0o711, 0o711]


def test_a_process_of_its_own_as_first_of_a_container(place):
    """As PID 1 it reaps, passes the status on, and a signal of the command becomes 128 + n."""
    if os.geteuid() != 0 or not os.path.exists("/usr/bin/unshare"):
        pytest.skip("needs root and unshare for a PID namespace")
    before = ("unshare", "--pid", "--fork", "--mount-proc")
    orphan = "import os; os.fork() or (os.fork() and os._exit(0)); os.getpid() > 2 and os._exit(0); os._exit(5)"

    assert place.python("import os; os._exit(5)", before=before).returncode == 5
    assert place.python(orphan, before=before).returncode in (0, 5)
    assert place.python("import os; os.kill(os.getpid(), 9)", before=before).returncode == 137


DAEMON = """
import os, subprocess, sys
for fd in (1, 2): os.dup2(os.open(os.devnull, os.O_WRONLY), fd)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open({go!r}).read()
        child = [sys.executable, "-c", "import sys; print(type(sys.meta_path[0]).__module__)"]
        done = subprocess.run(child, stdout=subprocess.PIPE, text=True)
        open({answer!r}, "w").write(done.stdout)
    os._exit(0)
os.wait()
"""


def test_a_daemon_outlives_the_command_with_its_session(place):
    """It goes on, guarded: a Python child that it starts later still finds the session."""
    go, answer = place.folder / "go", place.folder / "answer"
    os.mkfifo(go)
    os.mkfifo(answer)

    ended = place.importguard("run", "--", sys.executable, "-c", DAEMON.format(go=str(go), answer=str(answer)))
    go.write_text("now")

    assert ended.returncode == 0
    assert answer.read_text() in ("importguard.core.ccore\n", "importguard.finder\n")


def test_damaged_metadata_is_a_line_and_no_crash(place, interpreter):
    """A RECORD that is no UTF-8, a dist-info without METADATA or RECORD: named, recorded, and the command runs."""
    environment = envs.create(place.folder / "env", interpreter)
    site = environment.site_packages
    damaged = {"latin-1": {"RECORD": b"caf\xe9.py,,\n", "METADATA": b""}, "bare-1": {"RECORD": b""}, "none-1": {}}
    for name, files in damaged.items():
        (site / f"{name}.dist-info").mkdir()
        for file, data in files.items():
            (site / f"{name}.dist-info" / file).write_bytes(data)

    ended = place.run("--", environment.python, "-c", "print('ran')")

    assert (ended.returncode, ended.stdout) == (0, "ran\n"), ended.stderr
    reasons = [record["reason"] for record in guarded.read_records(place.records) if record["event"] == "degraded"]
    assert len(reasons) == len(ended.stderr.splitlines()) == 4
    assert any("latin-1.dist-info/RECORD: not UTF-8 at byte 3" in reason for reason in reasons)
    assert any("bare-1.dist-info: no METADATA" in reason for reason in reasons)
    assert any("1 without a RECORD" in reason for reason in reasons)


@pytest.mark.parametrize("told", ["x", "/nonexistent\x1f\x1f", "\x1f" * 9])
def test_an_outer_run_that_makes_no_sense_starts_nothing(place, told):
    """One line says so, and the status is that of a guard that couldn't be armed."""
    done = place.importguard("run", "--", sys.executable, "-c", "print(1)", variables={"_IMPORTGUARD": told})

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("importguard IG301: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("most", [12, 14, 16])  # with fewer, the shell that starts the launcher has no descriptor for its script
def test_too_few_descriptors_are_one_line(most, place):
    """What can't be armed for want of them isn't started, and nobody sees a traceback."""
    ended = place.python("print('ran')", before=("/bin/sh", "-c", f'ulimit -n {most}; exec "$@"', "sh"))

    if ended.returncode != 0:
        assert (ended.returncode, ended.stdout) == (3, "")
        assert "no more files can be opened here" in ended.stderr and "Traceback" not in ended.stderr


def test_a_session_that_can_not_be_written_is_taken_back(place):
    """A limit on the size of files leaves no folder behind."""
    ended = place.python("print('ran')", before=("/bin/sh", "-c", 'ulimit -f 100; exec "$@"', "sh"))

    assert (ended.returncode, ended.stdout) == (3, "")
    folder = re.search(r"can't write the session file (\S+)/[0-9a-f]{24}/", ended.stderr)
    assert folder and not Path(folder[1]).exists()
