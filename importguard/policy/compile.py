"""From resolved policies and a preset to the flat table that a guarded process loads."""

import functools
import hashlib
import json

from importguard.policy import grants, links, machine, patterns, preset
from importguard.policy import named as names
from importguard.policy import table as tables
from importguard.policy.table import CAPABILITY, EFFECT, FORMAT, KIND, LAYER, PATTERNS, WRITTEN

LOCKED, EXCEPTION, PACKAGE, LOCK, CEILING, PHASE, PRESET_PACKAGE, PRESET_PHASE, \
    UNTRUSTED_LOCK, UNTRUSTED_CEILING = range(10)
# What a lock speaks of: within this, what it grants is all that there is.
CEILING_PRESET = "strict"
WATCHED_PATHS = ("fs.read", "fs.write", "fs.list", "native.load")
WATCHED_NAMES = ("env.write",)  # a suite writes to four a test, and few are denied to anybody
SETS = ("secrets", "persistence")
MOST_ADDED = 32  # paths to a set: with more, the machine is faster made anew
CODE_EVENTS = {"exec": "exec", "marshal.loads": "marshal"}
# What asks before it is done; other changes are found once they are there.
ASKS_FIRST = ("sys.meta_path", "sys.addaudithook", "sys.settrace", "sys.setprofile", "sys.monitoring", "os.chroot")


def table(resolved, named, *, lock=None, learning=False):
    """Return the table of a `resolve.Resolved`, as `policy.table.load` takes it; `named` as in `named.surroundings`.

    The table of a candidate lies in it. What is watched is what either of them could deny, so that one question is
    asked of most operations, however many policies there are. `lock` has what a lock brings in: `rules`, lines for
    `deputies`, and the names that are `quarantined`, which act for nobody. A table that is `learning` watches whatever a lock could
    deny as well, and has what is allowed of it recorded.
    """
    if lock is None or not lock.rules:  # else they were made just now, and what they looked at is known
        links.forget()
    tried = resolved.candidate
    sets = {f"${name}": names.spread(name, named) for name in SETS}
    sets["$persistence"] = _with_own(sets["$persistence"], resolved, named)
    judged = _judged(resolved, named, lock)
    others = _judged(tried, named, lock) if tried else {}
    most = ceiling(named, CEILING) if learning else ()
    machines = {
        name: machine.build(found.patterns, found.unless, tails=found.tails, homes=found.homes) for name, found in sets.items()
    }
    watch, watched = _watch((*judged["rules"], *others.get("rules", ()), *most), sets, machines)
    content = {
        "v": FORMAT,
        "mode": resolved.mode,
        "on_violation": resolved.on_violation,
        "malicious": resolved.malicious,
        "bytecode": resolved.bytecode,
        "startup_files": resolved.startup_files,
        "learning": learning,
        "named": {name: tuple(values) for name, values in sorted(named.items())},
        "sets": {**machines, **watched},
        "watch": watch,
        "refuses_patches": any(_refuses_patches(rule) for rule in judged["rules"]),
    }
    candidate = {**content, **others} if tried else None
    content |= judged
    judges = [content, candidate, {**content, "rules": most}]
    return {**content, "candidate": candidate, "code_events": _code_events(judges)}


def forget():
    """Drop what was read and looked at to make tables: a process that goes on as something else has no use for it."""
    preset.read.cache_clear()
    grants.parse.cache_clear()
    patterns.forget()
    links.forget()


def _judged(resolved, named, lock):
    """Return the part of a table that a candidate has of its own."""
    sources = _sources(resolved)
    rules = tuple(rule for policy, layers in sources for rule in _rules(policy, layers, named))
    if lock and any(rule[LAYER] == CEILING for rule in lock.rules):
        # Whatever a preset speaks of is decided by then.
        rules = tuple(rule for rule in rules if rule[LAYER] < PRESET_PACKAGE)
    acting = _deputies(sources, lock.deputies if lock else (), named)
    return {
        "digest": digest(resolved),
        "name": resolved.name,
        "rules": rules + (lock.rules if lock else ()),
        "deputies": {name: found for name, found in acting.items() if not lock or name not in lock.quarantined},
        "app": tuple(sorted({name for policy, _ in sources for name in policy.app})),
    }


def _code_events(contents):
    """Return the events that every import raises, where a rule could refuse them: else they are never read."""
    compiled = [tables.load(content) for content in contents if content]
    return tuple(
        event for event, target in CODE_EVENTS.items() if any(table.could_deny("code.run", target) for table in compiled)
    )


def _refuses_patches(rule):
    """Return whether a rule may refuse a change that has to be put back."""
    is_about = rule[EFFECT] == "deny" and "runtime.patch" in grants.capabilities(rule[CAPABILITY])
    return is_about and not (rule[PATTERNS] and set(rule[PATTERNS]) <= set(ASKS_FIRST))


def digest(resolved):
    """Return the digest of what is in force; it does not depend on the machine."""
    parts = [policy.digest for policy in _policies(resolved) if policy.digest]
    parts += [resolved.mode, resolved.on_violation, resolved.malicious, resolved.bytecode, resolved.startup_files]
    parts += [digest(resolved.candidate)] if resolved.candidate else []
    if resolved.lock:
        parts += [resolved.lock_digest, str(resolved.lock_is_trusted), resolved.quarantine, str(resolved.least_age)]
    return "sha256:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _policies(resolved):
    return [policy for policy, _ in _sources(resolved)]


def _sources(resolved):
    """Return every policy in force with the layers (exception, package, phase) of its lines."""
    sources = [(policy, (LOCKED, LOCKED, LOCKED)) for policy in resolved.locked]
    sources += [(policy, (EXCEPTION, PACKAGE, PHASE)) for policy in resolved.policies]
    chain = preset.chain(resolved.preset)
    return sources + [(policy, (PRESET_PACKAGE, PRESET_PACKAGE, PRESET_PHASE)) for policy in chain]


def ceiling(named, layer):
    """Return the rules of a lock's ceiling: the preset's, but that who changes what of whom is found too late for it."""
    return tuple(rule for rule in profile(CEILING_PRESET, named, layer) if not _refuses_patches(rule))


def profile(name, named, layer, package="", *, tables=("import", "run")):
    """Return the rules of a preset's phase tables in a layer, for everybody or for one package."""
    found = []
    for policy in preset.chain(name):
        lines = tuple(
            line if line.package == package else line._replace(package=package)
            for line in policy.lines
            if line.table in tables
        )
        found += _rules(policy._replace(lines=lines), (layer, layer, layer), named)
    return tuple(found)


def rule_of(line, layer, named):
    """Return the rule of one line in a layer."""
    effect, _table, package, specifier, phases, (_phase, capability, target), where = line
    # A glob that covers capabilities with targets of different kinds has no target; one line serves them all.
    kind, data, rank = patterns.compile_target(capability, target, named)
    rank = 100 * rank + _length(capability)
    if effect == "allow" and kind == "spawn":
        data = patterns.called_by_name(data)
    return layer, rank, effect, capability, kind, data, package, specifier, phases, where


@functools.cache
def _length(capability):
    return min(len(capability.replace("*", "")), 99)


def _rules(policy, layers, named):
    by_table = {"exception": layers[0], "package": layers[1]}
    for line in policy.lines:
        yield rule_of(line, by_table.get(line.table, layers[2]), named)


def _deputies(sources, of_lock, named):
    """Return {name: ((capability, kind, patterns, specifier), …)}; an empty list in a policy takes all below away."""
    found, closed, known = {}, set(), {}
    for lines, undeputised in (*((policy.deputies, policy.undeputised) for policy, _ in sources), (of_lock, ())):
        for line in lines:
            if line.package not in closed:
                # Equal entries are one object, which marshal then writes once.
                entry = known.get((line.grant, line.specifier)) or _deputy(line, named)
                known[line.grant, line.specifier] = entry
                found.setdefault(line.package, []).append(entry)
        closed.update(undeputised)
    return {name: tuple(entries) for name, entries in sorted(found.items())}


def _deputy(line, named):
    kind, data, _ = patterns.compile_target(line.grant.capability, line.grant.target, named)
    return line.grant.capability, kind, data, line.specifier


def _watch(rules, sets, machines):
    """Return {capability: True, WRITTEN or the name of a set of paths} of what some rule denies, and those sets."""
    watch, watched = {}, {}
    for capability, denials in _denials(rules).items():
        watch[capability] = WRITTEN if all(rule[KIND] == "written" for rule in denials) else True
        if capability in WATCHED_PATHS and all(rule[KIND] in ("set", "paths") for rule in denials):
            targets = {rule[PATTERNS] for rule in denials}
            name = targets.pop() if len(targets) == 1 and denials[0][KIND] == "set" else f"denied {capability}"
            watch[capability] = name
            if name not in sets:
                watched[name] = _union(denials, sets, machines)
        elif capability in WATCHED_NAMES and (denied := _as_paths(denials)):
            watch[capability] = f"denied {capability}"
            watched[watch[capability]] = machine.build(denied)
    return watch, watched


def _as_paths(denials):
    """Return patterns of paths that match every name that one of the rules could deny, () where there are none that do.

    A name stands in no folder, as a file in the root does. In a text a star stands for slashes too.
    """
    texts = dict.fromkeys(text for rule in denials if rule[KIND] == "text" for text in rule[PATTERNS])
    if any(rule[KIND] != "text" for rule in denials) or any("*" in text[:-1] or "/" in text for text in texts):
        return ()
    return (*(f"/{text}" for text in texts), *(f"{text}/**" for text in texts if text.endswith("*")))


def _denials(rules):
    """Return {capability: rules that could deny it}; paths of a named target that stands for nothing in this launch deny nothing."""
    found = {}
    for rule in rules:
        if rule[EFFECT] == "deny" and (rule[KIND] != "paths" or rule[PATTERNS]):
            for capability in grants.capabilities(rule[CAPABILITY]):
                found.setdefault(capability, []).append(rule)
    return {name: found[name] for name in grants.FAMILIES if name in found}


def _union(denials, sets, machines):
    """Return the machine of everything that one of the rules may deny, and what a set leaves out besides."""
    names = dict.fromkeys(rule[PATTERNS] for rule in denials if rule[KIND] == "set")
    paths = dict.fromkeys(path for rule in denials if rule[KIND] != "set" for path in rule[PATTERNS])
    if len(names) == 1 and len(paths) <= MOST_ADDED:
        return machine.extended(machines[next(iter(names))], paths)
    return machine.build({**{path: None for name in names for path in sets[name].every()}, **paths})


def _with_own(found, resolved, named):
    """Return `$persistence` with importguard's own files: itself, its policies, its records."""
    own = [names.package_folder() + "/**", *(f"{path}/**" for path in named.get("$own", ()))]
    own += [policy.path for policy in (*resolved.locked, *resolved.policies) if policy.path]
    own += [resolved.candidate.name] if resolved.candidate else []
    # A device is nobody's file: everybody writes to /dev/null.
    own += [resolved.records] if resolved.records.startswith("/") and not resolved.records.startswith("/dev/") else []
    return found._replace(patterns=tuple(dict.fromkeys((*found.patterns, *own))))
