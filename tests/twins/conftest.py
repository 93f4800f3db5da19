"""Each scene on each core: the one in Python is the specification, the one in C follows it."""

import os

import pytest
from support import envs, guarded, wheels, worlds


@pytest.fixture(scope="session", params=("c", "py"))
def core(request):
    """The core that is asked for with --core."""
    return request.param


@pytest.fixture(scope="session")
def twin_environments(tmp_path_factory):
    """Return a function that gives an environment of an Interpreter with acme-good in it; built once."""
    kept = {}

    def environment(interpreter):
        if interpreter.tag not in kept:
            folder = tmp_path_factory.mktemp(interpreter.tag)
            made = envs.create(folder / "env", interpreter)
            good = wheels.Wheel("acme-good", "1.0", {"acme_good.py": "def help(): pass\n"})
            evil = wheels.Wheel("acme-evil", "6.6", {"acme_evil.py": ""})
            envs.install(made, good, evil, folder=folder / "wheels")
            kept[interpreter.tag] = made
        return kept[interpreter.tag]

    return environment


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """The working folder, with folders, files, and links to all of them and to themselves."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "b").write_text("x")
    (tmp_path / "caf\u00e9").mkdir()
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "up").symlink_to("a/b")
    (tmp_path / "away").symlink_to(tmp_path / "a" / "b")
    (tmp_path / "loop").symlink_to("loop")
    os.symlink(b"\xff", os.fsencode(tmp_path) + b"/\xff2")
    os.mkdir(os.fsencode(tmp_path) + b"/\xff")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def play(tmp_path, any_interpreter, twin_environments, core):
    """Return a function that plays a Scene under a core and returns the Outcome."""

    def run(evil, app, *, options=(), **more):
        environment = envs.copy(twin_environments(any_interpreter), tmp_path / "env")
        (environment.site_packages / "acme_evil.py").write_text(evil)
        with worlds.furnished(tmp_path / "world", environment) as world:
            (world.project / "app.py").write_text(app)
            outcome = guarded.run(world, [environment.python, "app.py"], options=("--core", core, *options), **more)
        armed = [record["core"] for record in outcome.records if record["event"] == "armed"]
        assert armed[:1] == [core], outcome.story()
        return outcome

    return run
