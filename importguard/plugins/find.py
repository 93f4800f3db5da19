"""From the name of a plugin in a policy to the plugin: an entry point of importguard's own environment, and no other."""

import importlib.metadata
import os

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from importguard.plugins import dependencies
from importguard.plugins.asking import PluginError, ask, text_of, words

GROUP = "importguard.plugins"


def find(name, options):
    """Return the plugin called `name`, made with its options; raises PluginError.

    Only that plugin's distribution and what it requires become importable.
    """
    installed = _installed()
    dist, point = _entry(name, installed)
    for needed in _closure(dist, installed):
        dependencies.admit(_top_levels(needed))
    return _make(name, point, options)


def problem(name):
    """Return why a plugin can't be had, "" when it is there; nothing of it is loaded."""
    try:
        _entry(name, _installed())
    except PluginError as error:
        return error.args[0]
    return ""


def _entry(name, installed):
    """Return (distribution, entry point) of a plugin; raises PluginError."""
    found = [(dist, point) for dist in installed.values() for point in dist.entry_points if _is_called(point, name)]
    if not found:
        raise PluginError(
            f"plugin {name!r} is not installed beside importguard (no entry point of that name in {GROUP!r})"
        )
    if len(found) > 1:
        owners = " and ".join(sorted(dist.metadata["Name"] for dist, _point in found))
        raise PluginError(f"plugin {name!r} is claimed by {owners}")
    return found[0]


def _make(name, point, options):
    """Call what the entry point names."""

    def make():
        try:
            return point.load()(options)
        except ValueError as error:
            raise PluginError(f"plugin {name!r}: {text_of(error)}") from error
        except BaseException as error:
            raise PluginError(f"plugin {name!r} can't be loaded: {words(error)}") from error

    return ask(name, "as it was loaded", make)


def _installed():
    """Return {PEP 503 name: distribution} of importguard's own environment."""
    found = {}
    for dist in importlib.metadata.distributions(path=dependencies.folders()):
        found.setdefault(canonicalize_name(dist.metadata["Name"] or ""), dist)
    return found


def _is_called(point, name):
    return point.group == GROUP and point.name == name


def _closure(dist, installed):
    """Return a distribution and all that it requires here, importguard itself left out."""
    wanted, found = [dist], []
    while wanted:
        dist = wanted.pop()
        if dist in found:
            continue
        found.append(dist)
        for text in dist.requires or ():
            name = _required(text)
            if name in installed and name != "importguard":
                wanted.append(installed[name])
    return found


def _required(text):
    """Return the PEP 503 name of a requirement that counts here, else an empty text."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return ""
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return ""
    return canonicalize_name(requirement.name)


def _top_levels(dist):
    """Yield the top-level names that a distribution's RECORD brings."""
    for path in dist.files or ():
        top = path.parts[0]
        if top != ".." and not top.endswith((".dist-info", ".pth", ".data")):
            yield top.partition(".")[0] if len(path.parts) == 1 else top


def importable(folder):
    """Return the paths at the top of a site directory that Python could import."""
    paths = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        stem = name.partition(".")[0]
        if (
            stem.isidentifier()
            and stem != "__pycache__"
            and (name.endswith((".py", ".so", ".pyc")) or os.path.isdir(path))
        ):
            paths.append(path)
    return paths
