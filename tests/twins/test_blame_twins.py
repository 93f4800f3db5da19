"""The blame in C is Walker's, for any walk, phase, program and deputies."""

import ccores
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importguard.blame import BODY, CARRIED, END, MAIN, STARTUP_LINE, MainOrigin, Origin, Walker
from importguard.identity import Identity
from importguard.model import APP, PHASES, UNOWNED, Owner

pytestmark = pytest.mark.skipif(ccores.own() is None, reason=ccores.MISSING)

SITE = "/srv/lib/site-packages"
ONE, TWO, TWO_OLD, MINE = Owner("one", "1.0", "distribution"), Owner("two", "2.0", "distribution"), Owner("two", "1.9", "distribution"), Owner("mine", "3", "app")
LISTED = Owner("one.pth", "", "startup")
INNER = (ONE, TWO, TWO_OLD, UNOWNED, LISTED)
MOST = 64

owners = st.lists(st.sampled_from(INNER), max_size=5, unique=True)
texts = st.one_of(st.none(), st.sampled_from(("acme", "a.b", "", "é", "\udcff")))
namespaces = st.fixed_dictionaries({}, optional={"__name__": texts, "__file__": st.one_of(texts, st.just("/x/acme.py"))})
sources = st.builds(
    lambda chain, phase, module: Origin(tuple(chain), phase, module),
    st.lists(st.sampled_from((*INNER, APP, MINE)), max_size=4), st.sampled_from(PHASES), st.sampled_from(("", "acme")),
)  # fmt: skip
startup_files = st.sampled_from(
    (f"{SITE}/one.pth", f"{SITE}/one/x.pth", f"{SITE}/none/../one/x.pth", "/srv/std/x.pth", "/etc/x.pth", "/proc/self/cwd/x.pth", "x.pth", "")
)
walks = st.one_of(
    st.tuples(owners.filter(bool), st.just(BODY), namespaces),
    st.tuples(owners, st.just(CARRIED), sources),
    st.tuples(owners, st.just(STARTUP_LINE), startup_files),
    st.tuples(owners, st.just(END), st.none()),
    st.tuples(st.tuples(owners, st.sampled_from((MAIN, APP, MINE))).map(lambda parts: [*parts[0], parts[1]]), st.just(END), st.none()),
)
origins = st.one_of(
    st.builds(lambda program: MainOrigin(APP, "run", "", "app", program), st.sampled_from(("", "one", "two"))),
    st.builds(
        lambda owner, phase, module: MainOrigin(owner, phase, module, owner.kind, ""),
        st.sampled_from((ONE, UNOWNED, LISTED)), st.sampled_from(PHASES), st.sampled_from(("", "acme")),
    ),
)  # fmt: skip
programs = st.sampled_from((None, UNOWNED, ONE, TWO, MINE))
deputies = st.sets(st.sampled_from((ONE, TWO, TWO_OLD, UNOWNED, LISTED)).map(lambda owner: (owner.name, owner.version)))


def make_identity():
    dists = {"one": {"version": "1.0", "kind": "distribution", "malicious": ""}, "two": {"version": "2.0", "kind": "distribution", "malicious": ""}}
    site = {"mtime_ns": 0, "dists": dists, "prefixes": {f"{SITE}/one": "one"}, "files": {}}
    return Identity(
        sites={SITE: site}, app_roots=(), stdlib=("/srv/std/",), package="/guard/",
        is_app=lambda name: False, is_written=lambda path: False, look_up=lambda name, version: "",
    )  # fmt: skip


def by_python(origin, program, on_main_thread, found, end, detail, deputies):
    walker = Walker(
        owner_of_globals=None,
        owner_of_path=make_identity().owner_of_path,
        main_origin=origin,
        deferred_globals=None,
        is_deputy=lambda name, capability, target, version, argv: (name, version) in deputies,
    )
    if program is not None:
        walker.learn_program(program)
    walker.main_thread += not on_main_thread
    traced = walker.conclude(found, end, detail)
    blame = walker.choose(traced, "fs.read", "/x")
    return blame.owner.as_tuple(), blame.via, blame.phase, blame.module, tuple(owner.as_tuple() for owner in traced.chain)


def by_c(origin, program, on_main_thread, found, end, detail, deputies):
    if end == CARRIED:
        detail = (detail.chain, PHASES.index(detail.phase), detail.module)
    owner, via, phase, module, chain = ccores.own().twin_blame(
        make_identity().as_tuple(),
        (origin.owner, origin.phase, origin.module, origin.kind == "app", origin.program),
        program, on_main_thread, tuple(found), end, detail, lambda name, version: (name, version) in deputies,
    )  # fmt: skip
    return owner, tuple(name for name, _, _ in via), phase, module or "", chain


@settings(max_examples=600)
@given(origins, programs, st.booleans(), walks, deputies)
def test_any_walk(origin, program, on_main_thread, walk, deputies):
    """Owner, those that it went through, phase, module and chain."""
    found, end, detail = walk

    assert by_c(origin, program, on_main_thread, found, end, detail, deputies) == by_python(
        origin, program, on_main_thread, found, end, detail, deputies
    )


@pytest.mark.parametrize("count", [MOST - 1, MOST, MOST + 30])
def test_more_deputies_than_anybody_has(count):
    """A chain that is too long for the core ends in nobody: what hides behind so many deputies has no authority."""
    chain = [Owner(f"deputy-{number}", "1", "distribution") for number in range(count)]
    everybody = {(owner.name, owner.version) for owner in chain}

    owner, via, _, _, _ = by_c(MainOrigin(APP, "run", "", "app", ""), ONE, True, [*chain, MAIN], END, None, everybody)

    expected = APP if count < MOST - 1 else UNOWNED
    assert owner == expected.as_tuple()
    assert len(via) == min(count, MOST - 1)


def test_a_question_that_fails():
    """Where it can't be asked who is a deputy, nobody is named: the operation ends there."""

    class Strange(Exception):
        pass

    class Everybody:
        def __contains__(self, owner):
            raise Strange

    with pytest.raises(Strange):
        by_c(MainOrigin(APP, "run", "", "app", ""), UNOWNED, True, [ONE], END, None, Everybody())
