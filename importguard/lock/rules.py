"""From a lock to rules of the table that a guarded process asks: what it grants, and the ceiling that it grants within."""

from importguard.lock import deputies, model
from importguard.model import PHASES
from importguard.policy import compile as compiler
from importguard.policy import grants, links, toml
from importguard.versions import canonical_name, version_key

ANYTHING = "*"


def rules(lock, installed, named, *, label, is_trusted):
    """Return the rules of a lock for the entries that are `installed` (a set of keys) and not new.

    A lock that nobody approved comes after the preset: it can take away, and not give. `label` names it in rules.
    """
    links.forget()
    layers = (compiler.LOCK, compiler.CEILING) if is_trusted else (compiler.UNTRUSTED_LOCK, compiler.UNTRUSTED_CEILING)
    found = []
    for entry in lock.entries:
        if (entry.key in installed and not _is_taken(entry, installed)) or entry.kind == model.UNOWNED:
            found += [compiler.rule_of(line, layers[0], named) for line in _lines(entry, label, is_trusted)]
    return [*found, *_said(compiler.ceiling(named, layers[1]), f"{label}: not learnt")]


def deputies_of(lock, installed, *, label):
    """Return the lines of policy that make deputies of the `installed` entries of a lock that is approved."""
    return tuple(
        toml.Line("deputy", "lock", entry.name, _exactly(entry.version), toml.ANY_PHASE, grant, f"{label}#distribution.{entry.name}")
        for entry in lock.entries
        if entry.key in installed and entry.kind == model.DISTRIBUTION
        for grant in deputies.counting(entry)
    )


def _is_taken(entry, installed):
    """Say whether a distribution has the name under which a policy speaks of a start-up file."""
    name = canonical_name(entry.name)
    return entry.kind == model.STARTUP and any(key[1] == name for key in installed if key[0] == 0)


def of_quarantine(name, profile, named, *, label, layer):
    """Return the rules for a distribution that is new, by the profile of the quarantine, in a layer."""
    if profile == compiler.CEILING_PRESET:
        # The ceiling of the lock holds already; this is for the program that the user typed, which else may do anything.
        return _said(compiler.profile(profile, named, layer, name, tables=("run",)), f"{label}: quarantine")
    if profile == "block":
        lines = (
            _line("deny", name, grants.Grant("", "import", "")),
            _line("deny", name, grants.Grant("", ANYTHING, "")),
        )
        return [compiler.rule_of(line, layer, named) for line in lines]
    found = [] if profile == "observe" else compiler.profile(profile, named, layer, name)
    rest = compiler.rule_of(_line("allow", name, grants.Grant("", ANYTHING, "")), layer, named)
    return [*_said(found, f"{label}: quarantine"), rest]


def _line(effect, name, grant):
    return toml.Line(effect, "lock", name, "", toml.ANY_PHASE, grant, "quarantine")


def _lines(entry, label, is_trusted):
    """Yield the lines of policy that an entry stands for."""
    table = {"distribution": f"distribution.{entry.name}", "startup": f"startup-file.{entry.name}"}.get(entry.kind, "unowned")
    # One text for the grants of a phase: each guarded process has them all in its memory.
    where = {phase: toml.printable(f"{label}#{table}.{phase}") for phase in PHASES}
    specifier = _exactly(entry.version)
    for grant in (*entry.grants, *(() if is_trusted else deputies.counting(entry))):
        # A lock that nobody approved makes nobody a deputy: it may have that library itself do what others had it do.
        yield toml.Line("allow", "lock", _package(entry), specifier, (grant.phase,), grant, where[grant.phase])


def _package(entry):
    return canonical_name(entry.name) if entry.kind == model.STARTUP else entry.name


def _exactly(version):
    """Return the specifier of one version: what is installed later, while the program runs, gains nothing by a name."""
    return f"==={version}" if version_key(version) is not None else ""


def _said(rules, label):
    """Return rules whose text says that the lock brought them in."""
    return [(*rule[:-1], f"{label} ({rule[-1]})") for rule in rules]
