"""Which lines of a start-up file are executed: checked against what interpreters really run."""

import subprocess

import pytest
from support import envs

from importguard.startupfiles import parse

TOUCH = "import os; os.write(1, b'{mark} ')"
FILES = {
    "plain": TOUCH.format(mark="plain") + "\n",
    "tab": TOUCH.format(mark="tab").replace("import ", "import\t", 1) + "\n",
    "no-newline": TOUCH.format(mark="no-newline"),
    "comment": "# " + TOUCH.format(mark="comment") + "\n",
    "indented": " " + TOUCH.format(mark="indented") + "\n",
    "from": "from os import write; write(1, b'from ')\n",
    "byte-order-mark": "\ufeff" + TOUCH.format(mark="byte-order-mark") + "\n",
    "carriage-return": "# x\r" + TOUCH.format(mark="carriage-return") + "\r",
    "form-feed": "# x\x0c" + TOUCH.format(mark="form-feed") + "\n",
    "line-separator": "nowhere\u2028" + TOUCH.format(mark="line-separator") + "\n",
    "next-line": "nowhere\x85" + TOUCH.format(mark="next-line") + "\n",
    "two": TOUCH.format(mark="two-1") + "\nnowhere\n" + TOUCH.format(mark="two-2") + "\n",
}


@pytest.fixture(scope="module")
def environment(any_interpreter, tmp_path_factory):
    return envs.create(tmp_path_factory.mktemp("pth") / "env", any_interpreter)


@pytest.mark.parametrize("name", FILES)
def test_the_lines_that_are_found_are_the_lines_that_run(environment, name):
    """A line is reported as executed exactly when this version's site executes it."""
    data = FILES[name].encode()
    path = environment.site_packages / "probe.pth"
    path.write_bytes(data)
    version = tuple(map(int, environment.interpreter.version.split(".")))

    ran = set(_output(environment).split())

    found = parse.executable_lines(data, version)
    assert {text.split("b'")[1].split()[0] for _, text in found} == ran
    assert set(found) <= set(parse.executable_lines(data))


def test_a_hidden_file_is_skipped_only_where_site_skips_it(environment):
    """A dot file counts as a start-up file wherever an interpreter runs it."""
    path = environment.site_packages / ".hidden.pth"
    path.write_text(FILES["plain"])
    version = tuple(map(int, environment.interpreter.version.split(".")))

    ran = "plain" in _output(environment)

    path.unlink()
    assert not (ran and parse.is_hidden(".hidden.pth", version))


def test_bytes_that_are_no_utf_8_hide_no_line():
    """A file that can't be decoded still shows its executable lines."""
    lines = parse.executable_lines(b"\xff\xfe nowhere\nimport os # \xff\n")

    assert [number for number, _ in lines] == [2]


def test_entry_points_of_a_start_file_are_found():
    """Comments and blank lines of a .start file are none; everything else is reported, valid or not."""
    data = b"\xef\xbb\xbf# why\n\npackage.module:start\n  other:go  \nnot an entry point\n"

    assert parse.entry_points(data) == ((3, "package.module:start"), (4, "other:go"), (5, "not an entry point"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x.pth", "pth"),
        ("x.start", "start"),
        ("sitecustomize.py", "sitecustomize"),
        ("sitecustomize", "sitecustomize"),
        ("sitecustomize.cpython-311-x86_64-linux-gnu.so", "sitecustomize"),
        ("usercustomize.pyc", "usercustomize"),
        ("sitecustomize_notes.py", ""),
        ("sitecustomize.py.bak", ""),
        ("x.pth.disabled", ""),
    ],
)
def test_the_name_says_which_kind_of_start_up_file_it_is(name, kind):
    """Every form in which Python would import or read a start-up file is one; look-alikes are none."""
    assert parse.kind_of(name) == kind


def _output(environment):
    done = subprocess.run([environment.python, "-c", ""], capture_output=True, text=True, timeout=60)
    assert "Error processing" not in done.stderr
    return done.stdout
