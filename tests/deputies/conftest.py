"""The environment of the deputies, and a world whose home and project hold what they are asked for."""

import subprocess

import pytest
from asking import DEPUTIES
from support import envs, kept, worlds

KEY_PROGRAM = (
    "import sys, paramiko\nkey = paramiko.RSAKey.generate(2048)\n"
    "key.write_private_key_file(sys.argv[1])\nprint(key.get_base64())\n"
)


@pytest.fixture(scope="session")
def deputies_environment(interpreter, tmp_path_factory):
    """An environment with every deputy and, for each, the package that asks through it."""
    needs = sorted({need for deputy in DEPUTIES for need in deputy.needs})
    folder = tmp_path_factory.mktemp("deputies")
    environment = envs.copy(kept.environment_or_skip(needs, interpreter), folder / "env")
    envs.install(environment, *[deputy.wheel() for deputy in DEPUTIES], folder=folder / "wheels")
    return environment


@pytest.fixture(scope="session")
def private_key(deputies_environment, tmp_path_factory):
    """The text of a private key in a file, and its public half in base64."""
    path = tmp_path_factory.mktemp("key") / "id_rsa"
    command = [deputies_environment.python, "-c", KEY_PROGRAM, path]
    public = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    return path.read_text(), public


@pytest.fixture
def world(deputies_environment, private_key, tmp_path):
    """A World with the canaries, a loadable key among them."""
    with worlds.furnished(tmp_path / "world", deputies_environment) as built:
        text, public = private_key
        (built.home / ".ssh/id_rsa").write_text(text)
        built.canaries["key"] = public
        (built.home / ".netrc").chmod(0o600)
        (built.project / "notes.ini").write_text(f"[canary]\n\ttext = {built.canaries['git']}\n")
        yield built
