"""Refuses to import a release that is too young: a hijacked one is mostly found out within days.

When a release was uploaded is read from the project's own lock files, `uv.lock` and `pylock.toml` (PEP 751), which keep
it as `upload-time`. Where they say nothing, a distribution counts as young as its installation: it can't be younger.
"""

import datetime
import pathlib
import tomllib

from packaging.utils import canonicalize_name

from importguard.plugins import hookimpl

DAYS = 7
FILES = ("pylock.toml", "uv.lock")


class Cooldown:
    """Made with `days` (7), `allow` (names that may be younger), `files` (lock files, by path; relative ones are looked for
    in the working directory and upwards from there, as the project's policy is).

    `unknown` is "allow" or "deny": what happens to a distribution whose upload nobody knows and that was installed
    less than `days` ago. "allow" (the default) suits images that are built anew every day.
    """

    def __init__(self, options, now=None):
        unknown = sorted(set(options) - {"days", "allow", "files", "unknown"})
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r}: 'days', 'allow', 'files' and 'unknown' are known")
        days = options.get("days", DAYS)
        if type(days) is not int or days < 0:
            raise ValueError(f"days = {days!r} is no number of days")
        if options.get("unknown", "allow") not in ("allow", "deny"):
            raise ValueError(f"unknown = {options['unknown']!r} is neither 'allow' nor 'deny'")
        self.refuses_unknown = options.get("unknown") == "deny"
        self.oldest = (now or datetime.datetime.now(datetime.UTC)) - datetime.timedelta(days=days)
        self.allowed = {canonicalize_name(name) for name in _texts("allow", options.get("allow", ()))}
        self.files = [_found(name) for name in _texts("files", options["files"])] if "files" in options else _nearest(FILES)

    @hookimpl
    def importguard_rules(self, distributions):
        uploads = {}
        for path in self.files:
            uploads |= read(path)
        young = [dist.name for dist in distributions if dist.name not in self.allowed and self.is_young(dist, uploads)]
        return {"package": {name: {"deny": ["import"]} for name in young}} if young else None

    def is_young(self, dist, uploads):
        """Say whether a distribution is refused."""
        uploaded = uploads.get((dist.name, dist.version))
        if uploaded is not None:
            return uploaded > self.oldest
        return self.refuses_unknown and installed(dist) > self.oldest


def _texts(name, value):
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'{name} = {value!r} is no array of texts: write {name} = ["..."]')
    return value


def _folders():
    here = pathlib.Path.cwd()
    return (here, *here.parents)


def _found(name):
    """Return the nearest file of a name, here or in a folder around; raises ValueError where there is none."""
    for folder in _folders():
        if (folder / name).is_file():
            return folder / name
    raise ValueError(f"{name} is no file, neither here nor in a folder around")


def _nearest(names):
    """Return the files of these names in the nearest folder that has one: another project's further out are none of this one's."""
    there = ([folder / name for name in names if (folder / name).is_file()] for folder in _folders())
    return next(filter(None, there), [])


def read(path):
    """Return {(PEP 503 name, version): when its last file was uploaded} from a uv.lock or pylock.toml.

    The last: whoever takes an account over can add a file to a release that has been there for years.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    found = {}
    for package in data.get("package", data.get("packages", [])):
        files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
        times = [_moment(file["upload-time"]) for file in files if "upload-time" in file]
        if times and "version" in package:
            found[canonicalize_name(package["name"]), package["version"]] = max(times)
    return found


def installed(dist):
    """Return when a distribution was put where it lies, by its RECORD."""
    folders = pathlib.Path(dist.site).glob("*.dist-info")
    own = [folder for folder in folders if canonicalize_name(folder.name.partition("-")[0]) == dist.name]
    seconds = max(((folder / "RECORD").stat().st_mtime for folder in own if (folder / "RECORD").is_file()), default=0.0)
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _moment(value):
    """Return a date and time with its zone; uv writes texts, PEP 751 dates of TOML."""
    moment = datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
