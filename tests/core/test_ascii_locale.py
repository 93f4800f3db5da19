"""A locale that spells names in ASCII, and folders whose names are more than that: the guard is there, and its rules hold."""

import pytest
from support import envs, guarded, wheels, worlds

LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
STEALS = """
import os
for path in (os.path.expanduser("~/.aws/credentials"), os.path.expanduser(b"~/.aws/credentials")):
    try:
        print("read", len(open(path).read()) > 0)
    except PermissionError:
        print("refused")
"""
STARTS = """
import os, subprocess, sys, tempfile
print(sys.getfilesystemencoding(), os.environb[b"TMPDIR"].endswith(b"\\xc3\\xbc/tmp"), flush=True)
line = [sys.executable, "-c", "print('child')"]
subprocess.run(line)
subprocess.run(line, env={**os.environ, "OWN": os.fsdecode(b"\\xc3\\xbc")})
os.system(f'{sys.executable} -c "print(1)"')
os.waitpid(os.posix_spawn(sys.executable, line, os.environb), 0)
os.close(tempfile.mkstemp()[0])
"""


@pytest.fixture
def world(tmp_path, any_interpreter):
    """A World in a folder that an ASCII locale can't spell, with a package that steals when it is imported."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    envs.install(environment, wheels.Wheel("acme-steals", "1.0", {"acme_steals.py": STEALS}), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path / "ü", environment) as furnished:
        yield furnished


def run(world, source, mode, core):
    (world.project / "app.py").write_text(source)
    options = ("--core", core) if mode != guarded.UNGUARDED else ()
    return guarded.run(world, [world.environment.python, "app.py"], mode=mode, options=options, variables=LOCALE)


@pytest.mark.parametrize("core", ["c", "py"])
def test_a_program_and_its_children_are_guarded(world, core):
    """It says the same as without the guard, and each Python process below it is armed."""
    bare = run(world, STARTS, guarded.UNGUARDED, core)

    outcome = run(world, STARTS, guarded.RECOMMENDED, core)

    assert bare.stdout.splitlines() == ["ascii True", "child", "child", "1", "child"], bare.story()
    assert (outcome.returncode, outcome.stdout) == (0, bare.stdout), outcome.story()
    assert [record["core"] for record in outcome.records if record["event"] == "armed"] == [core] * 5, outcome.story()


@pytest.mark.parametrize("core", ["c", "py"])
def test_a_secret_below_such_a_folder_stays_one(world, core):
    """A package that is imported is refused it by either spelling of its path."""
    bare = run(world, "import acme_steals\n", guarded.UNGUARDED, core)

    outcome = run(world, "import acme_steals\n", guarded.RECOMMENDED, core)

    assert bare.stdout.splitlines() == ["read True"] * 2, bare.story()
    assert outcome.stdout.splitlines() == ["refused"] * 2, outcome.story()
