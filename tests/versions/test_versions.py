"""Versions and names compare as `packaging` compares them."""

import hypothesis
import packaging.specifiers
import packaging.utils
import packaging.version
import pytest
from hypothesis import strategies

from importguard import versions

numbers = strategies.integers(0, 12).map(str) | strategies.sampled_from(["00", "007", "2024"])
separators = strategies.sampled_from(["", ".", "-", "_"])
releases = strategies.lists(numbers, min_size=1, max_size=4).map(".".join)


def suffixes(*words):
    return strategies.just("") | strategies.tuples(
        separators, strategies.sampled_from(words), separators, strategies.just("") | numbers
    ).map("".join)


pre = suffixes("a", "b", "c", "rc", "alpha", "Beta", "pre", "preview")
post = suffixes("post", "rev", "R") | numbers.map("-{}".format)
dev = suffixes("dev", "DEV")
local = strategies.just("") | strategies.sampled_from(["+1", "+abc.7", "+ubuntu-1", "+01", "+a_b", "+7a"])
prefix = strategies.sampled_from(["", "", "", "v", "1!", "v2!", " ", "0!"])
public_texts = strategies.tuples(prefix, releases, pre, post, dev).map("".join)
texts = strategies.tuples(public_texts, local).map("".join)
mutilated = strategies.text(alphabet="0123.!-_+*abcdelprstv \n", max_size=12)
operators = strategies.sampled_from(["==", "!=", "<", ">", "<=", ">=", "~="])
specifiers = strategies.tuples(operators, public_texts).map("".join)
wildcards = strategies.tuples(strategies.sampled_from(["==", "!="]), releases).map(lambda pair: f"{pair[0]}{pair[1]}.*")


def parsed(text):
    try:
        return packaging.version.Version(text)
    except packaging.version.InvalidVersion:
        return None


def reference(specifier, version):
    try:
        return packaging.specifiers.SpecifierSet(specifier).contains(version, prereleases=True)
    except packaging.specifiers.InvalidSpecifier:
        return None


def ours(specifier, version):
    try:
        return versions.matches(specifier, version)
    except ValueError:
        return None


@hypothesis.given(strategies.text(alphabet="aB9-_. ", max_size=12) | strategies.text(max_size=12))
def test_any_name(text):
    """A name gets the form that PEP 503 gives it."""
    assert versions.canonical_name(text) == packaging.utils.canonicalize_name(text)


@hypothesis.given(texts | mutilated | strategies.text(max_size=12))
def test_any_version(text):
    """A valid version gets packaging's canonical form, and no other text counts as a version."""
    expected = parsed(text)

    assert (versions.version_key(text) is None) == (expected is None)
    if expected is None:
        assert versions.canonical_version(text) == text.strip().lower()
    else:
        assert versions.canonical_version(text) == packaging.utils.canonicalize_version(text)


@hypothesis.given(texts, texts)
def test_any_two_versions(left, right):
    """Two versions are ordered and equal as in packaging."""
    first, second = versions.version_key(left), versions.version_key(right)
    hypothesis.assume(first is not None and second is not None)

    assert (first < second, first == second) == (parsed(left) < parsed(right), parsed(left) == parsed(right))
    assert (first == second) == (versions.canonical_version(left) == versions.canonical_version(right))


@hypothesis.settings(max_examples=600)
@hypothesis.given(specifiers | wildcards, texts)
def test_any_specifier(specifier, version):
    """A specifier matches what it matches in packaging, pre-releases included, and is refused where that refuses it."""
    hypothesis.assume(parsed(version) is not None)

    assert ours(specifier, version) == reference(specifier, version)


@hypothesis.settings(max_examples=400)
@hypothesis.given(operators, public_texts, strategies.tuples(pre, post, dev, local).map("".join))
def test_a_version_beside_the_bound(operator, bound, rest):
    """Around its own bound a specifier decides as packaging does: pre, post, development and local versions."""
    version = release_of(bound) + rest
    hypothesis.assume(parsed(bound) is not None and parsed(version) is not None)

    assert ours(operator + bound, version) == reference(operator + bound, version)


def release_of(text):
    found = parsed(text)
    return "1" if found is None else f"{found.epoch}!" + ".".join(map(str, found.release))


@hypothesis.given(strategies.lists(specifiers | wildcards, max_size=3).map(", ".join), texts)
def test_several_specifiers(specifier, version):
    """All of the joined specifiers must match."""
    hypothesis.assume(parsed(version) is not None)

    assert ours(specifier, version) == reference(specifier, version)


@hypothesis.given(strategies.text(alphabet="=<>!~ 01.*ax;)", max_size=8))
@hypothesis.example("===")
def test_no_specifier(text):
    """A text that packaging refuses as a specifier is refused."""
    assert (ours(text, "1.0") is None) == (reference(text, "1.0") is None)


@pytest.mark.parametrize("text", ["litellm", "1.0-final", "2004d", "1..0", "1.0+", "1.0+a..b", "", "v", "1!", "۱.۰"])
def test_a_text_that_is_no_version(text):
    """It has no key, keeps its text, and satisfies only the identity operator."""
    assert versions.version_key(text) is None
    assert versions.canonical_version(text) == text.strip().lower()
    assert not versions.matches(">=0", text)
    if text:
        assert versions.matches(f"==={text.upper()}", text)


def test_a_version_of_ten_thousand_digits():
    """It is refused rather than converted."""
    assert versions.version_key("1" * 10_000) is None


@pytest.mark.parametrize("text", ["1.0+local", ">=1.0+local", "~=1", "==1.0a1.*", ">=1.*", "requests", ">=", "=1"])
def test_an_invalid_specifier(text):
    """It is refused with its own text."""
    with pytest.raises(ValueError, match="invalid specifier"):
        versions.matches(text, "1.0")
