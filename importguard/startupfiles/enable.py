"""Writes the start-up hook into a site directory, and takes it out again so that nothing of it is left."""

import contextlib
import glob
import os

import importguard
from importguard.errors import UsageError
from importguard.startupfiles import files, hook, known, manifest

CUSTOM = "sitecustomize.py"
KEPT = "previous/" + CUSTOM
KEPT_BYTECODE = "previous/bytecode"
SESSION = "session.bin"
FIRST_WITH_START = (3, 15)


def session_path(site):
    """Return the path of the session file of an enabled site directory."""
    return os.path.join(manifest.folder(site), SESSION)


def own_paths(site):
    """Return the paths of the start-up files that arm, first to last."""
    return tuple(os.path.join(site, name) for name in (hook.NAME + ".pth", hook.NAME + ".start", CUSTOM))


def enable(site, version, *, session, bundle, sites, approved):
    """Write the hook for an interpreter of `version` (major, minor) into a site directory, and return what was written.

    `session` is the content of the session file, `bundle` the (name, content) of the trusted base in one file or None,
    `sites` the site directories up to this one ("" for the user's own),
    `approved` the lines of start-up files that are known. Raises UsageError, and leaves everything as it was.
    """
    old = manifest.load(site)
    _check(site, old)
    inside = {SESSION: session, **({bundle[0]: bundle[1]} if bundle else {})}
    try:
        files.sweep(site)
        if old is None:
            return _first_time(site, version, inside, sites, approved)
        return _again(site, version, inside, sites, approved, old)
    except OSError as error:
        raise _failed("enabled", site, error) from error


def disable(site):
    """Take the hook out of a site directory and return what was removed or restored, () when there was none."""
    old = manifest.load(site)
    if old is None:
        with contextlib.suppress(OSError):
            files.sweep(site)
        return ()
    _check(site, old)
    try:
        _restore(site, old)
        files.sweep(site)
    except OSError as error:
        raise _failed("disabled", site, error) from error
    return tuple(sorted(os.path.join(site, name) for name in old.files))


def can_customize(site):
    """Is a sitecustomize.py of this site directory one that Python would import from here?"""
    return known.source_of(site, "sitecustomize") in ("", os.path.join(site, CUSTOM))


def _check(site, old):
    if not os.path.isdir(site):
        raise UsageError(f"no such site directory: {site!r}")
    if not os.access(site, os.W_OK):
        raise UsageError(f"can't write to {site!r}: read-only or not yours; nothing was changed")
    if old is None and os.path.lexists(manifest.folder(site)):
        raise UsageError(
            f"{manifest.folder(site)!r} is there already and was not written by importguard enable; nothing was changed"
        )
    found = manifest.changed(site, old) if old else []
    if found:
        names = ", ".join(map(repr, found))
        raise UsageError(
            f"changed since importguard enable wrote it: {names}; restore or remove it, nothing was changed"
        )


def _first_time(site, version, inside, sites, approved):
    previous = os.path.join(site, CUSTOM)
    has_previous = os.path.lexists(previous) and can_customize(site)
    contents = _contents(site, version, inside, sites, approved, has_previous)
    bytecode = glob.glob(os.path.join(glob.escape(site), "__pycache__", "sitecustomize.*.pyc"))
    new = manifest.Manifest(
        version=importguard.__version__,
        files={name: [files.digest_of(data)] for name, data in contents.items()},
        previous=files.digest(previous) if has_previous else "",
        bytecode=tuple(sorted(map(os.path.basename, bytecode))),
        cache=os.path.isdir(os.path.join(site, "__pycache__")),
    )
    staged = files.temporary_beside(manifest.folder(site))
    try:
        _stage(site, staged, contents, new)
        os.rename(staged, manifest.folder(site))
        _write_outside(site, contents)
    except BaseException:
        files.remove(staged)
        _restore(site, new)
        raise
    return tuple(sorted(os.path.join(site, name) for name in contents))


def _again(site, version, inside, sites, approved, old):
    contents = _contents(site, version, inside, sites, approved, bool(old.previous))
    digests = {name: [files.digest_of(data)] for name, data in contents.items()}
    union = {name: sorted({*digests.get(name, ()), *old.files.get(name, ())}) for name in {*digests, *old.files}}
    place = os.path.join(manifest.folder(site), manifest.FILE)
    # The manifest first admits old and new, so that a crash in between leaves files that disable still knows.
    files.write(place, manifest.dump(_with_files(old, union)))
    for name in _inside(contents):
        files.write(os.path.join(site, name), contents[name])
    _write_outside(site, contents)
    files.write(place, manifest.dump(_with_files(old, digests)))
    return tuple(sorted(os.path.join(site, name) for name in contents))


def _contents(site, version, inside, sites, approved, has_previous):
    """Return {path below the site directory: bytes} of everything that is written."""
    source = hook.enter(
        package=hook.package_folder(),
        session=session_path(site),
        sites=tuple(sites),
        approved=tuple(approved),
        previous=KEPT if has_previous else "",
    )
    contents = {f"{hook.MODULE}/__init__.py": source.encode()}
    contents |= {f"{hook.MODULE}/{name}": data for name, data in inside.items()}
    if can_customize(site):
        contents[CUSTOM] = hook.SITECUSTOMIZE.encode()
    contents[hook.NAME + ".pth"] = hook.PTH.encode()
    if version >= FIRST_WITH_START:
        contents[hook.NAME + ".start"] = hook.START.encode()
    return contents


def _inside(contents):
    return [name for name in contents if name.startswith(hook.MODULE + "/")]


def _write_outside(site, contents):
    for name in contents:
        if name not in _inside(contents):
            files.write(os.path.join(site, name), contents[name])


def _stage(site, staged, contents, new):
    os.mkdir(staged)
    os.chmod(staged, 0o755)
    for name in _inside(contents):
        files.write(os.path.join(staged, name.partition("/")[2]), contents[name])
    if new.previous:
        os.makedirs(os.path.join(staged, KEPT_BYTECODE))
        files.keep(os.path.join(site, CUSTOM), os.path.join(staged, KEPT))
        for name in new.bytecode:
            files.keep(os.path.join(site, "__pycache__", name), os.path.join(staged, KEPT_BYTECODE, name))
    files.write(os.path.join(staged, manifest.FILE), manifest.dump(new))


def _restore(site, old):
    """Bring back what was there before; each step leaves a state that this can be called on again."""
    place = manifest.folder(site)
    for name in (hook.NAME + ".start", hook.NAME + ".pth"):
        if name in old.files:
            files.remove(os.path.join(site, name))
    _restore_custom(site, old)
    if os.path.lexists(place):
        removed = files.temporary_beside(place)
        os.rename(place, removed)
        files.remove(removed)


def _restore_custom(site, old):
    path, kept = os.path.join(site, CUSTOM), os.path.join(manifest.folder(site), KEPT)
    if CUSTOM not in old.files:
        return
    if old.previous:
        if os.path.lexists(kept):
            os.replace(kept, path)
    else:
        files.remove(path)
    _restore_bytecode(site, old)


def _restore_bytecode(site, old):
    cache, kept = os.path.join(site, "__pycache__"), os.path.join(manifest.folder(site), KEPT_BYTECODE)
    for path in glob.glob(os.path.join(glob.escape(cache), "sitecustomize.*.pyc")):
        if os.path.basename(path) not in old.bytecode:
            files.remove(path)
    for name in old.bytecode:
        if os.path.lexists(os.path.join(kept, name)):
            os.replace(os.path.join(kept, name), os.path.join(cache, name))
    if not old.cache:
        with contextlib.suppress(OSError):
            os.rmdir(cache)


def _with_files(old, digests):
    return manifest.Manifest(importguard.__version__, digests, old.previous, old.bytecode, old.cache)


def _failed(verb, site, error):
    place = error.filename or site
    return UsageError(f"can't be {verb}: {place!r}: {error.strerror or error}")
