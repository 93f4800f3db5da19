"""An example to copy: writes down how often each distribution was refused something."""

import collections
import json
import pathlib

from importguard.plugins import hookimpl


class Tally:
    """Made once a run with the plugin's options: `path` is the JSON file to write, {"name": refusals}."""

    def __init__(self, options):
        unknown = sorted(set(options) - {"path"})
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r}: only 'path' is known")
        path = options.get("path", "importguard-tally.json")
        if not isinstance(path, str):
            raise ValueError(f"path = {path!r} is no text")
        self.path = pathlib.Path(path)
        self.refusals = collections.Counter()

    @hookimpl
    def importguard_record(self, record):
        if record["event"] == "decision" and record["verdict"] in ("deny", "kill"):
            self.refusals[record["owner"]["name"]] += record.get("count", 1)

    @hookimpl
    def importguard_finish(self):
        self.path.write_text(json.dumps(self.refusals, sort_keys=True) + "\n")
