"""The database answers by PEP 503 and PEP 440, detects damage, and needs nothing that a program can take away."""

import os
import pathlib
import subprocess
import sys

import pytest

from importguard import errors
from importguard.advisories import database, mapped

OPENERS = pytest.mark.parametrize("opener", [database.open, mapped.open], ids=["file", "mapped"])
LOADED = """
import sys
before = set(sys.modules)
import importguard.advisories.database
print(*sorted(name for name in set(sys.modules) - before if not name.startswith("importguard")
      and name not in sys.builtin_module_names))
"""


@OPENERS
@pytest.mark.parametrize("name", ["My.Evil_Package", "my-evil-package", "MY--EVIL.-PACKAGE"])
@pytest.mark.parametrize("version", ["1.0", "1", "1.0.0", "v1.0", " 1.0 ", "1.0+local", "2.0a1", "2.0.alpha-1"])
def test_a_listed_version_however_it_is_written(opener, name, version, record, database_file):
    """It is found by any spelling of its name and version, and is to be blocked."""
    path = database_file(record("my_evil.package", versions=["1.0", "2.0a1"]))

    found = opener(path).lookup(name, version)

    assert (found.verdict, found.ids, found.scope, found.source) == ("block", ("MAL-2026-1",), "versions", "test")


@OPENERS
@pytest.mark.parametrize("version", ["0.9", "1.0.1", "1.0.post1", "1.0rc1", "1.0.dev0", "2.0"])
def test_another_version_of_a_listed_name(opener, version, record, database_file):
    """It is not affected: only listed versions are."""
    assert opener(database_file(record(versions=["1.0"]))).lookup("evil", version) is None


@OPENERS
def test_a_name_that_is_not_listed(opener, record, database_file):
    """It is not found, nor is one that merely begins or ends like a listed one."""
    opened = opener(database_file(record(versions=["1.0"])))

    for name in ("evi", "evil2", "vil", "", "evil\x1e0", "\udcff", "ünï"):
        assert opened.lookup(name, "1.0") is None


@OPENERS
@pytest.mark.parametrize("version", ["0", "1.0", "99!1", "no version at all", ""])
def test_a_name_all_of_whose_versions_are_listed(opener, version, record, database_file):
    """Every version is to be blocked, also one that can't be told."""
    found = opener(database_file(record(ranges=[[{"introduced": "0"}]]))).lookup("evil", version)

    assert (found.scope, found.verdict) == ("all", "block")


@OPENERS
@pytest.mark.parametrize("rest", [{}, {"versions": []}, {"versions": None, "ranges": []}])
def test_a_name_without_versions(opener, rest, record, database_file):
    """It only warns: no versions never means all versions."""
    found = opener(database_file(record(**rest))).lookup("evil", "1.0")

    assert (found.scope, found.verdict) == ("unknown", "warn")


@OPENERS
@pytest.mark.parametrize("version", ["", "2004d-unknown"])
def test_an_installed_version_that_can_not_be_compared(opener, version, record, database_file):
    """It only warns where it might be an affected one."""
    path = database_file(record(versions=["1.0"], ranges=[[{"introduced": "2"}, {"fixed": "3"}]]))

    found = opener(path).lookup("evil", version)

    assert (found.scope, found.verdict) == ("unknown", "warn")


@OPENERS
def test_a_listed_version_that_is_none_of_pep_440(opener, record, database_file):
    """It is found by its text."""
    assert opener(database_file(record(versions=["2004D"]))).lookup("evil", "2004d").verdict == "block"


def test_several_records_of_one_name(record, database_file):
    """Each keeps its own versions, and the strongest verdict counts."""
    first = record(identifier="MAL-1", versions=["1.0"])
    second = record(identifier="MAL-2", versions=["2.0"])
    opened = database.open(database_file(first, second, record(identifier="MAL-3")))

    found = [opened.lookup("evil", version) for version in ("1.0", "2.0", "3.0")]

    assert [entry.ids for entry in found] == [("MAL-1",), ("MAL-2",), ("MAL-3",)]
    assert [entry.verdict for entry in found] == ["block", "block", "warn"]


@OPENERS
def test_a_file_cut_at_any_length(opener, record, database_file, tmp_path):
    """It is refused at opening, with file, offset and reason."""
    whole = pathlib.Path(database_file(record(versions=["1.0"]))).read_bytes()
    cut = tmp_path / "cut.db"

    for length in (*range(100), *range(100, len(whole), 37), len(whole) - 1):
        cut.write_bytes(whole[:length])
        with pytest.raises(errors.AdvisoryError, match=r"cut\.db': offset \d+: truncated"):
            opener(str(cut))


@OPENERS
@pytest.mark.parametrize(
    "content", [b"#!/bin/sh\n", b'{"id": "MAL-1"}' * 100, b"PK\x03\x04" + bytes(500), b"IGADVIS\x02" + bytes(500)]
)
def test_a_foreign_file(opener, content, tmp_path):
    """It is refused at opening as no database."""
    path = tmp_path / "foreign.db"
    path.write_bytes(content)

    with pytest.raises(errors.AdvisoryError, match="offset 0: not an advisory database"):
        opener(str(path))


@OPENERS
@pytest.mark.parametrize("path", ["/nonexistent/advisories.db", "/", "/dev/null", "fifo"])
def test_what_is_no_regular_file(opener, path, tmp_path):
    """It is refused at once, without waiting for a writer."""
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(errors.AdvisoryError, match="No such file|not a regular file"):
        opener(str(tmp_path / path))


def test_any_flipped_byte(record, database_file, tmp_path):
    """It is found at opening, at the lookup that reads it or by the checksum, and never changes an answer."""
    records = [record(f"evil{number}", f"MAL-{number}", versions=["1.0"]) for number in range(5)]
    whole = bytearray(pathlib.Path(database_file(*records)).read_bytes())
    damaged = tmp_path / "damaged.db"

    for offset in range(len(whole)):
        whole[offset] ^= 0x41
        damaged.write_bytes(whole)
        whole[offset] ^= 0x41
        assert answers(str(damaged)) <= {"MAL-0", "MAL-1", "MAL-2", "MAL-3", "MAL-4", "refused"}
        with pytest.raises(errors.AdvisoryError):
            mapped.open(str(damaged)).verify()


def answers(path):
    found = set()
    for number in range(5):
        try:
            advisory = database.open(path).lookup(f"evil{number}", "1.0")
        except errors.AdvisoryError:
            found.add("refused")
        else:
            found.add(advisory and advisory.ids[0])
    return found


def test_a_database_that_is_replaced_while_it_is_open(record, database_file):
    """The next lookup answers from the new file."""
    opened = database.open(database_file(record(versions=["1.0"])))
    before = opened.lookup("evil", "1.0")

    database_file(record("other", versions=["1.0"]))

    assert before is not None
    assert opened.lookup("evil", "1.0") is None
    assert opened.lookup("other", "1.0") is not None


def test_a_database_that_is_removed_while_it_is_open(record, database_file):
    """The next lookup is refused rather than answered with nothing."""
    path = database_file(record(versions=["1.0"]))
    opened = database.open(path)

    os.unlink(path)

    with pytest.raises(errors.AdvisoryError, match="No such file"):
        opened.lookup("evil", "1.0")


def test_descriptors(record, database_file):
    """Neither an open database nor a refused one holds any."""
    before = set(os.listdir("/proc/self/fd"))

    opened = database.open(database_file(record(versions=["1.0"])))
    opened.lookup("evil", "1.0")
    with pytest.raises(errors.AdvisoryError):
        database.open("/dev/null")

    assert set(os.listdir("/proc/self/fd")) == before


def test_what_it_loads():
    """Nothing beyond importguard and modules that are built into the interpreter."""
    command = [sys.executable, "-S", "-c", LOADED]
    ran = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": os.pathsep.join(sys.path)})

    assert (ran.stdout.split(), ran.stderr) == ([], "")


def test_every_name_of_the_bundled_database():
    """A mapped file gives the same answers as one that is read."""
    one, other = database.open(), mapped.open()

    for name in ("litellm", "ctx", "numpy", "requests", "torchtriton", "123bla"):
        assert one.entries(name) == other.entries(name)


def test_a_record_that_a_later_database_withdrew(record, database_file):
    """It counts no longer; records of other ids do."""
    first, second = record(identifier="MAL-1", versions=["1"]), record(identifier="MAL-2", versions=["2"])
    old = database_file(first, second, name="old.db")
    new = database_file(first | {"withdrawn": "2026-02-01T00:00:00Z"}, name="new.db")

    both = database.Databases([database.open(old), database.open(new)])

    assert both.lookup("evil", "1") is None
    assert both.lookup("evil", "2").verdict == "block"


def test_versions_that_a_later_database_knows(record, database_file):
    """They stand in place of the warning for every version; what was known exactly before stays."""
    exact = record(identifier="MAL-2", versions=["5"])
    old = database_file(record(identifier="MAL-1"), exact, name="old.db")
    new = database_file(record(identifier="MAL-1", versions=["1"]), exact, name="new.db")

    both = database.Databases([database.open(old), database.open(new)])

    assert [version for version in "1234567" if both.lookup("evil", version)] == ["1", "5"]
