"""Keeps each piece of the evidence as soon as it is there: a run that was ended goes on with what is missing."""

import json
from pathlib import Path

import provenance


class Pieces:
    """Pieces of one commit, files in a folder of its own; None for a folder keeps nothing, nor does a checkout that was changed."""

    def __init__(self, folder):
        commit = provenance.commit()
        is_known = folder is not None and commit != "unknown" and not commit.endswith("+")
        self.folder = Path(folder) / commit if is_known else None

    def get(self, name, make):
        """Return the piece of a name, which is made now unless it is there already."""
        if self.folder is None:
            return make()
        file = self.folder / f"{name}.json"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(".partial")
            partial.write_text(json.dumps(make()))
            partial.rename(file)
        return json.loads(file.read_text())
