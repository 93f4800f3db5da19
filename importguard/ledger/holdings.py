"""What the launcher leaves of a ledger for guarded processes: what the core in C takes over at once, and the rest shut."""

import marshal


def held(sites, is_app):
    """Return the ledger of a session as plain values, for {folder: what scan() says of it}.

    `holdings` is ({name: (version, is it the application's)}, {path: name} for folders and for files, {folder: changed
    when}, {name: advisory}); `bytecode` are the .pyc files that wheels brought along; `shut` holds the sites themselves,
    which `session.sites_of` opens. `is_app` says whether a policy names a distribution as the application's.
    Twin: Identity, which takes the sites over one after the other.
    """
    owners, prefixes, files, problems = {}, {}, {}, {}
    for site in sites.values():
        for name, known in site["dists"].items():
            owners[name] = (known["version"], known["kind"] == "app" or is_app(name))
            if known["malicious"]:
                problems[name] = known["malicious"]
        prefixes.update(site["prefixes"])
        files.update(site["files"])
    changed = {folder: site["mtime_ns"] for folder, site in sites.items()}
    bytecode = frozenset(path for site in sites.values() for path in site.get("bytecode", ()))
    return {
        "holdings": (owners, prefixes, files, changed, problems),
        "bytecode": bytecode,
        "shut": marshal.dumps(sites, 4),
    }
