"""`importguard advisories` updates in one step or not at all, and its exit status can be scripted against."""

import json
import os
import pathlib
import pwd
import resource
import shutil
import stat
import subprocess
import sys

import pytest

from importguard.advisories import database, documents, locate

COMMAND = [sys.executable, "-c", "import sys; from importguard.cli import main; sys.exit(main.main(sys.argv[1:]))"]
UNSHARE = shutil.which("unshare")
HAS_MOUNTS = UNSHARE and subprocess.run([UNSHARE, "-rm", "true"], capture_output=True).returncode == 0
needs_mounts = pytest.mark.skipif(not HAS_MOUNTS, reason="no mount namespaces on this machine")


@pytest.fixture
def old(advisories, data_home, record, feed):
    """A database that an earlier update wrote; gives its path and its bytes."""
    assert advisories("update", feed(record("old", "MAL-1", versions=["1"]), folder="earlier"))[0] == 0
    return data_home, data_home.read_bytes()


def is_untouched(old):
    """Tell whether the old database is what it was, with nothing left lying beside it."""
    path, data = old
    return path.read_bytes() == data and os.listdir(path.parent) == [path.name]


def test_an_update(advisories, data_home, record, feed):
    """What the feed lists is found afterwards, and so is what ships with importguard."""
    other = record("weak", "GHSA-1", versions=["1"])
    gone = record("gone", "MAL-3", versions=["1"], withdrawn="2026-01-01T00:00:00Z")

    status, out, err = advisories("update", feed(record(versions=["1.0"]), other, gone))

    assert (status, err) == (0, [])
    assert out[0] == "3 records, 1 not about malicious code, 1 withdrawn, 0 refused; 2 advisories"
    assert str(data_home) in out[1]
    assert stat.S_IMODE(data_home.stat().st_mode) == 0o644
    assert locate.active_path() == str(data_home)
    assert [advisories("lookup", text)[0] for text in ("evil==1.0", "litellm==1.82.8")] == [1, 1]
    assert [advisories("lookup", text)[0] for text in ("weak==1", "gone==1")] == [0, 0]


def test_a_second_update(advisories, record, feed, old):
    """It replaces the first one: a record that left the feed leaves the database."""
    assert advisories("update", feed(record("new", "MAL-2", versions=["1"])))[0] == 0

    assert [advisories("lookup", text)[0] for text in ("old==1", "new==1")] == [0, 1]


def test_several_sources(advisories, record, feed):
    """They make one database together."""
    one, two = feed(record("one", "MAL-1"), folder="a"), feed(record("two", "MAL-2"), folder="b")

    assert advisories("update", one, two)[0] == 0
    assert [advisories("lookup", text)[0] for text in ("one", "two")] == [1, 1]


def test_a_record_that_was_withdrawn(advisories, record, feed):
    """It lifts what ships with importguard under the same id, and nothing else."""
    gone = record("litellm", "MAL-2026-2144", versions=["1.82.7", "1.82.8"], withdrawn="2026-04-01T00:00:00Z")

    assert advisories("update", feed(gone, record("other", "MAL-9")))[0] == 0

    assert [advisories("lookup", text)[0] for text in ("litellm==1.82.8", "litellm", "telnyx==4.87.2")] == [0, 0, 1]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("feed.json", b'{"id": "MAL-1", "affected": [', "not readable JSON"),
        ("feed.zip", b"PK\x03\x04 truncated", "not a readable zip"),
        ("feed.jsonl", b"{}\n", "the id is missing"),
        ("feed.json", b"", "not readable JSON"),
        ("feed.json", b"[]", "no record of a malicious PyPI package"),
        ("feed.db", pathlib.Path(database.BUNDLED).read_bytes()[:5000], "not readable JSON"),
    ],
    ids=["json", "zip", "lines", "empty", "nothing", "database"],
)
def test_an_update_from_a_broken_source(name, data, reason, advisories, tmp_path, old):
    """It says so in one line with file and reason, exits with 2, and keeps the old database."""
    (tmp_path / name).write_bytes(data)

    status, out, (line,) = advisories("update", tmp_path / name)

    assert (status, out) == (2, [])
    assert f"{tmp_path}/{name}" in line
    assert reason in line
    assert is_untouched(old)


def test_some_records_that_can_not_be_read(advisories, record, feed, old):
    """Each is named with its reason and nothing is written, unless the rest was asked for."""
    where = feed(record("good", "MAL-1"), {"id": 1}, {"id": "MAL-2", "affected": 1})

    status, out, err = advisories("update", where)

    assert (status, out, len(err)) == (2, [], 3)
    assert "1.json: refused: the id is missing" in err[0]
    assert "2.json: refused: 'affected' is no list" in err[1]
    assert "2 of 3 records and files can't be read; nothing was written" in err[2]
    assert is_untouched(old)
    status, out, err = advisories("update", "--skip-unreadable", where)
    assert (status, len(err)) == (0, 2)
    assert advisories("lookup", "good")[0] == 1


@pytest.mark.parametrize("source", ["/nonexistent/feed.zip", "http://127.0.0.1:1/feed.zip", "ftp://127.0.0.1/feed.zip"])
def test_an_update_from_nowhere(source, advisories, old):
    """It says so in one line, exits with 2, and keeps the old database."""
    status, out, (line,) = advisories("update", source)

    assert (status, out) == (2, [])
    assert source in line
    assert is_untouched(old)


def test_a_hostile_name_of_a_file(advisories, tmp_path, old):
    """What a terminal would act on is escaped."""
    where = tmp_path / "a\x1b[2J\u202e"
    where.mkdir()
    for name in ("x\x07.json", "y\n.json"):
        (where / name).write_text("{}")

    status, _, err = advisories("update", where)

    assert (status, len(err)) == (2, 3)
    assert all(line.isprintable() for line in err)
    assert r"a\x1b[2J\u202e/x\x07.json" in err[0]


@pytest.mark.parametrize("fault", ["fchmod", "fsync", "replace", "makedirs"])
def test_an_update_that_fails_on_the_way(fault, advisories, record, feed, old, monkeypatch):
    """Whatever step fails, the old database is kept and nothing is left beside it."""
    where = feed(record())

    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, fault, fail)
    status, out, (line,) = advisories("update", where)

    assert (status, out) == (2, [])
    assert "can't be written: No space left on device; the old file is kept" in line
    assert is_untouched(old)


def test_a_limit_on_the_size_of_files(record, feed, old, tmp_path):
    """A write that stops half-way leaves the old database."""
    where = feed(*[record(f"evil{number}", f"MAL-{number}") for number in range(200)])
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "XDG_DATA_HOME": str(tmp_path / "data")}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # or the limit would cut short what the interpreter caches

    ran = subprocess.run(
        [*COMMAND, "advisories", "update", where],
        capture_output=True,
        text=True,
        env=environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert "can't be written: File too large" in ran.stderr
    assert is_untouched(old)


@needs_mounts
@pytest.mark.parametrize(
    ("options", "reason"), [("size=8k", "No space left on device"), ("size=1m,ro", "Read-only file system")]
)
def test_a_file_system_that_takes_nothing(options, reason, record, feed, tmp_path):
    """A full disk and a read-only one: one line, exit 2."""
    (tmp_path / "mount").mkdir()
    where = feed(*[record(f"evil{number}", f"MAL-{number}") for number in range(500)])
    script = f'mount -t tmpfs -o {options} none {tmp_path}/mount && exec "$@"'
    command = ["unshare", "-rm", "sh", "-c", script, "sh", *COMMAND]

    ran = subprocess.run(
        [*command, "advisories", "update", where, "--database", tmp_path / "mount" / "advisories.db"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert f"can't be written: {reason}" in ran.stderr


@pytest.mark.parametrize("target", ["/dev/full", "folder", "fifo"])
def test_a_target_that_is_no_file(target, advisories, record, feed, tmp_path):
    """It is refused and stays what it is."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    path = tmp_path / target
    before = path.stat()

    status, _, (line,) = advisories("update", feed(record()), "--database", path)

    assert status == 2
    assert "not a regular file" in line
    assert (path.stat().st_mode, path.stat().st_ino) == (before.st_mode, before.st_ino)


def test_a_folder_that_is_a_file(advisories, record, feed, tmp_path):
    """The database can't be put below it: one line, exit 2."""
    (tmp_path / "file").write_text("")

    status, _, (line,) = advisories("update", feed(record()), "--database", tmp_path / "file" / "advisories.db")

    assert status == 2
    assert "can't be written" in line


def test_a_link_to_the_database(advisories, record, feed, tmp_path):
    """The link stays, and what it points to is replaced."""
    (tmp_path / "link.db").symlink_to("real.db")

    assert advisories("update", feed(record()), "--database", tmp_path / "link.db")[0] == 0

    assert (tmp_path / "link.db").is_symlink()
    assert advisories("lookup", "evil", "--database", tmp_path / "real.db")[0] == 1


def test_a_user_without_home(advisories, record, feed, monkeypatch):
    """An update names what to set; a lookup answers from what ships with importguard."""

    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    monkeypatch.setattr(pwd, "getpwuid", unknown)

    status, out, (line,) = advisories("update", feed(record()))

    assert (status, out) == (2, [])
    assert "set HOME or XDG_DATA_HOME, or give --database" in line
    assert advisories("lookup", "litellm==1.82.8")[0] == 1


@pytest.mark.parametrize(
    ("user", "environment", "path"),
    [
        (0, {}, "/var/lib/importguard/advisories.db"),
        (0, {"XDG_DATA_HOME": "/data"}, "/data/importguard/advisories.db"),
        (7, {"XDG_DATA_HOME": "relative", "HOME": "/home/u"}, "/home/u/.local/share/importguard/advisories.db"),
        (7, {"HOME": "/home/u"}, "/home/u/.local/share/importguard/advisories.db"),
    ],
)
def test_where_the_database_is_kept(user, environment, path, monkeypatch):
    """$XDG_DATA_HOME when it is absolute, else the system's folder for root and the user's own for others."""
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert locate.update_path() == path


@pytest.mark.parametrize("arguments", [["info"], ["lookup", "litellm==1.82.8"], ["lookup", "numpy"]])
def test_an_updated_database_that_is_damaged(arguments, advisories, old):
    """Every command refuses it with exit 2, rather than answer without it."""
    path, data = old
    path.write_bytes(data[:-1])

    status, out, (line,) = advisories(*arguments)

    assert (status, out) == (2, [])
    assert f"{str(path)!r}: offset {len(data) - 1}: truncated, 1 of {len(data)} bytes are missing" in line


def test_info_about_a_changed_byte(advisories, old):
    """The checksum finds it: exit 2."""
    path, data = old
    path.write_bytes(data[:-3] + b"?" + data[-2:])

    status, _, (line,) = advisories("info")

    assert status == 2
    assert "doesn't match its SHA-256" in line


def test_info(advisories, old):
    """It tells sources, dates, counts and verified checksums of both databases."""
    status, out, err = advisories("info")

    assert (status, err) == (0, [])
    text = "\n".join(out)
    assert "bundled.db (ships with importguard)" in text
    assert "advisories  1: 0 of some versions" not in text
    assert "advisories  1: 1 of some versions, 0 of all" in text
    assert text.count("(verified)") == 2
    assert "source      osv earlier: OSV records" in text


def test_info_as_json(advisories, old):
    """It is one object that names the active database."""
    status, out, _ = advisories("info", "--json")
    told = json.loads("\n".join(out))

    assert (status, told["v"], told["active"]) == (0, 1, str(old[0]))
    assert [about["bundled"] for about in told["databases"]] == [True, False]
    assert told["databases"][1]["counts"]["versions"] == told["databases"][1]["advisories"] == 1


@pytest.mark.parametrize(
    ("requirement", "status", "first"),
    [
        ("litellm==1.82.8", 1, "litellm 1.82.8: block  MAL-2026-2144 PYSEC-2026-2"),
        ("LiteLLM==1.82.8.0", 1, "litellm 1.82.8.0: block  MAL-2026-2144 PYSEC-2026-2"),
        ("litellm==1.82.6", 0, "litellm 1.82.6: not listed"),
        ("litellm", 1, "litellm: block  MAL-2026-2144 PYSEC-2026-2"),
        ("numpy", 0, "numpy: not listed"),
        ("durabletask==1.4.2", 1, "durabletask 1.4.2: block  kam193-2026-05-compr-durabletask"),
    ],
)
def test_a_lookup(requirement, status, first, advisories):
    """It exits with 1 when something is listed, and says what, in which versions, and who says so."""
    told, out, err = advisories("lookup", requirement)

    assert (told, out[0], err) == (status, first, [])
    if status:
        assert [line.split()[0] for line in out[1:]] == ["versions", "source"]


def test_a_lookup_as_json(advisories):
    """It is one object with the verdict."""
    found = json.loads("\n".join(advisories("lookup", "telnyx==4.87.1", "--json")[1]))
    clean = json.loads("\n".join(advisories("lookup", "telnyx==4.87.0", "--json")[1]))

    assert (found["v"], found["name"], found["version"], found["verdict"]) == (1, "telnyx", "4.87.1", "block")
    assert found["advisories"][0]["ids"] == ["MAL-2026-2254"]
    assert (clean["verdict"], clean["advisories"]) == ("none", [])


@pytest.mark.parametrize("requirement", ["", "a b", "litellm>=1", "litellm==", "litellm===1", "==1", "é", "-", "a==="])
def test_a_lookup_of_something_else(requirement, advisories):
    """It is a usage error: one line, exit 2."""
    status, out, (line,) = advisories("lookup", "--", requirement)

    assert (status, out) == (2, [])
    assert "is not of the form NAME or NAME==VERSION" in line


@pytest.mark.parametrize("arguments", [[], ["update"], ["lookup"], ["forget"], ["info", "x"]])
def test_a_wrong_command_line(arguments, advisories):
    """It is one line and exit 2."""
    status, out, err = advisories(*arguments)

    assert (status, out, len(err)) == (2, [], 1)


@pytest.mark.parametrize("part", [[], ["update"], ["info"], ["lookup"]])
def test_help(part, advisories):
    """It has an example that begins with the command itself."""
    status, out, _ = advisories(*part, "--help")

    assert status == 0
    assert any(line.startswith(f"  importguard advisories {' '.join(part)}".rstrip()) for line in out)


def test_text_of_a_feed():
    """Escapes, controls and direction marks become visible; other letters stay."""
    assert documents.printable("é\x1b]0;x\x07\u202e\udc80\n") == r"é\x1b]0;x\x07\u202e\udc80\n"
