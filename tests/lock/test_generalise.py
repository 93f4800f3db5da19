"""From what was asked for once to what a lock grants."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from locks import EMPTY

from importguard import model
from importguard.lock import generalise
from importguard.model import CAPABILITIES, PHASES
from importguard.policy import compile as compiler
from importguard.policy import decide, grants, named, table, toml

SITE = "/srv/app/.venv/lib/python3.11/site-packages"
NAMED = named.surroundings(
    {"HOME": "/home/ada"}, "/srv/app", {"$site": [SITE], "$prefix": "/srv/app/.venv", "$stdlib": "/usr/lib/python3.11", "$hostname": "build7"},
)  # fmt: skip
OWN = SITE + "/acme"


def owner_of(path):
    return "acme" if path.startswith(OWN + "/") else ""


NAMES = generalise.Names(NAMED, owner_of)


@pytest.mark.parametrize(
    ("capability", "target", "argv", "written"),
    [
        ("native.load", OWN + "/_speed.so", None, "$package"),
        ("native.load", SITE + "/other/_x.so", None, "$site/other/_x.so"),
        ("fs.read", "/home/ada/.aws/credentials", None, "$home/.aws/credentials"),
        ("fs.read", "/home/eve/.aws/credentials", None, "$home/.aws/credentials"),
        ("fs.read", "/home/ada/.ssh/id_ed25519", None, "$home/.ssh/id_ed25519"),
        ("fs.write", "/home/ada/.cache/acme/0f1e2d3c4b5a6978", None, "$cache/**"),
        ("fs.write", "/tmp/tmpab12_x9z/model.bin", None, "$tmp/**"),
        ("fs.write", "/srv/app/out/2026-11-23/run-123456.log", None, "$cwd/out/*/run-*.log"),
        ("fs.write", "/var/lib/$odd/x", None, "/var/lib/$odd/x"),
        ("net.connect", "example.org:443", None, "example.org:443"),
        ("net.connect", "example.org:50123", None, "example.org"),
        ("net.connect", "127.0.0.1:40000", None, "$loopback"),
        ("net.connect", "[::1]:8080", None, "$loopback:8080"),
        ("net.connect", "[2001:db8::1]:443", None, "[2001:db8::1]:443"),
        ("net.connect", "unix:/tmp/acme.sock", None, "unix:$tmp/**"),
        ("net.resolve", "build7", None, "$hostname"),
        ("proc.spawn", "/usr/bin/git", ("git", "rev-parse", "HEAD"), "/usr/bin/git rev-parse HEAD"),
        ("proc.spawn", "/usr/bin/git", ("git", "-C", "/home/ada/x y"), '/usr/bin/git -C "$home/x y"'),
        ("proc.spawn", "/usr/bin/python3", ("python3", "-c", "import os; print(1)"), "/usr/bin/python3 -c *"),
        ("proc.spawn", "/usr/bin/x", ("x", *"abcdefghij"), "/usr/bin/x a b c d e f g h **"),
        ("env.read", "$HOME", None, "*HOME"),
        ("code.run", "pickle:os.system", None, "pickle:os.system"),
        ("proc.signal", "51234", None, ""),
        ("proc.signal", "-51234", None, ""),
        ("proc.signal", "-1", None, "-1"),
    ],
)  # fmt: skip
def test_how_targets_are_written(capability, target, argv, written):
    """Folders have names, what passes is a `*`, and what means itself stays."""
    found = NAMES.grant("run", capability, target, argv, "acme")

    assert found == grants.Grant("run", capability, written)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
paths = texts.map(lambda text: "/" + text)


@st.composite
def wishes(draw):
    capability = draw(st.sampled_from(CAPABILITIES))
    family = grants.FAMILIES[capability]
    argv = tuple(draw(st.lists(texts, min_size=1, max_size=12))) if family == "program" else None
    hosts = st.sampled_from(["example.org", "127.0.0.1", "10.0.0.1", "build7", "[::1]", "[2001:db8::1]"])
    target = {
        "path": draw(paths | st.just(OWN + "/x") | st.just("/home/ada/x")),
        "program": draw(paths),
        "net": f"{draw(hosts)}:{draw(st.integers(1, 65535))}",
    }.get(family, draw(texts))
    if capability == "net.resolve":
        target = draw(st.sampled_from(["example.org", "localhost", "build7", "::1", "10.0.0.1"]))
    return capability, target, argv


@settings(max_examples=60, deadline=None)
@given(wishes(), st.sampled_from(PHASES))
def test_a_grant_allows_what_it_was_learnt_from(wish, phase):
    """Whatever was asked for, hostile names included: the grant can be written and read again, and matches the request."""
    capability, target, argv = wish

    found = NAMES.grant(phase, capability, target, argv, "acme")
    again = grants.parse(f"{phase}:{capability}:{found.target}" if found.target else f"{phase}:{capability}")

    assert again == found
    line = toml.Line("allow", "lock", "", "", PHASES, found, "here")
    denial = toml.Line("deny", "lock", "", "", PHASES, grants.Grant("", "*", ""), "else")
    rules = (compiler.rule_of(line, compiler.LOCK, NAMED), compiler.rule_of(denial, compiler.CEILING, NAMED))
    loaded = table.load({**EMPTY, "rules": rules})
    loaded.owner_of = owner_of
    request = model.Request(capability, target, argv, model.Owner("acme", "1.0", "distribution"), (), phase, "", "audit")
    assert decide.decide(loaded, request).verdict == "allow"
