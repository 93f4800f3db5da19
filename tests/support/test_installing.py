"""Plain wheels are installed without pip: what that leaves in an environment is what pip leaves."""

import csv
import json

import pytest

from support import envs, installing, wheels

PLAIN = wheels.Wheel(
    "Acme.plain",
    "1.0",
    {
        "acme_plain/__init__.py": "GREETING = 'hello'\n",
        "acme_plain/data/note.txt": "a note\n",
        "acme_plain/broken.py": "def broken(:\n",
        "acme_plain.pth": "import acme_plain\n",
        "acme_deep.py": "import warnings\nassert (1, 'always')\n",
    },
    commands={"acme-greet": "acme_plain:print"},
    scripts={"acme-script": "#!python\nprint('script')\n"},
    meta={"licenses/LICENSE": "none\n"},
)


def described(environment):
    """Return every file with its mode and, where that says the same of two environments, its content."""
    found = {}
    for path in sorted(environment.path.rglob("*")):
        name = str(path.relative_to(environment.path))
        if path.is_file() and not path.is_symlink() and name != "pyvenv.cfg" and not name.startswith("bin/activate"):
            is_alike = path.suffix != ".pyc" and path.parent.name != "bin" and path.name not in ("RECORD", "direct_url.json")
            found[name] = path.stat().st_mode, path.read_bytes() if is_alike else None
    return found


def records(environment):
    """Return what RECORD says, without the digests of what names a folder of the environment."""
    [path] = environment.site_packages.glob("*.dist-info/RECORD")
    rows = sorted(csv.reader(path.read_text().splitlines()))
    return [row[:1] if "/bin/" in row[0] or "direct_url" in row[0] else row for row in rows]


@pytest.fixture
def both(any_interpreter, tmp_path):
    """Two environments with the same wheel: installed here, and by pip."""
    made = envs.create(tmp_path / "here", any_interpreter)
    by_pip = envs.create(tmp_path / "pip", any_interpreter)
    path = wheels.build(PLAIN, tmp_path, any_interpreter)
    installing.install(made, path)
    envs.pip(by_pip, "install", "--no-index", "--no-deps", path)
    return made, by_pip


def test_an_environment_with_a_plain_wheel(both):
    """The same files with the same contents and modes, the same RECORD, and the same origin."""
    here, by_pip = both

    assert described(here) == described(by_pip)
    assert records(here) == records(by_pip)
    origins = [json.loads(next(made.site_packages.glob("*/direct_url.json")).read_text()) for made in both]
    assert origins[0] == origins[1]


def test_what_is_left_to_pip(empty_environment, tmp_path):
    """What is there already, and bytecode that a wheel brings along."""
    here = envs.copy(empty_environment, tmp_path / "env")
    envs.install(here, PLAIN, folder=tmp_path)

    assert not installing.is_plain(here, wheels.Wheel("acme-plain", "2.0", {}))
    assert not installing.is_plain(here, wheels.Wheel("acme", "1.0", {"__pycache__/acme.cpython-311.pyc": b""}))
    assert installing.is_plain(here, wheels.Wheel("acme", "1.0", {"acme.py": ""}))
