"""A stage for locks: a distribution that can do things, one that does nothing, and what learns of them and runs them."""

import subprocess
import zipfile

from support import guarded, wheels

TOOL = """
import os, socket, subprocess, sys

def start(*words):
    return subprocess.run(words, capture_output=True, text=True).stdout

def python(code):
    return start(sys.executable, "-c", code)

def connect(path):
    host, port = os.environ["SINK"].removeprefix("http://").split(":")
    try:
        with socket.create_connection((host, int(port)), 5) as connection:
            connection.sendall(b"GET " + path.encode() + b" HTTP/1.0\\r\\n\\r\\n")
            connection.recv(64)
            return "reached"
    except PermissionError:
        return "denied"
"""
GREEDY = """
import acme_tool
answer = acme_tool.connect("/greedy")
"""
USE = "import acme_tool, acme_idle; print(acme_tool.connect('/used'))"
START_LINE = "import os; os.environ['ACME_STARTED'] = 'yes'\n"
TOOL_WHEEL = wheels.Wheel("acme-tool", "1.0", {"acme_tool.py": TOOL})
IDLE_WHEEL = wheels.Wheel("acme-idle", "1.0", {"acme_idle.py": "value = 1\n", "acme_idle.pth": START_LINE})


class Stage:
    """Learns and runs in a World, in its project's folder."""

    def __init__(self, world):
        self.world = world
        self.lock = world.project / "importguard.lock"
        self.options = ()

    def adopt(self, text):
        """Have the text of a lock that was learnt before count from now on."""
        self.lock.write_text(text)
        self.options = ("--lock", self.lock)

    def learn(self, code, *options):
        """Learn a lock from a program's text; return the CompletedProcess."""
        return self.importguard("learn", *options, "--", self.world.environment.python, "-c", code)

    def run(self, code, *options, **more):
        """Run a program's text; return the Outcome."""
        return guarded.run(self.world, [self.world.environment.python, "-c", code], options=(*self.options, *options), mode=guarded.RECOMMENDED, **more)

    def importguard(self, *words):
        """Run another command in the project's folder; return the CompletedProcess."""
        command = [*guarded.launcher(), *words]
        return subprocess.run(
            list(map(str, command)), cwd=self.world.project, env=self.world.variables(), capture_output=True, text=True, timeout=60
        )

    def install(self, *items):
        """Install further wheels, in the place of other versions, as the simplest of installers does: it unpacks them."""
        site = self.world.environment.site_packages
        for item in items:
            for record in site.glob(f"{item.stem.partition('-')[0]}-*.dist-info/RECORD"):
                for line in record.read_text().splitlines():
                    (site / line.partition(",")[0]).unlink(missing_ok=True)
                record.parent.rmdir()
            with zipfile.ZipFile(wheels.build(item, self.world.root / "wheels", self.world.environment.interpreter)) as wheel:
                wheel.extractall(site)
