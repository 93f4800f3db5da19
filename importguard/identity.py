"""From a file, or from the globals that a frame runs in, to the owner of the code."""

from importguard import paths
from importguard.ledger.scan import scan
from importguard.model import APP, STDLIB, UNOWNED, Owner
from importguard.pinned import dict, getattr, len, list, stat, str, tuple, type

SITE_NAMES = ("/site-packages", "/dist-packages")
MOST_CACHED = 16384


class Identity:
    """Answers who owns a path, from the ledger; scans a site directory again when it has changed."""

    def __init__(self, *, sites, app_roots, stdlib, package, is_app, is_written, look_up):
        self.sites = dict(sites)
        self.app_roots = tuple(app_roots)
        self.stdlib = tuple(stdlib)
        self.package = package
        self.is_app = is_app
        self.is_written = is_written
        self.look_up = look_up
        self.problems = {}
        self._owners = {}
        self._prefixes = {}
        self._files = {}
        self._bytecode = {}
        self._by_path = {}
        self._by_file = {}
        for site in self.sites.values():
            self._take(site)

    def owner_of_path(self, path):
        """Return the Owner of an absolute path; what can't be attributed is UNOWNED."""
        owner = self._by_path.get(path)
        if owner is None:
            owner = self._find(path)
            if len(self._by_path) > MOST_CACHED:
                self._by_path.clear()
            self._by_path[path] = owner
        return owner

    def name_of_path(self, path):
        """Return the distribution that owns a path, or None."""
        owner = self.owner_of_path(path)
        return owner.name if owner.kind in ("distribution", "app") else None

    def owner_of_module(self, name):
        """Return the Owner of an installed module by its name, or None for one that no distribution lists."""
        top = name.partition(".")[0]
        for site in self.sites:
            for path in (f"{site}/{top}", f"{site}/{top}.py"):
                owner = self._owners.get(self._listed(path))
                if owner is not None:
                    return owner
        return None

    def owner_of_globals(self, namespace):
        """Return the Owner of code that runs in `namespace`, or None for a namespace that is no module's."""
        file = namespace.get("__file__")
        if type(file) is not str:
            # Only its file is remembered, and not the namespace: that would keep alive what the program is done with.
            file = getattr(namespace.get("__spec__"), "origin", None)
            if type(file) is not str:
                name = namespace.get("__name__")
                is_importlib = type(name) is str and name.startswith(("importlib._bootstrap", "_frozen_importlib"))
                # A namespace package has no file, and runs no code of its own.
                return STDLIB if is_importlib else None
        owner = self._by_file.get(file)
        return owner if owner is not None else self._remember(file)

    def is_named_as_the_librarys(self, file):
        """Say whether a file lies in the standard library by its name: most of what is imported early does."""
        return type(file) is str and file.startswith(self.stdlib) and "-packages/" not in file and file not in self._files

    def forget(self, path):
        """Drop what is known of a file that is being written."""
        self._by_path.pop(path, None)
        self._by_file.pop(path, None)

    def bytecode_came_with_a_wheel(self, path):
        """Say whether RECORD lists this .pyc with a digest, so that no installer here has compiled it."""
        return path in self._bytecode

    def as_tuple(self):
        """Return what the C core takes over: (the holdings, application's roots, standard library, guard's own folder)."""
        return self._holdings(self._owners, self._prefixes, self._files, self.sites), self.app_roots, self.stdlib, self.package

    def rescan(self, site):
        """Scan a site directory again, take over what it holds by now, and return that as the C core takes it."""
        fresh = scan(site)
        for found, known in fresh["dists"].items():
            known["malicious"] = self.look_up(found, known["version"])
        self._leave_the_application(fresh)
        self.sites[site] = fresh
        self._take(fresh, is_late=True)
        owners = {name: self._owners[name] for name in fresh["dists"]}
        return self._holdings(owners, fresh["prefixes"], fresh["files"], {site: fresh})

    def _holdings(self, owners, prefixes, files, sites):
        """Return ({name: (version, is it the application's)}, {path: name} twice, {folder: changed when}, {name: advisory})."""
        plain = {name: (owner.version, owner.kind == "app") for name, owner in owners.items()}
        return plain, prefixes, files, {folder: site["mtime_ns"] for folder, site in sites.items()}, self.problems

    def _remember(self, file):
        owner = STDLIB if file in ("built-in", "frozen") else self.owner_of_path(paths.resolve(file))
        if file[:1] == "/" or owner is STDLIB:
            if len(self._by_file) > MOST_CACHED:
                self._by_file.clear()
            self._by_file[file] = owner
        return owner

    def _leave_the_application(self, site):
        """What is installed while the program runs is nobody's application: a package could have written it there.

        What was the application's before stays so, with the files that it had.
        """
        for name, known in site["dists"].items():
            known["kind"] = "app" if self._is_known_app(name) else "distribution"
        for held, listed in ((self._prefixes, site["prefixes"]), (self._files, site["files"])):
            for path, name in list(listed.items()):
                if self._is_known_app(name) and held.get(path) != name:
                    del listed[path]

    def _is_known_app(self, name):
        return name in self._owners and self._owners[name].kind == "app"

    def _take(self, site, *, is_late=False):
        for name, known in site["dists"].items():
            is_app = known["kind"] == "app" or (not is_late and self.is_app(name))
            self._owners[name] = Owner(name, known["version"], "app" if is_app else "distribution")
            if known["malicious"]:
                self.problems[name] = known["malicious"]
        self._prefixes.update(site["prefixes"])
        self._files.update(site["files"])
        for path in site.get("bytecode", ()):
            self._bytecode[path] = True

    def _find(self, path):
        if path.startswith(self.package):
            return STDLIB
        name = self._listed(path)
        if name is None:
            site = site_of(path)
            if site is None:
                return self._outside_sites(path)
            if self._is_stale(site):
                self.rescan(site)
                name = self._listed(path)
        return self._owners.get(name, UNOWNED) if name is not None else UNOWNED

    def _listed(self, path):
        name = self._files.get(path)
        while name is None and path:
            name = self._prefixes.get(path)
            path = path.rpartition("/")[0]
        return name

    def _outside_sites(self, path):
        for root in self.stdlib:
            if path.startswith(root):
                return STDLIB
        for root in self.app_roots:
            # A hidden folder is where payloads hide, below a home that is a project's root, say: MrMustard's ~/.cache.
            if path.startswith(root) and "/." not in path[len(root) - 1 :] and not self.is_written(path):
                return APP
        return UNOWNED

    def _is_stale(self, site):
        known = self.sites.get(site)
        try:
            return known is None or known["mtime_ns"] != stat(site).st_mtime_ns
        except OSError:
            return False


def site_of(path):
    """Return the site directory that a path lies in (by its name, as site.py builds it), or None."""
    for name in SITE_NAMES:
        at = path.find(name + "/")
        if at >= 0:
            return path[: at + len(name)]
    return None
