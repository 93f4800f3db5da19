"""Which policies of projects their user has approved, by path and content."""

import hashlib
import os
import pathlib
import tempfile
import typing

from importguard import errors


class File(typing.NamedTuple):
    """A file that is approved by what is in it, byte for byte."""

    path: str
    digest: str

    @classmethod
    def of(cls, path):
        """Return the File at a path; one that can't be read is like no other."""
        try:
            with open(path, "rb") as file:
                return cls(str(path), "sha256:" + hashlib.sha256(file.read()).hexdigest())
        except OSError:
            return cls(str(path), "")


def config_folder(environ):
    """Return the folder of the user's own settings, or None where there is no home."""
    base = environ.get("XDG_CONFIG_HOME") or ""
    if not base.startswith("/"):
        home = environ.get("HOME") or ""
        base = home + "/.config" if home.startswith("/") else ""
    return pathlib.Path(base, "importguard") if base else None


def is_approved(policy, environ):
    """Return whether the user approved a policy at this path with this content."""
    place = _place(policy, environ)
    return place is not None and place.is_file()


def approve(policy, environ):
    """Remember that a policy is approved, and return the file that says so."""
    place = _place(policy, environ)
    if place is None:
        raise errors.PolicyError(f"{policy.path}: can't be approved: neither HOME nor XDG_CONFIG_HOME says where")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{policy.path}\n{policy.digest}\n")
        os.replace(temporary, place)
    except OSError as error:
        raise errors.PolicyError(f"{place}: can't be written: {error.strerror}") from error
    return place


def _place(policy, environ):
    folder = config_folder(environ)
    if folder is None:
        return None
    text = f"{os.path.realpath(policy.path)}\n{policy.digest}"
    return folder / "approved" / hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
