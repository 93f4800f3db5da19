"""When releases were uploaded, as the lock file of an installer knows it without asking anybody."""

import datetime
import pathlib
import tomllib

from importguard.versions import canonical_name

# File name -> the array of its packages; both name an `upload-time` for each file of a release.
FILES = {"uv.lock": "package", "pylock.toml": "packages"}


def read(folder):
    """Return {(name, version): seconds since the epoch} by the lock files in a folder; what can't be read says nothing.

    Of a release with several files the youngest counts: a file that is added to an old release is as good as a new one.
    """
    found = {}
    for name, key in FILES.items():
        for package in _packages(pathlib.Path(folder, name), key):
            moments = [moment(file.get("upload-time")) for file in _files(package)]
            moments = [known for known in moments if known is not None]
            if moments:
                release = canonical_name(str(package.get("name", ""))), str(package.get("version", ""))
                found[release] = max(found.get(release, 0), *moments)
    return found


def moment(value):
    """Return the seconds since the epoch of a time as TOML or RFC 3339 has it, None where it is none."""
    try:
        found = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def _packages(path, key):
    try:
        packages = tomllib.loads(path.read_bytes().decode()).get(key, [])
    except (OSError, ValueError, RecursionError):
        return []
    return [package for package in packages if isinstance(package, dict)] if isinstance(packages, list) else []


def _files(package):
    wheels = package.get("wheels", [])
    return [
        file for file in (package.get("sdist"), *(wheels if isinstance(wheels, list) else ())) if isinstance(file, dict)
    ]
