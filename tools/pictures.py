"""Makes the pictures of the documentation from real runs: a denial and a question in a terminal, and the page of a report.

python tools/pictures.py. Needs Chromium, and an index to install two ordinary packages from.
"""

import contextlib
import fcntl
import io
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios

import rich.console
import rich.terminal_theme
import rich.text

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from importguard import demo_fixture  # noqa: E402  (importguard itself may not be installed here)
from importguard.demo import story, wheels  # noqa: E402

PLACE = PROJECT / "docs/pictures"
IMPORTGUARD = pathlib.Path(sys.executable).parent / "importguard"
ORDINARY = ("rich", "jsonschema")
COLUMNS, LINES = 112, 40
WIDTH, HEIGHT = 1180, 1570
MOST_BYTES = 200_000
SINK = "http://127.0.0.1:9"  # nobody listens there: what got as far as that would fail
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--virtual-time-budget=10000",
)  # fmt: skip
# rich's own picture of a terminal, without the fonts that it would have fetched.
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="a terminal">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
SHOWN = story.SERVES
# Something to import, before the release does what it does.
BUSY = f"import json, jsonschema, rich.console, rich.table\n{SHOWN}"


def main():
    PLACE.mkdir(parents=True, exist_ok=True)
    with a_folder() as folder:
        world = World(folder)
        world.install(demo_fixture.SILENT_VERSION, demo_fixture.silent_release)
        terminal(world, "denial", ["importguard", "run", "--", ".venv/bin/python", "app.py"])
        terminal(world, "question", ["importguard", "run", "--ask", "--", ".venv/bin/python", "app.py"], answer=b"\r")
        world.run(BUSY)
        world.install(demo_fixture.STARTUP_VERSION, demo_fixture.startup_release)
        world.run(story.ASKS)
        report(world)
    for path in sorted(PLACE.iterdir()):
        size = path.stat().st_size
        print(f"{path.relative_to(PROJECT)}: {size:,} bytes")
        if size > MOST_BYTES:
            sys.exit(f"{path} is larger than {MOST_BYTES:,} bytes")


@contextlib.contextmanager
def a_folder():
    """A folder with a short name, for as long as it is used."""
    with tempfile.TemporaryDirectory(prefix="app-", dir="/tmp") as made:
        folder = pathlib.Path("/tmp/app")
        if folder.exists():
            yield pathlib.Path(made)
        else:
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder)


class World:
    """A home and an application's environment below a folder, where the re-enactment finds nothing that is anybody's."""

    def __init__(self, folder):
        self.folder = folder
        self.records = folder / "run.jsonl"
        self.variables = {
            "PATH": f"{IMPORTGUARD.parent}:{os.defpath}", "HOME": str(folder / "home"), "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "XDG_STATE_HOME": str(folder / "state"),
        }  # fmt: skip
        (folder / "home/.ssh").mkdir(parents=True)
        (folder / "home/.ssh/id_ed25519").write_text("canary\n")
        (folder / "home" / demo_fixture.SENTINEL).touch()
        subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
        pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *ORDINARY]
        subprocess.run(pip, check=True)

    @property
    def python(self):
        return self.folder / ".venv/bin/python"

    def install(self, version, files):
        """Put a release of the re-enactment in the place of the one before."""
        site = next(self.folder.glob(".venv/lib/python3.*/site-packages"))
        for old in site.glob(f"{demo_fixture.NAME}*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        wheel = wheels.build(self.folder, demo_fixture.NAME, version, files(SINK))
        wheels.install(wheel, self.python, self.variables)

    def run(self, program):
        """Run an application guarded, and record all that there is to record."""
        (self.folder / "app.py").write_text(program)
        options = ["--records", self.records, "--record-imports"]
        command = [IMPORTGUARD, "run", *options, "--", ".venv/bin/python", "app.py"]
        subprocess.run(command, cwd=self.folder, env=self.variables, check=True)


def terminal(world, name, words, *, answer=b""):
    """Write what a terminal shows of a command."""
    (world.folder / "app.py").write_text(SHOWN)
    console = rich.console.Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print("$ " + " ".join(words), style="bold", highlight=False)
    console.print(rich.text.Text.from_ansi(on_a_terminal(world, words, answer)), highlight=False)
    svg = console.export_svg(title="", theme=rich.terminal_theme.MONOKAI, code_format=SVG, unique_id=name)
    (PLACE / f"{name}.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


def on_a_terminal(world, words, answer):
    """Return what a command writes to a pseudo-terminal; `answer` is typed when it asks."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(world.folder)
        os.execvpe(IMPORTGUARD, words, world.variables)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, 0, 0))
    shown = b""
    try:
        while data := os.read(master, 65536):
            shown += data
            if answer and shown.endswith(b"Enter for no: "):
                os.write(master, answer)
    except OSError:  # it has ended
        os.close(master)
    os.waitpid(pid, 0)
    return shown.decode().replace("\r\n", "\n").rstrip()


def report(world):
    """Write what a browser shows of the page."""
    page = world.folder / "report.html"
    subprocess.run([IMPORTGUARD, "report", "run.jsonl", "-o", page], cwd=world.folder, env=world.variables, check=True)
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"there is none of {', '.join(BROWSERS)}")
    with tempfile.TemporaryDirectory() as profile:
        target = PLACE / "report.png"
        options = [*QUIET, f"--user-data-dir={profile}", f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={target}"]
        subprocess.run([browser, *options, f"file://{page}"], check=True, capture_output=True, timeout=120)
    keep = os.environ.get("PICTURES_KEEP")
    if keep:
        shutil.copy(page, keep)


if __name__ == "__main__":
    main()
