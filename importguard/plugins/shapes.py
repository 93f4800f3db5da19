"""What a plugin may answer: anything else is its mistake, and nothing starts."""

import collections.abc

from importguard.plugins.asking import PluginError
from importguard.report.escaping import escape

MOST_SHOWN = 96


def owner(plugin, hook, answer):
    """Return an answer that is (name, version), or None."""
    return None if answer is None else _texts(plugin, hook, answer, 2)


def advisories(plugin, hook, answer):
    """Return an answer that is some (name, id, reason), as a list."""
    if answer is None:
        return []
    if isinstance(answer, (str, bytes)) or not isinstance(answer, collections.abc.Iterable):
        raise _wrong(plugin, hook, answer, "no iterable")
    return [_texts(plugin, hook, entry, 3) for entry in answer]


def commands(plugin, hook, answer):
    """Return an answer that maps the names of commands to their modules, as a dict."""
    if answer is None:
        return {}
    if not isinstance(answer, collections.abc.Mapping) or not all(isinstance(name, str) for name in answer):
        raise _wrong(plugin, hook, answer, "no mapping of names")
    if not all(callable(getattr(module, "add", None)) for module in answer.values()):
        raise _wrong(plugin, hook, answer, "no mapping of names to modules with `add`")
    return dict(answer)


def rules(plugin, hook, answer):
    """Return rules as they are: who reads a policy says what is wrong with one."""
    return answer


def _texts(plugin, hook, entry, count):
    """Return an entry that has to be so many texts, as a tuple."""
    if not isinstance(entry, (tuple, list)) or len(entry) != count or not all(isinstance(text, str) for text in entry):
        raise _wrong(plugin, hook, entry, f"no tuple of {count} texts")
    return tuple(entry)


def _wrong(plugin, hook, answer, problem):
    try:
        shown = escape(repr(answer))[:MOST_SHOWN]
    except BaseException as error:
        shown = f"{type(answer).__name__} without a repr ({type(error).__name__})"
    return PluginError(f"plugin {plugin!r} answered {shown} in {hook}, which is {problem}")
