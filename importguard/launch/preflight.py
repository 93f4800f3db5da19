"""Looks at the target's environment before anything in it runs: malicious distributions, start-up files, damage."""

from importguard.advisories import database, locate
from importguard.report.compose import record

NO_RECORD = ": no RECORD"  # as ledger.scan words it


def mark_malicious(sites, databases, action):
    """Mark the distributions that `databases` know as malicious, and return a record for each.

    `action` is the policy's: "block" has the finder refuse, "warn" has it report, "off" does nothing.
    """
    records = []
    if action == "off":
        return records
    for site in sites.values():
        for name, known in site["dists"].items():
            advisory = databases.lookup(name, known["version"])
            if advisory is None:
                continue
            blocks = action == "block" and advisory.verdict == "block"
            known["malicious"] = ("" if blocks else "warn:") + " ".join(advisory.ids)
            records.append(_malicious(name, known["version"], advisory))
    return records


def mark_named(sites, named, action):
    """Mark the distributions that plugins call malicious, and return a record for each; see mark_malicious.

    `named` maps PEP 503 names to (id, reason, plugin) triples.
    """
    records = []
    for site in sites.values() if action != "off" else ():
        for name, known in site["dists"].items():
            for identity, reason, plugin in named.get(name, ()):
                known["malicious"] = known["malicious"] or ("" if action == "block" else "warn:") + identity
                records.append(_called_malicious(name, known["version"], identity, reason, plugin))
    return records


def look_at_startup_files(site_dirs, sites, version):
    """Return (a record for each start-up file whose content is not well known, the paths of the known ones).

    Under the guard an unknown one still is an actor, unless the policy refuses it.
    """
    if not any(site["startup"] for site in sites.values()):
        return [], ()
    from importguard.startupfiles import order  # loads patterns that an environment without such files has no use for

    files = order.scan(site_dirs, lambda path: owner_of(path, sites), version)
    records = [_unknown_file(file, sites) for file in files if not file.known]
    return records, tuple(file.path for file in files if file.known)


def damage(sites):
    """Return a line for each distribution whose metadata is damaged; those without a RECORD share one a folder."""
    lines = []
    for folder, site in sites.items():
        problems = [problem for known in site["dists"].values() for problem in known["problems"]]
        missing = [problem for problem in problems if problem.endswith(NO_RECORD)]
        lines += [f"{folder}/{problem}" for problem in problems if problem not in missing]
        if missing:
            names = ", ".join(problem.removesuffix(NO_RECORD) for problem in missing[:3])
            lines.append(f"{folder}: {len(missing)} without a RECORD, so that their files are nobody's: {names}")
    return lines


def owner_of(path, sites):
    """Return the distribution that a path belongs to by RECORD, or an empty text."""
    for site in sites.values():
        name = site["files"].get(path)
        at = path
        while not name and len(at) > len(site["dir"]):
            name = site["prefixes"].get(at)
            at = at.rpartition("/")[0]
        if name:
            return name
    return ""


def open_databases():
    """Return the known-malicious databases: the one that ships with importguard and the one that was updated."""
    return database.Databases([database.open(path) for path in locate.paths()])


def _malicious(name, version, advisory):
    owner = {"name": name, "version": version, "kind": "distribution"}
    rule = "advisories.malicious" if advisory.verdict == "block" else f"advisories.{advisory.scope}"
    reason = f"{name} {version} is listed as malicious: {' '.join(advisory.ids)} ({advisory.source})"
    return _decision(
        verdict="log", capability="import", target=name, owner=owner, module=name, rule=rule, reason=reason
    )


def _called_malicious(name, version, identity, reason, plugin):
    owner = {"name": name, "version": version, "kind": "distribution"}
    return _decision(
        verdict="log", capability="import", target=name, owner=owner, module=name, rule=f"plugin:{plugin}",
        reason=f"{name} {version}: {reason} ({identity}, says the plugin {plugin})",
    )  # fmt: skip


def _unknown_file(file, sites):
    version = next((site["dists"][file.owner]["version"] for site in sites.values() if file.owner in site["dists"]), "")
    kind = "distribution" if file.owner else "unowned"
    number, text = file.lines[0] if file.lines else (0, "")
    return _decision(
        verdict="log", capability="code.run", target=file.path,
        owner={"name": file.owner or "unowned", "version": version, "kind": kind}, module=file.name,
        rule="start-up files", reason=f"start-up file that is not well known, line {number}: {text[:120]}",
    )  # fmt: skip


def _decision(**fields):
    return record("decision", pid=0, phase="startup", layer="scan", via=[], stack=[], count=1, **fields)
