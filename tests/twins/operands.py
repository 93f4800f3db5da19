"""What an operation may be given: texts, numbers, objects and strangers; and how each core reads an event of them."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from importguard import paths
from importguard.core import events
from importguard.model import CAPABILITIES

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
