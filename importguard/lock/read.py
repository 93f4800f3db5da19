"""Reads a lock: every problem in it is reported at once, each with file and line."""

import pathlib
import re

from importguard import errors, versions
from importguard.lock import deputies, merge, model, united
from importguard.model import CAPABILITIES, PHASES
from importguard.policy import files, grants, lines, toml

TOP = ("version", "distribution", "startup-file", "unowned")
KEYS = {
    model.DISTRIBUTION: ("digests", "startup-files", "deputies", *PHASES, "refused"),
    model.STARTUP: ("digests", "deputies", *PHASES, "refused"),
    model.UNOWNED: ("deputies", *PHASES, "refused"),
}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TWICE = ("overwrite", "declare")  # how tomllib says that a key or a table is there already
OURS, BASE, THEIRS, END = MARKS = ("<<<<<<< ", "||||||| ", "=======", ">>>>>>> ")


def read(path):
    """Return the Lock in a file; raises LockError with one line a problem."""
    return parse(files.text(pathlib.Path(path), errors.LockError), str(path))


def read_both(path):
    """Return the Lock in a file as `read` does; with what both sides say where git left a conflict, or found none and put a key twice."""
    content = files.text(pathlib.Path(path), errors.LockError)
    if not any(line.startswith(OURS) for line in content.split("\n")):
        return _parse_merged(content, str(path))
    return merge.merge(*(_parse_merged(side(content, number), str(path)) for number in (0, 1)))


def _parse_merged(content, path):
    try:
        return parse(content, path)
    except errors.LockError as error:
        if not _is_twice(error):
            raise  # a file that was cut, say: nobody may take it for whole
        return parse(united.united(content), path)


def _is_twice(error):
    return any(word in str(error) for word in TWICE)


def side(content, number):
    """Return one side, 0 or 1, of a text with conflicts; what belongs to the other is empty lines."""
    now, kept = None, []
    for line in content.split("\n"):
        begins = next((mark for mark in MARKS if line.startswith(mark)), None)
        if begins and (now is not None or begins == OURS):
            now = {OURS: 0, BASE: -1, THEIRS: 1, END: None}[begins]
            line = ""
        kept.append(line if now in (None, number) else "")
    return "\n".join(kept)


def parse(content, path):
    """Return the Lock in a text that was read from `path`."""
    import tomllib  # compiles patterns; where a first lock is learnt, there is nothing to read

    try:
        data = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise errors.LockError(_not_toml(error, content, path)) from error
    except RecursionError as error:
        raise errors.LockError(f"{path}:1: nested too deeply") from error
    return Reader(data, content, path).read()


def _not_toml(error, content, path):
    for number, line in enumerate(content.split("\n"), 1):
        if line.startswith(MARKS):
            return f"{path}:{number}: a merge that is not resolved: `importguard learn` takes what both sides say"
    hint = "; after a merge, `importguard learn` takes what both sides say" if _is_twice(error) else ""
    return f"{path}:{lines.of_error(error, content)}: {lines.reason(error)}{hint}"


class Reader:
    """Checks one lock and gathers its problems."""

    def __init__(self, data, content, path):
        self.data = data
        self.content = content
        self.path = path
        self.places = None
        self.problems = []

    def read(self):
        self.known(self.data, TOP, ())
        version = self.data.get("version")
        if version != model.VERSION or isinstance(version, bool):
            self.problem(("version",), f"version {version!r} is not understood, only {model.VERSION} is")
        entries = [entry for entry in self.entries() if entry]
        if self.problems:
            raise errors.LockError("\n".join(text for _, text in sorted(self.problems)))
        return model.lock(entries, self.path)

    def entries(self):
        """Yield an Entry for each table."""
        for name in dict(self.table(self.data, "distribution", ())):
            if name != versions.canonical_name(name):
                near = versions.canonical_name(name)
                self.problem(("distribution", name), f"{name!r} is not a normalised name, did you mean {near!r}?")
            for version, content in self.table(self.data["distribution"], name, ("distribution",)):
                yield self.entry(content, ("distribution", name, version), model.DISTRIBUTION, name, version)
        for name, content in self.table(self.data, "startup-file", ()):
            yield self.entry(content, ("startup-file", name), model.STARTUP, name, "")
        if "unowned" in self.data:
            yield self.entry(self.data["unowned"], ("unowned",), model.UNOWNED, "unowned", "")

    def table(self, parent, key, path):
        """Return the pairs of a table, none where it is missing or no table."""
        value = parent.get(key, {})
        if not isinstance(value, dict):
            self.problem((*path, key), f"{_dotted((*path, key))} must be a table")
            return ()
        return value.items()

    def entry(self, content, path, kind, name, version):
        if not isinstance(content, dict):
            self.problem(path, f"{_dotted(path)} must be a table")
            return None
        self.known(content, KEYS[kind], path)
        digests = [text for text, place in self.texts(content, path, "digests") if self.is_digest(text, place)]
        startup_files = [self.startup_file(*found) for found in self.texts(content, path, "startup-files")]
        acts = [self.deputy(*found) for found in self.texts(content, path, "deputies")]
        given = [self.grant(found, phase) for phase in PHASES for found in self.texts(content, path, phase)]
        refused = [self.grant(found, "") for found in self.texts(content, path, "refused")]
        if self.problems:
            return None
        return model.Entry(
            name, version, kind, tuple(digests), tuple(startup_files), tuple(acts), tuple(given), tuple(refused)
        )

    def texts(self, content, path, key):
        """Return the texts of an array with where each of them is."""
        value = content.get(key, [])
        if not isinstance(value, list):
            self.problem((*path, key), f"{_dotted((*path, key))} must be an array")
            return []
        found = []
        for index, item in enumerate(value):
            place = (*path, key, index)
            if isinstance(item, str):
                found.append((item, place))
            else:
                self.problem(place, f"{_dotted((*path, key))} holds {item!r}, not a text")
        return found

    def is_digest(self, text, place):
        if DIGEST.fullmatch(text):
            return True
        self.problem(place, f"{text!r} is no digest: sha256: and 64 hexadecimal digits")
        return False

    def startup_file(self, text, place):
        digest, _, name = text.partition(" ")
        if not name or "/" in name:
            self.problem(place, f"{text!r} is no start-up file: a digest, a blank and a file name")
        else:
            self.is_digest(digest, place)
        return name, digest

    def deputy(self, text, place):
        """Return a deputyship as it is written: a capability, or one with a target."""
        if ":" not in text:
            if text not in CAPABILITIES:
                self.problem(place, f"unknown capability {text!r}{grants.near_miss(text, CAPABILITIES)}")
            return text
        grant = self.grant((text, place), "run")
        if grant and (grant.capability not in CAPABILITIES or not grant.target or grant.target in deputies.OF_ITS_OWN):
            self.problem(place, f"{text!r} is nothing to be a deputy for: one capability, and a target that isn't its own")
        return text

    def grant(self, found, phase):
        """Return the Grant of a text and its place; `phase` is the table's, "" where the text must begin with it."""
        text, place = found
        try:
            grant = grants.parse(text)
        except ValueError as error:
            self.problem(place, str(error))
            return None
        if bool(grant.phase) == bool(phase):
            said = "names a phase, which the table says already" if phase else "doesn't say in which phase"
            self.problem(place, f"{text!r} {said}")
        return grants.Grant(phase or grant.phase, grant.capability, grant.target)

    def known(self, table, names, path):
        for key in table:
            if key not in names:
                shown = _dotted((*path, key))
                self.problem((*path, key), f"unknown key {shown!r}{grants.near_miss(key, names)}")

    def problem(self, path, reason):
        line = self.line(path)
        self.problems.append((line, toml.printable(f"{self.path}:{line}: {reason}")))

    def line(self, path):
        """Return the line of a path or of the closest thing around it."""
        if self.places is None:
            self.places = lines.locate(self.content)
        inside = [line for place, line in self.places.items() if place[: len(path)] == path]
        while path and path not in self.places:
            path = path[:-1]
        return min(inside, default=self.places.get(path, 1))


def _dotted(path):
    return ".".join(map(str, path))
