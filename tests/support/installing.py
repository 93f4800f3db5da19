"""Installs plain wheels as pip does, without the second that pip takes to start: the tests install hundreds of them."""

import compileall
import csv
import hashlib
import importlib.util
import json
import subprocess
import sys
import warnings

import installer
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile

from support import interpreters

# Prints the bytecode files that it made for the sources that it is given.
COMPILER = """
import compileall, importlib.util, os, sys
for path in sys.argv[1:]:
    compileall.compile_file(path, force=True, quiet=2)
    made = importlib.util.cache_from_source(path)
    if os.path.exists(made):
        print(made)
"""


def is_plain(environment, wheel):
    """Say whether pip would do with a Wheel what `install` does: nothing to replace, no bytecode of its own."""
    folder = environment.site_packages
    others = folder.glob("*.dist-info")
    taken = {path.name.partition("-")[0].lower() for path in others}
    return wheel.stem.partition("-")[0].lower() not in taken and not any("__pycache__" in name for name in wheel.files)


def install(environment, path):
    """Install the wheel file `path`, compile what is in it, and list all of that in RECORD."""
    site = str(environment.site_packages)
    bin_folder = str(environment.path / "bin")
    folders = {"purelib": site, "platlib": site, "scripts": bin_folder, "data": str(environment.path)}
    destination = SchemeDictionaryDestination(
        folders, interpreter=str(environment.python), script_kind="posix", overwrite_existing=True
    )
    with WheelFile.open(path) as source:
        installer.install(source, destination, _metadata(path))
        record = environment.site_packages / source.dist_info_dir / "RECORD"
    rows = list(csv.reader(record.read_text().splitlines()))
    sources = [str((environment.site_packages / row[0]).resolve()) for row in rows if row[0].endswith(".py")]
    made = _compiled(environment.interpreter, sources)
    rows += [[name.removeprefix(f"{environment.site_packages.resolve()}/"), "", ""] for name in made]
    with record.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(sorted(rows))


def _metadata(path):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    archive = {"hash": f"sha256={digest}", "hashes": {"sha256": digest}}
    origin = json.dumps({"archive_info": archive, "url": path.resolve().as_uri()}, sort_keys=True)
    return {"INSTALLER": b"pip\n", "REQUESTED": b"", "direct_url.json": origin.encode()}


def _compiled(interpreter, sources):
    """Return the paths of the bytecode made from the paths of sources; a source with a mistake in it has none."""
    if interpreter == interpreters.own() and sys.flags.optimize == 0:
        with warnings.catch_warnings(action="ignore"):
            good = [path for path in sources if compileall.compile_file(path, force=True, quiet=2)]
        return [importlib.util.cache_from_source(path) for path in good]
    command = [interpreter.path, "-I", "-S", "-W", "ignore", "-c", COMPILER, *sources]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
