"""The pages and their fenced blocks, and a shell that runs what stands in these as a reader would."""

import os
import pty
import re
import shlex
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from support import guarded

PROJECT = Path(__file__).parents[2]
README, TUTORIAL = PROJECT / "README.md", PROJECT / "docs/tutorial.md"
HOW_TO = sorted((PROJECT / "docs/how-to").glob("*.md"))
REFERENCE = sorted((PROJECT / "docs/reference").glob("*.md"))
PLUGINS = sorted((PROJECT / "plugins").glob("*/README.md"))
EVERY = [README, PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").rglob("*.md")), *PLUGINS]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"\s+# exit (\d+)$")
SECONDS = 120
# A record's id, and what a page leaves to the machine: `…` stands for anything in a line, alone in a line for any lines.
ID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
ANYTHING = "…"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its page, language and text."""

    page: Path
    language: str
    text: str

    def __str__(self):
        return f"{self.page.relative_to(PROJECT)}: {self.language}: {self.text.splitlines()[0]}"


def blocks(page, *languages):
    """Return the Blocks of a page, of these languages where some are named."""
    found = [Block(page, language, text) for language, text in FENCE.findall(page.read_text())]
    return [block for block in found if not languages or block.language in languages]


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell in a project's folder that remembers folder and variables from one block to the next."""

    folder: Path
    variables: dict[str, str]
    state: Path

    def run(self, text, *, on_terminal=False):
        """Run the lines of a block, which must end with the exit status that each shows; return what they printed."""
        script = "\n".join([self._resume(), "set -e", *map(_checked, text.splitlines())])
        start = _on_terminal if on_terminal else _piped
        status, printed = start(["sh", "-c", script], cwd=self.folder, env=self.variables)
        assert status == 0, f"{text}\nexit {status}\n{printed}"
        return printed

    def write(self, name, text):
        """Write a file into the folder that the shell is in."""
        place = self.state / "folder"
        Path(place.read_text().strip() if place.exists() else self.folder, name).write_text(text)

    def converse(self, text):
        """Run the `$ ` lines of a console block on a terminal; each must print what stands below it."""
        for command, expected in conversation(text):
            printed = self.run(command, on_terminal=True)
            assert is_like(expected, printed), f"{command}\nexpected:\n{expected}\nprinted:\n{printed}"

    def _resume(self):
        place, variables = self.state / "folder", self.state / "variables"
        keep = f"trap 'code=$?; pwd > {shlex.quote(str(place))}; export -p > {shlex.quote(str(variables))}; exit $code' EXIT"
        return f"[ ! -e {place} ] || {{ cd \"$(cat {place})\"; . {variables}; }}\n{keep}"


def open_shell(folder, root, *, home=None, programs=None):
    """Return a Shell in a project's folder; its parent is the home, and its environment has the programs, unless named."""
    ours, state = root / "bin", root / "state"
    for made in (ours, state):
        made.mkdir()
    (ours / "importguard").write_text(f'#!/bin/sh\nexec {shlex.join(map(str, guarded.launcher()))} "$@"\n')
    (ours / "importguard").chmod(0o755)
    path = os.pathsep.join([str(ours), str(programs or folder / ".venv/bin"), os.defpath])
    variables = {"PATH": path, "HOME": str(home or folder.parent), "LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "120"}
    return Shell(folder, variables, state)


def conversation(text):
    """Return [(command, what is printed below it)] of a console block."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def is_like(expected, printed):
    """Say whether what was printed is what a page shows, ids and what it leaves open apart.

    Pieces between lines of nothing but `…` may come in any order: who guards and who is guarded write at the same time.
    """
    printed = printed.replace("\r\n", "\n")
    pieces = re.split(rf"^{ANYTHING}\n", ID.sub(ANYTHING, expected), flags=re.MULTILINE)
    if len(pieces) == 1:
        return re.fullmatch(_open(expected), printed) is not None
    return all(re.search("^" + _open(piece), printed, re.MULTILINE) for piece in pieces)


def _open(text):
    return ".*".join(map(re.escape, ID.sub(ANYTHING, text).split(ANYTHING)))


def _checked(line):
    shown = EXIT.search(line)
    if shown is None:
        return line
    return f"code=0; {line[: shown.start()]} || code=$?; [ $code = {shown[1]} ] || {{ echo \"exit $code\" >&2; exit 99; }}"


def _piped(command, **where):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, **where)
    return done.returncode, done.stdout + done.stderr


def _on_terminal(command, **where):
    ours, theirs = pty.openpty()
    printed = []
    reader = threading.Thread(target=_read, args=(ours, printed))
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, **where) as process:
        os.close(theirs)
        reader.start()
        status = process.wait(SECONDS)
    reader.join(SECONDS)
    os.close(ours)
    return status, b"".join(printed).decode("utf-8", "replace")


def _read(terminal, printed):
    # Reading ends with EIO once nobody has the other end any more.
    while True:
        try:
            printed.append(os.read(terminal, 4096))
        except OSError:
            return
