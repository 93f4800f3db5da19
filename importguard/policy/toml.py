"""Reads a policy file: every problem in it is reported at once, each with file, line and the near miss."""

import datetime
import hashlib
import json
import pathlib
import re
import typing

from importguard import errors, versions
from importguard.policy import files, grants, lines

VERSION = 1
CHOICES = {
    ("extends",): ("observe", "recommended", "strict"),
    ("mode",): ("observe", "enforce"),
    ("on-violation",): ("deny", "kill"),
    ("bytecode",): ("ignore", "report", "refuse"),
    ("startup-files",): ("guard", "refuse"),
    ("advisories", "malicious"): ("off", "warn", "block"),
    ("quarantine", "profile"): ("observe", "recommended", "strict", "block"),
    ("kernel", "seccomp"): ("off", "auto", "require"),
    ("kernel", "landlock"): ("off", "auto", "require"),
    ("kernel", "secrets"): ("off", "auto", "require"),
    ("kernel", "supervisor"): ("off", "auto", "require"),
}
TOP = (
    "version", "extends", "mode", "on-violation", "bytecode", "startup-files", "locked", "app", "plugins", "plugin",
    "advisories", "quarantine", "import", "run", "application", "package", "exception", "candidate", "kernel",
)  # fmt: skip
PHASES = {"import": ("startup", "import"), "run": ("run",), "application": ("startup", "import", "run")}
PACKAGE = ("match", "deputy", "allow", "deny", "startup", "import", "run")
EXCEPTION = ("package", "match", "allow", "reason", "owner", "expires")
SOON = datetime.timedelta(days=30)
UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400}
ANY_PHASE = ("startup", "import", "run")
RESERVED = ("application", "python", "unowned")


class Line(typing.NamedTuple):
    """One line of a policy that allows or denies; `where` says which one, as records and `explain` name it."""

    effect: str
    table: str
    package: str
    specifier: str
    phases: tuple[str, ...]
    grant: grants.Grant
    where: str


class Policy(typing.NamedTuple):
    """A policy as it was read: settings by dotted key, lines, deputies, and a digest that ignores layout.

    `expired` and `expiring` have a text for each exception that grants nothing any more, or won't in a month.
    """

    name: str
    path: str
    digest: str
    settings: dict[str, object]
    lines: tuple[Line, ...]
    deputies: tuple[Line, ...]
    undeputised: tuple[str, ...]
    app: tuple[str, ...]
    expired: tuple[str, ...]
    expiring: tuple[str, ...] = ()


def read(path, *, today=None):
    """Return the Policy in a file; raises PolicyError with one line a problem."""
    path = pathlib.Path(path)
    text = files.text(path, errors.PolicyError)
    return parse(text, name=path.name, path=str(path), today=today)


def parse(text, *, name, path="", label="", today=None):
    """Return the Policy in a text; `label` replaces file and line in the names of rules (presets have one)."""
    import tomllib  # compiles patterns; who has nothing but presets needs none of it

    shown = path or name
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise errors.PolicyError(f"{shown}:{lines.of_error(error, text)}: {lines.reason(error)}") from error
    except RecursionError as error:
        raise errors.PolicyError(f"{shown}:1: nested too deeply") from error
    prefix = ()
    if name == "pyproject.toml":
        tools = data.get("tool")
        data = tools.get("importguard", {}) if isinstance(tools, dict) else {}
        prefix = ("tool", "importguard")
    reader = Reader(data, text, prefix, shown, name, label, today or datetime.date.today())
    return reader.read(path)


def digest(data):
    """Return the digest of a policy's content, which comments and layout don't change."""
    text = json.dumps(data, sort_keys=True, default=str, ensure_ascii=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def printable(text):
    """Return text that a terminal shows as it is: a policy that was found may have been written by anybody."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


class Reader:
    """Checks one policy and gathers its problems."""

    def __init__(self, data, text, prefix, shown, name, label, today):
        self.data = data
        self.text = text
        self.places = None
        self.prefix = prefix
        self.shown = shown
        self.name = name
        self.label = label
        self.today = today
        self.problems = []
        self.settings = {}
        self.lines = []
        self.deputies = []
        self.undeputised = []
        self.expired = []
        self.expiring = []

    def read(self, path):
        app = ()
        if self.is_table(self.data, ()):
            self.known(self.data, TOP, ())
            self.version()
            self.choices()
            self.flags()
            app = self.names("app")
            self.phase_tables()
            self.packages()
            self.exceptions()
        if self.problems:
            raise errors.PolicyError("\n".join(text for _, text in sorted(self.problems)))
        found = (tuple(self.lines), tuple(self.deputies), tuple(self.undeputised), app, tuple(self.expired), tuple(self.expiring))
        return Policy(self.name, path, digest(self.data), self.settings, *found)

    def problem(self, path, reason):
        line = self.line(path)
        self.problems.append((line, printable(f"{self.shown}:{line}: {reason}")))

    def line(self, path):
        """Return the line of a path or of the closest thing around it."""
        if self.places is None:
            self.places = lines.locate(self.text)
        path = self.prefix + path
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, 1)

    def where(self, path):
        parts = ""
        for part in path:
            parts += f"[{part}]" if isinstance(part, int) else f".{part}"
        start = self.label or f"{self.name}:{self.line(path)}"
        return printable(f"{start}#{parts[1:]}")

    def is_table(self, value, path):
        if isinstance(value, dict):
            return True
        self.problem(path, f"{'.'.join(map(str, path))} must be a table, not {_kind(value)}")
        return False

    def known(self, table, names, path):
        for key in table:
            if key not in names:
                shown = ".".join(str(part) for part in (*path, key))
                self.problem((*path, key), f"unknown key {shown!r}{grants.near_miss(key, names)}")

    def version(self):
        version = self.data.get("version")
        if version is None:
            self.problem((), f"no 'version': write version = {VERSION}")
        elif version != VERSION or isinstance(version, bool):
            self.problem(("version",), f"version {version!r} is not understood, only {VERSION} is")

    def choices(self):
        for path, allowed in CHOICES.items():
            table = self.data
            if len(path) == 2:
                table = self.section(path[0])
            if path[-1] in table:
                self.choice(path, table[path[-1]], allowed)

    def section(self, name):
        """Return a table of settings, an empty one where it is missing or wrong."""
        value = self.data.get(name, {})
        if not isinstance(value, dict):
            if not any(f" {name} must" in text for _, text in self.problems):
                self.is_table(value, (name,))
            return {}
        return value

    def choice(self, path, value, allowed):
        if value in allowed and isinstance(value, str):
            self.settings[".".join(path)] = value
            return
        names = ", ".join(allowed)
        self.problem(path, f"{'.'.join(path)} = {value!r} is none of {names}{grants.near_miss(value, allowed)}")

    def flags(self):
        for name in ("advisories", "quarantine", "kernel"):
            more = ["min-age"] if name == "quarantine" else []
            choices = [path[1] for path in CHOICES if path[0] == name and len(path) == 2]
            self.known(self.section(name), choices + more, (name,))
        self.least_age()
        locked = self.data.get("locked", False)
        if not isinstance(locked, bool):
            self.problem(("locked",), f"locked must be true or false, not {_kind(locked)}")
        if locked is True:
            self.settings["locked"] = True
        self.plugins()
        self.known(self.section("candidate"), ("policy",), ("candidate",))
        candidate = self.section("candidate").get("policy")
        if candidate is not None and not isinstance(candidate, str):
            self.problem(("candidate", "policy"), f"candidate.policy must be a text, not {_kind(candidate)}")
        elif candidate:
            self.settings["candidate"] = candidate

    def plugins(self):
        """Gather the plugins that are named, and what each is told; only a plugin itself knows its options."""
        names = self.texts(self.data.get("plugins", []), ("plugins",))
        if names:
            self.settings["plugins"] = tuple(dict.fromkeys(names))
        options = self.section("plugin")
        for name, table in options.items():
            path = ("plugin", name)
            if self.is_table(table, path) and name not in names:
                self.problem(path, f"plugin.{name} has options, and plugins = […] doesn't name it{grants.near_miss(name, names)}")
        if options:
            self.settings["plugin"] = options

    def least_age(self):
        value = self.section("quarantine").get("min-age")
        if value is None:
            return
        found = re.fullmatch(r"([0-9]{1,6})(h|d|w)", value) if isinstance(value, str) else None
        if found is None:
            self.problem(("quarantine", "min-age"), f'quarantine.min-age = {value!r} is no age: write "7d", "36h" or "2w"')
        else:
            self.settings["quarantine.min-age"] = int(found[1]) * UNITS[found[2]]

    def texts(self, value, path):
        """Return the texts of an array, and report whatever is none."""
        if not isinstance(value, list):
            self.problem(path, f"{'.'.join(map(str, path))} must be an array, not {_kind(value)}")
            return []
        for index, item in enumerate(value):
            if not isinstance(item, str) or not item:
                self.problem((*path, index), f"{'.'.join(map(str, path))} holds {item!r}, not a text")
        return [item if isinstance(item, str) else "" for item in value]

    def names(self, key):
        return tuple(_canonical(text) for text in self.texts(self.data.get(key, []), (key,)))

    def phase_tables(self):
        for name, phases in PHASES.items():
            table = self.section(name)
            self.known(table, ("allow", "deny"), (name,))
            package = "application" if name == "application" else ""
            self.effects(table, (name,), package=package, specifier="", phases=phases)

    def effects(self, table, path, *, package, specifier, phases, prefixed=False):
        """Gather the `allow` and `deny` of a table."""
        for effect in ("deny", "allow"):
            for place, grant in self.grants(table.get(effect, []), (*path, effect), prefixed=prefixed):
                wanted = (grant.phase,) if grant.phase else phases
                self.lines.append(Line(effect, path[0], package, specifier, wanted, grant, self.where(place)))

    def grants(self, value, path, *, prefixed=False):
        for index, text in enumerate(self.texts(value, path)):
            if not text:
                continue
            try:
                grant = grants.parse(text)
            except ValueError as error:
                self.problem((*path, index), str(error))
                continue
            if grant.phase and not prefixed:
                self.problem((*path, index), f"{text!r} names a phase, which is the table's to say here")
                continue
            yield (*path, index), grant

    def packages(self):
        for name, table in self.section("package").items():
            path = ("package", name)
            if not self.is_table(table, path):
                continue
            self.known(table, PACKAGE, path)
            package = self.package(name, path)
            specifier = self.specifier(table, path)
            self.effects(table, path, package=package, specifier=specifier, phases=ANY_PHASE, prefixed=True)
            for phase in ANY_PHASE:
                part = table.get(phase, {})
                if self.is_table(part, (*path, phase)):
                    self.known(part, ("allow", "deny"), (*path, phase))
                    self.effects(part, (*path, phase), package=package, specifier=specifier, phases=(phase,))
            self.deputy(table, path, package, specifier)

    def package(self, name, path):
        package = _canonical(name)
        if package in RESERVED and package != "unowned":
            self.problem(path, f"{name!r} is no distribution; the application's ceiling is [application]")
        return package

    def deputy(self, table, path, package, specifier):
        if table.get("deputy") == []:
            self.undeputised.append(package)
        for place, grant in self.grants(table.get("deputy", []), (*path, "deputy")):
            if grant.target == "$package":
                self.problem(place, "a deputy can't be one for '$package': its own files are its own business")
                continue
            line = Line("deputy", "package", package, specifier, ANY_PHASE, grant, self.where(place))
            self.deputies.append(line)

    def specifier(self, table, path):
        text = table.get("match", "")
        if not isinstance(text, str):
            self.problem((*path, "match"), f"match must be a text, not {_kind(text)}")
            return ""
        if text and not _is_specifier(text):
            self.problem((*path, "match"), f"match = {text!r} is not a PEP 440 specifier")
            return ""
        return text

    def exceptions(self):
        entries = self.data.get("exception", [])
        if not isinstance(entries, list):
            self.problem(("exception",), "exception must be written as [[exception]]")
            return
        for index, entry in enumerate(entries):
            path = ("exception", index)
            if self.is_table(entry, path):
                self.known(entry, EXCEPTION, path)
                self.exception(entry, path)

    def exception(self, entry, path):
        for key in ("package", "reason"):
            if not isinstance(entry.get(key), str) or not entry[key]:
                self.problem((*path, key), f'an exception needs {key} = "…"')
        package = self.package(str(entry.get("package", "")), path)
        expires = entry.get("expires")
        if expires is not None and type(expires) is not datetime.date:
            self.problem((*path, "expires"), f"expires = {expires!r} is not a date: write 2027-03-31, without quotes")
            return
        if not entry.get("allow"):
            self.problem(path, "an exception needs allow = […]")
        owner = entry.get("owner", "")
        if not isinstance(owner, str):
            self.problem((*path, "owner"), f"owner must be a text, not {_kind(owner)}")
        elif expires is not None and self.expiry(path, package, owner, expires):
            entry = {}
        specifier = self.specifier(entry, path)
        self.effects(entry, path, package=package, specifier=specifier, phases=ANY_PHASE, prefixed=True)

    def expiry(self, path, package, owner, expires):
        """Note that an exception has expired, or will soon, and whose it is; return whether it has."""
        subject = f"{self.shown}:{self.line(path)}: exception for {package!r}" + (f" of {owner}" if owner else "")
        if expires < self.today:
            self.expired.append(printable(f"{subject} expired on {expires}"))
        elif expires - self.today <= SOON:
            self.expiring.append(printable(f"{subject} expires on {expires}, in {(expires - self.today).days} days"))
        return expires < self.today


def _is_specifier(text):
    # Takes a sixth of a launch to load, and few policies have one.
    from packaging import specifiers

    try:
        specifiers.SpecifierSet(text)
    except specifiers.InvalidSpecifier:
        return False
    return True


def _canonical(name):
    return versions.canonical_name(name.strip())


def _kind(value):
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "an array", dict: "a table"}
    return names.get(type(value), f"a {type(value).__name__}")
