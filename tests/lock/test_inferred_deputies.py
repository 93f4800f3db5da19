"""Libraries that each of their callers had do something else: the lock has them act for those who called, and for nobody else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lock_stage import Stage
from locks import EMPTY
from support import wheels, worlds

from importguard import model as roles
from importguard.blame import MainOrigin, Origin, Walker
from importguard.lock import deputies, generalise, model, observed, read, rules
from importguard.model import Request
from importguard.policy import compile as compiler
from importguard.policy import decide, grants, named, table

# A library that does what it is told; who has it say one thing, who has it say another, and who is not seen to.
LIBRARY = "import subprocess\ndef say(word):\n    return subprocess.run(['/bin/echo', word], capture_output=True, text=True).stdout.strip()\n"
CALLER = "import acme_say\ndef two():\n    return acme_say.say('two')\n"
OTHER = "import acme_say\ndef two():\n    try:\n        return acme_say.say('two')\n    except PermissionError:\n        return 'denied'\n"
WHEELS = [
    wheels.Wheel(name, "1.0", {name.replace("-", "_") + ".py": text})
    for name, text in (("acme-say", LIBRARY), ("acme-caller", CALLER), ("acme-other", OTHER))
]
USE = "import acme_say, acme_caller; print(acme_say.say('one'), acme_caller.two())"
MISUSE = "import acme_other; print(acme_other.two())"
ALONE = "import acme_say; print(acme_say.say('one'))"


@pytest.fixture
def stage(made, tmp_path):
    with worlds.furnished(tmp_path / "world", made) as world:
        yield Stage(world)


def entries(stage):
    return {entry.name: entry for entry in read.read(stage.lock).entries}


def said(entry):
    return [text.rpartition(" ")[2] for text in entry.deputies], [grant.target.rpartition(" ")[2] for grant in entry.grants]


def test_whoever_called_is_granted_what_was_done_for_it(stage, core):
    """The application had one thing done and a distribution another: that one is granted it, and nobody else gets at it."""
    learnt = stage.learn(USE, *core)
    assert (learnt.returncode, learnt.stdout) == (0, "one two\n"), learnt.stderr

    again, other = stage.run(USE, *core), stage.run(MISUSE, *core)

    assert said(entries(stage)["acme-say"]) == (["one", "two"], [])
    assert said(entries(stage)["acme-caller"]) == ([], ["two"])
    assert (again.stdout, again.decisions()) == ("one two\n", []), again.story()
    assert other.stdout == "denied\n"
    (denied,) = other.decisions(verdict="deny")
    assert (denied["owner"]["name"], denied["via"]) == ("acme-other", ["acme-say"])


def test_one_caller_proves_nothing(stage):
    """What a library does for the application alone it may have chosen itself: it is granted to the library."""
    stage.learn(ALONE)

    assert said(entries(stage)["acme-say"]) == ([], ["one"])


def test_learning_again_changes_nothing(stage):
    """A program that only the application takes part in doesn't make the library answer for itself again."""
    stage.learn(USE)
    once = stage.lock.read_text()

    stage.learn(ALONE)

    assert stage.lock.read_text() == once


def test_from_records(stage):
    """Records that were kept in production say the same."""
    stage.learn(USE)
    learnt = stage.lock.read_text()
    stage.lock.unlink()
    stage.run(USE, "--record-allowed")

    done = stage.importguard("learn", "--from-records", stage.world.root / "records.jsonl", "--python", stage.world.environment.python)

    assert done.returncode == 0, done.stderr
    assert stage.lock.read_text() == learnt
    callers = {json.loads(line).get("caller", {}).get("name") for line in (stage.world.root / "records.jsonl").read_text().splitlines()}
    assert {"acme-caller"} < callers


def test_a_lock_that_nobody_approved_makes_no_deputies(stage):
    """It has the library itself do what it knows, within the preset: no more than that, and no false alarm either."""
    stage.learn(USE)
    with stage.lock.open("a") as file:
        file.write("\n# edited, and so approved no more\n")

    assert (stage.run(USE).stdout, stage.run(MISUSE).stdout) == ("one two\n", "two\n")
    assert stage.run(USE, "--lock", stage.lock).stdout == "one two\n"
    assert stage.run(MISUSE, "--lock", stage.lock).stdout == "denied\n"


# What is seen of three distributions that call each other, at random.
NAMES = ("a", "b", "c")
NAMED = named.surroundings({"HOME": "/home/ada"}, "/srv/app")
uses = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from([None, "app", *NAMES]), st.sampled_from(["env.write", "proc.signal"]), st.sampled_from("wxyz"),
              st.sampled_from(["run", "run", "import"])), max_size=12,
)  # fmt: skip
chains = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)


def owner(name):
    return roles.APP if name == "app" else roles.Owner(name, "1.0", "distribution")


def record(name, capability, target, phase):
    return {"event": "decision", "verdict": "allow", "capability": capability, "target": target, "phase": phase, "rule": "",
            "owner": {"name": name, "version": "1.0", "kind": "distribution"}, "via": []}  # fmt: skip


def locked(seen, *, inferring):
    taken = observed.Observed(generalise.Names(NAMED, lambda path: ""))
    for name, caller, capability, target, phase in seen:
        who = owner(caller) if inferring and caller not in (None, name) else None
        fields = {"kind": who.kind, "name": who.name, "version": who.version} if who else {}
        taken.take(record(name, capability, target, phase), deputies.caller_of(fields))
    return model.lock(taken.entries())


def judge(lock):
    """Return a function that says whether a chain of owners may do something under a lock."""
    keys = {model.Entry(name, "1.0").key for name in NAMES}
    lines = rules.deputies_of(lock, keys, label="lock")
    denial = compiler.rule_of(rules._line("deny", "", grants.Grant("", "*", "")), compiler.CEILING, NAMED)
    made = [rule for rule in rules.rules(lock, keys, NAMED, label="lock", is_trusted=True) if rule[0] == compiler.LOCK]
    asked = table.load({**EMPTY, "rules": (*made, denial), "deputies": compiler._deputies((), lines, NAMED)})
    walker = Walker(
        owner_of_globals=None, owner_of_path=None, main_origin=MainOrigin(roles.APP, "run", "", "app", ""), deferred_globals={}, is_deputy=asked.is_deputy
    )

    def may(chain, capability, target, phase):
        blame = walker.choose(Origin(tuple(map(owner, chain)), phase, ""), capability, target)
        # The application may do everything.
        return blame.owner.kind == "app" or decide.decide(asked, Request(capability, target, None, blame.owner, (), phase, "", "")).verdict == "allow"

    return may


@given(uses, chains, st.booleans(), st.sampled_from(["env.write", "proc.signal"]), st.sampled_from("wxyz"), st.sampled_from(["run", "import"]))
@settings(max_examples=300, deadline=None)
def test_what_was_seen_is_allowed_and_no_library_does_more_than_it_was_granted(seen, chain, ends_in_app, capability, target, phase):
    """Against a lock that grants everything to who did it: what was seen still is allowed, and nothing comes to be that is
    done by a library."""
    with_deputies, without = judge(locked(seen, inferring=True)), judge(locked(seen, inferring=False))
    chain = [*chain, "app"] if ends_in_app and phase == "run" else chain

    for name, caller, asked, what, when in seen:
        via = [name] if caller in (None, name) or (caller == "app" and when != "run") else [name, caller]
        assert with_deputies(via, asked, what, when)
    called_for = {(caller, asked, what) for _, caller, asked, what, when in seen if when == "run"}
    if with_deputies(chain, capability, target, phase) and (chain[0], capability, target) not in called_for:
        assert without(chain, capability, target, phase)
