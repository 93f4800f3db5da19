"""Interpreters that overlook PYTHONPATH, started by a program that isn't Python: guarded, and first in line."""

import pytest
from support import guarded

PROGRAM = """
import os, subprocess, sys
CODE = "import sys; sys.path.append(%r); import acme_kid" % {site!r}
done = subprocess.run(["/bin/sh", "-c", {line!r}, "sh", sys.executable, CODE, {folder!r}])
print("shell ended with", done.returncode)
"""
# $1 is the interpreter of the environment, $2 the code, $3 a folder of its own with `tool`, a link to the interpreter.
WAYS = {
    "as it is": '"$1" -c "$2"',
    "-I": '"$1" -I -c "$2"',
    "-E": '"$1" -E -c "$2"',
    "-I -S": '"$1" -I -S -c "$2"',
    "-ISc": '"$1" -ISc "$2"',
    "-I -X dev": '"$1" -I -X dev -c "$2"',
    "-I, frozen modules off": '"$1" -I -X frozen_modules=off -c "$2"',
    "PYTHONMALLOC=debug": 'PYTHONMALLOC=debug "$1" -c "$2"',
    "PYTHONDEVMODE=1": 'PYTHONDEVMODE=1 "$1" -c "$2"',
    "-I, tracing memory": '"$1" -I -X tracemalloc -c "$2"',
    "a variable of its own": 'PYTHONPATH=/nowhere "$1" -c "$2"',
    "a link": '"$3/tool" -I -c "$2"',
    "a copy under another name": 'cp -L "$1" "$3/copy"; "$3/copy" -I -c "$2"',
    "standard input": 'echo "$2" | "$1" -I',
    "a first line": 'printf "#!%s -I\\n%s\\n" "$1" "$2" > "$3/script"; chmod +x "$3/script"; "$3/script"',
    "another shell": 'bash -c \'"$0" -I -c "$1"\' "$1" "$2"',
}


@pytest.fixture
def perform(tmp_path, every_world):
    """A function that runs an application which goes one of the WAYS, and returns its Outcome."""

    def perform(line, mode):
        folder = tmp_path / "own"
        folder.mkdir()
        (folder / "tool").symlink_to(every_world.environment.python)
        values = {"site": str(every_world.environment.site_packages), "line": line, "folder": str(folder)}
        (every_world.project / "app.py").write_text(PROGRAM.format(**values))
        return guarded.run(every_world, [every_world.environment.python, "app.py"], mode=mode)

    return perform


@pytest.mark.parametrize("way", WAYS)
def test_an_interpreter_that_is_started_this_way_calls_home_unguarded(way, perform, every_world):
    """The control: without the guard the package's call arrives."""
    outcome = perform(WAYS[way], guarded.UNGUARDED)

    assert "GET:/kid" in every_world.evidence(), outcome.story()


@pytest.mark.parametrize("way", WAYS)
def test_an_interpreter_that_is_started_this_way_is_guarded(way, perform, every_world):
    """The package is refused, its importer goes on, and the interpreter ends as it would; there is one arming a process."""
    outcome = perform(WAYS[way], guarded.RECOMMENDED)

    assert "GET:/kid" not in every_world.evidence(), outcome.story()
    assert outcome.decisions(capability="net.connect", owner="acme-kid", verdict="deny"), outcome.story()
    assert outcome.stdout == "shell ended with 0\n", outcome.story()
    armed = [record for record in outcome.records if record["event"] == "armed"]
    assert len({record["pid"] for record in armed}) == len(armed) == 2, outcome.story()
    assert ["preload" in record["layers"] for record in armed] == [True, True]
    assert armed[0]["missing"] == armed[1]["missing"]


@pytest.mark.parametrize("options", ["", "-I", "-E -X dev"])
def test_a_start_up_file_comes_second(options, tmp_path, every_world):
    """What a .pth line imports is refused in phase `startup`: the guard is there before `site`."""
    start_up = every_world.environment.site_packages / "zz_kid.pth"
    start_up.write_text("import acme_kid\n")
    (every_world.project / "app.py").write_text(
        f"import subprocess, sys\nsubprocess.run(f'\"{{sys.executable}}\" {options} -c pass', shell=True)\n"
    )
    try:
        outcome = guarded.run(every_world, [every_world.environment.python, "-I", "-S", "app.py"])
    finally:
        start_up.unlink()

    assert "GET:/kid" not in every_world.evidence(), outcome.story()
    assert outcome.decisions(capability="net.connect", phase="startup", verdict="deny"), outcome.story()


def test_a_path_file_beside_the_interpreter_changes_nothing(tmp_path, every_world):
    """An interpreter with a ._pth file, which replaces sys.path and overlooks the environment, is guarded as well."""
    places = "import sys; print('\\n'.join(sys.path))"
    (every_world.project / "app.py").write_text(
        "import os, subprocess, sys\n"
        "os.symlink(sys.executable, 'tool')\n"
        f"paths = subprocess.run([sys.executable, '-I', '-c', {places!r}], capture_output=True, text=True).stdout\n"
        "open('tool._pth', 'w').write(paths)\n"
        "code = 'import sys, acme_kid; print(sys.flags.isolated, sys.flags.no_site)'\n"
        "subprocess.run(f'./tool -c \"{code}\"', shell=True, check=True)\n"
    )

    outcome = guarded.run(every_world, [every_world.environment.python, "app.py"])

    assert outcome.stdout == "1 1\n", outcome.story()
    assert "GET:/kid" not in every_world.evidence(), outcome.story()
    assert outcome.decisions(capability="net.connect", owner="acme-kid", verdict="deny"), outcome.story()
