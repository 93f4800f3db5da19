"""Where the programs run: paths short enough for the sockets that some of them make."""

import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def place():
    """A folder with a short name: a socket's path has 107 characters at most."""
    with tempfile.TemporaryDirectory(prefix="p", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
