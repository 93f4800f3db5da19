"""Reads known-malicious distributions out of OSV records, as the real world writes them.

Of a record only `affected[]` counts, and only its entries of the ecosystem PyPI. A record speaks of malice when its id
or an alias starts with `MAL-`, or when its `database_specific` has `malicious-packages-origins` or the weakness CWE-506
(embedded malicious code); any other record is about a weakness of honest software and is passed over.
"""

import collections
import dataclasses
import json
import re

from importguard import errors, versions
from importguard.advisories import advisory, documents, intervals

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
LONGEST_TEXT = 256
MOST_VERSIONS = 100_000
MOST_REFUSED = 10_000
MALICIOUS_WEAKNESS = "CWE-506"


class Unreadable(ValueError):
    """A record that can't be understood; the text is the reason."""


@dataclasses.dataclass(slots=True)
class Reading:
    """What sources hold: `advisories`, what was `refused`, how many `records` there are, how many `passed` over why."""

    advisories: list = dataclasses.field(default_factory=list)
    refused: list = dataclasses.field(default_factory=list)
    records: int = 0
    passed: collections.Counter = dataclasses.field(default_factory=collections.Counter)


def read(sources):
    """Return the Reading of some files, folders, zips and URLs; raises AdvisoryError when one can't be opened.

    Of two records with one id the one that was modified last counts.
    """
    reading = Reading()
    newest = {}
    for source in sources:
        for document in documents.documents(source):
            if isinstance(document, documents.Refusal):
                reading.refused.append(document)
            else:
                _take(document, documents.label(source), reading, newest)
            if len(reading.refused) > MOST_REFUSED:
                raise errors.AdvisoryError(f"{source!r}: given up after {MOST_REFUSED} records that can't be read")
    reading.advisories = [entry for _, entries in newest.values() for entry in entries]
    return reading


def parse(record, source):
    """Return the advisories of one record, or the reason (str) for passing it over; raises Unreadable."""
    if not isinstance(record, dict):
        raise Unreadable("not an OSV record: a JSON object is expected")
    identifier = _text(record.get("id"), "id")
    aliases = [_text(alias, "aliases") for alias in _list(record, "aliases")]
    affected = [item for item in _list(record, "affected") if _is_pypi(item)]
    if not affected:
        return "not about PyPI"
    if not _is_malicious(identifier, aliases, record.get("database_specific")):
        return "not about malicious code"
    ids = tuple(dict.fromkeys([identifier, *aliases]))
    is_withdrawn = bool(record.get("withdrawn"))
    return [_advisory(item, ids, source, is_withdrawn=is_withdrawn) for item in affected]


def _take(document, source, reading, newest):
    for where, record in _records(document, reading):
        reading.records += 1
        try:
            found = parse(record, source)
        except Unreadable as error:
            reading.refused.append(documents.Refusal(where, str(error)))
            continue
        if isinstance(found, str):
            reading.passed[found] += 1
            continue
        if found[0].scope == "withdrawn":
            reading.passed["withdrawn"] += 1
        _keep(record, found, newest)


def _keep(record, found, newest):
    modified = str(record.get("modified") or "")
    identifier = found[0].ids[0]
    known = newest.get(identifier)
    if known is None or modified >= known[0]:
        newest[identifier] = (modified, found)


def _records(document, reading):
    """Yield (where, value) for each record in a document: one, a list, an answer of OSV's API, or JSON lines."""
    try:
        value = json.loads(document.data)
    except (ValueError, RecursionError) as error:
        yield from _of_lines(document, error, reading)
        return
    if isinstance(value, dict) and isinstance(value.get("vulns"), list) and "id" not in value:
        value = value["vulns"]
    if not isinstance(value, list):
        yield document.where, value
        return
    for index, record in enumerate(value):
        yield f"{document.where}[{index}]", record


def _of_lines(document, error, reading):
    if document.is_line or not str(error).startswith("Extra data"):
        reading.refused.append(documents.Refusal(*_place(document, error)))
        return
    for number, line in enumerate(document.data.splitlines(), 1):
        if line.strip():
            yield from _records(documents.Document(f"{document.where}:{number}", line, is_line=True), reading)


def _place(document, error):
    """Return (where, reason) for a document that is no JSON."""
    if isinstance(error, RecursionError):
        return document.where, "not readable JSON: nested too deeply"
    if not isinstance(error, json.JSONDecodeError):
        return document.where, f"not readable JSON: {error}"
    where = document.where if document.is_line else f"{document.where}:{error.lineno}"
    return where, f"not readable JSON: {error.msg} (column {error.colno})"


def _advisory(item, ids, source, *, is_withdrawn):
    name = _text(item["package"].get("name"), "name of a package")
    if not NAME.fullmatch(name):
        raise Unreadable(f"{name!r} is no name of a distribution")
    listed = _versions(item)
    bounded = _intervals(item)
    scope = "all" if intervals.ALL in bounded else "versions" if listed or bounded else "unknown"
    if is_withdrawn:
        scope = "withdrawn"
    verdict = "warn" if scope == "unknown" else "block"
    ranges = tuple(sorted(bounded - {intervals.ALL}))
    return advisory.Advisory(versions.canonical_name(name), ids, scope, verdict, source, listed, ranges)


def _versions(item):
    listed = _list(item, "versions")
    if len(listed) > MOST_VERSIONS:
        raise Unreadable(f"more than {MOST_VERSIONS} versions")
    known = {versions.canonical_version(_text(version, "versions")) for version in listed}
    return tuple(sorted(known))


def _intervals(item):
    found = set()
    for span in _list(item, "ranges"):
        if not isinstance(span, dict):
            raise Unreadable("'ranges' holds something else than objects")
        if span.get("type") == "GIT":  # commits, which no installed distribution tells
            continue
        try:
            found.update(intervals.of_events(_list(span, "events")))
        except ValueError as error:
            raise Unreadable(str(error)) from error
    return found


def _is_pypi(item):
    package = item.get("package") if isinstance(item, dict) else item
    if not isinstance(item, dict) or not isinstance(package, dict | None):
        raise Unreadable("'affected' holds something else than objects with a package")
    ecosystem = package.get("ecosystem") if package else None
    return isinstance(ecosystem, str) and ecosystem.partition(":")[0].lower() == "pypi"


def _is_malicious(identifier, aliases, specific):
    if any(name.startswith("MAL-") for name in (identifier, *aliases)):
        return True
    if not isinstance(specific, dict):
        return False
    weaknesses = specific.get("cwe_ids")
    return bool(specific.get("malicious-packages-origins")) or (
        isinstance(weaknesses, list) and MALICIOUS_WEAKNESS in weaknesses
    )


def _list(mapping, key):
    value = mapping.get(key)
    if value is None:  # absent, or null
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{key!r} is no list")
    return value


def _text(value, what):
    if not isinstance(value, str) or not value.strip():
        raise Unreadable(f"the {what} is missing or no text")
    value = value.strip()
    if len(value) > LONGEST_TEXT or not value.isprintable():
        raise Unreadable(f"the {what} is too long or has unprintable characters: {value[:40]!r}")
    return value
