"""Which start-up files run before a given one: checked against the order in which interpreters really run them."""

import os
import subprocess

import pytest
from support import envs

from importguard.startupfiles import early, order

NAMES = ["\x01ctl", " space", "!", "#", "-a", "00_", "AAA", "__editable__x", "a-", "distutils-precedence", "zzz", "é"]


def note(mark):
    return f"import os; os.write(1, {(mark + chr(10)).encode()!r})\n"


def test_files_are_listed_in_the_order_in_which_they_run(tmp_path, any_interpreter):
    """Byte order inside a folder, then sitecustomize, whatever the names are."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    for name in NAMES:
        (environment.site_packages / f"{name}.pth").write_text(note(ascii(name)), encoding="utf-8")
    (environment.site_packages / "sitecustomize.py").write_text(note("custom"))

    done = subprocess.run([environment.python, "-c", ""], capture_output=True, text=True, timeout=60)

    ran = list(dict.fromkeys(done.stdout.splitlines()))
    found = order.scan([str(environment.site_packages)], lambda path: "")
    listed = [ascii(file.name.removesuffix(".pth")) if file.kind == "pth" else "custom" for file in found]
    if "custom" not in ran:
        listed.remove("custom")  # the system's own sitecustomize shadows it
    assert listed == ran


def test_the_folders_count_before_the_names(tmp_path):
    """User site comes first, so even its last name runs before the other folder's first."""
    user, site = tmp_path / "user", tmp_path / "site"
    for folder, name in ((user, "zzz.pth"), (site, "!own.pth"), (site, "aaa.pth")):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(note(name))

    files = order.scan([str(user), str(site)], lambda path: "")
    before = order.ran_before(files, (str(site / "!own.pth"),), (3, 11))

    assert [file.path for file in before] == [str(user / "zzz.pth")]
    assert early.before((str(user), str(site)), "!own.pth") == (str(user / "zzz.pth"),)


def test_a_start_file_runs_before_nothing_on_versions_that_ignore_it(tmp_path):
    """A .start file is listed everywhere, and counted as run only from 3.15 on."""
    (tmp_path / "!a.start").write_text("package:go\n")
    (tmp_path / "!own.pth").write_text(note("own"))

    files = order.scan([str(tmp_path)], lambda path: "")
    own = (str(tmp_path / "!own.pth"),)

    assert [file.kind for file in order.ran_before(files, own, (3, 15))] == ["start"]
    assert order.ran_before(files, own, (3, 14)) == []


def test_lines_that_were_known_are_not_reported_early(tmp_path):
    """The hook leaves out what was approved, and only whole lines of it."""
    (tmp_path / "!a.pth").write_text("import known\n")
    (tmp_path / "!b.pth").write_text("import known; evil()\n")
    (tmp_path / "!c.pth").write_text("import known\x0cimport evil\n")
    (tmp_path / "!d.pth").write_text("/only/a/path\n")

    found = early.before((str(tmp_path),), "!z.pth", ("import known",))

    assert [path.rpartition("/")[2] for path in found] == ["!b.pth", "!c.pth"]


@pytest.mark.parametrize("make", ["fifo", "folder", "dangling link"])
def test_a_start_up_file_that_is_none_stops_nothing(tmp_path, make):
    """A pipe, a folder or a dangling link with the name of a start-up file neither blocks nor fails."""
    path = tmp_path / "!x.pth"
    {"fifo": os.mkfifo, "folder": os.mkdir, "dangling link": lambda path: os.symlink("/nowhere", path)}[make](path)

    assert early.before((str(tmp_path),), "!z.pth") == ()
    assert all("can't be read" in file.lines[0][1] for file in order.scan([str(tmp_path)], lambda path: ""))


def test_the_owner_is_whoever_record_says(tmp_path):
    """Each file carries the distribution that owns it, or nobody."""
    (tmp_path / "a.pth").write_text(note("a"))
    (tmp_path / "usercustomize.py").write_text("")

    files = order.scan([str(tmp_path)], {str(tmp_path / "a.pth"): "alpha"}.get)

    assert [(file.name, file.owner or "", file.kind) for file in files] == [
        ("a.pth", "alpha", "pth"),
        ("usercustomize.py", "", "usercustomize"),
    ]
