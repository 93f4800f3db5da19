"""The script `importguard` in every layout that installers make, beside hostile start-up files and module names."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support import envs

ROOT = Path(__file__).resolve().parents[2]
DEPENDENCIES = ("structlog", "psutil", "packaging")
SECONDS = 60
# Says into a file who ran it: a process in which importguard's finder is first, or one in which it isn't.
TELLTALE = (
    "import os, sys; open({path!r}, 'a').write('guarded' if 'importguard' in type(sys.meta_path[0]).__module__ "
    "else 'unguarded'); open({path!r}, 'a').write('\\n')\n"
)
STDLIB_GUESSES = ("msvcrt", "_winapi", "nt", "winreg", "_scproxy", "json", "argparse", "site", "rich", "colorama")


class Installed:
    """importguard in an environment of its own, as an installer would have put it there."""

    def __init__(self, environment, home):
        self.environment = environment
        self.home = home
        self.telltale = home / "telltale"

    def hostile(self, folder, name):
        (folder / name).write_text(TELLTALE.format(path=str(self.telltale)))

    def run(self, script, *words, path=None, **variables):
        search = os.pathsep.join(filter(None, [path, "/usr/bin:/bin"]))
        environ = {"PATH": search, "HOME": str(self.home), "LANG": "C.UTF-8", **variables}
        return subprocess.run(
            [script, *words], env=environ, cwd=self.home, capture_output=True, text=True, timeout=SECONDS
        )

    def who_ran_it(self):
        return set(self.telltale.read_text().split()) if self.telltale.exists() else set()


@pytest.fixture
def installed(tmp_path, interpreter):
    home = tmp_path / "home"
    home.mkdir()
    environment = envs.create(tmp_path / "env", interpreter)
    _put_package(environment.site_packages)
    _put_script(environment.path / "bin")
    return Installed(environment, home)


def _put_package(site):
    shutil.copytree(ROOT / "importguard", site / "importguard", ignore=shutil.ignore_patterns("__pycache__"))
    _put_dependencies(site)


def _put_dependencies(site):
    purelib = Path(sysconfig.get_path("purelib"))
    for name in DEPENDENCIES:
        if not (purelib / name).is_dir():
            pytest.skip(f"needs {name} installed beside pytest")
        (site / name).symlink_to(purelib / name)


def _put_script(folder):
    folder.mkdir(exist_ok=True, parents=True)
    shutil.copy2(ROOT / "scripts" / "importguard", folder / "importguard")
    return folder / "importguard"


@pytest.mark.parametrize("name", ["-a.pth", "!.pth", "importguard.pth", "zzz.pth"])
def test_a_start_up_file_beside_the_guard_never_runs_unguarded(installed, name):
    """Neither the launcher's own interpreter nor the command's gives it a line ahead of the guard."""
    installed.hostile(installed.environment.site_packages, name)

    script, python = installed.environment.command("importguard"), installed.environment.python
    ended = installed.run(script, "run", "--", python, "-c", "")

    assert ended.returncode == 0, ended.stderr
    assert "unguarded" not in installed.who_ran_it()


def test_without_the_guard_the_start_up_file_does_run(installed):
    """The telltale works: a plain start of the interpreter runs it."""
    installed.hostile(installed.environment.site_packages, "-a.pth")

    installed.run(installed.environment.python, "-c", "")

    assert installed.who_ran_it() == {"unguarded"}


def test_a_start_up_file_of_the_user_site_never_runs_unguarded(tmp_path, interpreter):
    """The user's site directory comes before the environment's own, and still not before the guard."""
    home = tmp_path / "home"
    user_site = home / ".local" / "lib" / f"python{interpreter.version}" / "site-packages"
    user_site.mkdir(parents=True)
    environment = envs.create(tmp_path / "env", interpreter, system_site=True)
    _put_package(environment.site_packages)
    _put_script(environment.path / "bin")
    installed = Installed(environment, home)
    installed.hostile(user_site, "-a.pth")

    ended = installed.run(environment.command("importguard"), "run", "--", environment.python, "-c", "")

    assert ended.returncode == 0, ended.stderr
    assert "unguarded" not in installed.who_ran_it()


def test_a_hostile_module_name_shadows_nothing(installed):
    """Names that the standard library tries, and its own, are not looked up in the environment by the launcher."""
    for name in STDLIB_GUESSES:
        installed.hostile(installed.environment.site_packages, f"{name}.py")

    ended = installed.run(installed.environment.command("importguard"), "doctor", "--json")

    assert json.loads(ended.stdout)["checks"]
    assert installed.who_ran_it() == set()


def test_a_symbolic_link_to_the_script_finds_its_environment(installed):
    """As pipx and uv put it into ~/.local/bin."""
    link = installed.home / "importguard"
    link.symlink_to(installed.environment.command("importguard"))

    assert installed.run(link, "--version").stdout.startswith("importguard ")


def test_a_script_without_a_python_beside_it_uses_the_one_on_the_path(installed, interpreter):
    """As in ~/.local/bin after `pip install --user`: the interpreter's version says which one fits."""
    base = installed.home / ".local"
    site = base / "lib" / f"python{interpreter.version}" / "site-packages"
    site.mkdir(parents=True)
    _put_package(site)
    script = _put_script(base / "bin")

    ended = installed.run(script, "--version", path=str(interpreter.path.parent))

    assert ended.stdout.startswith("importguard "), ended.stderr


def test_a_script_without_any_fitting_python_says_so(installed):
    """One line and exit status 3."""
    base = installed.home / ".local"
    site = base / "lib" / "python3.99" / "site-packages"
    site.mkdir(parents=True)
    _put_package(site)
    script = _put_script(base / "bin")

    ended = installed.run(script, "--version")

    assert ended.returncode == 3
    assert ended.stderr.count("\n") == 1 and ended.stderr.startswith("importguard IG303: ")


@pytest.mark.parametrize("name", ["project", "my project", "my-#1-project's"])
def test_an_editable_install_runs_the_project_s_folder(installed, tmp_path, name):
    """direct_url.json names the folder, blanks and all; no .pth is read to find it."""
    project = tmp_path / name
    project.mkdir()
    (project / "importguard").symlink_to(ROOT / "importguard")
    site = installed.environment.site_packages
    shutil.rmtree(site / "importguard")
    info = site / "importguard-0.1.0.dist-info"
    info.mkdir()
    url = project.as_uri()
    (info / "direct_url.json").write_text(json.dumps({"dir_info": {"editable": True}, "url": url}))
    installed.hostile(site, "__editable__.importguard-0.1.0.pth")

    ended = installed.run(installed.environment.command("importguard"), "--version")

    assert ended.stdout.startswith("importguard "), ended.stderr
    assert installed.who_ran_it() == set()


def test_the_checkout_s_own_script_works(installed, interpreter):
    """scripts/importguard beside importguard/, with any Python from 3.11 on the path."""
    ended = installed.run(ROOT / "scripts" / "importguard", "--version", path=str(interpreter.path.parent))

    assert ended.stdout.startswith("importguard "), ended.stderr


def test_the_module_refuses_to_run_behind_an_unknown_start_up_file(installed):
    """`python -m importguard run` came too late, names the file, and starts nothing."""
    installed.hostile(installed.environment.site_packages, "-a.pth")

    ended = installed.run(installed.environment.python, "-m", "importguard", "run", "--", "touch", "started")

    assert ended.returncode == 3
    assert "-a.pth" in ended.stderr and ended.stderr.count("\n") == 1
    assert not (installed.home / "started").exists()


def test_the_module_works_for_what_need_not_be_first(installed):
    """The same environment, another command."""
    installed.hostile(installed.environment.site_packages, "-a.pth")

    ended = installed.run(installed.environment.python, "-m", "importguard", "--version")

    assert ended.returncode == 0


@pytest.mark.parametrize("closed", ["0", "1", "2"])
def test_a_closed_standard_descriptor_breaks_nothing(installed, closed):
    """No file that importguard opens becomes the command's standard input, output or error."""
    script = installed.environment.command("importguard")
    probe = f"import os\ntry: os.fstat({closed})\nexcept OSError: os._exit(17)"
    line = f'exec "$@" {closed}>&-'

    ended = installed.run("/bin/sh", "-c", line, "sh", script, "run", "--", sys.executable, "-S", "-c", probe)

    assert ended.returncode == 17, ended.stderr
