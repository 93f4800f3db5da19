"""Whatever the core in C is given to read, it answers or refuses, and never crashes. Seeded: what was found is found again."""

import programs
import pytest

FUZZ = """
import fuzz
for name, kind in fuzz.KINDS.items():
    if name in sys.argv[2:]:
        kind(int(sys.argv[2]))
        print("done", name)
"""
INSTALLING = """
import installing
print(installing.unexpected(installing.attempt_all(int(sys.argv[2]), int(sys.argv[3]))))
"""


@pytest.mark.parametrize("kind", ["events", "beside", "flat_tables", "mappings", "ledgers"])
def test_what_nobody_expects(kind, is_thorough, any_interpreter, tmp_path):
    """Arguments of events, what is asked beside them, tables, mappings, ledgers: an answer or an exception of the usual kinds."""
    many = {"events": 10_000, "mappings": 4000}.get(kind, 40_000) if is_thorough else 40 if kind == "mappings" else 300

    assert programs.run(any_interpreter, tmp_path, FUZZ, many, kind) == f"done {kind}\n"


def test_parts_of_any_type(is_thorough, any_interpreter, tmp_path):
    """install() with something strange in the place of each part in turn: an exception, or a core that goes on."""
    numbers = (0, 200) if is_thorough else (0, 4)

    assert programs.run(any_interpreter, tmp_path, INSTALLING, *numbers) == "({}, [], [])\n"
