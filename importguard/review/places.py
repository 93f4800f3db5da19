"""Where in the text of a lock something is said."""

import tomllib

from importguard.lock import model
from importguard.policy import grants, lines

FIELDS = {"deputies": "deputy", "startup-files": "startup-file", "refused": "refused"}
KINDS = {"distribution": model.DISTRIBUTION, "startup-file": model.STARTUP, "unowned": model.UNOWNED}


class Places:
    """The lines of a lock's text."""

    def __init__(self, content):
        data = tomllib.loads(content)
        self.found = {}
        for path, line in lines.locate(content).items():
            self._note(path, _value(data, path), line)

    def line(self, reach, change):
        """Return the line that says what is new, or that of the distribution, or the first."""
        grant = change.grant
        phase = grant.phase if change.what in ("grant", "refused") else ""
        wanted = (reach.kind, reach.name, change.what, phase, grant.capability, grant.target)
        return self.found.get(wanted, self.found.get(wanted[:2], 1))

    def _note(self, path, value, line):
        kind = KINDS.get(path[0])
        if kind is None:
            return
        name = path[1] if kind != model.UNOWNED and len(path) > 1 else "unowned"
        self.found.setdefault((kind, name), line)
        if isinstance(value, str) and isinstance(path[-1], int):
            said = _said(path[-2], value)
            if said:
                self.found.setdefault((kind, name, *said), line)


def _value(data, path):
    for part in path:
        data = data[part] if isinstance(data, list) or part in data else None
        if data is None:
            return None
    return data


def _said(field, text):
    """Return (what, phase, capability, target) of a text in a field of a lock, None for what is no change."""
    what = FIELDS.get(field, "grant")
    if what == "startup-file":
        return what, "", "code.run", text.partition(" ")[2]
    try:
        grant = grants.parse(text)
    except ValueError:
        return None
    return what, grant.phase or ("" if what == "deputy" else field), grant.capability, grant.target
