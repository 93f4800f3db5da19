"""A library whose work is a credential or a process does it for the application, and not for a package."""

import pytest
from asking import DEPUTIES
from support import guarded

pytestmark = pytest.mark.registry
each_deputy = pytest.mark.parametrize("deputy", DEPUTIES, ids=lambda deputy: deputy.name)
EAGER = "import {0}.eager\nprint({0}.eager.ANSWER)\n"
LAZY = "import {0}.lazy\nprint({0}.lazy.ask_safely())\n"


def run(world, app, mode=guarded.RECOMMENDED):
    (world.project / "app.py").write_text(app)
    return guarded.run(world, [world.environment.python, "app.py"], mode=mode, seconds=60)


def is_refused(deputy, outcome, phase):
    """Say whether the package, and nobody else, was refused what the deputy reaches for."""
    expected = {"capability": deputy.capability, "target": "*" + deputy.target, "phase": phase, "verdict": "deny"}
    return outcome.decisions(owner=deputy.module.replace("_", "-"), **expected) and not [
        record for record in outcome.decisions() if record["owner"]["name"] != deputy.module.replace("_", "-")
    ]


@each_deputy
def test_the_application_gets_what_it_asks_for(deputy, world):
    """Asked by the application itself, the library gives the same as without the guard, and nothing is recorded."""
    app = deputy.source + "print(ask())\n"
    bare = run(world, app, guarded.UNGUARDED)
    assert world.canaries[deputy.canary] in bare.stdout, bare.story()

    outcome = run(world, app)

    assert (outcome.returncode, outcome.stdout) == (0, bare.stdout), outcome.story()
    assert not outcome.decisions(), outcome.story()


@each_deputy
def test_a_package_that_asks_while_it_is_imported_is_refused(deputy, world):
    """The package gets it unguarded; under recommended it doesn't, and the record blames it, not the library."""
    app = EAGER.format(deputy.module)
    assert world.canaries[deputy.canary] in run(world, app, guarded.UNGUARDED).stdout

    outcome = run(world, app)

    assert world.canaries[deputy.canary] not in outcome.stdout, outcome.story()
    assert is_refused(deputy, outcome, "import"), outcome.story()


@pytest.mark.parametrize(
    "deputy", [deputy for deputy in DEPUTIES if "run" in deputy.when], ids=lambda deputy: deputy.name
)
def test_a_package_that_asks_when_it_is_called_is_refused(deputy, world):
    """Called by the application, the package still asks in its own name."""
    app = LAZY.format(deputy.module)
    assert world.canaries[deputy.canary] in run(world, app, guarded.UNGUARDED).stdout

    outcome = run(world, app)

    assert world.canaries[deputy.canary] not in outcome.stdout, outcome.story()
    assert is_refused(deputy, outcome, "run"), outcome.story()


@each_deputy
def test_a_grant_lets_the_package_ask(deputy, world):
    """A package that the policy grants it gets it through the library."""
    name = deputy.module.replace("_", "-")
    policy = f"version = 1\n[package.{name}]\n"
    policy += f'import.allow = ["{deputy.capability}:**{deputy.target}"]\n'
    (world.project / "app.py").write_text(EAGER.format(deputy.module))

    command = [world.environment.python, "app.py"]
    outcome = guarded.run(world, command, policy=policy, seconds=60)

    assert world.canaries[deputy.canary] in outcome.stdout, outcome.story()
