"""Sources are read within bounds: what is hostile, broken or endless is named, and the rest is read."""

import base64
import io
import json
import os
import socket
import struct
import zipfile

import pytest

from importguard import errors
from importguard.advisories import documents, osv


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    """Return the bytes of a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def written(path, data):
    path.write_bytes(data)
    return str(path)


def names(reading):
    return sorted(entry.name for entry in reading.advisories)


@pytest.mark.parametrize(
    "shape",
    [
        lambda one, two: json.dumps([one, two]),
        lambda one, two: json.dumps({"vulns": [one, two]}),
        lambda one, two: json.dumps(one) + "\n\n" + json.dumps(two) + "\r\n",
        lambda one, two: "\ufeff" + json.dumps([one, two]),
    ],
    ids=["list", "api", "lines", "bom"],
)
@pytest.mark.parametrize("suffix", [".json", ".jsonl", ""])
def test_several_records_in_one_file(shape, suffix, record, tmp_path):
    """Lists, answers of OSV's API and JSON lines are understood, whatever the file is called."""
    text = shape(record("one", "MAL-1"), record("two", "MAL-2"))

    reading = osv.read([written(tmp_path / f"feed{suffix}", text.encode())])

    assert (names(reading), reading.refused) == (["one", "two"], [])


def test_a_folder(record, tmp_path):
    """It is read with everything below it; other files, and links to folders, are left alone."""
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    written(tmp_path / "one.json", json.dumps(record("one", "MAL-1")).encode())
    written(deep / "two.JSON", json.dumps(record("two", "MAL-2")).encode())
    written(deep / "README.md", b"{")
    (deep / "up").symlink_to(tmp_path)

    reading = osv.read([str(tmp_path)])

    assert (names(reading), reading.records, reading.refused) == (["one", "two"], 2, [])


def test_what_is_no_file_in_a_folder(record, tmp_path):
    """A FIFO, a socket and a dangling link are refused at once, and the rest is read."""
    written(tmp_path / "one.json", json.dumps(record("one")).encode())
    os.mkfifo(tmp_path / "fifo.json")
    (tmp_path / "gone.json").symlink_to("/nonexistent")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.json"))

        reading = osv.read([str(tmp_path)])

    assert names(reading) == ["one"]
    assert sorted(os.path.basename(refusal.where) for refusal in reading.refused) == [
        "fifo.json",
        "gone.json",
        "socket.json",
    ]


def test_a_record_named_with_its_line(record, tmp_path):
    """What can't be read is refused with file, line and reason; the lines around it are read."""
    lines = [json.dumps(record("one", "MAL-1")), '{"id": "MAL-2", ', json.dumps(record("three", "MAL-3"))]

    reading = osv.read([written(tmp_path / "feed.jsonl", "\n".join(lines).encode())])

    assert names(reading) == ["one", "three"]
    (refusal,) = reading.refused
    assert refusal.where == f"{tmp_path}/feed.jsonl:2"
    assert "not readable JSON" in refusal.reason


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        b'{"id": "MAL-1"',
        b'{"id": "\xff\xfe"}',
        b"[" * 200_000,
        b'{"id": ' * 200_000,
        b'{"id": ' + b"1" * 10_000 + b"}",
        b"not json",
    ],
    ids=["empty", "zeros", "truncated", "latin", "deep-list", "deep-object", "long-number", "text"],
)
def test_a_file_that_is_no_json(data, tmp_path):
    """It is refused with a reason in one line."""
    (refusal,) = osv.read([written(tmp_path / "feed.json", data)]).refused

    assert refusal.where.startswith(str(tmp_path))
    assert "not readable JSON" in refusal.reason
    assert "\n" not in refusal.reason


def test_a_zip_whose_members_are_hostile(record, tmp_path):
    """A bomb, a member deep in brackets and one of another kind are passed; the good one is read."""
    bomb = b" " * (documents.LARGEST_DOCUMENT + 1)
    good = json.dumps(record("good")).encode()
    members = {"bomb.json": bomb, "deep.json": b"[" * 100_000, "../../good.json": good, "x.exe": b"MZ", "folder/": b""}

    reading = osv.read([written(tmp_path / "feed.zip", zipped(members))])

    assert names(reading) == ["good"]
    assert {refusal.where.rpartition("/")[2]: refusal.reason.partition(":")[0] for refusal in reading.refused} == {
        "bomb.json": f"larger than {documents.LARGEST_DOCUMENT} bytes",
        "deep.json": "not readable JSON",
    }


def test_a_member_that_lies_about_its_size(record, tmp_path):
    """Its bytes are counted as they come, so that it is refused as any damaged member."""
    data = bytearray(zipped({"bomb.json": b" " * 1_000_000, "good.json": json.dumps(record("good"))}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)

    reading = osv.read([written(tmp_path / "feed.zip", bytes(data))])

    assert names(reading) == ["good"]
    assert [refusal.where.rpartition("/")[2] for refusal in reading.refused] == ["bomb.json"]


def test_a_damaged_member(record, tmp_path):
    """It fails its check and is refused; the one beside it is read."""
    members = {"bad.json": json.dumps(record("bad")), "good.json": json.dumps(record("good"))}
    data = zipped(members, zipfile.ZIP_STORED).replace(b'"bad"', b'"BAD"', 1)

    reading = osv.read([written(tmp_path / "feed.zip", data)])

    assert names(reading) == ["good"]
    assert "CRC" in reading.refused[0].reason


@pytest.mark.parametrize("flag_or_method", ["encrypted", "unknown method"])
def test_a_member_that_can_not_be_unpacked(flag_or_method, record, tmp_path):
    """It is refused with the reason."""
    data = bytearray(zipped({"one.json": json.dumps(record("one"))}))
    local, entry = data.index(b"PK\x03\x04"), data.index(b"PK\x01\x02")
    if flag_or_method == "encrypted":
        data[local + 6] |= 1
        data[entry + 8] |= 1
    else:
        data[local + 8] = data[entry + 10] = 77

    (refusal,) = osv.read([written(tmp_path / "feed.zip", bytes(data))]).refused

    assert "unreadable member" in refusal.reason


@pytest.mark.parametrize("length", [4, 50, 300])
def test_a_truncated_zip(length, record, tmp_path):
    """It can't be opened."""
    data = zipped({f"{number}.json": json.dumps(record()) for number in range(20)})

    with pytest.raises(errors.AdvisoryError, match=r"feed\.zip': not a readable zip"):
        osv.read([written(tmp_path / "feed.zip", data[:length])])


@pytest.mark.parametrize(
    "source", ["/nonexistent", "/dev/zero", "/dev/full", "/proc/self/mem", "a\0b", "ftp://x/y.zip"]
)
def test_a_source_that_can_not_be_read(source):
    """It is refused by name, at once."""
    with pytest.raises(errors.AdvisoryError):
        osv.read([source])


def test_more_than_may_be_read():
    """A source is given up once it has shown more bytes than its budget."""
    budget = documents.Budget(10)
    budget.spend(10, "feed.zip")

    with pytest.raises(errors.AdvisoryError, match="'feed.zip': more than"):
        budget.spend(1, "feed.zip")


def test_a_url(record, web):
    """A zip, a record and JSON lines are read from it; user, password and query are never shown or stored."""
    web.table["/all.zip?token=s3cret"] = (200, {}, zipped({"one.json": json.dumps(record("one", "MAL-1"))}))
    web.table["/two.json"] = (200, {}, json.dumps(record("two", "MAL-2")).encode())
    url = web.url.replace("http://", "http://user:s3cret@")

    reading = osv.read([f"{url}/all.zip?token=s3cret", f"{web.url}/two.json"])

    assert (names(reading), reading.refused) == (["one", "two"], [])
    assert web.authorizations == [f"Basic {base64.b64encode(b'user:s3cret').decode()}", None]
    assert [entry.source for entry in reading.advisories] == [f"osv {web.url}/all.zip", f"osv {web.url}/two.json"]


def test_a_redirect(record, web):
    """It is followed to http, and never to a file of this machine."""
    web.table["/moved"] = (302, {"Location": f"{web.url}/there.json"}, b"")
    web.table["/there.json"] = (200, {}, json.dumps(record("one")).encode())
    web.table["/trap"] = (302, {"Location": "file:///etc/passwd"}, b"")

    assert names(osv.read([f"{web.url}/moved"])) == ["one"]
    with pytest.raises(errors.AdvisoryError, match="file"):
        osv.read([f"{web.url}/trap"])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((404, {}, b""), "404|Not Found"),
        ((500, {}, b"{}"), "500|Internal"),
        ((200, {"Content-Length": "100"}, b"{}"), "truncated|IncompleteRead"),
    ],
)
def test_a_url_that_fails(answer, reason, web):
    """It is refused with the reason."""
    web.table["/feed.json"] = answer

    with pytest.raises(errors.AdvisoryError, match=reason):
        osv.read([f"{web.url}/feed.json"])


def test_a_server_that_is_not_there():
    """It is refused with the reason."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(errors.AdvisoryError, match="refused"):
        osv.read([f"http://127.0.0.1:{port}/feed.json"])


@pytest.mark.parametrize("host", ["", "localhost"])
def test_a_file_url(host, record, tmp_path):
    """It is read like the path in it; one of another host is refused."""
    path = written(tmp_path / "a feed.json", json.dumps(record("one")).encode())

    assert names(osv.read([f"file://{host}{path.replace(' ', '%20')}"])) == ["one"]
    with pytest.raises(errors.AdvisoryError, match="another host"):
        osv.read([f"file://elsewhere{path}"])
