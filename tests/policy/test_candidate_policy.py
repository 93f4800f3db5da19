"""The policy that is only tried out, as it is found and compiled."""

import pathlib

import pytest
import tables

from importguard import errors
from importguard.policy import compile as compiler
from importguard.policy import decide, resolve, table, toml


@pytest.fixture
def resolved(tmp_path):
    """Returns a function that resolves a policy which names a candidate; both are given as text."""

    def resolved(policy, candidate):
        path = tmp_path / "importguard.toml"
        path.write_text(f'version = 1\n{policy}\n[candidate]\npolicy = "next.toml"\n', "utf-8")
        (tmp_path / "next.toml").write_text(candidate, "utf-8")
        return resolve.resolve({"policy": str(path)}, {}, tmp_path)

    return resolved


def test_a_candidate_takes_the_place_of_the_policy_that_names_it(resolved, tmp_path):
    """Its lines and its preset are tried out; mode and records stay those of the launch."""
    found = resolved('mode = "observe"\n[run]\ndeny = ["net.*"]', 'version = 1\nextends = "strict"')

    tried = found.candidate
    assert (tried.preset, found.preset) == ("strict", "recommended")
    assert [policy.path for policy in tried.policies] == [str(tmp_path / "next.toml")]
    assert tried.candidate is None


def test_both_tables_watch_what_either_could_deny(resolved):
    """One question of most operations tells both, and each answers for itself."""
    content = compiler.table(resolved("", 'version = 1\n[run]\ndeny = ["fs.list:/srv/**", "code.run:exec"]'), tables.surroundings())
    loaded, tried = table.load(content), table.load(content["candidate"])
    asked = tables.request("fs.list", "/srv/x", phase="run")

    assert loaded.watches("fs.list", "/srv/x")
    assert not loaded.watches("fs.list", "/usr/x")
    assert "exec" in content["code_events"]
    assert [decide.decide(each, asked).verdict for each in (loaded, tried)] == ["allow", "deny"]


def test_a_policy_without_a_candidate_has_none():
    """Nothing is judged twice where nobody asked for it."""
    assert tables.flat()["candidate"] is None


def test_the_digest_tells_one_candidate_from_another(resolved):
    """An environment that was enabled with another candidate is not as it would be now."""
    digests = {compiler.digest(resolved("", "version = 1\n" + text)) for text in ("", '[run]\ndeny = ["net.*"]')}

    assert len(digests) == 2


def test_a_candidate_is_protected_as_a_policy_is(resolved, tmp_path):
    """Whoever could write it would write tomorrow's policy."""
    content = compiler.table(resolved("", "version = 1"), tables.surroundings())

    request = tables.request("fs.write", str(tmp_path / "next.toml"), phase="run")
    assert decide.decide(table.load(content), request).verdict == "deny"


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        ("version = 1\n[run]\ndeny = ['net.conect']", "next.toml:3: unknown capability 'net.conect', did you mean"),
        ("version = 1\nmode = ", "next.toml:2: invalid value"),
        (None, "importguard.toml:4: candidate.policy = 'next.toml': "),
    ],
)
def test_a_candidate_that_can_not_be_used_is_refused(resolved, tmp_path, candidate, words):
    """With file, line and reason, like any policy; a missing one is the fault of the line that names it."""
    if candidate is None:
        resolved("", "version = 1")
        (tmp_path / "next.toml").unlink()
        with pytest.raises(errors.PolicyError) as caught:
            resolve.resolve({"policy": str(tmp_path / "importguard.toml")}, {}, tmp_path)
    else:
        with pytest.raises(errors.PolicyError) as caught:
            resolved("", candidate)

    assert words in str(caught.value)


def test_what_is_not_tried_out_is_said(resolved):
    """Settings beside the rules are no part of its verdicts, and one line says so."""
    found = resolved("", 'version = 1\napp = ["acme"]\nbytecode = "refuse"\n')

    (notice,) = found.notices
    assert notice.endswith("next.toml: only its rules are tried out, not app, bytecode")


def test_a_policy_that_nobody_approved_names_no_candidate(tmp_path):
    """What was merely found has no file of its choice read."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "importguard.toml").write_text('version = 1\n[candidate]\npolicy = "/etc/passwd"\n', "utf-8")

    found = resolve.resolve({}, {"HOME": str(tmp_path / "home")}, tmp_path)

    assert found.candidate is None
    assert "candidate" in found.notices[0]


def test_a_candidate_may_lie_elsewhere(tmp_path):
    """Its path counts from the policy that names it."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "next.toml").write_text("version = 1\n", "utf-8")
    (tmp_path / "importguard.toml").write_text('version = 1\n[candidate]\npolicy = "policies/next.toml"\n', "utf-8")

    found = resolve.resolve({"policy": "importguard.toml"}, {}, tmp_path)

    assert pathlib.Path(found.candidate.name) == folder / "next.toml"
    assert isinstance(found.candidate.policies[0], toml.Policy)
