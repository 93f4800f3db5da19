"""What a run needed is allowed from then on, and nothing else: a lock that was learnt, and is enforced."""

import json

from lock_stage import GREEDY
from support import wheels

from importguard.lock import read

SPAWN = "import acme_tool; print(acme_tool.python('print(6 * 7)').strip())"
CONNECT = "import acme_tool; print(acme_tool.connect('/later'))"
FROM_CHILD = "import acme_tool; print(acme_tool.python('import acme_tool; print(acme_tool.connect(\"/child\"))').strip())"
GREEDY_WHEEL = wheels.Wheel("acme-greedy", "1.0", {"acme_greedy.py": GREEDY})


ASKS_ITSELF = wheels.Wheel("acme-asks", "1.0", {"acme_asks.py": "import os\nos.kill(os.getpid(), 0)\n"})


def entry(stage, name):
    return next(found for found in read.read(stage.lock).entries if found.name == name)


def texts(grants):
    return [f"{grant.phase}:{grant.capability}" for grant in grants]


def test_what_was_learnt_is_allowed_and_what_was_not_is_refused(stage, core):
    """A program that was seen runs without a denial; another one, that nobody saw, is refused by the lock."""
    learnt = stage.learn(SPAWN, *core)
    assert (learnt.returncode, learnt.stdout) == (0, "42\n"), learnt.stderr

    again = stage.run(SPAWN, *core)
    other = stage.run(CONNECT, *core)

    assert again.stdout == "42\n" and again.decisions() == [], again.story()
    assert other.stdout == "denied\n", other.story()
    assert stage.world.http.received == []
    (denied,) = other.decisions(verdict="deny")
    assert denied["owner"]["name"] == "acme-tool"
    assert denied["rule"].startswith("importguard.lock: not learnt")


def test_a_signal_is_allowed_to_the_next_process_as_well(stage, core):
    """Who was seen to signal a process may do so in the next run, where that has another number, and the lock names none."""
    stage.install(ASKS_ITSELF)
    learnt = stage.learn("import acme_asks; print('imported')", *core)
    assert (learnt.returncode, learnt.stdout) == (0, "imported\n"), learnt.stderr

    again = stage.run("import acme_asks; print('imported')", *core)

    assert again.stdout == "imported\n" and again.decisions() == [], again.story()
    assert '"proc.signal",' in stage.lock.read_text()


def test_learning_twice_changes_nothing_and_another_program_adds(stage):
    """The lock of a program is the same after a second time; one that does something else only adds lines."""
    stage.learn(SPAWN)
    once = stage.lock.read_text()
    again = stage.learn(SPAWN)
    twice = stage.lock.read_text()
    other = stage.learn(CONNECT)
    more = stage.lock.read_text()

    assert twice == once
    assert "start-up files, nothing new" in again.stderr and "start-up files, 1 thing new" in other.stderr
    assert set(once.splitlines()) < set(more.splitlines())
    assert texts(entry(stage, "acme-tool").grants) == ["run:net.connect", "run:proc.spawn"]
    assert stage.run(SPAWN).decisions() == stage.run(CONNECT).decisions() == []


def test_ports_and_folders_of_a_run_are_not_in_the_lock(stage):
    """What differs from run to run is written in general: the sink's port, the interpreter's path."""
    stage.learn(SPAWN)
    stage.learn(CONNECT)

    grants = {grant.capability: grant.target for grant in entry(stage, "acme-tool").grants}

    assert grants["net.connect"] == "$loopback"
    assert grants["proc.spawn"].endswith(" -c *")
    assert str(stage.world.root) not in stage.lock.read_text()


def test_what_children_did_belongs_to_it(stage):
    """What a child of the program needed is learnt, and charged to whoever started it."""
    learnt = stage.learn(FROM_CHILD)
    again = stage.run(FROM_CHILD)

    assert learnt.stdout == again.stdout == "reached\n", learnt.stderr + again.story()
    assert again.decisions() == []
    assert "run:net.connect" in texts(entry(stage, "acme-tool").grants)


def test_what_was_refused_is_never_granted(stage):
    """A distribution that reaches out while it is imported is refused while a lock is learnt, and afterwards."""
    stage.install(GREEDY_WHEEL)
    code = "import acme_greedy; print(acme_greedy.answer)"

    learnt = stage.learn(code)
    again = stage.run(code)

    assert (learnt.returncode, learnt.stdout, again.stdout) == (1, "denied\n", "denied\n")
    assert "importguard: refused, and not learnt: acme-tool 1.0: import:net.connect" in learnt.stderr
    found = entry(stage, "acme-tool")
    assert texts(found.refused) == ["import:net.connect"] and found.grants == ()
    assert stage.world.http.received == []


def test_the_command_s_own_status(stage):
    """Where nothing was refused, learn ends as the command did, and has written the lock."""
    learnt = stage.learn("import acme_tool; raise SystemExit(7)")

    assert learnt.returncode == 7
    assert entry(stage, "acme-tool").digests != ()


def test_everything_that_is_installed_is_in_it(stage):
    """What did nothing has a table too, with its digest and its start-up files: whatever has none is new."""
    stage.learn("pass")

    idle = entry(stage, "acme-idle")

    assert (len(idle.digests), [name for name, _ in idle.startup_files], idle.grants) == (1, ["acme_idle.pth"], ())


def test_from_records(stage):
    """Records of an ordinary run that recorded what was allowed make the lock that learn makes."""
    stage.learn(SPAWN)
    learnt = stage.lock.read_text()
    stage.lock.unlink()
    stage.run(SPAWN, "--record-allowed")

    python = stage.world.environment.python
    done = stage.importguard("learn", "--from-records", stage.world.root / "records.jsonl", "--python", python)

    assert done.returncode == 0, done.stderr
    assert stage.lock.read_text() == learnt


def test_a_forged_record_is_no_grant(stage):
    """Who is guarded can write to the records; what the policy refuses isn't learnt for all that."""
    forged = {"v": 1, "id": "0" * 26, "time": "2026-01-01T00:00:00.000000Z", "event": "decision", "pid": 1, "verdict": "allow",
              "capability": "net.connect", "target": "192.0.2.1:443", "owner": {"name": "acme-tool", "version": "1.0", "kind": "distribution"},
              "via": [], "phase": "import", "module": "", "rule": "", "layer": "audit", "stack": [], "count": 1}  # fmt: skip
    code = (
        "import os; held = f'/proc/{os.getppid()}/fd/'\n"
        "pipe = next(path for path in map(os.readlink, (held + fd for fd in os.listdir(held))) if path.endswith('/records'))\n"
        f"open(pipe, 'w').write({json.dumps(forged)!r} + '\\n')"
    )

    learnt = stage.learn(code)

    assert learnt.returncode == 0, learnt.stderr
    assert "not learnt: '192.0.2.1:443'" in learnt.stderr
    assert entry(stage, "acme-tool").grants == ()


def test_a_lock_that_cannot_be_read_stops_everything(stage):
    """With a broken lock nothing is started, by learn or by run, and the file stays as it is."""
    stage.lock.write_text("version = 1\n[distribution.acme-tool]\nrun = 1\n")
    content = stage.lock.read_text()

    learnt, ran = stage.learn(CONNECT), stage.run(CONNECT)

    assert (learnt.returncode, ran.returncode) == (2, 2)
    assert "importguard.lock:" in learnt.stderr and "IG120" in ran.stderr
    assert stage.world.http.received == [] and stage.lock.read_text() == content


def test_without_the_lock(stage):
    """`--lock off` runs as if there were none."""
    stage.learn(SPAWN)

    assert stage.run(CONNECT, "--lock", "off").stdout == "reached\n"


def test_a_lock_that_nobody_approved_only_tightens(stage):
    """Grants that somebody has added to a lock don't count until it is approved; what it lacks is refused all the same."""
    stage.install(GREEDY_WHEEL)
    stage.learn(SPAWN)
    with stage.lock.open("a") as file:
        file.write('\n[unowned]\nimport = [\n  "net.connect",\n]\n')
    text = stage.lock.read_text().replace("run = [", 'import = [\n  "net.connect",\n]\nrun = [')
    stage.lock.write_text(text)
    code = "import acme_greedy; print(acme_greedy.answer)"

    found = stage.run(code)
    named = stage.run(code, "--lock", stage.lock)

    assert (found.stdout, named.stdout) == ("denied\n", "reached\n"), found.story() + named.story()
    assert stage.run(CONNECT).stdout == "denied\n"
