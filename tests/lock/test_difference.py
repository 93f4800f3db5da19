"""What each distribution newly reaches for between two locks, and how that is shown."""

import json
import unicodedata

import locks
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importguard.lock import model, write
from importguard.policy import grants
from importguard.review import compare, machine, markdown, places, sarif, severity, text


def entry(name="acme", version="1.0", *, refused=(), **more):
    """Return an Entry whose grants are given as text, with their phases."""
    given = tuple(grants.parse(each) for each in more.pop("given", ()))
    return model.Entry(name, version, grants=given, refused=tuple(map(grants.parse, refused)), **more)


def difference(before, after):
    """Return the Difference of two lists of entries."""
    return compare.compare(model.lock(before), model.lock(after))


def changes(before, after):
    """Return (kind, what, text of the grant) for each change of the one distribution."""
    (reach,) = difference(before, after).reaches
    return [(change.kind, change.what, model.text(change.grant)) for change in reach.changes]


def printed(found):
    return [line for line, _ in text.lines(found)]


@given(locks.locks)
@settings(max_examples=40, deadline=None)
def test_a_lock_and_itself(lock):
    """Nothing differs, whatever is in it."""
    assert compare.compare(lock, lock) == compare.Difference(())


@given(locks.locks, locks.locks, st.randoms())
@settings(max_examples=40, deadline=None)
def test_the_order_of_what_a_lock_says_is_irrelevant(old, new, chance):
    """Entries and grants in another order give the same difference."""
    mixed = []
    for each in new.entries:
        given = list(each.grants)
        chance.shuffle(given)
        mixed.append(model.Entry(each.name, each.version, each.kind, each.digests, each.startup_files, each.deputies, tuple(given), each.refused))
    chance.shuffle(mixed)

    assert compare.compare(old, model.Lock(tuple(mixed))).has_new == compare.compare(old, new).has_new
    assert compare.compare(old, model.lock(mixed)) == compare.compare(old, new)


@given(locks.locks, locks.distributions)
@settings(max_examples=40, deadline=None)
def test_a_grant_that_nothing_covered_is_new(lock, added):
    """Whoever had no entry has all its grants new, and a lock that has everything finds nothing new the other way round."""
    old = model.lock([each for each in lock.entries if each.name != added.name])
    new = model.lock([*old.entries, added])

    assert compare.compare(old, new).has_new == bool(added.grants or added.refused or added.deputies or added.startup_files)
    assert not compare.compare(new, old).has_new


def test_new_widened_and_gone():
    """What covers an older grant is widened, what an older one covers is nothing new, what nobody has is gone."""
    before = [entry(given=["run:fs.read:/etc/a", "run:fs.write:/srv/**", "run:env.read:HOME"])]
    after = [entry(version="1.1", given=["run:fs.read:/etc/*", "run:fs.write:/srv/x", "import:proc.spawn:/bin/sh"])]

    assert changes(before, after) == [
        ("new", "grant", "proc.spawn:/bin/sh"),
        ("widened", "grant", "fs.read:/etc/*"),
        ("gone", "grant", "env.read:HOME"),
        ("gone", "grant", "fs.write:/srv/**"),
    ]


def test_an_earlier_phase_is_new():
    """What was done while running, and is done at import now, is done before anybody asks for it."""
    assert ("new", "grant", "net.connect:a:1") in changes(
        [entry(given=["run:net.connect:a:1"])], [entry(given=["import:net.connect:a:1"])]
    )


def test_what_the_policy_refused_is_new_and_the_worst():
    """An attempt is what a reader must see first; one that was granted before is none of the code's doing."""
    before = [entry(given=["run:net.connect:a:1"])]
    after = [entry(given=["run:native.call:f"], refused=["run:net.connect:b:1", "run:net.connect:a:1"])]

    (reach,) = difference(before, after).reaches
    assert [(change.kind, change.what, model.text(change.grant)) for change in reach.new] == [
        ("new", "refused", "net.connect:b:1"),
        ("new", "grant", "native.call:f"),
    ]


def test_startup_files_and_deputies_and_other_files():
    """A start-up file that is new or has another content, a new deputyship, and the same version with other files."""
    digest = "sha256:" + "0" * 64
    other = "sha256:" + "1" * 64
    before = [entry(digests=(digest,), startup_files=(("a.pth", digest), ("b.pth", digest)))]
    after = [entry(digests=(other,), startup_files=(("a.pth", other), ("b.pth", digest)), deputies=("net.connect",))]

    (reach,) = difference(before, after).reaches
    assert [(change.what, change.grant.target or change.grant.capability) for change in reach.new] == [
        ("startup-file", "a.pth"),
        ("deputy", "net.connect"),
    ]
    assert reach.other_files == ("1.0",)


@pytest.mark.parametrize(
    ("grant", "level"),
    [
        ("startup:proc.spawn:/usr/bin/python3", severity.CRITICAL),
        ("run:proc.spawn:/usr/bin/git", severity.HIGH),
        ("import:net.connect:example.com:443", severity.HIGH),
        ("run:net.connect:example.com:443", severity.MEDIUM),
        ("run:net.connect:*", severity.HIGH),
        ("import:net.connect:$loopback:80", severity.LOW),
        ("run:fs.read:$home/.ssh/id_rsa", severity.CRITICAL),
        ("run:fs.read:~/.aws/**", severity.CRITICAL),
        ("run:fs.read:$home/**", severity.CRITICAL),
        ("run:fs.read", severity.CRITICAL),
        ("run:fs.read:$cwd/.env", severity.CRITICAL),
        ("run:fs.read:/usr/share/zoneinfo/**", severity.LOW),
        ("run:fs.write:$home/.bashrc", severity.CRITICAL),
        ("run:fs.write:$cache/**", severity.LOW),
        ("import:fs.write:$package", severity.LOW),
        ("run:env.read:GITHUB_TOKEN", severity.CRITICAL),
        ("import:env.read:LANG", severity.LOW),
    ],
)
def test_severity_goes_by_capability_phase_and_target(grant, level):
    """Credentials and what runs later are worth the most; what happens at import more than what is asked for."""
    assert severity.of(grants.parse(grant)) == level


def test_a_bumped_dependency_takes_five_lines():
    """However much it reaches for, with the worst first and the rest counted."""
    found = difference(
        [entry("litellm", "1.82.6")],
        [
            entry(
                "litellm", "1.82.8",
                given=[f"run:fs.read:/srv/{number}" for number in range(200)]
                + [f"{phase}:{name}:x" for phase in ("startup", "import", "run") for name in ("env.read", "env.write", "native.call", "import")],
                refused=["startup:proc.spawn:/usr/bin/python3 -c *"],
            )
        ],
    )  # fmt: skip

    *of_litellm, last = printed(found)
    assert len(of_litellm) == 5
    assert of_litellm[0].startswith("litellm 1.82.6 -> 1.82.8  213 new (")
    assert of_litellm[1].split() == ["critical", "new,", "refused", "at", "start-up", "proc.spawn", "/usr/bin/python3", "-c", "*"]
    assert of_litellm[-1].endswith("more lines: --all shows them")
    assert last == "1 distribution reaches for more than before: 213 new or widened"


def test_those_that_reach_for_nothing_more_share_lines():
    """One line each for who came without needs, who went, and who changed its version alone."""
    found = difference([entry("a"), entry("b"), entry("c", given=["run:env.read:X"])], [entry("a", "2.0"), entry("c"), entry("d")])

    assert printed(found) == [
        "new, and in need of nothing: d 1.0",
        "gone: b 1.0",
        "in need of less: c 1.0",
        "another version, same needs: a 1.0 -> 2.0",
        "nothing reaches for more than before",
    ]


def test_a_lock_that_keeps_the_older_version():
    """The head names what came, and what any version had before is nothing new."""
    older = entry(given=["run:env.read:X"])
    newer = entry(version="1.1", given=["run:env.read:X", "run:env.read:Y"])

    assert printed(difference([older], [older, newer]))[0] == "acme 1.0 -> 1.1  1 new"


@given(locks.locks, locks.locks)
@settings(max_examples=50, deadline=None)
def test_no_name_reaches_a_terminal_raw(old, new):
    """No control character, no bidirectional one, in any format; and each format says what is new."""
    found = compare.compare(old, new)
    content = write.text(new)
    pages = {
        "text": "\n".join(line for line, _ in text.lines(found, everything=True)),
        "markdown": markdown.page(found),
        "json": machine.text(found, old="a", new="b"),
        "sarif": sarif.text(found, path="b.lock", content=content, version="1"),
    }

    for name, page in pages.items():
        assert not [character for character in page if character != "\n" and is_harmful(character)], name
    assert json.loads(pages["json"])["has_new"] == found.has_new
    assert bool(json.loads(pages["sarif"])["runs"][0]["results"]) == found.has_new


def is_harmful(character):
    turning = unicodedata.bidirectional(character) in ("R", "AL", "AN", "RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI")
    return turning or not character.isprintable()


def test_markdown_is_no_place_for_the_markup_of_others():
    """Names stand in code spans that they can't leave, nor leave a cell of the table."""
    page = markdown.page(difference([], [entry("evil", given=["run:env.read:`</td>|<img src=x>`@all"])]))

    (row,) = [line for line in page.splitlines() if "env.read" in line]
    assert row.replace("\\|", "").count("|") == 6
    assert row.count("`") == 4


def test_places_are_the_lines_of_the_newer_lock():
    """A result of SARIF stands beside the line that says what is new."""
    lock = model.lock([entry(given=["run:env.read:A", "run:env.read:B"], refused=["import:net.connect:b:1"])])
    content = write.text(lock)
    found = compare.compare(model.lock([]), lock)

    (reach,) = found.reaches
    lines = content.splitlines()
    shown = [lines[places.Places(content).line(reach, change) - 1].strip() for change in reach.changes]
    assert shown == [
        '"import:net.connect:b:1",' if change.what == "refused" else f'"{model.text(change.grant)}",' for change in reach.changes
    ]
