"""A place to run `importguard` in, as a user types it."""

import subprocess
import sys
import textwrap

import pytest
from support import guarded

SECONDS = 60


class Place:
    """A folder to run in, and a function that runs `importguard` there."""

    def __init__(self, folder):
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.records = folder / "records.jsonl"

    def variables(self, **more):
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "LANG": "C.UTF-8", "TMPDIR": str(self.folder), **more}

    def importguard(self, *words, before=(), variables=None, **options):
        command = [*before, *guarded.launcher(), *words]
        return subprocess.run(
            list(map(str, command)), env=self.variables(**(variables or {})), cwd=self.folder, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, **options,
        )  # fmt: skip

    def run(self, *words, **options):
        return self.importguard("run", "--records", self.records, *words, **options)

    def python(self, code, **options):
        return self.run("--", sys.executable, "-c", textwrap.dedent(code), **options)

    def events(self):
        return [record["event"] for record in guarded.read_records(self.records)]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)
