"""What the demo plays, and whether it went as it must: leaked unguarded, nothing leaked guarded."""

import pathlib
import tempfile
from dataclasses import dataclass

from importguard import demo_fixture
from importguard.demo import stage

# Short, as it is part of the paths that are shown; not "importguard-", as old session directories are swept away.
PREFIX = "demo-"
LISTED = ("litellm", "1.82.8")
ASKS = """import acmellm

print("the answer is", repr(acmellm.complete("hello")))
"""
SERVES = """import acmellm

print("the answer is", repr(acmellm.complete("hello")))
try:
    from acmellm.proxy import server
except PermissionError:
    print("the proxy could not be loaded, going on without it")
else:
    print("the proxy answers", repr(server.serve("hello")))
"""
IMPORTS = """try:
    import litellm
except ImportError:
    print("litellm could not be imported, going on without it")
else:
    print("litellm is imported")
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """One attack: how it goes about it, the application's text, and its release (name, version, files for a sink)."""

    title: str
    story: str
    program: str
    release: tuple
    leaks: bool


@dataclass(frozen=True, slots=True)
class Played:
    """A Scene and what came of it, without the guard and with it."""

    scene: Scene
    unguarded: stage.Outcome
    guarded: stage.Outcome


SCENES = (
    Scene(
        title=f"{demo_fixture.NAME} {demo_fixture.STARTUP_VERSION}: a start-up file",
        story=f"The wheel brings {demo_fixture.STARTUP_FILE}. Python runs it at every start, whether or not anything is "
        "imported; it starts a child that collects credentials, posts them and installs a service.",
        program=ASKS,
        release=(demo_fixture.NAME, demo_fixture.STARTUP_VERSION, demo_fixture.startup_release),
        leaks=True,
    ),
    Scene(
        title=f"{demo_fixture.NAME} {demo_fixture.SILENT_VERSION}: a module deep inside",
        story="The same collector hides in acmellm/proxy/server.py. A plain import of the package does nothing; the "
        "application that serves its proxy runs it.",
        program=SERVES,
        release=(demo_fixture.NAME, demo_fixture.SILENT_VERSION, demo_fixture.silent_release),
        leaks=True,
    ),
    Scene(
        title=f"{' '.join(LISTED)}: known by name and version",
        story="An empty wheel with the name and the version of a release that is on the list of known-malicious ones. "
        "It does nothing, and is refused all the same, before its first line.",
        program=IMPORTS,
        release=(*LISTED, lambda _url: {"litellm/__init__.py": '"""Nothing in here."""\n'}),
        leaks=False,
    ),
)


def play():
    """Yield a Played for each scene; everything they made is gone when the last one has been taken."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
        root = pathlib.Path(folder).resolve()
        for number, scene in enumerate(SCENES, 1):
            unguarded = perform(scene, root / f"{number}u", guarded=False)
            yield Played(scene, unguarded, perform(scene, root / f"{number}g", guarded=True))


def perform(scene, folder, *, guarded):
    """Play a scene once, in a new folder, and return the Outcome."""
    folder.mkdir()
    return stage.play(folder, scene.release, scene.program, guarded=guarded)


def problems(played):
    """Return what did not go as it must, one sentence each; nothing for a scene that shows what it claims."""
    return [*_unguarded_problems(played), *_guarded_problems(played)]


def _unguarded_problems(played):
    outcome = played.unguarded
    if outcome.status != 0:
        yield f"unguarded, the application ended with status {outcome.status}"
    if not played.scene.leaks:
        return
    missing = [path for path in demo_fixture.CREDENTIALS if path not in outcome.leaked]
    if missing:
        yield f"unguarded, the sink did not receive {', '.join(missing)}: the attack did not happen, so nothing is shown"
    if demo_fixture.UNIT not in outcome.written:
        yield f"unguarded, {demo_fixture.UNIT} was not written: the attack did not happen, so nothing is shown"


def _guarded_problems(played):
    outcome = played.guarded
    if outcome.status != 0:
        yield f"guarded, the application ended with status {outcome.status}"
    if outcome.posts or outcome.leaked:
        yield f"guarded, the sink received {outcome.posts} posts with {len(outcome.leaked)} credentials"
    if outcome.read:
        yield f"guarded, credentials were read: {', '.join(outcome.read)}"
    if outcome.written:
        yield f"guarded, files were written: {', '.join(outcome.written)}"
    if not outcome.denials:
        yield "guarded, nothing was refused"
