"""What a run of pytest is armed with is loaded from one file, where the build of a wheel has left it."""

import marshal
import os
import shutil
import subprocess
import sys

import pytest

from importguard.launch import bundle, prebuilt, together

# Nothing of the guard may be found by the import system: what is not loaded together by then is named.
ARMS = """
import sys
sys.path.insert(0, sys.argv[1])
import pytest
from importguard.suite import early, plugin
from importguard.launch import together

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("importguard") and not name.startswith("importguard.startupfiles."):
            print("imported by itself:", name)

sys.meta_path.insert(0, Refusing())
together.load(together.ARMING)
from importguard.suite import reporter
armed = early.arm(early.Wanted("enforce", None))
# An environment with start-up files has them looked at, which most are without.
here = {name for name in sys.modules if name.startswith("importguard.") and not name.startswith("importguard.startupfiles.")}
loaded = {name for group in together.GROUPS for name in together._names(group)} - {"importguard.startupfiles.hook"}
print("not needed:", sorted(loaded - here), "besides:", sorted(here - loaded))
print(armed.guard.mode, armed.guard.core.name, reporter.__file__, reporter.__spec__, early.Armed.__module__, sys.modules["importguard.lock"].__path__)
"""
LOCK = "version = 1\n"


@pytest.fixture
def installed(tmp_path):
    """A folder with the package, as a build leaves it."""
    shutil.copytree(prebuilt.ROOT / "importguard", tmp_path / "lib/importguard", ignore=shutil.ignore_patterns("__pycache__", "src", "page", "demo"))
    together.keep(tmp_path / "lib")
    return tmp_path / "lib"


def arm(folder, project):
    """Arm a process by the package in a folder, with an empty lock; return what it says."""
    project.mkdir()
    (project / "importguard.lock").write_text(LOCK)
    environment = {"PATH": os.defpath, "HOME": str(project), "TMPDIR": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", ARMS, folder], cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_all_that_arming_takes_is_loaded_together(installed, tmp_path):
    """No module is left to the import system, and none is executed that arming doesn't need."""
    *others, modules, said = arm(installed, tmp_path / "project")

    assert others == []
    assert modules.startswith("not needed: [] besides: ")
    assert set(eval(modules.partition("besides: ")[2])) == {f"importguard.{name}" for name in ("launch", "launch.bundle", "launch.prebuilt", "launch.together", "suite", "suite.early", "suite.plugin")}
    assert said.startswith(f"enforce c {installed}/importguard/suite/reporter.py ModuleSpec(name='importguard.suite.reporter'")
    assert said.endswith(f"importguard.suite.early ['{installed}/importguard/lock']")


@pytest.mark.parametrize("file", ["launch/prepare.py", "lock/read.py"])
def test_sources_that_were_changed_since_are_what_arms(installed, tmp_path, file):
    """Whoever changes a file of an installed guard gets what stands in the file."""
    with (installed / "importguard" / file).open("a") as opened:
        opened.write("# more\n")

    *others, _modules, said = arm(installed, tmp_path / "project")

    assert f"imported by itself: importguard.{file[:-3].replace('/', '.')}" in others
    assert said.startswith("enforce c ")


@pytest.mark.parametrize("group", together.GROUPS)
def test_what_is_kept_is_what_the_sources_say(installed, group):
    """Each module's code is that of its source, without docstrings of functions."""
    kept = prebuilt.read(together._file_name(group), installed)

    assert list(kept) == together._names(group)
    for name, (is_package, file, data) in kept.items():
        _, is_one, source, code = bundle._entry(name)
        assert (is_package, file) == (is_one, source.replace(str(prebuilt.ROOT), str(installed)))
        assert marshal.loads(data) == code
        assert marshal.loads(data).co_filename == file
