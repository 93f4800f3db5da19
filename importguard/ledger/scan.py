"""Which distributions a site directory holds and which files are theirs, read off RECORD without importing anything."""

from importguard.paths import real_folder
from importguard.pinned import len, listdir, read_file, set, sorted, stat, zip
from importguard.versions import canonical_name

METADATA_SUFFIXES = (".dist-info", ".egg-info")
PROJECT_TABLES = ("project", "metadata", "tool.poetry", "tool.flit.metadata", "tool.pdm")
PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
# What pip and its like make of a name and a version; with a quote or an end of line in it, RECORD says something else than it seems to.
PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+!~"
STARTUP_SUFFIXES = (".pth", ".start")
STARTUP_MODULES = ("sitecustomize", "usercustomize")


def scan_all(site_dirs):
    """Return {directory: its Site} of several: what one distribution lists in another directory counts for nothing there, either."""
    sites = {site_dir: scan(site_dir) for site_dir in site_dirs}
    elsewhere = [folder for site in sites.values() for folder in site["elsewhere"]]
    return {site_dir: scan(site_dir, elsewhere) for site_dir in site_dirs} if elsewhere else sites


def scan(site_dir, elsewhere=()):
    """Return the Site of a directory: a mapping of plain values, see the keys below.

    `dists` maps PEP 503 names to {"version", "kind", "record", "malicious", "problems"}; `prefixes` and `files` map
    absolute paths to names; `startup` lists start-up files; `bytecode` lists .pyc files that a wheel brought along; `elsewhere` lists
    metadata folders that RECORDs list in other directories, which is what the argument of that name says of this one. An unreadable
    directory gives an empty Site.
    """
    site = {
        "dir": site_dir,
        "mtime_ns": 0,
        "inode": 0,
        "dists": {},
        "prefixes": {},
        "files": {},
        "startup": [],
        "bytecode": [],
        "elsewhere": [],
    }
    try:
        status = stat(site_dir)
        names = sorted(listdir(site_dir))
    except OSError:
        return site
    site["mtime_ns"], site["inode"] = status.st_mtime_ns, status.st_ino
    claims, projects = {}, []
    found = [_read_distribution(site, name) for name in names if name.endswith(METADATA_SUFFIXES)]
    foreign = _foreign_metadata(found)
    here = real_folder(site_dir).rstrip("/") if elsewhere else ""
    for folder, known, record in found:
        if folder in foreign or folder.strip(PLAIN) or f"{here}/{folder}" in elsewhere:
            continue
        name = canonical_name(folder.partition("-")[0])
        site["dists"][name] = known
        _claim(site, claims, name, record, known, folder)
        projects.append((name, known, _local_project(f"{site_dir}/{folder}")))
    site["startup"] = [
        name for name in names if name.endswith(STARTUP_SUFFIXES) or name.partition(".")[0] in STARTUP_MODULES
    ]
    _settle(site, site_dir, claims)
    for name, known, project in projects:
        if project and _names_project(project, name, site):
            known["kind"] = "app"
            site["prefixes"][project] = name
    return site


def _read_distribution(site, folder):
    """Return (folder, what is known of the distribution, the content of its RECORD)."""
    stem, _, suffix = folder.rpartition(".")
    version = stem.partition("-")[2]
    if suffix == "egg-info":
        version = version.partition("-py")[0]
    base = site["dir"] + "/" + folder
    known = {"version": version, "kind": "distribution", "record": True, "malicious": "", "problems": []}
    if suffix == "dist-info" and not _exists(base + "/METADATA"):
        known["problems"].append(folder + ": no METADATA")
    try:
        record = read_file(base + "/RECORD")
    except OSError:
        known["record"] = False
        if suffix == "dist-info":
            known["problems"].append(folder + ": no RECORD")
        record = _top_levels(site["dir"], base)
    return folder, known, record


def _foreign_metadata(found):
    """Return the metadata folders that another distribution's RECORD lists, and say so in the problems of that one.

    A wheel can bring a second one, and so give its files to a distribution that may do more.
    """
    foreign = set()
    for folder, known, record in found:
        for suffix in METADATA_SUFFIXES:
            for part in record.split(suffix.encode() + b"/")[:-1]:
                top = part.rpartition(b"\n")[2].lstrip(b'"./').decode("utf-8", "surrogateescape") + suffix
                if top != folder and "/" not in top and top not in foreign:
                    foreign.add(top)
                    known["problems"].append(f"{folder}/RECORD: lists {top}, which counts for nothing")
    return foreign


def _claim(site, claims, name, record, known, folder):
    try:
        text = record.decode("utf-8")
    except UnicodeDecodeError as error:
        known["problems"].append(f"{folder}/RECORD: not UTF-8 at byte {error.start}")
        text = record.decode("utf-8", "surrogateescape")
    before, listed = "", []
    for line in text.split("\n"):
        if before and line.startswith(before):
            path, _, rest = line.partition(",")
            listed.append(path)
            if path[-4:] == ".pyc" and len(rest.strip()) > 1:
                site["bytecode"].append(site["dir"] + "/" + path)
            continue
        start = line[:1]
        path, _, rest = line[1:].partition('",') if start == '"' else line.partition(",")
        while path[:2] == "./":
            path = path[2:]  # so `installer` calls what a wheel has for the other of the two site directories
        if not path:
            continue
        if path[:3] == "../" or path[:1] == "/":
            _claim_outside(site, path, name)
            continue
        top = path.partition("/")[0]
        listed = claims.setdefault(top, {}).setdefault(name, [])
        before = top + "/" if top != ".." else ""  # most of what a wheel brings lies in one folder
        listed.append(path)
        if path[-4:] == ".pyc" and len(rest.strip()) > 1:
            site["bytecode"].append(site["dir"] + "/" + path)


def _claim_outside(site, path, name):
    full = _outside(site["dir"], path)
    site["files"][full] = name
    folder = full.rpartition("/")[0]
    if folder.endswith(METADATA_SUFFIXES):
        site["elsewhere"].append(folder)


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


def _local_project(base):
    """Return the folder that direct_url.json says a distribution was installed from, or "".

    A wheel can bring such a file of its own, and so claim to be the application: see _names_project.
    """
    try:
        text = read_file(base + "/direct_url.json").decode("utf-8", "replace")
    except OSError:
        return ""
    if '"dir_info"' not in text or '"file://' not in text:
        return ""
    folder = real_folder(_unquote(text.partition('"file://')[2].partition('"')[0]) or "/")
    return "" if folder == "/" or folder.startswith("/proc/") or _in_site(folder) else folder


def _in_site(folder):
    return any(name in folder + "/" for name in ("/site-packages/", "/dist-packages/"))


def _names_project(folder, name, site):
    """Say whether a folder holds a project of this name; a project file that was installed proves nothing."""
    for file in PROJECT_FILES:
        path = f"{folder}/{file}"
        try:
            text = read_file(path).decode("utf-8", "replace")
        except OSError:
            continue
        if path in site["files"]:
            return False
        names = _names_in_calls(text) if file == "setup.py" else _names_in_tables(text)
        if name in names:
            return True
    return False


def _names_in_tables(text):
    """Return the names that pyproject.toml or setup.cfg gives to its own project; dependencies are none."""
    names = []
    table = ""
    for line in text.splitlines():
        if line[:1] == "[":
            table = line.partition("#")[0].strip("[] \t")
            continue
        key, _, value = line.partition("=")
        if table in PROJECT_TABLES and key.strip() in ("name", "dist-name", "module"):
            value = value.partition("#")[0].strip()
            names.append(canonical_name(value.strip("'\"")))
    return names


def _names_in_calls(text):
    """Return the texts that setup.py gives to a variable or an argument that is called a name."""
    names = []
    parts = text.split("=")
    for key, value in zip(parts, parts[1:]):
        value = value.lstrip()
        if key.rstrip().lower().endswith("name") and value[:1] in ("'", '"'):
            names.append(canonical_name(value[1:].partition(value[0])[0]))
    return names


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
