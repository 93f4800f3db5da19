"""Shells on a pseudo-terminal, in a world with a thief."""

import os
import shutil

import pytest
from support import envs, terminals, wheels, worlds

STEAL = "import os\ntry:\n    print('loot', open(os.path.expanduser('~/.ssh/id_rsa')).read())\nexcept OSError as error:\n    print(type(error).__name__)\n"
READ = """import os
def read(name):
    try:
        print('loot', open(os.path.join(os.path.expanduser('~/.ssh'), name)).read())
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.fixture
def world(tmp_path, empty_environment):
    """A world with `acme-thief`, which reads a key when it is imported."""
    made = envs.copy(empty_environment, tmp_path / "env")
    thief = wheels.Wheel("acme-thief", "1.0", {"acme_thief.py": STEAL, "acme_reader.py": READ})
    envs.install(made, thief, folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path / "world", made) as furnished:
        (furnished.home / ".ssh").mkdir(exist_ok=True)
        (furnished.home / ".ssh/id_rsa").write_text("canary-key")
        # A dumb terminal scrolls a prompt that is wider than itself, and shows its end alone.
        (furnished.home / ".bashrc").write_text("PS1='> '\n")
        yield furnished


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request):
    """Each shell in turn that this machine has."""
    path = shutil.which(request.param)
    if path is None:
        pytest.skip(f"this machine has no {request.param}")
    return path


@pytest.fixture
def terminal(world):
    """A function that opens a Terminal in the world's project; closed at the end."""
    opened = []

    def open_it(command, **variables):
        environ = {**world.variables(), "TERM": "dumb", "PS1": "$ ", **variables}
        opened.append(terminals.Terminal(command, folder=world.project, variables=environ))
        return opened[-1]

    yield open_it
    for each in opened:
        each.process.kill()
        each.process.wait()
        os.close(each.master)
