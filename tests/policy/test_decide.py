"""Which rule decides: properties of `decide` over random tables, and how specific rules are."""

import itertools

import pytest
import tables
from hypothesis import given, settings
from hypothesis import strategies as st

from importguard import model
from importguard.policy import decide, table

CAPABILITY_GLOBS = st.sampled_from([*model.CAPABILITIES, "*", "net.*", "fs.*", "proc.*"])
KINDS_OF_TARGETS = st.sampled_from(
    [("any", None), ("text", ("a*",)), ("text", ("b",)), ("paths", ("/a/**",)), ("package", None), ("written", None)]
)
PHASES = st.sampled_from([("startup", "import"), ("run",), model.PHASES])
PACKAGES = st.sampled_from(["", "", "litellm", "lite*", "unowned", "application"])
SPECIFIERS = st.sampled_from(["", "", ">=2", "==1.0"])


@st.composite
def rules(draw, layers=range(7)):
    kind, data = draw(KINDS_OF_TARGETS)
    effect = draw(st.sampled_from(["allow", "deny"]))
    rank = draw(st.integers(0, 3))
    head = (draw(st.sampled_from(layers)), rank, effect, draw(CAPABILITY_GLOBS), kind, data)
    return (
        *head,
        draw(PACKAGES),
        draw(SPECIFIERS),
        draw(PHASES),
        f"{effect} {head[0]}.{rank}.{draw(st.integers(0, 9))}",
    )


OWNERS = st.builds(
    model.Owner,
    st.sampled_from(["litellm", "requests", "unowned", "application", "x.pth", ""]),
    st.sampled_from(["1.0", "2.5", "", "no version"]),
    st.sampled_from([*model.KINDS, "something else"]),
)
REQUESTS = st.builds(
    model.Request,
    st.one_of(st.sampled_from(model.CAPABILITIES), st.text(max_size=5)),
    st.one_of(st.sampled_from(["a", "ab", "b", "/a/x", "/a", "host:1", "[::1]:2"]), st.text()),
    st.one_of(st.none(), st.lists(st.text(max_size=3), max_size=3).map(tuple)),
    OWNERS,
    st.just(()),
    st.sampled_from([*model.PHASES, "never heard of"]),
    st.just("module"),
    st.just("audit"),
)
BASE = tables.flat(preset="observe")


def loaded(chosen, written=False):
    made = table.load({**BASE, "rules": tuple(chosen)})
    made.owner_of = lambda path: "litellm"
    made.is_written = lambda path: written
    return made


@given(st.lists(rules(), max_size=8), REQUESTS, st.booleans())
@settings(max_examples=200)
def test_any_request_gets_an_answer(chosen, request, written):
    """Whatever is asked of whatever table, the answer is allow or deny, and names a rule of the table or none."""
    answer = decide.decide(loaded(chosen, written), request)

    assert answer.verdict in ("allow", "deny")
    assert answer.rule in {rule[table.RULE] for rule in chosen} | {""}
    assert answer.rule or answer.verdict == "allow"


@given(st.lists(rules(), min_size=2, max_size=5), REQUESTS)
@settings(max_examples=200)
def test_order_in_a_policy_is_irrelevant(chosen, request):
    """Lines decide the same in whatever order a policy has them."""
    answers = {decide.decide(loaded(order), request).verdict for order in itertools.permutations(chosen)}

    assert len(answers) == 1


@given(st.lists(rules(), max_size=8), REQUESTS)
def test_asking_twice(chosen, request):
    """The same question to the same table has the same answer."""
    made = loaded(chosen)

    assert decide.decide(made, request) == decide.decide(made, request) == decide.decide(loaded(chosen), request)


@given(rules(), REQUESTS)
def test_a_tie_denies(rule, request):
    """Where an allowing and a denying line are equally specific, the denial holds."""
    allowing = (*rule[:2], "allow", *rule[3:])
    denying = (*rule[:2], "deny", *rule[3:])
    alone = decide.decide(loaded([denying]), request).verdict

    assert decide.decide(loaded([allowing, denying]), request).verdict == alone


@given(st.lists(rules(range(1, 7)), max_size=6), rules([0]), REQUESTS)
def test_the_first_layer_decides(chosen, first, request):
    """A matching rule of an earlier layer decides, however specific the later ones are."""
    alone = decide.decide(loaded([first]), request)

    together = decide.decide(loaded([*chosen, first]), request)

    assert together == alone if alone.rule else together == decide.decide(loaded(chosen), request)


@given(st.lists(rules(), max_size=6), REQUESTS, st.sampled_from(["enforce", "observe", "off"]))
def test_the_mode_does_not_decide(chosen, request, mode):
    """Observing and enforcing decide alike; what follows from it is somebody else's business."""
    other = table.load({**BASE, "rules": tuple(chosen), "mode": mode})
    other.owner_of, other.is_written = loaded([]).owner_of, loaded([]).is_written

    assert decide.decide(other, request) == decide.decide(loaded(chosen), request)


@given(st.lists(rules(), max_size=6), REQUESTS)
def test_an_unknown_phase_is_the_strictest(chosen, request):
    """What claims a phase that nobody knows is judged as an import."""
    unknown = model.Request(*request.as_tuple()[:5], "never heard of", *request.as_tuple()[6:])
    imported = model.Request(*request.as_tuple()[:5], "import", *request.as_tuple()[6:])

    assert decide.decide(loaded(chosen), unknown) == decide.decide(loaded(chosen), imported)


@pytest.mark.parametrize(
    ("more", "less", "capability", "target"),
    [
        ("fs.read:/data/a/b", "fs.read:/data/a/*", "fs.read", "/data/a/b"),
        ("fs.read:/data/a/*", "fs.read:/data/**", "fs.read", "/data/a/b"),
        ("fs.read:/data/**", "fs.read", "fs.read", "/data/a/b"),
        ("fs.read", "fs.*", "fs.read", "/data/a/b"),
        ("fs.read:$secrets", "fs.read:~/**", "fs.read", "/home/ada/.netrc"),
        ("fs.read:~/.netrc", "fs.read:$secrets", "fs.read", "/home/ada/.netrc"),
        ("net.connect:$metadata", "net.connect:$private", "net.connect", "169.254.169.254:80"),
        ("net.connect:169.254.169.254:80", "net.connect:$metadata", "net.connect", "169.254.169.254:80"),
        ("net.connect:a.b:443", "net.connect:a.b", "net.connect", "a.b:443"),
        ("net.connect:*.b:443", "net.*", "net.connect", "a.b:443"),
        ("proc.spawn:/opt/x", "proc.spawn:$written", "proc.spawn", "/opt/x"),
        ("proc.spawn:/opt/x", "proc.spawn:/opt/*", "proc.spawn", "/opt/x"),
    ],
)
@pytest.mark.parametrize("effect", ["allow", "deny"])
def test_the_more_specific_target_wins(more, less, capability, target, effect):
    """An exact target beats a named set, that a glob, and that no target at all."""
    other = {"allow": "deny", "deny": "allow"}[effect]
    made = tables.load(f'[package.somepackage]\n{effect} = ["{more}"]\n{other} = ["{less}"]')
    made.is_written = lambda path: True

    assert tables.ask(made, capability, target) == effect


LAYERS = [
    '[[exception]]\npackage = "somepackage"\nallow = ["net.connect:a:1"]\nreason = "it may"\n',
    '[package.somepackage]\ndeny = ["net.connect"]\n',
    '[import]\nallow = ["net.connect:a:1"]\n',
]


@pytest.mark.parametrize("last", [0, 1, 2])
def test_layers_of_a_policy(last):
    """An exception comes before a package's own lines, those before the phase tables, those before the preset."""
    made = tables.load("".join(reversed(LAYERS[last:])))

    assert tables.ask(made, "net.connect", "a:1") == ["allow", "deny", "allow"][last]


def test_versions():
    """A line with a specifier is for those versions; of a version that nobody knows, denials hold and grants don't."""
    made = tables.load(
        '[package.a]\nmatch = ">=2"\nallow = ["net.connect"]\n[package.b]\nmatch = ">=2"\ndeny = ["env.read"]'
    )

    def verdicts(name, capability):
        owners = [model.Owner(name, version, "distribution") for version in ("1.9", "2.0", "")]
        return [tables.ask(made, capability, "x:1", owner=owner) for owner in owners]

    assert verdicts("a", "net.connect") == ["deny", "allow", "deny"]
    assert verdicts("b", "env.read") == ["allow", "deny", "deny"]


def test_names_that_are_taken():
    """A distribution that calls itself `unowned` or `application` gains and loses nothing by it."""
    made = tables.load('[package.unowned]\nallow = ["net.connect"]\n[application]\ndeny = ["env.read"]')
    impostors = [model.Owner(name, "1", "distribution") for name in ("unowned", "application", "python")]

    for owner in impostors:
        assert tables.ask(made, "net.connect", "a:1", owner=owner) == "deny"
        assert tables.ask(made, "env.read", "X", owner=owner) == "allow"
    assert tables.ask(made, "net.connect", "a:1", owner=model.UNOWNED) == "allow"
    assert tables.ask(made, "env.read", "X", owner=model.APP) == "deny"


def test_the_application():
    """The application may do everything, but for its own ceiling and what names it."""
    made = tables.load('[application]\ndeny = ["net.connect:$metadata"]\n[package.mine]\ndeny = ["env.write"]')
    installed = model.Owner("mine", "", "app")

    assert tables.ask(made, "fs.read", f"{tables.HOME}/.ssh/id_rsa", owner=model.APP) == "allow"
    assert tables.ask(made, "net.connect", "169.254.169.254:80", owner=model.APP) == "deny"
    assert tables.ask(made, "env.write", "X", owner=installed) == "deny"
    assert tables.ask(made, "net.connect", "169.254.169.254:80", owner=installed) == "deny"


def test_own_files_and_others():
    """A package writes where it is installed, not where another is, and nobody makes a start-up file there."""
    made = tables.load()
    made.owner_of = lambda path: "jieba" if "/jieba/" in path else "requests" if "/requests/" in path else None
    jieba = model.Owner("jieba", "1", "distribution")

    def write(path, owner=jieba):
        return {
            tables.ask(made, "fs.write", f"{tables.SITE}/{path}", owner=owner, phase=phase) for phase in model.PHASES
        }

    assert write("jieba/cache.bin") == {"allow"}
    assert write("requests/sessions.py") == {"deny"}
    assert write("requests/__pycache__/sessions.cpython-311.pyc.140") == {"allow"}
    assert write("evil.pth") == {"deny"}
    assert write("jieba/cache.bin", model.Owner("unowned", "", "unowned")) == {"deny"}


def test_deputies():
    """A deputy passes on what it is one for, by version where the policy says so, and an empty list ends it."""
    made = tables.load(
        '[package.mine]\nmatch = ">=2"\ndeputy = ["net.*:*.example.com:443"]\n[package.requests]\ndeputy = []'
    )

    assert made.is_deputy("mine", "net.connect", "a.example.com:443", "2.1")
    assert made.is_deputy("mine", "net.resolve", "a.example.com", "2.1")
    assert not made.is_deputy("mine", "net.connect", "a.example.com:443", "1.9")
    assert not made.is_deputy("mine", "net.connect", "a.example.org:443", "2.1")
    assert not made.is_deputy("mine", "fs.read", "/x", "2.1")
    assert not made.is_deputy("requests", "net.connect", "a:1", "2")
    assert made.is_deputy("httpx", "net.connect", "a:1", "2")
    assert not made.is_deputy("nobody", "net.connect", "a:1", "2")


def test_application_by_name():
    """Distributions that the policy names are the application's own, globs included."""
    made = tables.load('app = ["My_Company-*"]\n')

    assert made.is_app("my-company-web")
    assert not made.is_app("my-companyweb")


@st.composite
def interesting_paths(draw):
    """Paths that a pattern of the preset or of its data matches, or nearly."""
    pattern = draw(st.sampled_from(PATTERNS))
    for star in ("**", "*"):
        pattern = pattern.replace(star, draw(st.sampled_from(["x", "x.pth", ".env"])))
    return pattern + draw(st.sampled_from(["", "", "", "/x", "x", ".pub", ".example"]))


@given(
    st.one_of(interesting_paths(), st.text()), st.sampled_from(["fs.read", "fs.write"]), st.sampled_from(model.PHASES)
)
@settings(max_examples=300)
def test_what_is_not_watched_is_allowed(path, capability, phase):
    """Where the table says that nobody need be looked for, nobody would have been refused."""
    if not WATCHING.watches(capability, path):
        assert tables.ask(WATCHING, capability, path, phase=phase) == "allow"


WATCHING = tables.load()
PATTERNS = [
    pattern.removeprefix("!").replace("~", tables.HOME).replace("$site", tables.SITE)
    for name in ("secrets", "persistence")
    for pattern, _ in tables.named.read_data(name)
]
PATTERNS += [f"{tables.SITE}/**", "/usr/lib/python3.11/**", "/srv/app/.venv/bin/*"]


def test_table_of_another_format():
    """A table of another version is refused by name."""
    with pytest.raises(ValueError, match="format 2, not 1"):
        table.load({**BASE, "v": 2})
