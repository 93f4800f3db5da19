"""A package that may start a program while it is imported may not choose what that program loads."""

from support import envs, guarded, wheels, worlds

ASKS = """
import os, subprocess
print("child has", subprocess.run(["/usr/bin/uname", "-p"], env={"LD_PRELOAD": "/nowhere.so"}, capture_output=True).stderr)
"""


def test_the_loader_of_an_allowed_program_is_not_the_packages_to_steer(tmp_path, interpreter, empty_environment):
    """LD_PRELOAD that a package sets at import doesn't reach `uname`; unguarded it does, and the loader says so."""
    environment = envs.copy(empty_environment, tmp_path / "env")
    envs.install(environment, wheels.Wheel("acme-asks", "1.0", {"acme_asks.py": ASKS}), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "app.py").write_text("import acme_asks\n")
        command = [environment.python, "app.py"]

        bare = guarded.run(world, command, mode=guarded.UNGUARDED)
        outcome = guarded.run(world, command)

    assert "nowhere.so" in bare.stdout
    assert "child has b''" in outcome.stdout, outcome.story()
