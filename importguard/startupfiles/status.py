"""Whether a site directory's hook is whole and up to date, and what an interpreter runs before it."""

import os

import importguard
from importguard import session, sessionfile
from importguard.errors import ImportguardError
from importguard.startupfiles import enable, hook, manifest, order


def look(found, fresh, held):
    """Return a report of plain values on an Environment: armed, problems, before, stale, notes, policy, mode, kernel.

    `fresh` makes the content of a session file as it would be now, out of the options that are in the one there; `held` says
    what the kernel holds under the content of one: {name: (state, text)}.
    """
    site = found.own
    written = manifest.load(site)
    files = found.startup_files()
    content, problems = _content(site, written)
    return {
        "armed": not problems,
        "site": site,
        "problems": problems,
        "before": _before(site, files, found.version) if written else [],
        "stale": _stale(content, fresh) if content else [],
        "notes": _notes(found, files) if written else [],
        "policy": content["table"]["name"] if content else "",
        "mode": content["table"]["mode"] if content else "",
        "kernel": _rungs(held(content, found.version)) if content else [],
    }


def _rungs(found):
    return [{"name": name, "state": state, "text": text} for name, (state, text) in found.items()]


def _content(site, written):
    """Return what is in the session file and what keeps the hook from arming."""
    if written is None:
        return None, ["importguard enable was not run on it"]
    problems = [f"{path!r} has gone" for path in manifest.missing(site, written)]
    problems += [f"{path!r} was changed since" for path in manifest.changed(site, written)]
    content = None
    try:
        with open(enable.session_path(site), "rb") as file:
            content = sessionfile.unpack(file.read())
        if not os.path.isfile(os.path.join(content["package"], "startup.py")):
            problems.append(
                f"importguard has gone from {content['package']!r}: interpreters of this environment don't start"
            )
    except (OSError, ValueError) as error:
        problems.append(f"{enable.session_path(site)!r}: {error}: interpreters of this environment don't start")
    return content, problems


def _before(site, files, version):
    earlier = order.ran_before(files, enable.own_paths(site), version)
    return [
        {"path": file.path, "owner": file.owner, "known": file.known, "line": _first_line(file)} for file in earlier
    ]


def _first_line(file):
    return file.lines[0][1][:200] if file.lines else ""


def _stale(content, fresh):
    """Return what the session file holds that would be otherwise today."""
    found = []
    if content["version"] != importguard.__version__:
        found.append(f"version: written by importguard {content['version']}, this is {importguard.__version__}")
    try:
        now = fresh(content["options"])
    except ImportguardError as error:
        return [*found, f"policy: can't be read again: {error}"]
    if now["table"]["digest"] != content["table"]["digest"]:
        found.append(f"policy: {now['table']['name']} has changed")
    then, new = _distributions(content), _distributions(now)
    if then != new:
        names = ", ".join(sorted({name for name, _ in then ^ new}))
        found.append(f"ledger: distributions have changed: {names}")
    return found


def _distributions(content):
    sites = session.sites_of(content).values()
    return {(name, known["version"]) for site in sites for name, known in site["dists"].items()}


def _notes(found, files):
    own = os.path.join(found.own, enable.CUSTOM)
    for file in files:
        if file.kind == "sitecustomize" and os.path.dirname(file.path) == found.interpreter.stdlib:
            return [
                f"{file.path!r} is imported instead of {own!r}; the guard is armed by {hook.NAME}.pth before either"
            ]
    if not os.path.exists(own):
        return [f"a sitecustomize that is no .py file is left alone; the guard is armed by {hook.NAME}.pth"]
    return []
