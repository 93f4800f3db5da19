"""Row 2 as a `.start` file: what Python 3.15 would run is read as such by every version."""

from support import envs, guarded, worlds
from support.wheels import Wheel

from importguard.startupfiles import parse

START = "# set up\nacme_lineage.boot:run\n"


def test_the_entry_points_of_a_start_file_are_what_it_executes():
    """Comments and blank lines are none; a line names a callable."""
    assert parse.kind_of("acme_lineage.start") == "start"
    assert parse.executed("start", START.encode()) == ((2, "acme_lineage.boot:run"),)


def test_an_audit_names_the_start_file_of_a_wheel(empty_environment, tmp_path):
    """`importguard audit` lists it beside `.pth` files, although this interpreter would not run it."""
    environment = envs.copy(empty_environment, tmp_path / "env")
    files = {"acme_lineage/boot.py": "def run(): pass\n", "acme_lineage.start": START}
    envs.install(environment, Wheel("acme-lineage", "0.23.9", files), folder=tmp_path / "wheels")

    with worlds.furnished(tmp_path / "world", environment) as world:
        done = guarded.importguard("audit", "--python", environment.python, "--json", world=world)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "acme_lineage.start" in done.stdout
