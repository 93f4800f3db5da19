"""A world for a program to run in: home and project with canaries, sinks, an environment; and what became of them."""

import base64
import binascii
import contextlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support import homes, sinks
from support.envs import Environment

ENCODED = re.compile(r"[A-Za-z0-9+/=_-]{16,}")
LABELS = re.compile(r"(?:[0-9a-f]{8,}\.?)+")  # hex, as it is or cut into the labels of a host name


@dataclass(frozen=True, slots=True)
class World:
    """One stage: `canaries` maps names to texts, `before` is how the folders looked when the curtain rose."""

    root: Path
    environment: Environment
    canaries: dict[str, str]
    http: sinks.Sink
    udp: sinks.Sink
    before: dict[str, bytes]

    @property
    def home(self):
        return self.root / "home"

    @property
    def project(self):
        return self.root / "project"

    @property
    def temporary(self):
        return self.root / "tmp"

    @property
    def programs(self):
        """Stand-ins for programs: the folder that comes first on PATH."""
        return self.root / "bin"

    def variables(self):
        """Return the whole environment that a program gets here: nothing of the caller's."""
        return {
            "PATH": f"{self.programs}{os.pathsep}{os.defpath}",
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
            "SINK": self.http.url,
            "SINK_UDP": f"{self.udp.host}:{self.udp.port}",
            "ACME_API_KEY": self.canaries["variable"],
            **_handed_on(),
        }

    @property
    def metadata_log(self):
        """What a private network's metadata endpoint writes: JSON lines."""
        return self.root / "metadata.jsonl"

    def evidence(self):
        """Return what happened, as sorted facts.

        `leaked:CANARY` reached a sink, `kept:CANARY` was copied to a file here, `GET:/path`, `POST:/path` and `UDP:`
        arrived, `METADATA:/path` was asked of the metadata endpoint, `wrote:FOLDER/FILE` and `gone:FOLDER/FILE` say
        what became of the files in home, project, tmp and site.
        """
        self.udp.settle()
        after = _snapshot(self)
        changed = {name: content for name, content in after.items() if self.before.get(name) != content}
        received = (*self.http.received, *self.udp.received)
        facts = {f"leaked:{name}" for name in self._found_in(item.text for item in received)}
        facts.update(f"kept:{name}" for name in self._found_in(text.decode("latin-1") for text in changed.values()))
        facts.update(f"{item.method}:{item.path.partition('?')[0]}" for item in received)
        facts.update(f"METADATA:{path}" for path in self._asked_of_metadata())
        facts.update(f"wrote:{name}" for name in changed)
        facts.update(f"gone:{name}" for name in self.before.keys() - after.keys())
        return sorted(facts)

    def _found_in(self, texts):
        everything = "\n".join(reading for text in texts for reading in _readings(text))
        return {name for name, canary in self.canaries.items() if canary in everything}

    def _asked_of_metadata(self):
        if not self.metadata_log.exists():
            return []
        return [json.loads(line)["path"] for line in self.metadata_log.read_text().splitlines()]


@contextlib.contextmanager
def furnished(root, environment, *, pages=None, refused=(), answer=b"", remembers=True) -> Iterator[World]:
    """Build a world under the folder `root` around an Environment, with both sinks open for the length of the block.

    One that doesn't remember how its folders were has no evidence to give, and is cheap where the environment is large.
    """
    root = Path(root)
    for name in ("home", "project", "tmp", "bin"):
        (root / name).mkdir(parents=True, exist_ok=True)
    canaries = homes.furnish(root / "home", root / "project")
    with sinks.http_sink() as http, sinks.udp_sink() as udp:
        http.pages.update(pages or {})
        http.refused.update(refused)
        udp.answer = answer
        world = World(root, environment, canaries, http, udp, {})
        if remembers:
            world.before.update(_snapshot(world))
        yield world


def settle(world):
    """Take what the folders hold now as their state before the curtain rises."""
    world.before.clear()
    world.before.update(_snapshot(world))


def _handed_on():
    """Return the variables of the caller's that $IMPORTGUARD_TEST_VARIABLES names: what a sanitizer needs."""
    names = os.environ.get("IMPORTGUARD_TEST_VARIABLES", "").split()
    return {name: os.environ[name] for name in names if name in os.environ}


def _snapshot(world):
    folders = {
        "home": world.home,
        "project": world.project,
        "tmp": world.temporary,
        "site": world.environment.site_packages,
    }
    found = {}
    for name, folder in folders.items():
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found[f"{name}/{path.relative_to(folder)}"] = path.read_bytes()
    return found


def _readings(text):
    yield text
    for word in ENCODED.findall(text):
        with contextlib.suppress(ValueError, binascii.Error):
            yield base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_").decode("utf-8", "replace")
    for word in LABELS.findall(text):
        with contextlib.suppress(ValueError):
            yield bytes.fromhex(word.replace(".", "")).decode("utf-8", "replace")
