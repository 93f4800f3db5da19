"""Both cores read an event alike: the same requests for the same arguments, or the C core is the stricter one.

Where they differ, on purpose and in C's favour alone:

- "shape": arguments that no operation gives (too few of them, a number in the place of a name, an object that is no
  path, a NUL): the twin raises whatever comes of it or asks for nothing, C refuses or asks for what it can read.
- "lost path": an object that had a path, a buffer or a number for the operation, and has none for the guard.
- "derived text": a symbol or a pickled name whose type is derived from str; the twin doesn't look at it.
- "derived row": `getnameinfo` of a type derived from tuple; the twin asks the type for the host.
- "descriptor": a program that is started by its descriptor; the twin knows it from its wraps alone.
- "escapes": `%` in SQLite's addresses is followed by two hexadecimal digits of ASCII, and by nothing else.
- "buffer": a path in a bytearray or its like, which the operation has copied before it read its other arguments.
- "long": a name that is longer than the kernel takes in one piece, as seen from a folder so deep; C asks the kernel.
"""

import os

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from operands import (
    EVENTS,
    NASTY,
    PASSIVE,
    SLOW,
    WELL_FORMED,
    Place,
    Row,
    Text,
    ccore,
    read_in_c,
    read_in_python,
    texts,
)

from importguard import paths
from importguard.core import events
from importguard.model import CAPABILITIES


def is_escaped(args):
    """The difference "escapes"."""
    return type(args[0]) is not int and "%" in (paths.as_text(args[0]) or "")


def is_in_a_buffer(args):
    """The difference "buffer"."""
    return any(isinstance(arg, bytearray | memoryview) for arg in args)


@pytest.mark.parametrize("event", EVENTS)
def test_what_an_operation_gives_is_read_alike(tree, event):
    """Arguments of the right types, in every dress: the same capabilities, targets and arguments, in the same order."""

    @SLOW
    @given(args=WELL_FORMED.get(event, st.tuples(texts(), texts())))
    def holds(args):
        assume(event != "sqlite3.connect" or not is_escaped(args))
        try:
            expected = read_in_python(event, args)
        except ValueError:
            return
        try:
            found = read_in_c(event, args)
        except PermissionError:
            assert is_in_a_buffer(args)
            return
        assert found == expected

    holds()


@pytest.mark.parametrize("event", EVENTS)
def test_what_no_operation_gives_is_read_as_strictly(tree, event):
    """Arguments of any type and number: what the twin asks for, C asks for too, or it refuses."""

    @SLOW
    @given(args=st.lists(NASTY, max_size=5).map(tuple))
    def holds(args):
        assume(event != "sqlite3.connect" or not args or not is_escaped(args))
        try:
            found = read_in_c(event, args)
        except (PermissionError, TypeError, ValueError):
            return
        try:
            expected = read_in_python(event, args)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return
        assert [request for request in expected if request not in found] == []

    holds()


def test_the_events_are_the_same():
    """Each event that one core reads, the other reads, for the same capabilities."""
    known = ccore.events_read()

    assert sorted(known) == EVENTS
    for event, (_, asked) in events.READERS.items():
        mask, acts, of_code = known[event]
        assert {name for at, name in enumerate(CAPABILITIES) if mask >> at & 1} >= set(asked), event
        assert acts == any(capability not in PASSIVE for capability in asked), event
        assert not of_code
    assert all(known[event][2] for event in events.CODE_READERS)


# The differences, by name.


class Once:
    """Gives its path to the operation, and afterwards has none."""

    def __fspath__(self):
        del type(self).__fspath__
        return "/secret"


class Failing:
    """Gives its path to the operation, and afterwards fails."""

    def __fspath__(self):
        raise TypeError("not again")


@pytest.mark.parametrize("event", ["open", "os.remove", "os.listdir", "ctypes.dlopen", "os.exec"])
@pytest.mark.parametrize("value", [object(), Failing()])
def test_lost_path(event, value):
    """What is neither a path nor a descriptor can't come from the operation: it is refused."""
    with pytest.raises(PermissionError, match="IG204"):
        ccore.read_event(event, (value, (), 0), True)


def test_lost_path_of_a_type_that_was_changed():
    """A path object that took its path away after the operation had asked for it is refused."""
    place = type("Own", (Once,), {"__fspath__": Once.__fspath__})()
    os.fspath(place)
    del Once.__fspath__

    with pytest.raises(PermissionError, match="IG204"):
        ccore.read_event("open", (place, None, 0), True)


@pytest.mark.parametrize(("event", "args"), [("open", (object(), None, 0)), ("open", ()), ("os.remove", (1.5,))])
def test_nothing_is_refused_where_the_guard_only_observes(event, args):
    """Not strict: what can't be read is passed over."""
    assert ccore.read_event(event, args, False) == []


def test_lost_number():
    """A port that is no number any more, of a type that could be changed, is refused."""
    with pytest.raises(PermissionError, match="IG204"):
        ccore.read_event("socket.connect", (None, ("127.0.0.1", object())), True)


def test_a_number_that_may_change_is_not_certain():
    """An object that says its number when asked has any port; the request says that it isn't certain."""

    class Port:
        def __index__(self):
            raise AssertionError("it was asked")

    [(_, target, _, _, certain)] = ccore.read_event("socket.connect", (None, ("127.0.0.1", Port())), True)

    assert (target, certain) == ("127.0.0.1:?", False)


def test_a_path_of_an_object_is_not_certain():
    """What a package's own code answers, it may answer the operation otherwise; texts are certain."""
    assert [asked[4] for asked in ccore.read_event("open", (Place("/x"), None, 0), True)] == [False]
    assert [asked[4] for asked in ccore.read_event("open", (Text("/x"), None, 0), True)] == [True]


def test_an_object_is_asked_for_its_path_once():
    """Requests for the same place come from one answer."""
    answers = iter(["/first", "/second"])
    place = Place(None)
    type(place).__fspath__, kept = (lambda self: next(answers)), type(place).__fspath__
    try:
        found = read_in_c("open", (place, None, os.O_RDWR))
    finally:
        type(place).__fspath__ = kept

    assert {target for _, target, _ in found} == {"/first"}
    assert next(answers) == "/second"


def test_derived_text():
    """A symbol and a pickled name are what they hold, whatever their type says."""
    assert read_in_c("ctypes.dlsym", (None, Text("system"))) == [("native.call", "system", None)]
    assert read_in_c("pickle.find_class", (Text("posix"), Text("system"))) == [
        ("code.run", "pickle:posix.system", None)
    ]


def test_derived_row():
    """A tuple is what it holds, whatever its type says."""
    assert read_in_c("socket.getnameinfo", (Row(("example.org", 1)),)) == [("net.resolve", "example.org", None)]


def test_descriptor(tmp_path):
    """A program that is started by its descriptor is the file behind it."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    with program.open() as stream:
        found = read_in_c("os.exec", (stream.fileno(), ["x"], {}))

    assert found == [("proc.spawn", str(program), ("x",))]


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:%65tc", "etc"), ("file:/etc/%2", "/etc/%2"), ("file:/etc/%+1", "/etc/%+1"), ("file:/etc/%-1", "/etc/%-1"),
        ("file:/a%00b", "/a"), ("file:/%c3%A9", "/\u00e9"), ("file:/%ff", "/\udcff"), ("file:/%\uff11\uff11", "/%\uff11\uff11"),
    ],
)  # fmt: skip
def test_escapes(uri, path):
    """An address of SQLite's is read as SQLite reads it."""
    found = [target for capability, target, _ in read_in_c("sqlite3.connect", (uri,)) if capability == "fs.read"]

    assert found[1] == os.path.abspath(path)


def test_long(tmp_path, monkeypatch):
    """A link in a folder that is too deep to be named in one piece is followed all the same."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text("x")
    for _ in range(20):
        os.mkdir("d" * 250)
        os.chdir("d" * 250)
    os.symlink(tmp_path / "secret", "link")

    assert paths.resolve("link").endswith("/link")
    assert ccore.resolve("link") == str(tmp_path / "secret")
    assert ccore.resolve("new").endswith("/new")
