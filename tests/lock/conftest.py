"""What locks are learnt of: an environment with a distribution that can do things, and one that does nothing."""

import pytest
from lock_stage import IDLE_WHEEL, TOOL_WHEEL, USE, Stage
from support import envs, worlds


@pytest.fixture(scope="session")
def tools(tmp_path_factory, interpreter):
    """An environment with both; copy it before anything in it is changed."""
    folder = tmp_path_factory.mktemp("tools")
    made = envs.create(folder / "env", interpreter)
    envs.install(made, TOOL_WHEEL, IDLE_WHEEL, folder=folder / "wheels")
    return made


@pytest.fixture(scope="module")
def made(request, tmp_path_factory, interpreter):
    """An environment with the WHEELS of a test's module."""
    folder = tmp_path_factory.mktemp("made")
    environment = envs.create(folder / "env", interpreter)
    envs.install(environment, *request.module.WHEELS, folder=folder / "wheels")
    return environment


@pytest.fixture
def world(tmp_path, tools):
    """A World around a copy of that environment, for a test to change."""
    made = envs.copy(tools, tmp_path / "env")
    with worlds.furnished(tmp_path / "world", made) as furnished:
        yield furnished


@pytest.fixture(scope="session")
def learnt(tools, tmp_path_factory):
    """The text of a lock of that environment, learnt of a program that uses both distributions."""
    with worlds.furnished(tmp_path_factory.mktemp("learnt"), tools) as world:
        stage = Stage(world)
        done = stage.learn(USE)
        assert done.returncode == 0, done.stderr
        return stage.lock.read_text()


@pytest.fixture(params=("c", "py"))
def core(request):
    """Each core in turn, as options."""
    return ("--core", request.param)


@pytest.fixture
def stage(world):
    """A Stage in the World."""
    return Stage(world)
