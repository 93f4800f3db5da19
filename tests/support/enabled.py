"""An environment with the command line of enable, disable, status and audit, and a picture of a folder to compare with."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support import envs

PROJECT = Path(__file__).resolve().parents[2]
COMMAND_LINE = "import sys; from importguard.cli.main import main; sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True, slots=True)
class World:
    """One environment, the folder that everything happens in, and the variables of the user."""

    environment: envs.Environment
    folder: Path

    @property
    def site(self):
        return self.environment.site_packages

    def variables(self, **more):
        return {"PATH": os.defpath, "HOME": str(self.folder), "LANG": "C.UTF-8", **more}

    def importguard(self, *words, python=None, project=PROJECT, **more):
        """Run the command line on the environment."""
        command = [sys.executable, "-c", COMMAND_LINE, *words, "--python", str(python or self.environment.python)]
        variables = self.variables(PYTHONPATH=str(project), **more)
        return subprocess.run(command, env=variables, cwd=self.folder, capture_output=True, text=True, timeout=120)

    def python(self, *words, **more):
        """Run the environment's interpreter."""
        command = [self.environment.python, *words]
        return subprocess.run(
            command, env=self.variables(**more), cwd=self.folder, capture_output=True, text=True, timeout=60
        )

    def spawns_at_startup(self, name="zzz_spawns.pth"):
        """Add a start-up file that starts a program; return the file that shows that it ran."""
        canary = self.folder / (name + ".canary")
        line = f"import subprocess; subprocess.run(['/bin/sh', '-c', 'echo ran > {canary}'])\n"
        (self.site / name).write_text(line)
        return canary


def picture(folder):
    """Return {path: (mode, mtime, digest)} of all files and links below a folder, and {path: mode} of folders."""
    found = {}
    for base, folders, names in os.walk(folder):
        for name in folders:
            found[os.path.relpath(os.path.join(base, name), folder)] = "folder"
        for name in names:
            path = os.path.join(base, name)
            status = os.lstat(path)
            content = os.readlink(path).encode() if os.path.islink(path) else Path(path).read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            found[os.path.relpath(path, folder)] = (status.st_mode, status.st_mtime_ns, digest)
    return found
