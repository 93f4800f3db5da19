"""An enabled environment is guarded by itself, and a disabled one is as it was before."""

import json
import os
import shutil

import pytest
from support import envs
from support.enabled import PROJECT, World, picture

PREVIOUS = (
    "import os\nos.write(1, b'previous ' + __file__.rpartition('/')[2].encode() + b' ' + __name__.encode() + b'\\n')\n"
)


def test_an_enabled_environment_stops_a_start_up_file_that_spawns(tmp_path, any_interpreter):
    """The start-up file runs its program before, and doesn't while the environment is enabled."""
    world = World(envs.create(tmp_path / "env", any_interpreter), tmp_path)
    canary = world.spawns_at_startup()
    world.python("-c", "")
    assert canary.exists()
    canary.unlink()

    enabled = world.importguard("enable")
    done = world.python("-c", "print('fine')")

    assert (enabled.returncode, enabled.stderr) == (0, "")
    assert done.stdout == "fine\n"
    assert not canary.exists()
    assert "IG201: denied" in done.stderr
    assert "zzz_spawns.pth" in done.stderr


@pytest.mark.parametrize("flags", [(), ("-I",), ("-E",), ("-s",)])
def test_no_flag_but_no_site_leaves_the_hook_out(world, flags):
    """The hook arms under every interpreter option that still runs start-up files."""
    world.importguard("enable")

    done = world.python(*flags, "-c", "import sys; print('importguard.guard' in sys.modules)")

    assert done.stdout == "True\n", done.stderr


def test_an_interpreter_below_a_shell_is_guarded_without_its_site(world):
    """`-I -S` overlooks the hook and PYTHONPATH: what an enabled environment starts is reached by the preload all the same."""
    inner = "import sys; print('importguard.guard' in sys.modules)"
    world.importguard("enable")

    done = world.python("-c", f"import os, sys; os.environ['INNER'] = {inner!r}; os.system(f'{{sys.executable}} -I -S -c \"$INNER\"')")

    assert done.stdout == "True\n", done.stderr


def test_disable_leaves_nothing_behind(world):
    """After enable, some starts and disable, every file and folder is what it was."""
    before = picture(world.site)

    world.importguard("enable")
    assert picture(world.site) != before
    world.python("-c", "")
    disabled = world.importguard("disable")

    assert (disabled.returncode, disabled.stderr) == (0, "")
    assert picture(world.site) == before


def test_disable_restores_a_sitecustomize_byte_for_byte(world):
    """A sitecustomize.py that was there comes back with its bytes, time, mode and compiled file."""
    custom = world.site / "sitecustomize.py"
    custom.write_bytes(PREVIOUS.encode() + b"# \xc3\xa9\r\n")
    custom.chmod(0o640)
    os.utime(custom, ns=(1_500_000_000_123_456_789, 1_500_000_000_123_456_789))
    world.python("-c", "")
    before, inode = picture(world.site), custom.stat().st_ino

    world.importguard("enable")
    world.python("-c", "")
    world.importguard("enable")
    world.python("-c", "")
    world.importguard("disable")

    assert picture(world.site) == before
    assert custom.stat().st_ino == inode


def test_the_previous_sitecustomize_still_runs(world):
    """An enabled environment runs the sitecustomize that it had, under its own name and file, once."""
    custom = world.site / "sitecustomize.py"
    custom.write_text(PREVIOUS)
    assert world.python("-c", "").stdout == "previous sitecustomize.py sitecustomize\n", "the system has one of its own"

    world.importguard("enable")
    done = world.python("-c", "import sitecustomize; print(sorted(set(dir(sitecustomize)) & {'os', '_importguard'}))")

    assert done.stdout == "previous sitecustomize.py sitecustomize\n['os']\n"


def test_a_sitecustomize_further_down_the_path_still_runs(world):
    """One that lies behind the site directory on sys.path isn't shadowed."""
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "sitecustomize.py").write_text(PREVIOUS)
    (world.site / "elsewhere.pth").write_text(f"{elsewhere}\n")
    assert world.python("-c", "").stdout == "previous sitecustomize.py sitecustomize\n"

    world.importguard("enable")

    done = world.python("-c", "import sitecustomize; print(sitecustomize.__file__)")
    assert done.stdout == f"previous sitecustomize.py sitecustomize\n{elsewhere}/sitecustomize.py\n"


def test_a_sitecustomize_that_is_a_package_is_left_alone(world):
    """What Python would prefer to a sitecustomize.py is not replaced; the .pth file arms."""
    (world.site / "sitecustomize").mkdir()
    (world.site / "sitecustomize" / "__init__.py").write_text("import os; os.write(1, b'package\\n')")

    world.importguard("enable")
    done = world.python("-c", "import sys; print('importguard.guard' in sys.modules)")

    assert done.stdout == "package\nTrue\n"
    assert not (world.site / "sitecustomize.py").exists()


def test_enabling_twice_is_enabling_once(world):
    """The second time changes nothing but the time of what was compiled, and disable still restores."""
    before = picture(world.site)
    world.importguard("enable")
    names = set(picture(world.site))

    again = world.importguard("enable")

    assert again.returncode == 0
    assert set(picture(world.site)) == names
    world.importguard("disable")
    assert picture(world.site) == before


def test_disabling_what_was_never_enabled_is_fine(world):
    """There is nothing to do, and nothing is done."""
    before = picture(world.site)

    done = world.importguard("disable")

    assert done.returncode == 0
    assert picture(world.site) == before


@pytest.mark.parametrize("name", ["sitecustomize.py", "!importguard.pth", "_importguard/__init__.py"])
def test_a_file_that_was_changed_since_is_not_deleted(world, name):
    """disable names the file and changes nothing; so does enable."""
    world.importguard("enable")
    with (world.site / name).open("a") as file:
        file.write("# mine\n")
    before = picture(world.site)

    for command in ("disable", "enable"):
        done = world.importguard(command)
        assert done.returncode == 2
        assert name in done.stderr
        assert len(done.stderr.splitlines()) == 1

    assert picture(world.site) == before


def test_a_file_of_somebody_else_in_the_folder_is_not_deleted(world):
    """What the hook's folder holds beside our files is named, not removed."""
    world.importguard("enable")
    (world.site / "_importguard" / "notes.txt").write_text("mine")

    done = world.importguard("disable")

    assert done.returncode == 2
    assert "notes.txt" in done.stderr


@pytest.mark.parametrize("gone", ["_importguard", "_importguard/session.bin"])
def test_an_interpreter_whose_hook_is_gone_does_not_start(world, gone):
    """One line on standard error and exit 3, rather than a start without the guard."""
    world.importguard("enable")
    path = world.site / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    done = world.python("-c", "print('started')")

    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert "IG301" in done.stderr


def test_an_interpreter_whose_importguard_is_gone_does_not_start(world):
    """The hook fails closed when the package that it arms with was removed."""
    package = world.folder / "package"
    shutil.copytree(PROJECT / "importguard", package / "importguard", ignore=shutil.ignore_patterns("__pycache__"))
    done = world.importguard("enable", project=package)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(package)

    done = world.python("-c", "print('started')")

    assert (done.returncode, done.stdout) == (3, "")
    assert "IG301" in done.stderr
    assert world.python("-c", "print('started')", IMPORTGUARD="off").stdout == "started\n"


def test_off_starts_without_the_guard(world):
    """IMPORTGUARD=off is the way out, and the previous sitecustomize runs all the same."""
    (world.site / "sitecustomize.py").write_text(PREVIOUS)
    world.importguard("enable")

    done = world.python("-c", "import sys; print('importguard' in sys.modules)", IMPORTGUARD="off")

    assert done.stdout == "previous sitecustomize.py sitecustomize\nFalse\n"


def test_a_mode_that_is_none_starts_nothing(world):
    """A typing error in IMPORTGUARD doesn't switch the guard off."""
    world.importguard("enable")

    done = world.python("-c", "print('started')", IMPORTGUARD="of")

    assert (done.returncode, done.stdout) == (3, "")
    assert "'of'" in done.stderr


def test_observe_lets_happen(world):
    """IMPORTGUARD=observe overrides the mode that was compiled in."""
    canary = world.spawns_at_startup()
    world.importguard("enable")

    world.python("-c", "", IMPORTGUARD="observe")

    assert canary.exists()


def test_records_go_to_the_file_that_was_named(world):
    """With --records an enabled environment appends its records there."""
    records = world.folder / "records.jsonl"
    world.importguard("enable", "--records", str(records))

    world.python("-c", "")

    events = [json.loads(line)["event"] for line in records.read_text().splitlines()]
    assert events[0] == "armed"


def test_names_of_descriptors_make_no_files(world):
    """`-` is standard error, where denials go, and `fd:N` is refused, since no two starts have the same descriptors."""
    before = set(world.folder.iterdir())

    refused = world.importguard("enable", "--records", "fd:3")
    world.importguard("enable", "--records", "-")
    world.python("-c", "")

    assert (refused.returncode, "descriptors differ" in refused.stderr) == (2, True), refused.stderr
    assert world.importguard("status").returncode == 0
    assert not {path.name for path in set(world.folder.iterdir()) - before} & {"-", "fd:3"}


def test_what_ran_before_the_guard_is_recorded_at_arming(world):
    """A start-up file whose name sorts earlier runs unguarded, and the first thing that the guard says is that."""
    records = world.folder / "records.jsonl"
    world.importguard("enable", "--records", str(records))
    canary = world.spawns_at_startup("!early.pth")

    world.python("-c", "")

    said = [json.loads(line) for line in records.read_text().splitlines()]
    assert canary.exists()
    assert [line["reason"] for line in said if line["event"] == "degraded"] == [
        f"start-up files ran before the guard: '{world.site}/!early.pth'"
    ]


def test_a_policy_that_refuses_start_up_files_starts_nothing_behind_one(world):
    """Under strict an interpreter in which something ran before the guard ends there."""
    policy = world.folder / "strict.toml"
    policy.write_text("version = 1\nextends = 'strict'\n")
    world.importguard("enable", "--policy", str(policy))
    world.spawns_at_startup("!early.pth")

    done = world.python("-c", "print('started')")

    assert (done.returncode, done.stdout) == (3, "")
    assert "!early.pth" in done.stderr


def test_a_bad_policy_enables_nothing(world):
    """An unknown key is named with its line, and the environment stays as it was."""
    policy = world.folder / "bad.toml"
    policy.write_text("version = 1\nmodus = 'enforce'\n")
    before = picture(world.site)

    done = world.importguard("enable", "--policy", str(policy))

    assert done.returncode == 2
    assert "bad.toml:2" in done.stderr
    assert picture(world.site) == before


@pytest.mark.parametrize("wrong", ["nowhere/python", "empty", "text"])
@pytest.mark.parametrize("command", ["enable", "disable", "status", "audit"])
def test_an_interpreter_that_is_none_gets_one_line(world, command, wrong):
    """What can't be looked at is exit 2 and one line that names it."""
    (world.folder / "empty").mkdir()
    (world.folder / "text").write_text("no program")

    done = world.importguard(command, python=world.folder / wrong)

    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(world.folder / wrong) in done.stderr
