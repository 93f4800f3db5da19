"""The policy's table in C says what the one in Python says, of every table and every request."""

import random

import policies
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from importguard import model, versions
from importguard.policy import compile as compiler
from importguard.policy import machine, patterns, table, targets

ccore = pytest.importorskip("importguard.core.ccore", reason="this build has no C core")

BASE = policies.flat(preset="observe")
RECOMMENDED = policies.flat()
RULES_AT = range(3)
NET = ("net.connect", "net.listen", "net.resolve", "net.*")


def strategy_of_targets(capability):
    """Return what a compiled line about a capability may have as a target."""
    kinds = [st.just(("any", None)), st.just(("written", None)), st.just(("package", None)), st.just(("set", "$secrets"))]
    kinds.append(st.lists(policies.PATHS, max_size=3).map(lambda found: ("paths", tuple(found))))
    kinds.append(st.lists(policies.TEXTS, max_size=3).map(lambda found: ("text", tuple(found))))
    program = st.tuples(
        policies.PATHS,
        st.one_of(st.none(), st.lists(st.one_of(policies.TEXTS, policies.PATHS, st.just("**")), max_size=3).map(tuple)),
        st.sampled_from(["", "", "ls"]),
        st.booleans(),
    )
    kinds.append(st.lists(program, max_size=2).map(lambda found: ("spawn", tuple(found))))
    if capability in NET:
        kinds = [hosts() for _ in range(8)] + kinds
    return st.one_of(*kinds)


@st.composite
def hosts(draw):
    """Patterns of hosts, as they are compiled and some as nobody would compile them."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        number = draw(st.integers(0, 2**32 - 1))
        data = draw(
            st.sampled_from(
                [
                    ("any", None),
                    ("host", draw(policies.TEXTS)),
                    ("host", draw(st.sampled_from(["*.example.com", "*.com", "*.a", "*.", "*.*.com", "a*.com"]))),
                    ("host", "a"),
                    ("host", "127.0.0.1"),
                    ("block", (32, number, draw(st.integers(0, 32)))),
                    ("block", (32, 2852039166, 32)),
                    ("block", (128, draw(st.integers(0, 2**128 - 1)), draw(st.integers(0, 128)))),
                    ("block", (128, 1, 128)),
                    ("unix", draw(policies.PATHS)),
                ]
            )
        )
        found.append((*data, draw(st.sampled_from(["", "", "80", "443"])), draw(st.sampled_from(["", "", "53"]))))
    return "net", tuple(found)


@st.composite
def rules(draw):
    """Rules of every sort, also such as no policy would be compiled to."""
    capability = draw(st.sampled_from([*model.CAPABILITIES, *NET, "*", "fs.*", "proc.*"]))
    kind, data = draw(strategy_of_targets(capability))
    return (
        draw(st.integers(0, 6)), draw(st.integers(0, 3)), draw(st.sampled_from(["allow", "deny"])), capability, kind, data,
        draw(st.one_of(st.just(""), st.sampled_from([*policies.WORDS, "acme*", "*", "re*s"]))),
        draw(st.sampled_from(policies.SPECIFIERS)),
        draw(st.sampled_from([model.PHASES, ("run",), ("startup", "import"), ()])),
        f"rule {draw(st.integers(0, 20))}",
    )  # fmt: skip


@st.composite
def requests(draw):
    """What is asked, in the order in which `decides` takes it."""
    capability = draw(st.sampled_from(model.CAPABILITIES))
    target = draw(policies.PEERS if capability in NET else policies.TARGETS)
    return draw(policies.OWNERS), draw(st.sampled_from(policies.PHASES)), capability, target, draw(policies.ARGVS)


def told(draws):
    """Return which of some requests' targets are written, and whose they are."""
    targets = [request[3] for request in draws]
    return frozenset(targets[::2]), {target: owner.name for (owner, _, _, target, _) in draws[::3]}


# So many that patterns are looked up by their stems.
MANY = tuple((3, 0, "deny", "*", "any", None, f"nobody-{number}", "", model.PHASES, "of nobody") for number in range(300))


@given(st.lists(rules(), max_size=10), st.lists(requests(), min_size=1, max_size=8), st.sampled_from([(), MANY]))
@settings(max_examples=300, deadline=None)
def test_random_rules_decide_alike(chosen, asked, others):
    """Whatever the rules are, few or among many, both tables come to the same verdict by the same rule."""
    content = {**BASE, "sets": RECOMMENDED["sets"], "rules": (*others, *chosen)}
    twins = policies.Twins(ccore, content, *told(asked))

    for request in asked:
        expected, found = twins.decides(*request)
        assert found == expected, request


@pytest.mark.parametrize("others", [(), MANY])
@pytest.mark.parametrize(
    ("pattern", "target"),
    [
        ("net.connect:*.example.com", "a.example.com:443"),
        ("net.connect:*.example.com", "example.com:443"),
        ("net.connect:*.example.com", "a." * 100 + "example.com:443"),
        ("net.connect:*.0.0.1", "127.0.0.1:443"),
        ("net.connect:unix:/run/**", "unix:/run/a/b"),
        ("fs.read:/a/**", "/a"),
        ("fs.read:/a/**", "/ab"),
        ("fs.read:/a/**", "/a/"),
        ("fs.read:/**", "/x"),
        ("fs.read:/a/**", "/a" * 200),
        ("fs.read:/a/a/a/**", "/a" * 20),
        ("proc.spawn:/opt/**", "/opt/x/y"),
    ],
)
def test_patterns_that_are_open_at_one_end(others, pattern, target):
    """A domain with all below it and a folder with all within are found among few and among many rules, at any depth."""
    capability, _, text = pattern.partition(":")
    kind, data, _ = patterns.compile_target(capability, text, {})
    nested = [(1, 0, "deny", capability, "any", None, "acme", "", ("startup",), "other")] * 20
    rule = (5, 0, "deny", capability, kind, data, "", "", model.PHASES, "open")
    twins = policies.Twins(ccore, {**BASE, "rules": (*others, *nested, rule)})

    expected, found = twins.decides(model.UNOWNED, "run", capability, target, None)
    assert found == expected


@given(st.lists(rules(), max_size=6), st.lists(requests(), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_random_deputies_alike(chosen, asked):
    """Whatever somebody is a deputy for, both tables know it."""
    deputies = {}
    for rule in chosen:
        if rule[table.KIND] != "package":
            entry = (*rule[table.CAPABILITY : table.PATTERNS + 1], rule[table.SPECIFIER])
            deputies.setdefault(rule[table.PACKAGE], []).append(entry)
    content = {name: tuple(entries) for name, entries in deputies.items()}
    twins = policies.Twins(ccore, {**BASE, "sets": RECOMMENDED["sets"], "deputies": content}, *told(asked))

    for owner, _, capability, target, argv in asked:
        expected, found = twins.deputises(owner, capability, target, argv)
        assert found == expected, (owner, capability, target, argv)


LINES = st.lists(st.sampled_from(policies.GRANTS), max_size=4, unique=True)


@st.composite
def texts_of_policies(draw):
    """The text of a policy with random lines in each of its tables."""
    tables = []
    for name in ("import", "run", "package.acme", "package.requests", "application"):
        lines = [f"{effect} = {draw(LINES)!r}" for effect in ("allow", "deny") if draw(st.booleans())]
        tables.append(f"[{name}]\n" + "\n".join(lines).replace("'", '"'))
    return 'app = ["acme-*"]\n' + "\n".join(tables)


@given(texts_of_policies(), st.sampled_from(["recommended", "strict", "observe"]), st.lists(requests(), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_real_policies_alike(text, preset, asked):
    """Policies as people write them, compiled for real, are watched and decided alike."""
    twins = policies.Twins(ccore, policies.flat(text, preset), *told(asked))

    for request in asked:
        owner, _, capability, target, argv = request
        for expected, found in (
            twins.watches(capability, target), twins.decides(*request), twins.deputises(owner, capability, target, argv),
        ):  # fmt: skip
            assert found == expected, request


@given(st.lists(requests(), min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_the_preset_alike(asked):
    """The preset that everybody has decides alike for whatever is asked."""
    twins = policies.Twins(ccore, RECOMMENDED, *told(asked))

    for request in asked:
        expected, found = twins.decides(*request)
        assert found == expected, request


WATCHED = sorted({
    part for content in RECOMMENDED["sets"].values() for part in repr(content["root"]).split("'")[1::2]
})  # fmt: skip


@given(st.lists(st.sampled_from([*WATCHED, "home", "ada", "root", "srv", "x"]), max_size=7), st.sampled_from(["x", "", ".pub"]))
@settings(max_examples=150, deadline=None)
@example(["home", "ada", ".ssh", "id_rsa"], "")
def test_watched_paths_alike(parts, ending):
    """Paths that are made of what the preset's sets are made of are watched alike."""
    path = "/" + "/".join(parts).replace("*", "y") + ending
    for capability in ("fs.read", "fs.write"):
        expected, found = PRESET.watches(capability, path)
        assert found == expected, path


PRESET = policies.Twins(ccore, RECOMMENDED)


@given(st.lists(policies.PATHS, max_size=6), st.lists(policies.PATHS, max_size=2), st.lists(policies.TARGETS, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
@example(["**"], [], ["", "a", "/a", "/"])
@example(["**/.env", "/a/**/b"], ["**/a/.env"], ["/a/.env", "/b/.env", "/a/c/c/b"])
def test_machines_alike(wanted, unless, paths):
    """A set of any path patterns holds the same paths in both."""
    content = {**BASE, "sets": {"some": machine.build(wanted, unless)}, "watch": {"fs.read": "some"}, "rules": ()}
    twins = policies.Twins(ccore, content)

    for path in paths:
        expected, found = twins.watches("fs.read", path)
        assert found == expected, path


VARIABLES = st.one_of(st.sampled_from(["LD_PRELOAD", "PATH", "ACME_", "ACME_X", "ACME_a/b", "/PATH", "PATH/", "", "/", "é", "ACME_é/"]), st.text(max_size=6))


@given(st.lists(st.sampled_from(["LD_PRELOAD", "PATH", "ACME_*", "é", "A*Y", "ACME_a/b", "*", ""]), min_size=1, max_size=4), st.lists(VARIABLES, min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
@example(["ACME_*", "PATH"], ["ACME_a/b", "ACME_X", "ACME_", "PATH", "/PATH", "PATH/"])
def test_every_variable_that_a_rule_denies_is_watched(denied, names):
    """Whatever name a rule could refuse is looked at in both cores, slashes in it or not; other plain names aren't."""
    rules = tuple((0, 0, "deny", "env.write", *patterns.compile_target("env.write", text, {})[:2], "", "", model.PHASES, text) for text in denied)
    watch, sets = compiler._watch(rules, {}, {})
    twins = policies.Twins(ccore, {**BASE, "sets": sets, "watch": watch, "rules": rules})

    for name in names:
        expected, found = twins.watches("env.write", name)
        is_denied = any(targets.glob(text or "*", name) for text in denied)
        assert found == expected
        assert expected >= is_denied
        assert expected == is_denied or "/" in name or watch["env.write"] is True


@given(
    st.sampled_from(["127.1:80", "$metadata", "$private", "$loopback", "[fd00::/8]:80", "[::ffff:10.0.0.0]/104", "10.0.0.0/8:443", "0/0"]),
    policies.PEERS,
    st.sampled_from(NET[:3]),
)
@settings(max_examples=150, deadline=None)
def test_addresses_alike(pattern, target, capability):
    """An address in any spelling is in the same blocks in both."""
    kind, data, _ = patterns.compile_target("net.connect", pattern, {})
    rule = (0, 0, "deny", "net.*", kind, data, "", "", model.PHASES, "block")
    twins = policies.Twins(ccore, {**BASE, "rules": (rule,)})

    expected, found = twins.decides(model.UNOWNED, "run", capability, target, None)
    assert found == expected


PIECES = ("1", "0", "2", "10", "007", "a", "b", "rc", "c", "pre", "preview", "alpha", "post", "rev", "r", "dev", ".", "-", "_", "!", "v", "+", "*", " ", "Z")
PIECES += ("1.0", "2.0.0", "1!", ".post1", ".dev0", "rc1", "+local.1", "\u00a0", "\x1f", "é")
VERSIONS = st.one_of(st.sampled_from(policies.VERSIONS), st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
CLAUSES = st.builds("{}{}{}".format, st.sampled_from(["===", "~=", "==", "!=", "<=", ">=", "<", ">", "=", ""]), VERSIONS, st.sampled_from(["", "", ".*", " "]))


@given(st.lists(CLAUSES, max_size=3).map(",".join), st.lists(VERSIONS, min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
@example("===NO-VERSION", ["no-version"])
@example("===\u212a", ["k", "K", "\u212a"])
@example(">1.0", ["1.0.post1", "1.0+x", "1.1"])
@example("~=1.0", ["1", "1.9", "2"])
@example("==1." + "9" * 3000, ["1." + "9" * 3000, "1." + "9" * 2999, "1." + "0" * 5000])
def test_specifiers_alike(specifier, tried):
    """A version satisfies the same specifiers in both, and what is no specifier is refused at the start."""
    content = {**BASE, "deputies": {"acme": (("*", "any", None, specifier),)}}
    try:
        versions.matches(specifier, "1")
    except ValueError:
        with pytest.raises(ValueError, match="specifier"):
            policies.Twins(ccore, content)
        return
    twins = policies.Twins(ccore, content)

    for version in tried:
        expected, found = twins.deputises(model.Owner("acme", version, "distribution"), "import", "x", None)
        assert found == expected, version


@given(st.lists(policies.TEXTS, max_size=3), policies.NAMES)
@settings(deadline=None)
def test_applications_alike(names, name):
    """The same distributions are the application's own."""
    twins = policies.Twins(ccore, {**BASE, "app": tuple(names)})

    assert ccore.twin_is_app(twins.c, name) == twins.python.is_app(name)


def test_names_that_are_no_text():
    """Bytes that Python shows one by one are to C the character that they spell, as they are to the kernel."""
    rule = (0, 0, "deny", "fs.read", "paths", ("/é",), "", "", model.PHASES, "é")
    twins = policies.Twins(ccore, {**BASE, "rules": (rule,)})

    expected, found = twins.decides(model.UNOWNED, "run", "fs.read", "/\udcc3\udca9", None)
    assert (expected[0], found[0]) == ("allow", "deny")


JUNK = (None, True, False, 0, -1, 2**70, 1.5, "", "x", "$written", "$secrets", "*", "\ud800", b"x", (), ("",), (None,) * 4, {}, {"root": ()}, frozenset("a"), [])


def broken(value, chance):
    """Return a deep copy of a value in which one thing, here or further in, is something else."""
    if type(value) in (tuple, dict) and value and chance.random() < 0.9:
        items = list(value.items()) if type(value) is dict else list(enumerate(value))
        at = chance.randrange(len(items))
        key, inner = items[at]
        if type(value) is tuple:
            return (*value[:at], *([] if chance.random() < 0.1 else [broken(inner, chance)]), *value[at + 1 :])
        new = chance.choice(JUNK[:10]) if chance.random() < 0.1 else key
        return {**{other: kept for other, kept in items if other != key}, new: broken(inner, chance)}
    return chance.choice(JUNK)


@given(st.integers(0, 2**32), st.integers(1, 3), requests())
@settings(max_examples=150, deadline=None)
def test_a_malformed_table_is_refused_or_answers(seed, times, request):
    """No content makes the loading crash: it is refused by ValueError, or it is a table that answers."""
    chance = random.Random(seed)
    content = RECOMMENDED
    for _ in range(times):
        content = broken(content, chance)
    try:
        made = ccore.twin_table(content, frozenset(), {})
    except ValueError:
        return
    owner, phase, capability, target, argv = request
    assert ccore.twin_watches(made, model.CAPABILITIES.index(capability), target) in (True, False)
    ccore.twin_decide(made, *policies.Twins._asked(owner, phase, capability, target, argv))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"v": 2}, "format 2, not 1"),
        ({"v": True}, "'v': its type"),
        ({"mode": "lax"}, "'mode': its value"),
        ({"rules": []}, "'rules': its type"),
        ({"rules": (RECOMMENDED["rules"][0], ("x",))}, "'rules', number 1: its parts"),
        ({"deputies": {"a": ((("*", "any", None, ">=x")),)}}, "'deputies', number 0: a specifier"),
        ({"watch": {"fs.read": "$nothing"}}, "'watch', number 0: the name of a set"),
        ({"sets": {"$secrets": {"root": ({}, (), 1, None, False)}}}, "'sets', number 0: a node"),
        ({"app": (b"x",)}, "'app': a name"),
    ],
)
def test_what_is_malformed_is_named(change, says):
    """The error says which field is wrong."""
    with pytest.raises(ValueError, match=says):
        ccore.twin_table({**RECOMMENDED, **change}, frozenset(), {})


def test_a_machine_with_a_circle():
    """Nodes that lead to each other are no trap."""
    literals = {}
    node = (literals, (), True, None, True)
    literals["a"] = node
    root = ({"": node}, (("*", node),), False, node, False)
    made = ccore.twin_table({**BASE, "sets": {"round": {"root": root}}, "watch": {"fs.read": "round"}, "rules": ()}, frozenset(), {})

    assert ccore.twin_watches(made, model.CAPABILITIES.index("fs.read"), "/a/a/a/b")
