"""What -I and -E do, for an interpreter that was started without them so that the guard could get in."""

import posix
import sys

from importguard.pinned import getattr, type, unsetenv
from importguard.session import HELD


def restore(flags):
    """Undo what childargs did for -I and -E: give back the variables, show the flags as they were typed."""
    held = HELD.encode()
    for name in [name for name in posix.environ if name.startswith(held)]:
        value = posix.environ.pop(name)
        posix.environ[name[len(held) :]] = value
        posix.putenv(name[len(held) :], value)
        unsetenv(name)
    changes = {"ignore_environment": 1}
    if "I" in flags:
        changes["isolated"] = 1
    sys.flags = flags_with(changes)


def flags_with(changes):
    """Return sys.flags with other values; before 3.13 that takes a look-alike, as the type has no constructor."""
    replace = getattr(sys.flags, "__replace__", None)
    if replace is not None:
        return replace(**changes)
    kind = type(sys.flags)
    names = [name for name in kind.__match_args__]
    values = [changes.get(name, getattr(sys.flags, name)) for name in names]
    fields = {name: property(lambda self, at=at: self[at]) for at, name in enumerate(names)}
    fields.update(
        __repr__=lambda self: "sys.flags(" + ", ".join(f"{n}={v!r}" for n, v in zip(names, self)) + ")",
        __slots__=(),
        __module__="sys",
        n_fields=kind.n_fields,
        n_sequence_fields=kind.n_sequence_fields,
        n_unnamed_fields=kind.n_unnamed_fields,
    )
    return type("flags", (tuple,), fields)(values)
