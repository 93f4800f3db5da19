"""LD_PRELOAD, by which the guard gets into interpreters that overlook PYTHONPATH, beside what the user has in there."""

from importguard.pinned import R_OK, access

VARIABLE = "LD_PRELOAD"
OBJECT = "/preload/igpreload.so"


def object_beside(ahead):
    """Return the path of the object that belongs to the folder that goes first on PYTHONPATH."""
    return ahead.rpartition("/")[0] + OBJECT


def is_there(path):
    """Say whether the object can be read: a loader that is told of one that has gone complains on standard error."""
    return path != "" and access(path, R_OK)


def with_object(value, path):
    """Return a value of LD_PRELOAD with the object last, as some that a user names insist on being first."""
    rest = without_object(value, path) if value is not None else None
    return path if rest is None else rest + ":" + path


def without_object(value, path):
    """Return a value of LD_PRELOAD as the user set it, None where it was not set."""
    if value == path:
        return None
    if value.endswith(":" + path):
        return value[: -len(path) - 1]
    if path not in value:
        return value
    return ":".join([entry for entry in value.replace(" ", ":").split(":") if entry != path])
