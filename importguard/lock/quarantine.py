"""Which distributions are new: unknown to the lock, with other content than it knows, or too young."""

import os
import typing

from importguard.lock import model
from importguard.versions import canonical_name

SUFFIXES = (".dist-info", ".egg-info")


class New(typing.NamedTuple):
    """An installed distribution, or a start-up file, that is quarantined, and why."""

    entry: model.Entry
    reason: str


def find(lock, installed, *, label, ages=None, least_age=0):
    """Return a New for each of the `installed` entries that a lock doesn't vouch for.

    `ages` maps (name, version) to how many seconds old a release is at least; what is younger than `least_age`, or of
    an age that nobody knows, is new although the lock knows it.
    """
    found = []
    for entry in installed:
        reason = _reason(lock, entry, label)
        if not reason and least_age and entry.kind == model.DISTRIBUTION:
            reason = _too_young((ages or {}).get((entry.name, entry.version)), least_age)
        if reason:
            found.append(New(entry, reason))
    return found


def _reason(lock, entry, label):
    known = lock.versions_of(entry.name, entry.kind)
    if not known:
        return f"{label} doesn't know it"
    same = [one for one in known if one.version == entry.version]
    if not same:
        versions = ", ".join(one.version for one in known[:3])
        return f"{label} knows {versions}"
    # Without a RECORD there is nothing to compare, and that is said elsewhere.
    if entry.digests and same[0].digests and entry.digests[0] not in same[0].digests:
        return f"other content than {label} knows of this version"
    if not set(entry.startup_files) <= set(same[0].startup_files):
        names = ", ".join(sorted({name for name, _ in set(entry.startup_files) - set(same[0].startup_files)}))
        return f"start-up files that {label} doesn't know so: {names}"
    return ""


def _too_young(age, least):
    if age is None:
        return "nothing says how old it is"
    return f"{_days(age)} old, and min-age is {_days(least)}" if age < least else ""


def _days(seconds):
    return f"{seconds // 3600} hours" if seconds < 2 * 86400 else f"{seconds // 86400} days"


def ages(sites, uploaded, now):
    """Return {(name, version): seconds} of what is known of the ages of distributions.

    What is installed is no younger than its installation: installers write RECORD themselves, and when they do so is
    in nobody else's hands. `uploaded` maps (name, version) to the time of an upload, which counts where it is known.
    """
    found = {}
    for folder, site in sites.items():
        for name, version, path in _metadata(folder):
            if name in site["dists"]:
                moment = uploaded.get((name, version)) or _written(path)
                found.setdefault((name, version), int(max(0, now - moment)))
    return found


def _metadata(folder):
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        stem, dot, suffix = name.rpartition(".")
        if dot + suffix in SUFFIXES:
            raw, _, version = stem.partition("-")
            yield canonical_name(raw), version.partition("-py")[0], f"{folder}/{name}"


def _written(path):
    """Return when the metadata of a distribution was installed; what can't be told is taken for now."""
    for place in (path + "/RECORD", path):
        try:
            return os.stat(place).st_mtime
        except OSError:
            continue
    return float("inf")
