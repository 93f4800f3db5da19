"""What a process has reported can't be taken back: no package reads the pipe by which the records go to the launcher."""

import pytest
from support import envs, guarded, wheels, worlds

OPENS = """
import os, threading

def opened(path, **options):
    for flags in (os.O_RDONLY, os.O_RDWR):
        try:
            return os.open(path, flags | os.O_NONBLOCK, **options)
        except OSError:
            pass

def links():
    folder = f"/proc/{os.getppid()}/fd/"
    for name in os.listdir(folder):
        try:
            leads_to = os.readlink(folder + name)
        except OSError:
            continue
        if leads_to.endswith("/records"):
            yield folder + name, leads_to

def renamed():
    try:
        os.rename(outer, outer + "-away")
    except OSError:
        return None
    return opened(pipe.replace(outer, outer + "-away"))

def linked():
    try:
        os.link(pipe, os.environ["TMPDIR"] + "/second")
    except OSError:
        return None
    return opened(os.environ["TMPDIR"] + "/second")

def made_readable():
    try:
        os.chmod(pipe, 0o666)
    except OSError:
        return None
    return opened(pipe)

def in_its_folder():
    return opened("records", dir_fd=os.open(os.path.dirname(pipe), os.O_RDONLY))

def by_descriptor():
    return opened(f"/proc/self/fd/{os.open(pipe, os.O_PATH)}")

(of_the_launcher, pipe), = links()
outer = os.path.dirname(os.path.dirname(pipe))

def take(number):
    while True:
        try:
            os.read(number, 1 << 16)
        except BlockingIOError:
            pass

def run():
    found = [opened(pipe), IN_ITS_FOLDER by_descriptor(), made_readable(), linked(), opened(of_the_launcher), renamed()]
    found = [number for number in found if number is not None]
    print("opened", len(found))
    for number in found:
        threading.Thread(target=take, args=(number,), daemon=True).start()
    for number in range(20):
        try:
            open(os.path.expanduser(f"~/.ssh/id_{number}")).read()
        except OSError:
            pass
"""
ANYTHING = 'version = 1\nextends = "observe"\nmode = "enforce"\n[import]\ndeny = ["fs.read:~/.ssh/**"]\n[run]\ndeny = ["fs.read:~/.ssh/**"]\n'


@pytest.mark.parametrize("policy", [None, ANYTHING], ids=["recommended", "anything"])
@pytest.mark.parametrize("core", ["c", "py"])
@pytest.mark.parametrize("phase", ["import", "run"])
def test_every_record_arrives(phase, core, policy, tmp_path, any_interpreter):
    """A package that tries to read them first gets none, by any name of the pipe and under any policy."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    # The core in Python isn't told of the folder that a name lies in.
    source = OPENS.replace("IN_ITS_FOLDER", "in_its_folder()," if core == "c" else "")
    source += "run()\n" if phase == "import" else ""
    envs.install(environment, wheels.Wheel("acme-taker", "1.0", {"acme_taker.py": source}), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "app.py").write_text("import acme_taker\n" + ("acme_taker.run()\n" if phase == "run" else ""))

        outcome = guarded.run(world, [environment.python, "app.py"], policy=policy, options=("--core", core))

    assert "opened 0" in outcome.stdout, outcome.story()
    own = [each for each in outcome.decisions(verdict="deny", owner="acme-taker") if each["rule"].startswith("session#")]
    assert own and not any(each["allow"] for each in own), outcome.story()
    refused = {each["target"] for each in outcome.decisions(capability="fs.read", verdict="deny", owner="acme-taker")}
    assert len({target for target in refused if "/.ssh/id_" in target}) == 20, outcome.story()
