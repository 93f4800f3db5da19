"""What records say of what each distribution needs: grants from what was allowed, and what was refused beside them."""

from importguard import versions
from importguard.lock import deputies, merge, model
from importguard.model import CAPABILITIES, PHASES

KINDS = (model.DISTRIBUTION, model.STARTUP, model.UNOWNED)
# Rules that judge a file, or only notice: no grant is missing there.
OF_FILES = ("advisory:", "bytecode:", "startup-files:", "patch:")
REFUSALS = ("deny", "kill")
CUT = "…"


class Observed:
    """Gathers records one after another; `names` is a `generalise.Names`, `known` the versions of what is installed."""

    def __init__(self, names, known=()):
        self.names = names
        self.known = dict(known)
        self.uses = deputies.Uses()
        self.found = {}

    def take(self, record, caller=deputies.ITSELF):
        """Take one record into account; what is no decision on a distribution's wish says nothing.

        `caller` is who called for it, as `deputies.caller_of` says, if that one may have it.
        """
        if record.get("event") != "decision" or record.get("layer") == "scan" or record.get("phase") not in PHASES:
            return
        if record.get("capability") not in CAPABILITIES:
            return
        if record["verdict"] == "allow" and record.get("candidate"):
            # Recorded for the sake of another policy, by which somebody else may be to blame.
            return
        owner = record.get("owner", {})
        if record["verdict"] == "allow":
            for name in record.get("via", ()):
                self._add(model.Entry(name, self.known.get(name, "")).key, "deputies", record["capability"])
        if owner.get("kind") in KINDS:
            self._wish(record, owner, caller)

    def _wish(self, record, owner, caller):
        kind = owner["kind"]
        name = owner["name"] if kind == model.STARTUP else versions.canonical_name(owner["name"])
        version = owner.get("version", "") if kind == model.DISTRIBUTION else ""
        key = model.Entry(name, version, kind).key
        if record["verdict"] == "allow":
            grant = self._grant(record, name)
            self._add(key, "grants", grant)
            self.uses.note(key, grant, caller if kind == model.DISTRIBUTION else deputies.ITSELF)
        elif self._is_refusal(record):
            self._add(key, "refused", self._grant(record, name))

    def _is_refusal(self, record):
        # Under `observe` every denial is a `log`.
        rule = record.get("rule", "")
        return record["verdict"] in REFUSALS or (record["verdict"] == "log" and not rule.startswith(OF_FILES))

    def _grant(self, record, name):
        target, argv = record["target"], record.get("argv")
        if record.get("cut"):
            target = target[:-1] + "*" if target.endswith(CUT) else target
            argv = None if argv is None else argv[:2]
        return self.names.grant(
            record["phase"], record["capability"], target, argv, name, is_cut=bool(record.get("cut"))
        )

    def _add(self, key, field, value):
        self.found.setdefault(key, {}).setdefault(field, set()).add(value)

    def entries(self, lock=model.EMPTY):
        """Return an Entry for each distribution that asked for something, or acted for who did.

        Who is a deputy in the Lock that there is already stays one.
        """
        passed = self.uses.passed_on(lock)
        found = {key: _entry(key, fields, passed) for key, fields in self.found.items()}
        for entry in deputies.entries(passed):
            found[entry.key] = merge.join(found[entry.key], entry) if entry.key in found else entry
        return [model.ordered(entry) for entry in found.values()]


def _entry(key, fields, passed):
    kind, name, version = key
    given = {field: tuple(values) for field, values in fields.items()}
    given["grants"] = tuple(grant for grant in fields.get("grants", ()) if (key, grant) not in passed)
    return model.Entry(name, version, model.KINDS[kind], **given)
