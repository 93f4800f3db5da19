"""Values that nobody expects, from a seed: plain ones, ones of types that fail whenever they are asked, and nested ones."""

import collections


class Failing:
    """Fails whatever it is asked."""

    def _fail(self, *_):
        raise RuntimeError("asked")

    __fspath__ = __index__ = __int__ = __float__ = __str__ = __repr__ = __bool__ = __len__ = __iter__ = __getitem__ = _fail
    __hash__ = __eq__ = __contains__ = __call__ = __getattr__ = _fail


class Text(str):
    """A text that says something else of itself."""

    __slots__ = ()
    __fspath__ = __str__ = lambda self: "/elsewhere"


class Row(tuple):
    """A tuple that says that it is empty."""

    __slots__ = ()
    __len__ = lambda self: 0  # noqa: E731


NUMBERS = (0, 1, -1, 2**31, 2**63, -(2**63) - 1, 2**200, True, 1.5, float("nan"), 3j)
TEXTS = ("", "a", "/", "/etc/passwd", "a\0b", "\udcff", "\ud800", "\U0010ffff", "x" * 5000, "../" * 900, "file:%00", "::1%x", Text("a"))
DATA = (b"", b"/etc/passwd", b"\xff\xfe", b"\0", bytearray(b"/x"), memoryview(b"/y"), memoryview(bytearray(64))[::-2])
OTHERS = (None, ..., object, object(), Failing(), int, len, collections.OrderedDict(a=1), frozenset(("a",)), {1: 2}, range(3))


def value(chance, depth=3):
    """Return a strange value, made by a random.Random."""
    kind = chance.randrange(8 if depth else 4)
    if kind < 4:
        return chance.choice((NUMBERS, TEXTS, DATA, OTHERS)[kind])
    inside = [value(chance, depth - 1) for _ in range(chance.randrange(5))]
    if kind == 7:
        return {str(at): one for at, one in enumerate(inside)}
    return (tuple, list, Row)[kind - 4](inside)


def inside(chance, whole, what):
    """Return the same as a tuple or mapping with something strange in one place, here or further in."""
    if type(whole) not in (tuple, dict) or not whole or chance.random() < 0.3:
        return what
    at = chance.randrange(len(whole))
    if type(whole) is dict:
        key = list(whole)[at]
        return {**whole, key: inside(chance, whole[key], what)}
    return (*whole[:at], inside(chance, whole[at], what), *whole[at + 1 :])


def flipped(chance, data):
    """Return bytes that differ from `data`: cut off, longer, with some of them changed, or with words in other places."""
    kind = chance.randrange(6)
    if kind == 0:
        return data[: chance.randrange(len(data))]
    if kind == 1:
        return data + bytes(chance.randrange(1, 40))
    changed = bytearray(data)
    if kind < 4:
        for _ in range(1 if kind == 2 else chance.randrange(2, 9)):
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    else:
        size = 8 * chance.randrange(1, 9)
        one, other = [8 * chance.randrange((len(data) - size) // 8) for _ in range(2)]
        changed[one : one + size] = data[other : other + size] if kind == 4 else bytes(size)
    return bytes(changed) if changed != data else flipped(chance, data)
