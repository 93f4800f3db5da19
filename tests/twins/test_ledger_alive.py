"""Whose a file is while a program runs: after an installation, after a write, and after all that Python can reach was changed."""

import pytest
import scenes
from support import envs, guarded, wheels, worlds

INSTALL = """
import site, sys, zipfile
zipfile.ZipFile(sys.argv[1]).extractall(site.getsitepackages()[0])
import acme_late
"""

# Whatever looks like a ledger says from now on that acme-good is the application.
REACH = """
import gc, sys
# What Python has of the ledger is made when something is looked into for the first time.
sys.modules["importguard.guard"].guard.corridor.inquiry()
model = sys.modules["importguard.model"]
gc.unfreeze()
for found in gc.get_objects():
    if type(found) is not dict or found is globals():
        continue
    for key, value in list(found.items()):
        if type(key) is not str or ("acme_good" not in key and key != "acme-good"):
            continue
        if type(value) is model.Owner:
            found[key] = model.APP
            print("changed", flush=True)
        elif type(value) is str and value == "acme-good":
            del found[key]
        elif type(value) is dict and "kind" in value:
            value["kind"] = "app"
"""


@pytest.fixture
def place(tmp_path, any_interpreter, twin_environments):
    """A World with an environment in which acme-good tries to read a key when it is imported."""
    environment = envs.copy(twin_environments(any_interpreter), tmp_path / "env")
    (environment.site_packages / "acme_good.py").write_text(scenes.TRY)
    with worlds.furnished(tmp_path / "world", environment) as world:
        yield world, environment


def owners(outcome):
    found = outcome.decisions(capability="fs.read", target="*/.ssh/id_ed25519")
    return {(record["owner"]["name"], record["owner"]["version"], record["owner"]["kind"]) for record in found}


def test_what_was_installed_since_the_start(place, tmp_path, core):
    """A wheel that the program unpacks into its own environment is blamed by its name and version."""
    world, environment = place
    late = wheels.build(wheels.Wheel("acme-late", "7.0", {"acme_late.py": scenes.TRY}), tmp_path / "late", environment.interpreter)
    (world.project / "app.py").write_text(INSTALL)

    outcome = guarded.run(world, [environment.python, "app.py", late], options=("--core", core))

    assert owners(outcome) == {("acme-late", "7.0", "distribution")}, outcome.story()
    assert "GOT IT" not in outcome.stdout, outcome.story()


def test_a_ledger_that_python_can_reach_decides_nothing(place):
    """Code that changes every container of the ledger that it finds stays what it was to the core in C."""
    world, environment = place
    (environment.site_packages / "acme_evil.py").write_text(REACH)
    (world.project / "app.py").write_text("import acme_evil, acme_good\n")

    outcome = guarded.run(world, [environment.python, "app.py"], options=("--core", "c"))

    assert "changed" in outcome.stdout, outcome.story()
    assert owners(outcome) == {("acme-good", "1.0", "distribution")}, outcome.story()
    assert "GOT IT" not in outcome.stdout, outcome.story()
