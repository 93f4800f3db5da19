"""Which of many grants cover another one: what an index says, against comparing each with each."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importguard.policy import cover, covering, grants
from importguard.policy.grants import Grant

MANY = 5000
words = st.sampled_from(["a", "b", "ab", "*", "a*", "*b", "a*b", "**", "org", "7"])
PIECES = {"path": "/", "program": " ", "net": ".", "text": ".", "name": "."}
ADDRESSES = ["10.0.0.0/8", "10.1.2.3", "[::1]:80", "::1", "2001*", "*:443", "unix:/a/*", "unix:/a/b", "*.org:443", "A.org"]
PLACES = ["~", "$home", "$home/a", "~/*", "$cache/**", "$package", "", "/a/**/b", "/**"]


@st.composite
def given_ones(draw):
    """A Grant, or another one where what was drawn can't be written down."""
    capability = draw(st.sampled_from(["fs.read", "fs.*", "proc.spawn", "net.connect", "env.read", "import"]))
    family = grants.FAMILIES[grants.capabilities(capability)[0]]
    target = PIECES[family].join(draw(st.lists(words, min_size=1, max_size=4)))
    if family in ("path", "program"):
        target = draw(st.sampled_from(["/", "$home/", "~/"])) + target
        target = draw(st.sampled_from([target, *PLACES]))
    if family == "net":
        target = draw(st.sampled_from([target, target + ":443", *ADDRESSES]))
    try:
        found = grants.parse(f"{capability}:{target}" if target else capability)
    except ValueError:
        found = Grant("", capability, "")
    return Grant(draw(st.sampled_from(["", "import", "run"])), found.capability, found.target)


@given(st.lists(given_ones(), max_size=30), st.lists(given_ones(), min_size=1, max_size=10))
@settings(max_examples=300, deadline=None)
def test_an_index_finds_what_comparing_each_with_each_finds(wide, narrow):
    """Nothing that covers a grant is overlooked, and nothing else is found."""
    index = covering.Index(wide)

    for one in narrow:
        expected = [other for other in dict.fromkeys(wide) if cover.is_wide(other) and other != one and cover.covers(other, one)]
        assert index.covering(one) == expected
        assert index.covers(one) == bool(expected)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("fs.read:/srv/{}/*", "fs.read:/srv/{}/x"),
        ("fs.read:/srv/*/run-{}-*", "fs.read:/srv/a/run-{}-7"),
        ("proc.spawn:/usr/bin/git * {}", "proc.spawn:/usr/bin/git add {}"),
        ("net.connect:*.e{}.org", "net.connect:www.e{}.org:443"),
    ],
)
def test_thousands_of_patterns_are_compared_with_those_that_resemble_them(wide, narrow):
    """As many comparisons as there are grants, where each pattern says something of its own."""
    index = covering.Index(grants.parse(wide.format(number)) for number in range(MANY))

    assert all(index.covers(grants.parse(narrow.format(number))) for number in range(MANY))
    assert index.compared <= 2 * MANY


def test_patterns_that_say_nothing_are_not_compared_without_end():
    """Patterns that were made to resemble everything are given up, and then cover nothing."""
    index = covering.Index(grants.parse(f"env.read:*a{number}*") for number in range(MANY))

    for number in range(MANY):
        index.covers(grants.parse(f"env.read:b{number}"))

    assert index.compared <= covering.MOST
