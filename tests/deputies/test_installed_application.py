"""An application that is installed itself is the application: named by the policy, or installed from a local folder."""

import pytest
from support import envs, guarded, kept, worlds
from support.wheels import Wheel

SOURCE = "import pathlib\n\n\ndef main():\n    print((pathlib.Path.home() / '.aws/credentials').read_text())\n"
EAGER = SOURCE + "\n\nmain()\n"
COMMAND = "import acme_service.main; acme_service.main.main()"
PROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "acme-service"
version = "1.0"
[tool.setuptools]
packages = ["acme_service"]
"""


@pytest.fixture
def world(empty_environment, tmp_path):
    environment = envs.copy(empty_environment, tmp_path / "env")
    with worlds.furnished(tmp_path / "world", environment) as built:
        yield built


def install_wheel(world, folder):
    wheel = Wheel("acme-service", "1.0", {"acme_service/__init__.py": "", "acme_service/main.py": EAGER})
    envs.install(world.environment, wheel, folder=folder)


def start(world, policy=None):
    return guarded.run(world, [world.environment.python, "-c", COMMAND], policy=policy)


def test_an_application_installed_as_a_wheel_is_refused_while_nobody_names_it(world, tmp_path):
    """Nothing tells it from any other package, so its credentials stay closed to it."""
    install_wheel(world, tmp_path)

    outcome = start(world)

    assert outcome.returncode == 1, outcome.story()
    assert outcome.decisions(owner="acme-service", capability="fs.read", verdict="deny"), outcome.story()


@pytest.mark.parametrize("names", ['["acme-service"]', '["Acme_Service"]', '["acme-*"]'])
def test_an_application_installed_as_a_wheel_works_once_the_policy_names_it(names, world, tmp_path):
    """Named by `app`, in any spelling or by a glob, it reads what its user can read, while imported and after."""
    install_wheel(world, tmp_path)

    outcome = start(world, policy=f"version = 1\napp = {names}\n")

    assert outcome.stdout.count(world.canaries["aws"]) == 2, outcome.story()
    assert not outcome.decisions(), outcome.story()


@pytest.mark.registry
@pytest.mark.parametrize("options", [(), ("-e",)], ids=["folder", "editable"])
def test_an_application_installed_from_a_folder_works_unnamed(options, world, interpreter, tmp_path):
    """`pip install ./folder`, editable or not, says enough: it is the user's own."""
    checkout = tmp_path / "checkout"
    (checkout / "acme_service").mkdir(parents=True)
    (checkout / "acme_service/__init__.py").write_text("")
    (checkout / "acme_service/main.py").write_text(EAGER)
    (checkout / "pyproject.toml").write_text(PROJECT)
    builder = envs.copy(kept.environment_or_skip(["setuptools>=77"], interpreter), tmp_path / "builder")
    world = worlds.World(world.root, builder, world.canaries, world.http, world.udp, world.before)
    envs.pip(builder, "install", "--no-index", "--no-deps", "--no-build-isolation", *options, checkout)

    outcome = start(world)

    assert outcome.stdout.count(world.canaries["aws"]) == 2, outcome.story()
    assert not outcome.decisions(), outcome.story()
