"""A package that may start a program while it is imported may not choose what that program loads."""

import shutil

import pytest
from support import envs, guarded, wheels, worlds

from importguard.policy import preset
from importguard.wraps import starting

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


def test_what_may_not_be_set_at_import_may_not_be_given_to_a_child_either():
    """Each variable that `recommended` keeps packages from setting is put back for what they start."""
    lines = [line for policy in preset.chain("recommended") for line in policy.lines]
    denied = [line.grant.target for line in lines if line.effect == "deny" and line.grant.capability == "env.write"]
    named = [name.rstrip("*") for name in denied if name]

    assert len(named) > 90
    assert [name for name in named if not starting.steers(name)] == []


STEERED = {
    "perl": (
        "open(TMP + '/strict.pm', 'w').write(f'package strict; system(\"cp {AWS} {LOOT}\"); sub import {{}} 1;')\n"
        "COMMAND, MORE = ['perl', '-Mstrict', '-e', '1'], {'PERL5LIB': TMP}\n",
        "$bin/perl -Mstrict -e 1",
    ),
    "git": (
        "os.makedirs(TMP + '/git')\n"
        "open(TMP + '/git/config', 'w').write(f'[trace2]\\n normalTarget = {LOOT}\\n configParams = alias.*\\n[alias]\\n zz = steered\\n')\n"
        "COMMAND, MORE = ['git', 'version'], {'XDG_CONFIG_HOME': TMP}\n",
        "$bin/git version",
    ),
}
START = """
import os, subprocess
TMP, AWS = os.environ["TMPDIR"], os.path.expanduser("~/.aws/credentials")
LOOT = TMP + "/loot"
{source}
print(subprocess.run(COMMAND, env={**os.environ, **MORE}, capture_output=True).returncode)
"""


@pytest.mark.parametrize("program", STEERED)
def test_a_granted_program_is_not_the_packages_to_steer(program, tmp_path, interpreter, empty_environment):
    """What a package would have it do by a variable is done unguarded, and isn't where it goes by what the user had set."""
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    source, granted = STEERED[program]
    environment = envs.copy(empty_environment, tmp_path / "env")
    wheel = wheels.Wheel("acme-steers", "1.0", {"acme_steers.py": START.replace("{source}", source)})
    envs.install(environment, wheel, folder=tmp_path / "wheels")
    policy = f'version = 1\n[package.acme-steers]\nimport.allow = ["proc.spawn:{granted}"]\n'
    done = []
    for mode in (guarded.UNGUARDED, guarded.RECOMMENDED):
        with worlds.furnished(tmp_path / mode, environment) as world:
            (world.project / "app.py").write_text("import acme_steers\n")
            options = {} if mode == guarded.UNGUARDED else {"policy": policy}
            outcome = guarded.run(world, [environment.python, "app.py"], mode=mode, **options)
            done.append((outcome.stdout, (world.root / "tmp/loot").exists()))

    assert done == [("0\n", True), ("0\n", False)]


PREPARES = """
import os, subprocess
print(subprocess.run(["uname", "-s"], preexec_fn=os.setpgrp, capture_output=True, text=True))
print(subprocess.run(["uname", "-s"], preexec_fn=os.getpid, capture_output=True, text=True, env=None))
print(os.system("uname -s"))
"""


@pytest.mark.parametrize("core", ["c", "py"])
def test_what_the_guard_tells_a_child_is_nobodys_doing(core, tmp_path, any_interpreter):
    """A child that keeps its environment, and gets something to do before it starts, is started at import as it is unguarded."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    envs.install(environment, wheels.Wheel("acme-prepares", "1.0", {"acme_prepares.py": PREPARES}), folder=tmp_path / "wheels")
    granted = ["proc.spawn:$bin/uname -s", "proc.spawn:$bin/sh -c *"]
    policy = f"version = 1\n[package.acme-prepares]\nimport.allow = {granted!r}\n"
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "app.py").write_text("import acme_prepares\n")
        command = [environment.python, "app.py"]

        bare = guarded.run(world, command, mode=guarded.UNGUARDED)
        outcome = guarded.run(world, command, policy=policy, options=("--core", core))

    assert bare.stdout.count("Linux") == 3
    assert outcome.stdout == bare.stdout, outcome.story()
    assert not outcome.decisions(capability="env.write"), outcome.story()
