"""Locks for tests: strategies of Hypothesis, hostile names among them."""

from hypothesis import strategies as st

from importguard import versions
from importguard.lock import model
from importguard.model import CAPABILITIES, PHASES
from importguard.policy import grants, table

HOSTILE = st.sampled_from(
    ["\x1b[31mred", "\u202eevil", "../../etc", 'a"b', "a\\b", "\x00", "new\nline", "]", "version", "\u2066x\u2069", "é"]
)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12) | HOSTILE
paths = st.text(st.characters(codec="utf-8"), max_size=20).map(lambda text: "/" + text.replace("*", ""))
digests = st.binary(min_size=1, max_size=4).map(lambda data: "sha256:" + data.hex().zfill(64))


def _canonical(text):
    return versions.canonical_name(text.encode("utf-8", "replace").decode())


def _grant(phase, capability, target):
    text = f"{capability}:{target}" if target else capability
    try:
        found = grants.parse(text)
    except ValueError:
        return grants.Grant(phase, capability, "")
    return (
        grants.Grant(phase, found.capability, found.target) if not found.phase else grants.Grant(phase, capability, "")
    )


given = st.builds(_grant, st.sampled_from(PHASES), st.sampled_from(CAPABILITIES), st.just("") | paths | names)
distributions = st.builds(
    lambda name, version, *more: model.ordered(model.Entry(_canonical(name), version, model.DISTRIBUTION, *more)),
    names, st.sampled_from(["1.0", "2.0", "1!3.0+l"]),
    st.lists(digests, max_size=2).map(tuple),
    st.lists(st.tuples(st.sampled_from(["a.pth", "\u202ex.pth", "b c.start"]), digests), max_size=2).map(tuple),
    st.lists(st.sampled_from([*CAPABILITIES, "net.connect:example.org:443", "proc.spawn:/bin/echo *"]), max_size=2).map(tuple),
    st.lists(given, max_size=4).map(tuple),
    st.lists(given, max_size=2).map(tuple),
)  # fmt: skip
unowned = st.lists(given, max_size=3).map(
    lambda found: model.ordered(model.Entry("unowned", "", model.UNOWNED, grants=tuple(found)))
)


def _lock(entries):
    return model.lock({entry.key: entry for entry in entries}.values())


locks = st.lists(distributions | unowned, max_size=6).map(_lock)

# The content of a table that says nothing.
EMPTY = {
    "v": table.FORMAT, "digest": "", "name": "", "mode": "enforce", "on_violation": "deny", "malicious": "block", "bytecode": "report",
    "startup_files": "guard", "named": {}, "deputies": {}, "app": (), "sets": {}, "watch": {},
}  # fmt: skip
