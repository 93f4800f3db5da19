"""Which core is taken, and what is said when it isn't the one that was wanted."""

import shutil
from pathlib import Path

import pytest
from support import guarded

from importguard import core


def test_a_core_that_is_demanded_and_missing_is_refused(tmp_path):
    """`c` never falls back: the reason is in the error."""
    with pytest.raises(ValueError, match="demanded and can't be had: not built for this CPython"):
        core.choose("c", str(tmp_path))


def test_the_core_in_python_takes_over_with_a_reason(tmp_path):
    """`auto` says in `missing` why it isn't the one in C."""
    shutil.copytree(Path(core.__file__).parent, tmp_path / "core", ignore=shutil.ignore_patterns("*.so"))
    chosen = core.choose("auto", str(tmp_path))

    assert chosen.name == "py"
    assert "not built for this CPython" in chosen.missing


@pytest.mark.parametrize("wanted", ["c", "py"])
def test_the_record_names_the_core(world, wanted):
    """`armed` says which core watches the process; nothing is missing when it is the one that was asked for."""
    outcome = guarded.run(world, [world.environment.python, "-c", "pass"], options=("--core", wanted))

    (armed,) = [record for record in outcome.records if record["event"] == "armed"]
    assert (armed["core"], armed["missing"]) == (wanted, []), outcome.story()


def test_frames_are_read_the_same_by_either_api(world):
    """The interpreter's own frames and the public ones show the same code, deep in generators, callbacks and classes."""
    program = (
        "import sys\nsys.path.insert(0, sys.argv[1])\n"
        "from importguard import core\nimport _imp\n"
        "spec = type(sys.__spec__)('ccore', None, origin=sys.argv[1] + '/importguard/core/ccore' + _imp.extension_suffixes()[0])\n"
        "ccore = _imp.create_dynamic(spec)\n"
        "def look(*_):\n"
        "    own, public = ccore.codes(False), ccore.codes(True)\n"
        "    assert [id(code) for code in own] == [id(code) for code in public] and own, (own, public)\n"
        "    return 1\n"
        "async def wait(): look()\n"
        "class C:\n    seen = look()\n    def __del__(self): look()\n"
        "look(); list(map(look, [1])); next(look() for _ in [1]); sorted([2, 1], key=look); C()\n"
        "try: wait().send(None)\nexcept StopIteration: pass\n"
        "exec('look()'); eval('[look() for _ in (1, 2)]')\n"
        "import threading; t = threading.Thread(target=look); t.start(); t.join()\n"
        "def deep(n): return look() if n == 0 else deep(n - 1)\n"
        "deep(300); print('same')\n"
    )
    package = str(guarded.CHECKOUT_LAUNCHER.parents[2])

    outcome = guarded.run(world, [world.environment.python, "-c", program, package], mode=guarded.UNGUARDED)

    assert outcome.stdout == "same\n", outcome.story()
