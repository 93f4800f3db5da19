"""Both cores read an event alike: the same requests for the same arguments, or the C core is the stricter one.

Where they differ, on purpose and in C's favour alone:

- "shape": arguments that no operation gives (too few of them, a number in the place of a name, an object that is no
  path, a NUL): the twin raises whatever comes of it or asks for nothing, C refuses or asks for what it can read.
- "lost path": an object that had a path, a buffer or a number for the operation, and has none for the guard.
- "derived text": a symbol or a pickled name whose type is derived from str; the twin doesn't look at it.
- "derived row": `getnameinfo` of a type derived from tuple; the twin asks the type for the host.
- "descriptor": a program that is started by its descriptor; the twin knows it from its wraps alone.
- "escapes": `%` in SQLite's addresses is followed by two hexadecimal digits of ASCII, and by nothing else.
- "long": a name that is longer than the kernel takes in one piece, as seen from a folder so deep; C asks the kernel.
"""

import os
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from importguard import paths, programs
from importguard.core import events
from importguard.model import CAPABILITIES
from importguard.written import MOST, Written

ccore = pytest.importorskip("importguard.core.ccore", reason="the C core is not built for this CPython")

SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck))
PASSIVE = {"fs.read", "fs.list", "env.read", "code.run"}


def as_bytes(text):
    """Return a text as the C core has it: UTF-8, an escaped byte as itself, other lone surrogates as UTF-8 would be."""
    return b"".join(
        bytes([ord(each) - 0xDC00]) if 0xDC80 <= ord(each) <= 0xDCFF else each.encode("utf-8", "surrogatepass")
        for each in text
    )


def read_in_c(event, args):
    """Return what C reads as [(capability, target, argv)]."""
    paths.forget()
    ccore.forget_folders()
    found = []
    for capability, target, argv, text, _certain in ccore.read_event(event, args, True):
        assert type(target) is str
        assert text == as_bytes(target)
        assert argv is None or {type(argv), *map(type, argv)} <= {tuple, str}
        found.append((CAPABILITIES[capability], target, argv))
    return found


def read_in_python(event, args):
    reader = events.READERS[event][0] if event in events.READERS else events.CODE_READERS[event]
    return list(reader(args))


# Texts that an operation may be given, and strangers.

NAMES = ["a", "b", "up", "away", "loop", "..", ".", "", "missing", "caf\u00e9", "\udcff", "\u4e2d", "x" * 300, "\0"]
PARTS = st.lists(st.sampled_from(NAMES), max_size=5).map("/".join)
SPECIAL = st.sampled_from(
    ["/", "//", "/etc/passwd", "/proc/self/fd/0", "/proc/self/cwd/x", "/proc/self/mem", "/dev/fd/1", "/dev/stdin",
     "/bin/../bin/sh", "/usr/bin/./env", "//bin/sh", ":memory:", "file:a?mode=ro", "file:///tmp/x%20y#z", "file://host/etc/%70",
     "file:", "file:%", "file:%2", "file:x%00y", "libc.so.6", "example.org", "::1", "fe80::1%eth0", "%lo", "127.0.0.1"]
)  # fmt: skip


class Text(str):
    """Says something else to whoever asks it."""

    def __str__(self):
        return "/harmless"

    __fspath__ = __str__

    def __iter__(self):
        return iter("/harmless")

    def __eq__(self, other):
        return True

    def __getitem__(self, at):
        return "/"

    __hash__ = str.__hash__


class Data(bytes):
    """A bytes that says something else to whoever asks it."""

    def decode(self, *args):
        return "/harmless"

    __fspath__ = __str__ = decode


class Number(int):
    """An int that says something else to whoever asks it."""

    def __index__(self):
        return 9

    def __str__(self):
        return "9"

    def __format__(self, spec):
        return "9"


class Place:
    """Has a path, which is asked for once."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


class Row(tuple):
    """A tuple that says something else to whoever asks it."""

    __slots__ = ()

    def __getitem__(self, at):
        return ("harmless", 1)[at]

    def __len__(self):
        return 2

    def __iter__(self):
        return iter(("harmless", 1))


PLAIN_TEXTS = PARTS | SPECIAL | st.text(max_size=12)
NUMBERS = st.integers(-3, 2**17) | st.integers() | st.booleans()


@st.composite
def texts(draw):
    """Texts in every dress that an operation takes them in."""
    text = draw(PLAIN_TEXTS)
    dress = draw(
        st.sampled_from(["str", "str", "Text", "bytes", "Data", "bytearray", "memoryview", "Place", "Place of bytes"])
    )
    data = as_bytes(text)
    dressed = {
        "str": text, "Text": Text(text), "bytes": data, "Data": Data(data), "bytearray": bytearray(data),
        "memoryview": memoryview(data), "Place": Place(text), "Place of bytes": Place(data),
    }  # fmt: skip
    return dressed[dress]


STRANGERS = st.none() | NUMBERS | NUMBERS.map(Number) | st.builds(object) | st.floats() | st.lists(NUMBERS, max_size=2)
NASTY = texts() | STRANGERS | st.tuples(texts(), NUMBERS) | st.lists(texts(), max_size=3)
FLAGS = st.integers(0, 0o37777777)
ADDRESSES = st.one_of(
    texts(), st.none(),
    st.tuples(texts(), NUMBERS | NUMBERS.map(Number)),
    st.tuples(texts(), NUMBERS, NUMBERS, NUMBERS),
    st.tuples(texts(), NUMBERS).map(Row),
    st.tuples(NUMBERS, NUMBERS),
    st.tuples(texts()),
)  # fmt: skip
FDS = st.just(-1) | st.integers(-200, 40)
ARGV = st.lists(texts() | NUMBERS, max_size=3) | st.lists(texts(), max_size=3).map(tuple)
WELL_FORMED = {
    "open": st.tuples(texts() | NUMBERS, st.none(), FLAGS),
    "os.listdir": st.tuples(texts() | st.none()),
    "os.scandir": st.tuples(texts() | st.none()),
    "os.remove": st.tuples(texts(), FDS),
    "os.rmdir": st.tuples(texts(), FDS),
    "os.mkdir": st.tuples(texts(), NUMBERS, FDS),
    "os.chmod": st.tuples(texts() | NUMBERS, NUMBERS, FDS),
    "os.chown": st.tuples(texts() | NUMBERS, NUMBERS, NUMBERS, FDS),
    "os.utime": st.tuples(texts() | NUMBERS, st.none(), st.none(), FDS),
    "os.rename": st.tuples(texts(), texts(), FDS, FDS),
    "os.link": st.tuples(texts(), texts(), FDS, FDS),
    "os.symlink": st.tuples(texts(), texts(), FDS),
    "socket.connect": st.tuples(st.none(), ADDRESSES),
    "socket.bind": st.tuples(st.none(), ADDRESSES),
    "socket.sendto": st.tuples(st.none(), ADDRESSES),
    "socket.sendmsg": st.tuples(st.none(), ADDRESSES),
    "socket.getnameinfo": st.tuples(st.tuples(texts(), NUMBERS)),
    "os.posix_spawn": st.tuples(texts(), ARGV, st.none()),
    "os.exec": st.tuples(texts(), ARGV, st.none()),
    "os.kill": st.tuples(st.integers(-(2**31), 2**31), NUMBERS),
    "ctypes.dlsym": st.tuples(st.none(), PLAIN_TEXTS | PLAIN_TEXTS.map(as_bytes)),
    "ctypes.dlsym/handle": st.tuples(NUMBERS, PLAIN_TEXTS),
    "pickle.find_class": st.tuples(PLAIN_TEXTS, PLAIN_TEXTS),
    "sqlite3.load_extension": st.tuples(st.none(), texts()),
}
EVENTS = sorted({**events.READERS, **events.CODE_READERS})


def is_escaped(args):
    """The difference "escapes"."""
    return type(args[0]) is not int and "%" in (paths.as_text(args[0]) or "")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "b").write_text("x")
    (tmp_path / "caf\u00e9").mkdir()
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "up").symlink_to("a/b")
    (tmp_path / "away").symlink_to(tmp_path / "a" / "b")
    (tmp_path / "loop").symlink_to("loop")
    os.symlink(b"\xff", os.fsencode(tmp_path) + b"/\xff2")
    os.mkdir(os.fsencode(tmp_path) + b"/\xff")
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
        assert read_in_c(event, args) == expected

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


# Paths.


@SLOW
@given(path=PARTS | SPECIAL, start=st.sampled_from(["", "", "/"]))
def test_a_path_is_resolved_alike(tmp_path_factory, path, start):
    """Both follow links as the kernel does; as the library does wherever a path makes sense."""
    root = made_once(tmp_path_factory)
    path = start + path if path[:1] == "/" else f"{root}/{path}"
    paths.forget()
    ccore.forget_folders()

    for _ in range(2):  # what is kept answers as what was looked up
        found = ccore.resolve(path)

        assert found == paths.resolve(path)
        if "loop" not in path and "\0" not in path and "/proc" not in path and "/dev" not in path:
            assert found == os.path.realpath(path)


def made_once(factory, cache={}):
    if not cache:
        root = factory.mktemp("tree")
        (root / "a" / "b").mkdir(parents=True)
        (root / "b").mkdir()
        (root / "caf\u00e9").symlink_to("a")
        (root / "a" / "up").symlink_to("..")
        (root / "away").symlink_to(root / "a" / "b")
        (root / "loop").symlink_to("loop")
        os.symlink(b"a/up//b/", os.fsencode(root) + b"/\xff")
        cache["root"] = root
    return cache["root"]


LINKS = st.lists(
    st.tuples(
        st.sampled_from("pqrs"),
        st.lists(st.sampled_from(["p", "q", "r", "s", "d", "..", ".", ""]), min_size=1, max_size=4),
    ),
    max_size=6,
)


@SLOW
@given(
    links=LINKS,
    parts=st.lists(st.sampled_from(["p", "q", "r", "s", "d", "..", "x"]), max_size=5),
    is_absolute=st.booleans(),
)
def test_random_links_are_followed_alike(tmp_path_factory, links, parts, is_absolute):
    """Links to links, to what is above and to themselves lead both to the same place."""
    root = tmp_path_factory.mktemp("links")
    (root / "d" / "d").mkdir(parents=True)
    for name, target in links:
        place = root / name if len(target) % 2 else root / "d" / name
        if not place.is_symlink():
            place.symlink_to((f"{root}/" if is_absolute else "") + ("/".join(target) or "."))
    path = "/".join([str(root), *parts])

    assert ccore.resolve(path) == paths.resolve(path)


@pytest.mark.parametrize("count", [39, 40, 41])
def test_as_many_links_are_followed_as_the_kernel_follows(tmp_path, count):
    """Forty links are followed; a path with more is left as it is."""
    (tmp_path / "0").write_text("x")
    for at in range(count):
        (tmp_path / str(at + 1)).symlink_to(str(at))
    path = str(tmp_path / str(count))

    assert ccore.resolve(path) == paths.resolve(path) == (str(tmp_path / "0") if count <= 40 else path)


def test_a_relative_path_lies_in_the_folder_of_its_descriptor(tree):
    """`dir_fd` counts for relative paths alone; one that is no descriptor leaves the working folder."""
    folder = os.open(tree / "a", os.O_RDONLY)
    try:
        assert ccore.resolve("b", folder) == str(tree / "a" / "b")
        assert ccore.resolve("up/b", folder) == str(tree / "b")
        assert ccore.resolve("/etc", folder) == os.path.realpath("/etc")
    finally:
        os.close(folder)
    assert ccore.resolve("b", folder) == str(tree / "b")
    process = os.open("/proc/self", os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert ccore.resolve("mem", process) == f"/proc/{os.getpid()}/mem"
    finally:
        os.close(process)


def test_a_descriptor_is_the_file_behind_it(tree):
    """/proc/self/fd/N leads to the file that N was opened on; what is no file keeps its name."""
    readable, writable = os.pipe()
    with (tree / "b").open() as stream:
        assert ccore.resolve(f"/proc/self/fd/{stream.fileno()}") == str(tree / "b")
        assert ccore.resolve(f"/dev/fd/{stream.fileno()}") == str(tree / "b")
    memory = os.memfd_create("x")
    for fd in (readable, writable, memory):
        assert ccore.resolve(f"/proc/self/fd/{fd}") == paths.resolve(f"/proc/self/fd/{fd}")
        os.close(fd)


def test_a_working_folder_that_was_removed_keeps_its_name(tmp_path, monkeypatch):
    """Relative paths are named by where the folder was."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    os.chdir("gone")
    (tmp_path / "gone").rmdir()

    assert ccore.resolve("x") == paths.resolve("x") == f"{tmp_path}/gone (deleted)/x"
    assert ccore.program_path("./x", None) == programs.program_path("./x", None)


def test_a_folder_that_became_a_link_is_seen_after_forget(tmp_path):
    """What is kept of folders is dropped when a link was made; an event that makes one drops it itself."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert ccore.resolve(f"{tmp_path}/b/x") == f"{tmp_path}/b/x"
    (tmp_path / "b").rmdir()
    (tmp_path / "b").symlink_to("a")

    ccore.read_event("os.symlink", ("a", f"{tmp_path}/b", -1), True)

    assert ccore.resolve(f"{tmp_path}/b/x") == f"{tmp_path}/a/x"


# Programs and addresses.


@SLOW
@given(path=texts(), folder=st.none() | PLAIN_TEXTS)
def test_a_program_is_named_alike(path, folder):
    """As it is started: steps are taken out of its folder, links and bare names stay."""
    paths.forget()
    ccore.forget_folders()
    assert ccore.program_path(path, folder) == programs.program_path(path, folder)


@SLOW
@given(
    candidates=st.lists(PLAIN_TEXTS | st.sampled_from(["/bin/sh", "/bin", "/etc/passwd", "sh", b"/bin/sh"]), max_size=4)
)
@pytest.mark.parametrize("folder", [None, "/bin", "bin"])
def test_the_same_candidate_is_started(candidates, folder):
    """The first that can be executed, else the last."""
    assert ccore.first_executable(tuple(candidates), folder) == programs.first_executable(candidates, folder)


@SLOW
@given(argv=ARGV | NASTY)
def test_arguments_are_shown_alike(argv):
    """Texts as they are, "?" for anything else, nothing for what is no list or tuple of them."""
    assert ccore.argv_text(argv) == programs.argv_text(argv)


@given(value=texts())
def test_a_path_argument_is_read_once(value):
    """What is given in its place to an operation is of a type that always says the same."""
    once = ccore.argument_once(value)

    assert paths.as_text(once) == paths.as_text(value)
    assert not isinstance(value, (str, bytes, Place)) or type(once) in (str, bytes)


# What was written.

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["note", "note", "note", "move", "holds"]),
        *[st.sampled_from(["/a", "/a/b", "/a/b/c", "/b", "/\udcff", "", "/"])] * 2,
    ),
    max_size=40,
)
written = Written()


@SLOW
@given(steps=STEPS, more=st.integers(0, 3000))
def test_what_was_written_is_remembered_alike(steps, more):
    """Noted, moved with its folder, and dropped when it is the oldest of too many."""
    for at in range(more):
        written.note(f"/many/{at}")
        ccore.written_note(f"/many/{at}")
    for step, path, other in steps:
        if step == "note":
            written.note(path)
            ccore.written_note(path)
        elif step == "move":
            written.move(path, other)
            ccore.written_move(path, other)
    for path in (
        "/a",
        "/a/b",
        "/a/b/c",
        "/b/b/c",
        "/b",
        "/b/b",
        "/many/0",
        "/many/2999",
        "/memfd:x",
        "/x (deleted)",
        "/dev/fd/3",
    ):
        assert ccore.written_holds(path) == written.holds(path), path


def test_a_file_in_what_was_written_was_written(tmp_path):
    """A module in an archive is as new as the archive; a folder says nothing of what is in it."""
    (tmp_path / "archive.zip").write_text("x")
    (tmp_path / "folder").mkdir()
    kept = Written()
    for path in (f"{tmp_path}/archive.zip", f"{tmp_path}/folder", f"{tmp_path}/gone"):
        kept.note(path)
        ccore.written_note(path)

    for name, expected in [
        ("archive.zip/a/b.py", True),
        ("folder/b.py", False),
        ("folder", True),
        ("gone/x", True),
        ("other/x", False),
    ]:
        assert ccore.written_holds(f"{tmp_path}/{name}") is kept.holds(f"{tmp_path}/{name}") is expected, name


def test_only_so_many_paths_are_remembered():
    """The oldest goes for the newest."""
    for at in range(MOST + 1):
        ccore.written_note(f"/one/{at}")

    assert not ccore.written_holds("/one/0")
    assert ccore.written_holds("/one/1")
    assert ccore.written_holds(f"/one/{MOST}")


def test_a_link_to_what_was_written_leads_to_it(tmp_path):
    """A program is known by the file that is started, whatever it is called."""
    (tmp_path / "written").write_text("x")
    (tmp_path / "link").symlink_to("written")
    (tmp_path / "other").write_text("x")
    ccore.written_note(str(tmp_path / "written"))

    assert not ccore.written_holds(str(tmp_path / "link"))
    assert ccore.written_reaches(str(tmp_path / "link"))
    assert ccore.written_reaches(str(tmp_path / "written"))
    assert not ccore.written_reaches(str(tmp_path / "other"))
    assert not ccore.written_reaches("written")


# Nothing crashes.

FUZZ = r"""
import random, sys
import test_reader_twins as twins
from test_reader_twins import ccore

class Wild:
    def __index__(self): raise KeyError("index")
    def __getattr__(self, name): raise KeyError(name)
    def __eq__(self, other): raise KeyError("eq")
    def __hash__(self): raise KeyError("hash")
    def __len__(self): raise KeyError("len")

class Recursive:
    def __fspath__(self):
        ccore.read_event("open", (self, None, 2), True)

class Odd:
    def __init__(self, answer): self.answer = answer
    def __fspath__(self): return self.answer

class Huge(int): pass

released = memoryview(b"x"); released.release()
deep = ()
for _ in range(500): deep = (deep,)
numbers = [0, 1, -1, True, 2**31, -2**63, 2**64, 10**5000, Huge(7), Huge(10**30)]
texts = ["", "/", ".", "..", "a/b", "/etc/passwd", "file:%4", "file://", "%", "\ud800/\udfff", "\0", "/\0/a", "caf\xe9", "\udc80",
         "x" * 70000, "/l" * 4000, ":memory:", twins.Text("/x")]
data = [b"", b"\0x", b"\xff/" * 3000, bytearray(b"/x"), memoryview(b"abcd")[::2], released, twins.Data(b"/x")]
others = [None, Wild(), Recursive(), object(), type, Wild, ..., 1.5, 2j, range(3), [[]] * 9, {}, deep, twins.Row((b"h", 1, 2, 3)), iter(())]
known = numbers + texts + data + others + [Odd(value) for value in texts + data + [None, 3]]

def value(depth=0):
    if depth < 2 and random.random() < 0.2:
        return random.choice([tuple, list, twins.Row])(value(depth + 1) for _ in range(random.randrange(5)))
    return random.choice(known)

random.seed(int((sys.argv[1:] or "0")[0]))
for _ in range(30000):
    event, args = random.choice(twins.EVENTS), tuple(value() for _ in range(random.randrange(6)))
    try:
        ccore.read_event(event, args, random.random() < 0.8)
    except (OSError, TypeError, ValueError, KeyError, RecursionError, OverflowError):
        pass
print("alive")
"""


def run_apart(code, folder, *arguments):
    """Run code in an interpreter of its own, so that a crash is seen as one; returns how it ended."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


@pytest.mark.parametrize("seed", ["0", "1"])
def test_no_arguments_crash_it(tmp_path, seed):
    """Random events with random arguments leave the interpreter alive."""
    assert run_apart(FUZZ, tmp_path, seed).stdout == "alive\n"


NO_MEMORY = r"""
import _testcapi, os, sys
from test_reader_twins import ccore, Place, Text

os.makedirs("d" * 200 + "/" + "e" * 200 + "/" + "f" * 200)
os.symlink("d" * 200 + "/" + "e" * 200 + "/" + "f" * 200, "link")
here = os.getcwd()
cases = [
    ("open", (here + "/link/x\xe9", None, 2)), ("open", (Place("link/x"), None, 0)), ("open", (b"link/\xff", None, 0)),
    ("os.rename", (here + "/link", Text("y"), -1, -1)), ("sqlite3.connect", ("file:" + "%41" * 600,)),
    ("socket.connect", (None, ("fe80::1%eth0", 443, 0, 0))), ("socket.bind", (None, "\0name")), ("os.exec", ("link/../x", ["x", b"y"], None)),
    ("os.system", (b"true",)), ("pickle.find_class", ("a", "b")),
]
for event, args in cases:
    ccore.forget_folders()
    expected = ccore.read_event(event, args, True)
    for start in range(200):
        ccore.forget_folders()
        _testcapi.set_nomemory(start, start + 1)
        try:
            found = ccore.read_event(event, args, True)
        except (MemoryError, PermissionError):
            found = None
        finally:
            _testcapi.remove_mem_hooks()
        assert found is None or found == expected, (event, start, found)
print("alive")
"""


def test_no_memory_is_no_way_around_it(tmp_path):
    """Whichever allocation fails, what is read is the same, or it is refused."""
    pytest.importorskip("_testcapi", reason="this CPython has no _testcapi to fail allocations with")
    assert run_apart(NO_MEMORY, tmp_path).stdout == "alive\n"


LEAKS = (
    FUZZ.replace("30000", "3000").replace('print("alive")', "")
    + r"""
import gc
def blocks():
    random.seed(0)
    for _ in range(3000):
        event, args = random.choice(twins.EVENTS), tuple(value() for _ in range(random.randrange(6)))
        try:
            ccore.read_event(event, args, True)
        except (OSError, TypeError, ValueError, KeyError, RecursionError, OverflowError):
            pass
    ccore.forget_folders()
    args = event = None
    gc.collect()
    return sys.getallocatedblocks()
blocks()
first = blocks()
print(blocks() - first < 50)
"""
)


def test_nothing_is_left_behind(tmp_path):
    """Reading the same events once more takes no more memory."""
    assert run_apart(LEAKS, tmp_path).stdout == "True\n"


def test_what_another_process_does_to_a_folder_is_seen_soon(tmp_path):
    """No event tells of it here, so that what is kept of folders doesn't last."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert ccore.resolve(f"{tmp_path}/b/x") == f"{tmp_path}/b/x"

    subprocess.run(["sh", "-c", "rmdir b; ln -s a b"], cwd=tmp_path, check=True)

    deadline = time.monotonic() + 10
    while ccore.resolve(f"{tmp_path}/b/x") != f"{tmp_path}/a/x":
        assert time.monotonic() < deadline
