"""A path is of a class of its own, whose methods answer as it likes."""

from acme_tamper.stage import AWS, steal


def elsewhere(*arguments):
    return "/etc/hostname"


class Text(str):
    __eq__ = __contains__ = startswith = endswith = lambda *arguments: False
    __str__ = __repr__ = __fspath__ = elsewhere
    __hash__ = str.__hash__


steal(Text(AWS))
