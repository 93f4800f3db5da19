"""Loops and threads that CPython knows nothing of: what a package leaves with one while it is imported is still to be its import's."""

import pytest
from support import envs, guarded, interpreters, kept, wheels, worlds

pytestmark = pytest.mark.registry
SECTION = "docs/explanation/limits-of-blame.md#work-that-carries-its-origin"
ACT = """
import os, pathlib

def act(*given):
    os.waitpid(os.posix_spawn("/bin/touch", ["touch", "canary"], {}), 0)
"""
SHOW = "\nimport pathlib\nprint(pathlib.Path('canary').exists())\n"
LEFT = {
    "uvloop": (
        ACT + "import asyncio\nasyncio.get_running_loop().call_soon(act)\n",
        "import asyncio, uvloop\n\nasync def main():\n    import acme_left\n    await asyncio.sleep(0.2)\n\nuvloop.run(main())\n",
    ),
    "trio": (
        ACT + "import trio\ntry:\n    trio.run(trio.to_thread.run_sync, act)\nexcept PermissionError:\n    pass\n",
        "import trio\ntrio.run(trio.to_thread.run_sync, abs, 1)\nimport acme_left\n",
    ),
}


@pytest.fixture
def perform(tmp_path):
    """A function that runs the program of a loop guarded or not, and returns the Outcome."""

    def run(needed, **options):
        interpreter = interpreters.own()
        environment = envs.copy(kept.environment_or_skip((needed,), interpreter), tmp_path / "env")
        package, program = LEFT[needed]
        envs.install(environment, wheels.Wheel("acme-left", "1.0", {"acme_left.py": package}), folder=tmp_path / "wheels")
        with worlds.furnished(tmp_path, environment) as world:
            (world.project / "app.py").write_text(program + SHOW)
            return guarded.run(world, [environment.python, "app.py"], **options)

    return run


@pytest.mark.parametrize("needed", LEFT)
def test_it_is_done_without_the_guard(perform, needed):
    """The control."""
    outcome = perform(needed, mode=guarded.UNGUARDED)

    assert outcome.stdout == "True\n", outcome.story()


@pytest.mark.xfail(strict=True, reason=SECTION)
@pytest.mark.parametrize("needed", LEFT)
def test_it_is_not_done_for_an_import(perform, needed):
    """Which thread it is done in, or by which loop, makes no difference to whose it is."""
    outcome = perform(needed, options=("--core", "c"))

    assert outcome.stdout == "False\n", outcome.story()
