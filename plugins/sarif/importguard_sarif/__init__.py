"""Writes what was refused as SARIF 2.1.0, so that code scanning shows it: one result for each owner and operation."""

import json
import os
import pathlib
import tempfile
import urllib.parse

import importguard
from importguard.plugins import hookimpl

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"deny": "error", "kill": "error", "log": "warning"}


class Sarif:
    """Made with `path`, the file to write (importguard.sarif)."""

    def __init__(self, options):
        unknown = sorted(set(options) - {"path"})
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r}: only 'path' is known")
        path = options.get("path", "importguard.sarif")
        if not isinstance(path, str):
            raise ValueError(f"path = {path!r} is no text")
        self.path = pathlib.Path(path)
        self.found = {}

    @hookimpl
    def importguard_record(self, record):
        if record["event"] == "decision" and record["verdict"] in LEVELS:
            key = (record["owner"]["name"], record["capability"], record["target"], record.get("phase"))
            known = self.found.setdefault(key, {**record, "count": 0})
            known["count"] += record.get("count", 1)

    @hookimpl
    def importguard_finish(self):
        text = json.dumps(log(self.found.values()), indent=2) + "\n"
        if self.path.exists() and not self.path.is_file():
            self.path.write_text(text)  # a pipe or a device stays what it is
            return
        # In one step: whoever uploads the file never sees half of it, and what has no room leaves nothing.
        path = os.path.realpath(self.path)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
        try:
            with open(handle, "w") as file:
                file.write(text)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise


def log(records):
    """Return the SARIF log of some decision records."""
    records = list(records)
    rules = [rule(name) for name in sorted({record["capability"] for record in records})]
    driver = {"name": "importguard", "version": importguard.__version__, "rules": rules}
    return {
        "version": VERSION,
        "$schema": SCHEMA,
        "runs": [{"tool": {"driver": driver}, "results": list(map(result, records))}],
    }


def rule(capability):
    """Return a capability as a SARIF rule; its help is the text of a command, since SARIF takes no address but a whole one."""
    return {
        "id": capability,
        "shortDescription": {"text": f"A distribution was refused {capability}."},
        "help": {"text": "`importguard explain --record ID` says which rule decided, and the line that would allow it."},
    }


def result(record):
    """Return one record as a SARIF result; its place is the innermost frame that the record names."""
    owner = record["owner"]
    who = " ".join(filter(None, (owner["name"], owner.get("version"))))
    text = f"{who} -> {record['capability']} {record['target']} in phase {record.get('phase', '')}: {record['verdict']}"
    found = {
        "ruleId": record["capability"],
        "level": LEVELS[record["verdict"]],
        "message": {"text": "".join(map(shown, text))},
        "occurrenceCount": max(1, record["count"]),
        "properties": {"id": record["id"], "rule": record.get("rule", "")},
    }
    frames = [frame for frame in record.get("stack", ()) if frame.get("file")]
    if frames:
        path = pathlib.Path(frames[0]["file"])
        region = {"startLine": max(1, int(frames[0].get("line") or 1))}
        where = path.as_uri() if path.is_absolute() else urllib.parse.quote(os.fsencode(path))
        found["locations"] = [{"physicalLocation": {"artifactLocation": {"uri": where}, "region": region}}]
    return found


def shown(character):
    """Return a character as a reader may see it: nothing that others chose turns the line round or hides in it."""
    return character if character.isprintable() else ascii(character)[1:-1]
