"""Distributions that an application carries in a folder of its own, as `pip install --target` puts them, are no application."""

import pytest
from support import envs, guarded, wheels, worlds

STEAL = """
import os
home = os.path.expanduser("~")
assert os.path.exists(home + "/.canary-home")
with open(home + "/.aws/credentials") as secret, open(os.environ["TMPDIR"] + "/loot", "w") as loot:
    loot.write(secret.read())
"""
CARRIED = {
    "lib": "sys.path.insert(0, 'lib')",
    "deep": "sys.path.insert(0, 'vendor/python')",
    "beside": "",
    "site": "import site; site.addsitedir('lib')",
}
PLACES = {"lib": "lib", "deep": "vendor/python", "beside": ".", "site": "lib"}


@pytest.fixture(scope="module")
def environment(interpreter, tmp_path_factory):
    """An empty environment."""
    return envs.create(tmp_path_factory.mktemp("carried") / "env", interpreter)


def run(environment, root, where, *, module="acme_carried", **options):
    """Run an application that imports a module and carries a distribution; return the Outcome and the evidence."""
    with worlds.furnished(root, environment) as world:
        wheel = wheels.build(wheels.Wheel("acme-carried", "1.0", {"acme_carried.py": STEAL}), root / "wheels", environment.interpreter)
        envs.pip(environment, "install", "--no-index", "--no-deps", "--target", world.project / PLACES[where], wheel)
        (world.project / "own.py").write_text(STEAL)
        (world.project / "own.egg-info").mkdir()
        (world.project / "own.egg-info" / "top_level.txt").write_text("own\n")
        (world.project / "app.py").write_text(f"import sys\n{CARRIED[where]}\nimport {module}\n")
        worlds.settle(world)
        outcome = guarded.run(world, [environment.python, "app.py"], **options)
        return outcome, world.evidence()


@pytest.mark.parametrize("where", PLACES)
def test_a_carried_distribution_takes_a_secret_unguarded(where, environment, tmp_path):
    """The control."""
    outcome, evidence = run(environment, tmp_path, where, mode=guarded.UNGUARDED)

    assert "kept:aws" in evidence, outcome.story()


@pytest.mark.parametrize("core", ("c", "py"))
@pytest.mark.parametrize("where", PLACES)
def test_a_carried_distribution_is_its_own(where, core, environment, tmp_path):
    """It is refused the secret under its own name."""
    outcome, evidence = run(environment, tmp_path, where, options=("--core", core))

    assert "kept:aws" not in evidence, outcome.story()
    assert outcome.decisions(capability="fs.read", owner="acme-carried", verdict="deny"), outcome.story()


@pytest.mark.parametrize("core", ("c", "py"))
def test_the_applications_own_modules_beside_it_stay_the_applications(core, environment, tmp_path):
    """Its metadata of being built is none of an installation."""
    outcome, evidence = run(environment, tmp_path, "beside", module="own", options=("--core", core))

    assert "kept:aws" in evidence, outcome.story()
