"""Which credentials of this machine nobody may read, and what is readable around them.

Landlock has no denials: whatever may be read has to be named. So every folder on the way to a secret is opened up, and all
its other entries are allowed. What appears in such a folder later is not among them, which is why a policy has to ask for
it. See docs/reference/kernel.md.
"""

import glob
import os

from importguard.policy import machine, targets
from importguard.policy import named as names

MOST = 4000  # files that are looked at one by one below a folder of secrets
NEVER = ("/proc", "/sys", "/dev")


def hidden(named, spared):
    """Return the existing secrets that none of the path patterns in `spared` matches, as real paths."""
    wanted, unless = names.data_set("secrets", named)
    paths = targets.Paths(machine.build(wanted, unless))
    found = {}
    for pattern in wanted:
        for path in _existing(pattern, named):
            for real in _files(os.path.realpath(path)):
                if paths.matches(real) and not any(targets.path_glob(one, real) for one in spared):
                    found[real] = None
    return tuple(sorted(found))


def beside(hidden):
    """Yield every path that may be read so that none of `hidden` can: the siblings of all that leads to them."""
    tree = {}
    for path in hidden:
        node = tree
        for component in path.strip("/").split("/"):
            node = node.setdefault(component, {})
    yield from _siblings("", tree)


def _siblings(folder, tree):
    try:
        entries = os.listdir(folder or "/")
    except OSError:
        return
    for name in entries:
        path = f"{folder}/{name}"
        if name not in tree:
            if not os.path.islink(path):
                yield path
        elif tree[name]:
            yield from _siblings(path, tree[name])


def _existing(pattern, named):
    """Return what a pattern leads to here; one for anywhere is looked for in the project and in the homes."""
    if pattern.startswith("**/"):
        places = [*named["$cwd"], *(home for home in named["$home"] if "*" not in home)]
        return [path for place in places for path in _existing(f"{place}/{pattern[3:]}", named)]
    if pattern.startswith(NEVER):
        return []
    return glob.glob(pattern.removesuffix("/**"), include_hidden=True) if "/**/" not in pattern else []


def _files(path):
    """Yield a file, or the files below a folder."""
    if not os.path.isdir(path):
        yield path
        return
    count = 0
    for folder, _folders, files in os.walk(path):
        for name in files:
            yield os.path.join(folder, name)
        count += len(files)
        if count > MOST:
            return
