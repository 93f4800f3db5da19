"""A project whose tests use a thief: what `tests/suite` runs under the guard of a test suite."""

import os
import re
import subprocess
import sys

from support import guarded, wheels

THIEF = '''
import os, pathlib, subprocess, threading

def steal(key="rsa"):
    """Swallows what it is refused, as real ones do."""
    try:
        loot = os.environ["LOOT"] + ("" if key == "rsa" else "-" + key)
        pathlib.Path(loot).write_text(open(os.path.expanduser("~/.ssh/id_" + key)).read())
    except OSError:
        pass

def steal_later(event, key="rsa"):
    thread = threading.Thread(target=lambda: event.wait(20) and steal(key))
    thread.start()
    return thread

async def steal_in_task():
    steal()
'''
PLUGIN = "import acme_thief\nacme_thief.steal()\n"
IN_TEST = "import acme_thief\ndef test_swallowed():\n    acme_thief.steal()\ndef test_clean():\n    pass\n"


class Suite:
    """A project with tests, a home with a key, and a folder of installed distributions."""

    def __init__(self, root, interpreter):
        self.root = root
        self.interpreter = interpreter
        for name in ("project", "site", "home/.ssh"):
            (root / name).mkdir(parents=True)
        self.keys("rsa")
        (root / "project/pyproject.toml").touch()
        self.install(wheels.Wheel("acme-thief", "1.0", {"acme_thief.py": THIEF}))

    def keys(self, *names):
        for name in names:
            (self.root / f"home/.ssh/id_{name}").write_text("canary-key")

    def install(self, wheel):
        built = wheels.build(wheel, self.root / "wheels", self.interpreter)
        subprocess.run([sys.executable, "-m", "zipfile", "-e", built, self.root / "site"], check=True, timeout=20)

    def write(self, **files):
        for name, text in files.items():
            (self.root / "project" / f"{name}.py").write_text(text)

    def run(self, *options, plugin=True, outer=(), variables=None):
        """Run the suite; return (exit status, output). `outer` are options of `importguard run` around it, if any."""
        first = ["-p", "importguard"] if plugin else []
        around = [*guarded.launcher(), "run", *outer, "--"] if outer else []
        command = [*around, sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *first, *options]
        environ = {
            "PATH": os.defpath, "HOME": str(self.root / "home"), "LANG": "C.UTF-8", "LOOT": str(self.loot), "NO_COLOR": "1",
            "PYTHONPATH": str(self.root / "site"), "TMPDIR": str(self.root), "COLUMNS": "200", **(variables or {}),
        }  # fmt: skip
        done = subprocess.run(
            command, cwd=self.root / "project", env=environ, capture_output=True, text=True, timeout=120
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def loot(self):
        return self.root / "loot"

    def stolen(self):
        """Return the names of the keys that reached the thief's folder."""
        names = (path.name.removeprefix("loot").removeprefix("-") for path in self.root.glob("loot*"))
        return {name or "rsa" for name in names}


def places(output):
    """Return {name of a key: headings under which pytest told of its refusal}."""
    found, heading = {}, ""
    for line in output.splitlines():
        heading = (re.match(r"_{3,} (.*?) _{3,}$", line) or [None, heading])[1]
        for name in re.findall(r"^importguard IG201: denied .*/id_(\w+)", line):
            found.setdefault(name, set()).add(heading)
    return found


def outcomes(output):
    """Return {test or file: outcome} of what pytest said."""
    return {name: outcome for outcome, name in re.findall(r"^(PASSED|FAILED|ERROR) (\S+)", output, re.MULTILINE)}
