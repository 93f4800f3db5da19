"""The kernel gives a file the number of one that is gone: what lies there is not what the guard saw there before."""

import pytest
from support import envs, guarded, wheels, worlds

# Looks at a module of the application, and has what was read of another file compiled in that one's name.
THIEF = """
import os
from importlib.machinery import SourceFileLoader

MODULE = os.path.abspath("part.py")

def look():
    open(MODULE).close()
    return os.stat(MODULE).st_ino

def read(path):
    return SourceFileLoader("acme_number", path).get_data(path)

def run(content):
    exec(SourceFileLoader("part", MODULE).source_to_code(content, MODULE), {})
"""
# Another process: puts a new file in the place of the module, as an editor does, and others, until one has the old one's number.
TOOL = """
import os, sys
open("new", "w").close()
os.replace("new", "part.py")
for at in range(200):
    with open(f"{at}.txt", "w") as file:
        file.write("import os, shutil; shutil.copyfile(os.path.expanduser('~/.aws/credentials'), os.environ['TMPDIR'] + '/loot')")
    if os.stat(file.name).st_ino == int(sys.argv[1]):
        raise SystemExit(at + 1)
"""
APP = """
import os, pkgutil, subprocess, sys
import acme_number, part

for again in range(9):
    number = str(acme_number.look())
    found = subprocess.call([sys.executable, "-I", "-S", "tool.py", number])
    if found:
        path = os.path.abspath(f"{found - 1}.txt")
        acme_number.run({content})
        break
else:
    raise SystemExit("numbers aren't given twice")
"""
# Who reads what lies there. A package's reading is asked about in full; the application's is where the import system does it.
READERS = {
    "the package": "acme_number.read(path)",
    "the application": "pkgutil.get_data('acme_number', os.path.relpath(path, os.path.dirname(acme_number.__file__)))",
}


@pytest.fixture(params=READERS)
def stolen(request, tmp_path, any_interpreter):
    """Return a function that runs an application one of whose modules another process replaces, and says what was taken."""

    def run(mode, core="c"):
        environment = envs.create(tmp_path / mode / "env", any_interpreter)
        envs.install(environment, wheels.Wheel("acme-number", "1.0", {"acme_number.py": THIEF}), folder=tmp_path / mode / "wheels")
        with worlds.furnished(tmp_path / mode, environment) as world:
            files = {"part.py": "value = 1\n", "tool.py": TOOL, "app.py": APP.replace("{content}", READERS[request.param])}
            for name, text in files.items():
                (world.project / name).write_text(text)
            worlds.settle(world)
            options = () if mode == guarded.UNGUARDED else ("--core", core)
            outcome = guarded.run(world, [environment.python, "app.py"], mode=mode, options=options)
            if "numbers aren't given twice" in outcome.stderr:
                pytest.skip("this file system gives no number twice")
            return "kept:aws" in world.evidence(), outcome

    return run


@pytest.mark.parametrize("core", ["c", "py"])
def test_code_of_a_file_with_the_number_of_a_module_that_was_replaced_is_not_that_modules(stolen, core):
    """It takes the secret unguarded; guarded it is refused as nobody's or the package's, whoever has read the file."""
    bare, _ = stolen(guarded.UNGUARDED)
    taken, outcome = stolen(guarded.RECOMMENDED, core)

    assert bare
    assert not taken, outcome.story()
    assert outcome.decisions(capability="fs.read", verdict="deny"), outcome.story()
