"""Which distributions a site directory holds and which files are theirs, read off RECORD without importing anything."""

from importguard.paths import real_folder
from importguard.pinned import len, listdir, read_file, set, stat
from importguard.versions import canonical_name

PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
STARTUP_SUFFIXES = (".pth", ".start")
STARTUP_MODULES = ("sitecustomize", "usercustomize")


def scan(site_dir):
    """Return the Site of a directory: a mapping of plain values, see the keys below.

    `dists` maps PEP 503 names to {"version", "kind", "record", "malicious", "problems"}; `prefixes` and `files` map
    absolute paths to names; `startup` lists start-up files; `bytecode` lists .pyc files that a wheel brought along.
    An unreadable directory gives an empty Site.
    """
    site = {"dir": site_dir, "mtime_ns": 0, "inode": 0, "dists": {}, "prefixes": {}, "files": {}, "startup": [], "bytecode": []}
    try:
        status = stat(site_dir)
        names = sorted(listdir(site_dir))
    except OSError:
        return site
    site["mtime_ns"], site["inode"] = status.st_mtime_ns, status.st_ino
    claims = {}
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            _read_distribution(site, claims, name)
        elif name.endswith(STARTUP_SUFFIXES) or name.partition(".")[0] in STARTUP_MODULES:
            site["startup"].append(name)
    _settle(site, site_dir, claims)
    return site


def _read_distribution(site, claims, folder):
    stem, _, suffix = folder.rpartition(".")
    raw, _, version = stem.partition("-")
    if suffix == "egg-info":
        version = version.partition("-py")[0]
    name = canonical_name(raw)
    base = site["dir"] + "/" + folder
    known = {"version": version, "kind": "distribution", "record": True, "malicious": "", "problems": []}
    site["dists"][name] = known
    if suffix == "dist-info" and not _exists(base + "/METADATA"):
        known["problems"].append(folder + ": no METADATA")
    project = _local_project(base, raw)
    if project:
        known["kind"] = "app"
        site["prefixes"][project] = name
    try:
        record = read_file(base + "/RECORD")
    except OSError:
        known["record"] = False
        if suffix == "dist-info":
            known["problems"].append(folder + ": no RECORD")
        record = _top_levels(site["dir"], base)
    _claim(site, claims, name, record, known, folder)


def _claim(site, claims, name, record, known, folder):
    try:
        text = record.decode("utf-8")
    except UnicodeDecodeError as error:
        known["problems"].append(f"{folder}/RECORD: not UTF-8 at byte {error.start}")
        text = record.decode("utf-8", "surrogateescape")
    for line in text.split("\n"):
        if line[:1] == '"':
            path, _, rest = line[1:].partition('",')
        else:
            path, _, rest = line.partition(",")
        if not path:
            continue
        if path[:3] == "../" or path[:1] == "/":
            site["files"][_outside(site["dir"], path)] = name
            continue
        top = path.partition("/")[0]
        claims.setdefault(top, {}).setdefault(name, []).append(path)
        if path.endswith(".pyc") and len(rest.strip()) > 1:
            site["bytecode"].append(site["dir"] + "/" + path)


def _settle(site, base, claims):
    """Give each path to its owner: whole folders where there is one owner, single files where there are several."""
    for top, owners in claims.items():
        full = base + "/" + top
        if len(owners) == 1:
            name = next(iter(owners))
            paths = owners[name]
            key = "files" if len(paths) == 1 and paths[0] == top else "prefixes"
            site[key].setdefault(full, name)
            continue
        _settle_shared(site, full, top, owners)


def _settle_shared(site, full, top, owners):
    deeper = {}
    for name, paths in owners.items():
        for path in paths:
            rest = path[len(top) + 1 :]
            if rest:
                deeper.setdefault(rest.partition("/")[0], {}).setdefault(name, []).append(rest)
            else:
                site["files"][full] = name
    _settle(site, full, deeper)


def _outside(site_dir, path):
    full = path if path[:1] == "/" else site_dir + "/" + path
    folder, _, name = full.rpartition("/")
    return real_folder(folder).rstrip("/") + "/" + name


def _top_levels(site_dir, base):
    """Return RECORD-like lines for a legacy distribution that has only top_level.txt."""
    try:
        tops = read_file(base + "/top_level.txt").split()
    except OSError:
        return b""
    lines = []
    for top in tops:
        folder = _exists(site_dir + "/" + top.decode("utf-8", "surrogateescape"))
        lines.append(top + (b"/__init__.py,," if folder else b".py,,"))
    return b"\n".join(lines)


def _local_project(base, raw):
    """Return the folder that a distribution was installed from, when it is a project's folder that still is there.

    A wheel can bring a direct_url.json of its own and so claim to be the application: the folder must hold a
    project file that names the distribution.
    """
    try:
        text = read_file(base + "/direct_url.json").decode("utf-8", "replace")
    except OSError:
        return ""
    if '"dir_info"' not in text or '"file://' not in text:
        return ""
    folder = _unquote(text.partition('"file://')[2].partition('"')[0]).rstrip("/")
    if not folder or folder.startswith("/proc"):
        return ""
    return real_folder(folder) if _names_project(folder, canonical_name(raw)) else ""


def _names_project(folder, name):
    for file in PROJECT_FILES:
        try:
            text = read_file(folder + "/" + file).decode("utf-8", "replace")
        except OSError:
            continue
        words = set(text.replace('"', " ").replace("'", " ").replace("=", " ").replace(",", " ").split())
        if any(canonical_name(word) == name for word in words):
            return True
    return False


def _unquote(text):
    first, *rest = text.split("%")
    data = first.encode()
    for part in rest:
        try:
            data += bytes((int(part[:2], 16),)) + part[2:].encode()
        except ValueError:
            data += b"%" + part.encode()
    return data.decode("utf-8", "surrogateescape")


def _exists(path):
    try:
        stat(path)
    except OSError:
        return False
    return True
