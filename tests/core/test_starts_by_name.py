"""What a package starts is what was asked for, by its absolute path; what can't be started fails as it does unguarded."""

import pytest
from support import envs, guarded, wheels, worlds

STARTS = """
import os, subprocess, sys
HERE = os.getcwd()

def say(start):
    try:
        start()
    except OSError as error:
        print(type(error).__name__, error.errno, error.filename, error)

def run():
    away, there = HERE + "/away:" + HERE, HERE + "/folder:" + HERE + "/away"
    say(lambda: subprocess.run(["tool"], env={"PATH": away}))
    say(lambda: subprocess.run(["tool"], env={"PATH": there}))
    say(lambda: subprocess.run(["plain"], env={"PATH": away + ":/usr/bin"}))
    say(lambda: subprocess.run(["./tool"], cwd=HERE))
    say(lambda: subprocess.run(["./plain"], cwd=HERE))
    say(lambda: subprocess.run(["uname"], cwd=HERE + "/away"))
    say(lambda: subprocess.run([""]))
    say(lambda: os.execv("tool", ["tool"]))
    say(lambda: os.execve("./x/../tool", ["tool"], {}))
    say(lambda: os.posix_spawn("./tool", ["tool"], {}))
    say(lambda: os.posix_spawn(b"./tool", ["tool"], {}))
    say(lambda: os.posix_spawnp("no-such-tool", ["tool"], {}))
    sys.stdout.flush()
    subprocess.run(["./uname", "-s"], cwd="/usr/bin", preexec_fn=os.getpid, env={})
    subprocess.run(["uname", "-s"], env={"PATH": ":" + away + ":/usr/bin"})
    os.waitpid(os.posix_spawn("../../usr/bin/uname", ["uname", "-s"], {}), 0)
"""


@pytest.mark.parametrize("core", ["c", "py"])
def test_what_cannot_be_started_fails_as_unguarded(core, tmp_path, any_interpreter):
    """The error's type, number and file are those that the same start has without the guard."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    source = STARTS.replace("../../usr", "../" * 20 + "usr")
    envs.install(environment, wheels.Wheel("acme-starts", "1.0", {"acme_starts.py": source}), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "folder/tool").mkdir(parents=True)
        (world.project / "plain").write_text("")
        (world.project / "app.py").write_text("import acme_starts\nacme_starts.run()\n")
        command = [environment.python, "app.py"]

        bare = guarded.run(world, command, mode=guarded.UNGUARDED)
        outcome = guarded.run(world, command, options=("--core", core))

    assert bare.stdout.count("Error") == 12, bare.story()
    assert bare.stdout.count("Linux") == 3, bare.story()
    assert outcome.stdout == bare.stdout, outcome.story()
