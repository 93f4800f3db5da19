"""The page about vetting does what it says: its lines run in order, on releases that a folder of wheels offers."""

import os

import pages
import pytest
from support import wheels

PAGE = pages.PROJECT / "docs/how-to/vet-a-release.md"
NEWER = """
import os, socket

try:
    open(os.path.expanduser("~/.ssh/id_rsa")).close()
except OSError:
    pass
try:
    socket.create_connection(("127.0.0.1", 9), 5)
except OSError:
    pass
"""


@pytest.fixture
def shell(tmp_path, interpreter):
    """A Shell in an empty project, for which pip finds three releases and no index."""
    for wheel in (
        wheels.Wheel("acme-colours", "1.1", {"acme_colours/__init__.py": NEWER, "acme_colours/web.py": "import acme_web\n"}),
        wheels.Wheel("acme-paint", "2.0", {"acme_paint.py": ""}, requires=("acme-brush",)),
        wheels.Wheel("acme-brush", "0.3", {"acme_brush.py": "import ctypes\n"}),
    ):
        wheels.build(wheel, tmp_path / "wheels", interpreter)
    folder = tmp_path / "home/project"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("acme-paint\nacme-colours  # 1.1\n")
    shell = pages.open_shell(folder, tmp_path, programs=interpreter.path.parent)
    offer = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels"), "PIP_CONFIG_FILE": os.devnull}
    shell.variables.update(offer)
    return shell


def test_the_page_about_vetting_runs(shell):
    """Each line ends as it shows, prints what the page prints, and leaves results, the cluster's the same, where the page says."""
    for block in pages.blocks(PAGE, "sh", "console"):
        if block.language == "console":
            shell.converse(block.text)
        else:
            shell.run(block.text)

    here, there = (sorted((shell.folder / f"{name}.jsonl").read_text().splitlines()) for name in ("vetted", "from-dask"))
    assert len(here) == 3 and here == there
