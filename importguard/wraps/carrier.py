"""The frame that carries where deferred work comes from: the walk finds `origin` in it and goes on from there."""


class Carried:
    """A callable with the Origin of whoever arranged it; equal to the function that it stands for."""

    __slots__ = ("__weakref__", "function", "origin")

    def __init__(self, origin, function):
        self.origin = origin
        self.function = function

    def __call__(self, *args, **kwargs):
        return run(self.origin, self.function, args, kwargs)

    def __eq__(self, other):
        return self.function == (other.function if type(other) is Carried else other)

    def __hash__(self):
        return hash(self.function)

    def __getattr__(self, name):
        return getattr(self.function, name)

    def __repr__(self):
        return repr(self.function)


def run(origin, function, args, kwargs):
    """Call a function on behalf of `origin`."""
    return function(*args, **kwargs)


def unwrap(function):
    """Return the function that was given, whether it is carried or not."""
    return function.function if type(function) is Carried else function
