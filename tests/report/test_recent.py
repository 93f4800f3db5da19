"""The latest denials: what a message names can be explained without having asked for records."""

import gzip
import json
import subprocess

from support import guarded

from importguard.report.recent import MOST_BYTES, Recent, path


def test_the_record_that_a_denial_names_is_found(world):
    """The last line of a denial, typed as it stands, answers."""
    (world.project / "app.py").write_text("import acme_kid\n")
    outcome = guarded.run(world, [world.environment.python, "app.py"])
    [decision] = outcome.decisions(capability="net.connect", verdict="deny")

    done = guarded.importguard("explain", "--record", decision["id"], world=world)

    assert done.returncode == 1, done.stderr
    assert "acme-kid" in done.stdout


def test_record_is_found_in_what_is_packed_or_piped_and_where_records_go_to_standard_error(world):
    """`--records` reads what gzip packed, `-` is standard input, and IMPORTGUARD_RECORDS=- leads to the latest denials."""
    (world.project / "app.py").write_text("import acme_kid\n")
    outcome = guarded.run(world, [world.environment.python, "app.py"])
    [decision] = outcome.decisions(capability="net.connect", verdict="deny")
    line = json.dumps(decision).encode() + b"\n"
    (world.root / "packed.gz").write_bytes(gzip.compress(line))
    command = [*guarded.launcher(), "explain", "--record", decision["id"]]

    packed = guarded.importguard("explain", "--record", decision["id"], "--records", world.root / "packed.gz", world=world)
    piped = subprocess.run([*command, "--records", "-"], input=line, env=world.variables(), capture_output=True, timeout=60)
    latest = guarded.importguard("explain", "--record", decision["id"], world=world, variables={"IMPORTGUARD_RECORDS": "-"})

    assert [done.returncode for done in (packed, piped, latest)] == [1, 1, 1], (packed.stderr, piped.stderr, latest.stderr)
    assert packed.stdout == latest.stdout == piped.stdout.decode()


def test_an_old_file_is_put_aside_when_it_has_grown(tmp_path):
    """The file stays bounded, and one generation is kept."""
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    kept = path(environment)
    Recent(environment).keep({"id": "a"})
    kept.write_bytes(kept.read_bytes() + b" " * MOST_BYTES)

    Recent(environment).keep({"id": "b"})

    assert json.loads(kept.read_text()) == {"id": "b"}
    assert kept.with_suffix(".old.jsonl").read_text().startswith('{"id":"a"}')


def test_no_home_and_no_room_say_nothing(tmp_path):
    """Where it can't be kept, it isn't."""
    (tmp_path / "file").write_text("")

    assert path({}) is None
    Recent({}).keep({"id": "a"})
    Recent({"XDG_STATE_HOME": str(tmp_path / "file")}).keep({"id": "a"})
