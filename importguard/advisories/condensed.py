"""Reads the condensed source of the bundled database: JSON lines of names, versions, ids and origins."""

import gzip
import json
import tomllib

from importguard import versions
from importguard.advisories import advisory

INCIDENTS_ORIGIN = "importguard-incidents"
SUSPICIOUS = "highly_suspicious"
SCOPES = {"versions": "versions", "all": "all", "versions+all": "all", "unknown": "unknown"}


def lines(path):
    """Return the advisories in a gzip of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [_of_line(json.loads(line)) for line in file]


def incidents(path):
    """Return the advisories in a TOML file of incidents."""
    with open(path, "rb") as file:
        return [_of_incident(incident) for incident in tomllib.load(file)["incident"]]


def _of_line(row):
    # Some campaigns never got an id of an advisory database; a finding must be named all the same.
    ids = tuple(row["ids"]) or (f"{row['src'][0]}-{row['name']}",)
    scope = SCOPES[row["scope"]]
    return advisory.Advisory(
        versions.canonical_name(row["name"]),
        ids,
        scope,
        "warn" if scope == "unknown" or _is_merely_suspicious(row) else "block",
        " ".join(row["src"]),
        _canonical(row.get("versions", ())),
        (),
    )


def _of_incident(incident):
    source = f"{INCIDENTS_ORIGIN}: {', '.join(incident['references'])}"
    name, ids = incident["name"], tuple(incident["ids"])
    return advisory.Advisory(name, ids, "versions", "block", source, _canonical(incident["versions"]), ())


def _is_merely_suspicious(row):
    return SUSPICIOUS in row.get("category", ()) and not any(name.startswith("MAL-") for name in row["ids"])


def _canonical(texts):
    return tuple(sorted({versions.canonical_version(text) for text in texts}))
