"""What the tests of the advisories build: records, feeds, databases, and a web server on loopback."""

import http.server
import json
import threading

import pytest

from importguard.advisories import compile, osv
from importguard.cli import main


@pytest.fixture
def record():
    """A maker of OSV records about one PyPI package."""

    def make(name="evil", identifier="MAL-2026-1", *, ecosystem="PyPI", versions=None, ranges=None, **rest):
        item = {"package": {"ecosystem": ecosystem, "name": name}}
        if versions is not None:
            item["versions"] = versions
        if ranges is not None:
            item["ranges"] = [{"type": "ECOSYSTEM", "events": events} for events in ranges]
        return {"id": identifier, "modified": "2026-01-01T00:00:00Z", "affected": [item], **rest}

    return make


@pytest.fixture
def feed(tmp_path):
    """A maker of feeds: writes records to a folder, one a file, and returns its path."""

    def make(*records, folder="feed"):
        where = tmp_path / folder
        where.mkdir(exist_ok=True)
        for number, content in enumerate(records):
            (where / f"{number}.json").write_text(json.dumps(content))
        return where

    return make


@pytest.fixture
def database_file(tmp_path):
    """A maker of database files out of records."""

    def make(*records, name="test.db"):
        advisories = [entry for content in records for entry in osv.parse(content, "test")]
        path = tmp_path / name
        compile.write(compile.pack(advisories, {"built": "2026-01-01", "sources": []}), str(path))
        return str(path)

    return make


@pytest.fixture
def data_home(tmp_path, monkeypatch):
    """An empty data folder of the user; gives the path at which `update` writes."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "importguard" / "advisories.db"


@pytest.fixture
def advisories(data_home, capfd):
    """Runs `importguard advisories …` and returns (exit status, lines on stdout, lines on stderr)."""

    def run(*arguments):
        status = main.main(["advisories", *map(str, arguments)])
        captured = capfd.readouterr()
        return status, captured.out.splitlines(), captured.err.splitlines()

    return run


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers each path with what the server's table holds for it: status, headers, body."""

    def do_GET(self):
        self.server.authorizations.append(self.headers["Authorization"])
        status, headers, body = self.server.table.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def web():
    """A web server on loopback; `web.table[path] = (status, headers, body)`, `web.url`, `web.authorizations`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.table = {}
    server.authorizations = []
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
