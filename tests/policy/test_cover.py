"""Whether one grant allows all that another one does."""

import pytest
import tables
from hypothesis import given, settings
from hypothesis import strategies as st

from importguard.policy import cover, grants, overlap, patterns, targets
from importguard.policy.table import Question, Table

TABLE = Table(tables.flat())


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("fs.read", "fs.read:/etc/passwd"),
        ("fs.*", "fs.read:/etc/passwd"),
        ("fs.read:/etc/**", "fs.read:/etc/*"),
        ("fs.read:/etc/**", "fs.read:/etc/a*/**"),
        ("fs.read:/**/x", "fs.read:/a/**/b/x"),
        ("fs.read:$home", "fs.read:~/.ssh/id_rsa"),
        ("fs.read:$home/**", "fs.read:$home/.ssh/id_*"),
        ("proc.spawn:/bin/git", "proc.spawn:/bin/git version"),
        ("proc.spawn:/bin/git **", "proc.spawn:/bin/git"),
        ("proc.spawn:/bin/git -c **", "proc.spawn:/bin/git -c x y"),
        ("proc.spawn:/bin/git *", "proc.spawn:/bin/git v*"),
        ("net.connect:*", "net.connect:example.com:443"),
        ("net.connect:*.example.com", "net.connect:a.example.com:443"),
        ("net.connect:10.0.0.0/8", "net.connect:10.1.2.3:80"),
        ("net.connect:unix:/run/**", "net.connect:unix:/run/docker.sock"),
        ("env.read:AWS_*", "env.read:AWS_KEY"),
    ],
)
def test_the_wider_one_covers_and_the_narrower_does_not(wide, narrow):
    """A grant covers what it allows at least as much of, and never the other way round unless they are equal."""
    one, other = grants.parse(wide), grants.parse(narrow)

    assert cover.covers(one, other)
    assert not cover.covers(other, one) or wide == "proc.spawn:/bin/git **"
    assert cover.covers(one, one)
    assert cover.is_wide(one)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("fs.read:/etc/*", "fs.read:/etc/**"),
        ("fs.read:/etc/passwd", "fs.write:/etc/passwd"),
        ("fs.read:/etc/*", "fs.read:/etc/a/b"),
        ("fs.read:$secrets", "fs.read:$home/.ssh/id_rsa"),
        ("proc.spawn:/bin/git version", "proc.spawn:/bin/git **"),
        ("proc.spawn:/bin/git *", "proc.spawn:/bin/git a b"),
        ("net.connect:example.com:80", "net.connect:example.com"),
        ("net.connect:10.0.0.0/16", "net.connect:10.0.0.0/8"),
    ],
)
def test_what_is_not_covered_for_certain_is_not(wide, narrow):
    """Half a cover is none, and what depends on the machine isn't told from patterns."""
    assert not cover.covers(grants.parse(wide), grants.parse(narrow))


def test_a_phase_covers_itself_alone():
    """A grant for one phase says nothing about another; one without a phase is for whichever its table says."""
    at_import, running = grants.parse("import:net.connect"), grants.parse("run:net.connect")

    assert not cover.covers(at_import, running)
    assert cover.covers(grants.parse("net.connect"), running)


components = st.lists(st.sampled_from(["a", "b", "ab", "*", "a*", "**"]), min_size=1, max_size=4)
paths = components.map(lambda parts: "/" + "/".join(parts))
literals = st.lists(st.sampled_from(["a", "b", "ab", "ba"]), min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


def matches(capability, pattern, target, argv):
    kind, data, _ = patterns.compile_target(capability, pattern, {})
    question = Question()
    question.owner, question.capability, question.target, question.argv = tables.ANYBODY, capability, target, argv
    return targets.matches(kind, data, question, TABLE)


@given(paths, paths, literals)
@settings(max_examples=200, deadline=None)
def test_covered_paths_match(wide, narrow, path):
    """Whatever path the narrower pattern matches, the one that covers it matches as well."""
    one = grants.Grant("", "fs.read", wide)
    assert cover.is_wide(one) or wide == narrow or not cover.target_covers("fs.read", wide, narrow)
    if cover.target_covers("fs.read", wide, narrow) and targets.path_glob(narrow, path):
        assert targets.path_glob(wide, path)


@given(paths, paths, literals)
@settings(max_examples=200, deadline=None)
def test_what_both_match_overlaps(one, other, path):
    """Where some path matches both of two patterns, they overlap; and a pattern overlaps with what it covers."""
    if targets.path_glob(one, path) and targets.path_glob(other, path):
        assert overlap.paths_overlap(one, other)
    if cover.target_covers("fs.read", one, other):
        assert overlap.paths_overlap(one, other)
    assert overlap.paths_overlap(one, other) == overlap.paths_overlap(other, one)


words = st.lists(st.sampled_from(["x", "y", "x*", "*", "**"]), max_size=3)
arguments = st.lists(st.sampled_from(["x", "y", "xy"]), max_size=3)


@given(words, words, arguments)
@settings(max_examples=200, deadline=None)
def test_covered_commands_match(wide, narrow, given_words):
    """Whatever command line the narrower pattern matches, the one that covers it matches as well."""
    one, other = (" ".join(["/bin/p", *each]) for each in (wide, narrow))
    argv = ("p", *given_words)

    if cover.target_covers("proc.spawn", one, other) and matches("proc.spawn", other, "/bin/p", argv):
        assert matches("proc.spawn", one, "/bin/p", argv), (one, other)
