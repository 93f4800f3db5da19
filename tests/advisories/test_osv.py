"""OSV records are read as the real world writes them, and what can't be understood is named."""

import gzip
import json
import pathlib
import zipfile

import hypothesis
import packaging.version
import pytest
from hypothesis import strategies

from importguard import errors, versions
from importguard.advisories import advisory, database, intervals, osv

REAL_RECORDS = pathlib.Path(__file__).parent / "data" / "osv-2025-06-04.jsonl.gz"
ALL = [[{"introduced": "0"}]]


def only(record):
    """Return the one Advisory of a record."""
    (found,) = osv.parse(record, "test")
    return found


@pytest.mark.parametrize(
    ("rest", "scope", "listed", "ranges"),
    [
        ({"versions": ["1.0", "0.1.2-1"]}, "versions", ("0.1.2.post1", "1"), ()),
        ({"versions": ["1.0", "1.0.0", "v1"]}, "versions", ("1",), ()),
        ({"ranges": ALL}, "all", (), ()),
        ({"versions": None, "ranges": ALL}, "all", (), ()),
        ({"versions": ["1.0"], "ranges": ALL}, "all", ("1",), ()),
        ({"ranges": [[{"introduced": "1.0"}, {"fixed": "2.0"}]]}, "versions", (), (">=1,<2",)),
        ({"ranges": [[{"introduced": "0"}, {"last_affected": "2.0"}]]}, "versions", (), ("<=2",)),
        ({"ranges": [[{"introduced": "0", "fixed": "2.0"}]]}, "versions", (), ("<2",)),
        ({"ranges": [[{"introduced": "3"}]]}, "versions", (), (">=3",)),
        ({"ranges": [[{"introduced": "0"}, {"limit": "*"}]]}, "all", (), ()),
        ({"ranges": [[{"introduced": "1"}, {"fixed": "1"}]]}, "unknown", (), ()),
        ({}, "unknown", (), ()),
        ({"versions": None, "ranges": None}, "unknown", (), ()),
    ],
)
def test_the_versions_of_a_record(rest, scope, listed, ranges, record):
    """Versions and ranges add up; neither of them is no claim about all versions."""
    content = record(**rest)
    if rest.get("versions", ...) is None:
        content["affected"][0]["versions"] = None
    if rest.get("ranges", ...) is None:
        content["affected"][0]["ranges"] = None

    found = only(content)

    assert (found.scope, found.versions, found.ranges) == (scope, listed, ranges)


def test_commits_of_a_repository(record):
    """A range of git commits tells nothing about versions, so it only warns."""
    content = record(ranges=ALL)
    content["affected"][0]["ranges"][0]["type"] = "GIT"

    assert (only(content).scope, only(content).verdict) == ("unknown", "warn")


texts = strategies.sampled_from(["0.1", "1.0a1", "1.0", "1.0.post1", "1.1.dev0", "1.1", "2.0rc1", "2.0", "2!0.1", "3"])
introductions = (texts | strategies.just("0")).map(lambda text: {"introduced": text})
ends = strategies.tuples(strategies.sampled_from(["fixed", "last_affected"]), texts).map(
    lambda pair: {pair[0]: pair[1]}
)


def order(event):
    (text,) = event.values()
    return packaging.version.Version("0.dev0" if text == "0" else text)


def is_affected(version, events):
    """Tell it as the pseudo code of the OSV schema does."""
    vulnerable = False
    for event in sorted(events, key=order):
        ((kind, text),) = event.items()
        if (
            (kind == "introduced" and version >= order(event))
            or (kind == "fixed" and version >= packaging.version.Version(text))
            or (kind == "last_affected" and version > packaging.version.Version(text))
        ):
            vulnerable = kind == "introduced"
    return vulnerable


@hypothesis.given(introductions, strategies.lists(introductions | ends, max_size=4), texts)
def test_any_events_of_a_range(first, more, version):
    """A version is affected exactly when the algorithm of the OSV schema says so."""
    events = [first, *more]
    hypothesis.assume(len({order(event) for event in events}) == len(events))

    found = intervals.of_events(events)

    key = versions.version_key(version)
    told = any(interval == intervals.ALL or advisory.is_inside(interval, key) for interval in found)
    assert told == is_affected(packaging.version.Version(version), events)


@pytest.mark.parametrize(
    "specific",
    [
        {"identifier": "MAL-2026-1"},
        {"identifier": "PYSEC-2026-2", "aliases": ["MAL-2026-2144"]},
        {"identifier": "GHSA-1", "database_specific": {"cwe_ids": ["CWE-506"]}},
        {"identifier": "X-1", "database_specific": {"malicious-packages-origins": [{"source": "x"}]}},
    ],
)
def test_a_record_of_malice(specific, record):
    """It is taken in, with its id and aliases."""
    found = only(record(versions=["1"], **specific))

    assert found.verdict == "block"
    assert found.ids == (specific["identifier"], *specific.get("aliases", ()))


@pytest.mark.parametrize(
    "specific",
    [
        {},
        {"aliases": ["CVE-2026-1"], "aliases_of": ["MAL-1"]},
        {"aliases": None, "database_specific": None},
        {"database_specific": {"cwe_ids": ["CWE-79"]}},
        {"summary": "Malicious code in evil (PyPI)"},
    ],
)
def test_a_record_of_a_weakness(specific, record):
    """It is passed over: only malice blocks."""
    assert osv.parse(record(identifier="GHSA-1", versions=["1"], **specific), "test") == "not about malicious code"


@pytest.mark.parametrize("ecosystem", ["npm", "crates.io", "", None, 7])
def test_a_record_of_another_ecosystem(ecosystem, record):
    """It is passed over, whatever its name."""
    assert osv.parse(record(ecosystem=ecosystem, versions=["1"]), "test") == "not about PyPI"


def test_a_record_of_several_packages(record):
    """Each PyPI package of it is listed, with its own versions."""
    content = record("one", versions=["1"])
    content["affected"] += record("two", versions=["2"])["affected"] + record(ecosystem="npm")["affected"]

    assert [(found.name, found.versions) for found in osv.parse(content, "test")] == [("one", ("1",)), ("two", ("2",))]


def test_origins_that_disagree(record):
    """Only `affected` counts."""
    origins = [{"source": "x", "versions": ["0.10.1"]}]

    found = only(record(versions=["2.4.6"], database_specific={"malicious-packages-origins": origins}))

    assert found.versions == ("2.4.6",)


@pytest.mark.parametrize(("withdrawn", "scope"), [("2026-01-01T00:00:00Z", "withdrawn"), (None, "versions")])
def test_a_withdrawn_record(withdrawn, scope, record, database_file):
    """It blocks nothing."""
    content = record(versions=["1"], withdrawn=withdrawn)

    assert only(content).scope == scope
    assert (database.open(database_file(content)).lookup("evil", "1") is None) == (scope == "withdrawn")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "the id is missing"),
        ({"id": 7}, "the id is missing"),
        ({"id": "MAL-1\x1b[2J"}, "unprintable"),
        ({"id": "MAL-\u202e1"}, "unprintable"),
        ({"id": "M" * 300}, "too long"),
        ({"aliases": "MAL-1"}, "'aliases' is no list"),
        ({"affected": {}}, "'affected' is no list"),
        ({"affected": ["evil"]}, "'affected' holds something else"),
        ({"affected": [{"package": "evil"}]}, "'affected' holds something else"),
        ({"affected": [{"package": {"ecosystem": "PyPI"}}]}, "the name of a package is missing"),
        ({"affected": [{"package": {"ecosystem": "PyPI", "name": "../evil"}}]}, "no name of a distribution"),
        ({"affected": [{"package": {"ecosystem": "PyPI", "name": "évil"}}]}, "no name of a distribution"),
    ],
)
def test_a_record_that_can_not_be_understood(change, reason, record):
    """It is refused, with the reason."""
    with pytest.raises(osv.Unreadable, match=reason):
        osv.parse(record(versions=["1"]) | change, "test")


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ({"versions": [1.0]}, "the versions is missing or no text"),
        ({"versions": "1.0"}, "'versions' is no list"),
        ({"versions": ["1\n2"]}, "unprintable"),
        ({"versions": ["1"] * 100_001}, "more than 100000 versions"),
        ({"ranges": [[]]}, "without an 'introduced' event"),
        ({"ranges": [[{"fixed": "1"}]]}, "without an 'introduced' event"),
        ({"ranges": [[{"introduced": "soon"}]]}, "one of introduced"),
        ({"ranges": [[{"introduced": "0"}, {"repaired": "1"}]]}, "one of introduced"),
        ({"ranges": [[{"introduced": 0}]]}, "one of introduced"),
        ({"ranges": [["introduced"]]}, "one of introduced"),
        ({"ranges": [[{}]]}, "one of introduced"),
    ],
)
def test_versions_that_can_not_be_understood(rest, reason, record):
    """The record is refused, rather than taken for one of fewer versions."""
    with pytest.raises(osv.Unreadable, match=reason):
        osv.parse(record(**rest), "test")


@pytest.mark.parametrize("value", [None, 1, "MAL-1", [["MAL-1"]], True])
def test_a_document_that_is_no_record(value, tmp_path):
    """It is refused, with its place."""
    path = tmp_path / "feed.json"
    path.write_text(json.dumps(value))

    (refusal,) = osv.read([str(path)]).refused

    assert refusal.where.startswith(str(path))
    assert "not an OSV record" in refusal.reason


def test_a_feed_of_nothing_but_rubbish(tmp_path):
    """It is given up, rather than named line by line without end."""
    path = tmp_path / "feed.jsonl"
    path.write_text("{}\n" * (osv.MOST_REFUSED + 2))

    with pytest.raises(errors.AdvisoryError, match="given up after"):
        osv.read([str(path)])


@pytest.mark.parametrize("is_newer_first", [True, False])
def test_two_records_of_one_id(is_newer_first, record, feed):
    """The one that was modified last counts, in whatever order they come."""
    old = record(versions=["1"])
    new = record(versions=["2"]) | {"modified": "2026-02-01T00:00:00Z"}

    (found,) = osv.read([str(feed(*([new, old] if is_newer_first else [old, new])))]).advisories

    assert found.versions == ("2",)


@pytest.fixture(scope="module")
def real_lines():
    """The 9,207 PyPI records of OpenSSF malicious-packages of 2025-06-04, one a line."""
    return gzip.decompress(REAL_RECORDS.read_bytes()).splitlines()


def test_every_real_record(real_lines, tmp_path):
    """All of them are read out of a zip, none is refused, and each is found by its name and versions."""
    path = tmp_path / "feed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for line in real_lines:
            archive.writestr(f"osv/malicious/pypi/{json.loads(line)['id']}.json", line)

    reading = osv.read([str(path)])

    assert (reading.records, reading.refused, dict(reading.passed)) == (9207, [], {})
    found = {(entry.name, entry.ids[0]): entry for entry in reading.advisories}
    for record in map(json.loads, real_lines):
        (item,) = record["affected"]
        entry = found[versions.canonical_name(item["package"]["name"]), record["id"]]
        assert entry.scope == ("all" if item.get("ranges") else "versions")
        assert set(entry.versions) == {versions.canonical_version(text) for text in item.get("versions", ())}
