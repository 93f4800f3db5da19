"""Environment variables: a policy can withhold one from a package, and the application still reads it."""

import pytest
from support import envs, guarded, wheels, worlds

READS = """
import os
try:
    print("package got", {expression})
except PermissionError:
    print("package was refused")
"""
POLICY = 'version = 1\n[package.acme-reads]\nimport.deny = ["env.read:ACME_*"]\n'
WAYS = ("os.environ['ACME_API_KEY']", "os.getenv('ACME_API_KEY')", "os.environb[b'ACME_API_KEY']", "dict(os.environ)['ACME_API_KEY']")


@pytest.mark.parametrize("expression", WAYS)
def test_a_withheld_variable_is_not_read(tmp_path, interpreter, empty_environment, expression):
    """Refused to the package, whose text doesn't reach the output; given to the application; given to all without a rule."""
    environment = envs.copy(empty_environment, tmp_path / "env")
    reads = wheels.Wheel("acme-reads", "1.0", {"acme_reads.py": READS.format(expression=expression)})
    envs.install(environment, reads, folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "app.py").write_text("import os, acme_reads\nprint('app got', os.environ['ACME_API_KEY'])\n")
        key = world.canaries["variable"]

        free = guarded.run(world, [environment.python, "app.py"])
        outcome = guarded.run(world, [environment.python, "app.py"], policy=POLICY)

    assert key in free.stdout.splitlines()[0]
    assert outcome.stdout.splitlines() == ["package was refused", f"app got {key}"], outcome.story()
    [decision] = outcome.decisions(capability="env.read", owner="acme-reads", verdict="deny")
    assert (decision["target"], decision["layer"]) == ("ACME_API_KEY", "wrap")
