"""Where settings come from: option, environment, project policy, user policy, the system's, preset."""

import os
import pathlib
import shlex
import typing

from importguard import errors
from importguard.policy import approval, find, grants, preset, toml
from importguard.policy import candidate as candidates

STRICTNESS = {
    "extends": ("observe", "recommended", "strict"),
    "mode": ("off", "observe", "enforce"),
    "on-violation": ("deny", "kill"),
    "advisories.malicious": ("off", "warn", "block"),
    "bytecode": ("ignore", "report", "refuse"),
    "startup-files": ("guard", "refuse"),
    "quarantine.profile": ("observe", "recommended", "strict", "block"),
    "kernel.seccomp": ("off", "auto", "require"),
    "kernel.landlock": ("off", "auto", "require"),
    "kernel.secrets": ("off", "auto", "require"),
    "kernel.supervisor": ("off", "auto", "require"),
}
DEFAULTS = {
    "extends": "recommended",
    "mode": "enforce",
    "on-violation": "deny",
    "advisories.malicious": "block",
    "bytecode": "report",
    "startup-files": "guard",
    "kernel.seccomp": "auto",
    "kernel.landlock": "auto",
    "quarantine.profile": "strict",
    "kernel.secrets": "off",
    "kernel.supervisor": "off",
}
MOST_LINKS = 40  # as the kernel follows
# Option, environment variable, values; a setting has its options' names, with dashes.
CHOICES = {
    "mode": ("IMPORTGUARD", ("off", "observe", "enforce")),
    "on_violation": ("IMPORTGUARD_ON_VIOLATION", ("deny", "kill")),
    "kernel": ("IMPORTGUARD_KERNEL", ("off", "auto", "require")),
    "supervise": ("IMPORTGUARD_SUPERVISE", ("off", "auto", "require")),
    "core": ("IMPORTGUARD_CORE", ("auto", "c", "py")),
}


class Resolved(typing.NamedTuple):
    """What is in force: policies, the first of them counting first, and settings.

    `lock` is the file of the lock, "" for none; where nobody approved it, it may only tighten. `quarantine` is the profile
    for what the lock doesn't know, `least_age` how many seconds old a release must be. `plugins` maps the names of plugins,
    in their order, to their options; `notices` are lines for the user; `candidate` is what would be in force with the policy that is
    only tried out, None without one.
    """

    name: str
    preset: str
    locked: tuple[toml.Policy, ...]
    policies: tuple[toml.Policy, ...]
    mode: str
    on_violation: str
    malicious: str
    bytecode: str
    startup_files: str
    seccomp: str
    landlock: str
    secrets: str
    supervisor: str
    core: str
    records: str
    plugins: dict[str, dict]
    notices: tuple[str, ...]
    candidate: "Resolved | None" = None
    lock: str = ""
    lock_digest: str = ""
    lock_is_trusted: bool = False
    quarantine: str = "strict"
    least_age: int = 0


def resolve(options, environ, cwd):
    """Return the Resolved of a launch; raises PolicyError with every problem of every file, or UsageError.

    `options` maps `policy`, `lock` ("off" for none), `mode`, `on_violation`, `records`, `kernel`, `supervise`,
    `core` to what was typed, None where nothing; `supervise_unasked` to what a command does where nobody says;
    with `as_written` what nobody approved is taken for what it says, which is for reading alone.
    """
    typed = {name: _choice(name, options, environ) for name in CHOICES}
    typed["unasked"] = options.get("supervise_unasked") or ""
    chosen = options.get("policy") or environ.get("IMPORTGUARD_POLICY") or ""
    found = find.policies(chosen, environ, pathlib.Path(cwd))
    notices = list(found.notices)
    policies = []
    for policy in reversed(found.policies):
        if policy in found.untrusted:
            tightened, ignored = _tightened(policy, policies)
            policy = policy if options.get("as_written") else tightened
            notices += [_not_approved(policy, ignored)] if ignored else []
        policies.insert(0, policy)
    for policy in (*found.locked, *policies):
        notices += policy.expired
    resolved = _resolved(typed, found.locked, tuple(policies), _records(options, environ, cwd))
    tried, more = _tried_out(resolved, typed)
    lock = _lock(options, environ, pathlib.Path(cwd), chosen)
    return resolved._replace(notices=(*notices, *more), candidate=tried, **lock)


def _resolved(typed, locked, policies, records):
    """Return what is in force under these policies, as yet without notices."""
    strict = _Settings(typed, locked, policies)
    everything = (*locked, *policies)
    return Resolved(
        name=everything[0].path if everything else f'preset "{strict.get("extends")}"',
        preset=strict.get("extends"),
        locked=locked,
        policies=policies,
        mode=strict.get("mode"),
        on_violation=strict.get("on-violation"),
        malicious=strict.get("advisories.malicious"),
        bytecode=strict.get("bytecode"),
        startup_files=strict.get("startup-files"),
        seccomp=strict.get("kernel.seccomp"),
        landlock=strict.get("kernel.landlock"),
        secrets=strict.get("kernel.secrets"),
        supervisor=strict.get("kernel.supervisor"),
        core=typed["core"] or "auto",
        records=records,
        plugins=_plugins(locked, policies),
        notices=(),
        quarantine=strict.get("quarantine.profile"),
        least_age=max(policy.settings.get("quarantine.min-age", 0) for policy in everything) if everything else 0,
    )


def _tried_out(resolved, typed):
    """Return what would be in force with the candidate, None without one, and notices about it."""
    candidate = candidates.find((*resolved.locked, *resolved.policies))
    if candidate is None:
        return None, ()
    locked, policies = candidate.replace_in(resolved.locked), candidate.replace_in(resolved.policies)
    tried = _resolved(typed, locked, policies, resolved.records)._replace(name=candidate.policy.path)
    notices = [*candidate.policy.expired]
    if untried := candidates.untried(resolved, tried):
        notices.append(f"{tried.name}: only its rules are tried out, not {', '.join(untried)}")
    return tried, notices


class _Settings:
    """Settings by their order of sources, never looser than what a locked policy says."""

    def __init__(self, typed, locked, policies):
        self.typed = {"mode": typed["mode"], "on-violation": typed["on_violation"]}
        self.typed.update({f"kernel.{layer}": typed["kernel"] for layer in ("seccomp", "landlock")})
        # What the kernel has is taken unasked, but for the supervisor, which costs something: `auto` leaves that to the policy.
        self.typed["kernel.supervisor"] = typed["supervise"] or (typed["kernel"] if typed["kernel"] != "auto" else None)
        self.unasked = {"kernel.supervisor": typed["unasked"]}
        self.locked = locked
        self.policies = policies

    def get(self, key):
        value = self.typed.get(key) or _first(self.policies, key)
        if value is None and key != "extends":
            value = preset.setting(self.get("extends"), key)
        order = STRICTNESS[key]
        floors = [policy.settings[key] for policy in self.locked if key in policy.settings]
        return max([value or self.unasked.get(key) or DEFAULTS[key], *floors], key=order.index)


def _lock(options, environ, cwd, chosen):
    """Return which lock counts, and whether it may give: one that was named, or that its user approved, may."""
    named = options.get("lock") or ""
    if named == "off":
        return {}
    if named:
        file = approval.File.of(pathlib.Path(cwd, named))
        return {"lock": file.path, "lock_digest": file.digest, "lock_is_trusted": True}
    path, needs_approval = find.lock_file(chosen, cwd, home=environ.get("HOME"))
    if path is None:
        return {}
    file = approval.File.of(path)
    is_trusted = not needs_approval or approval.is_approved(file, environ)
    return {"lock": file.path, "lock_digest": file.digest, "lock_is_trusted": is_trusted}


def _first(policies, key):
    return next((policy.settings[key] for policy in policies if key in policy.settings), None)


def _choice(name, options, environ):
    """Return what an option or its variable says, "" for nothing."""
    variable, allowed = CHOICES[name]
    value = options.get(name) or environ.get(variable) or ""
    if value and value not in allowed:
        shown = f"--{name.replace('_', '-')}" if options.get(name) else variable
        near = grants.near_miss(value, allowed)
        raise errors.UsageError(f"{shown} = {value!r} is none of {', '.join(allowed)}{near}")
    return value


def is_file(records):
    """Say whether what is given for records names a file: neither nothing, nor `-`, nor `fd:N`."""
    return bool(records) and records != "-" and not records.startswith("fd:")


def _records(options, environ, cwd):
    target = options.get("records") or environ.get("IMPORTGUARD_RECORDS") or ""
    if not is_file(target):
        return target
    path = str(pathlib.Path(cwd, target))
    number = _descriptor(path)
    return path if number is None else "-" if number == 2 else f"fd:{number}"


def _descriptor(path):
    """Return which of this process's descriptors a path stands for, as /dev/stdout or /dev/fd/3 do; None for a file.

    Opened again by its path it would pass by what is said of descriptors: that records never go to standard output.
    """
    for _ in range(MOST_LINKS):
        folder, name = os.path.split(path)
        folder = os.path.realpath(folder)
        if folder.startswith(f"/proc/{os.getpid()}/") and folder.endswith("/fd"):
            return int(name) if name.isascii() and name.isdecimal() else None
        try:
            path = os.path.join(folder, os.readlink(os.path.join(folder, name)))
        except OSError:
            return None
    return None


def _plugins(locked, policies):
    """Return {name: options} of the plugins of the locked policies and of the first other one that names any."""
    naming = [policy for policy in policies if "plugins" in policy.settings][:1]
    found = {}
    for policy in (*locked, *naming):
        options = policy.settings.get("plugin", {})
        found |= {name: options.get(name, {}) for name in policy.settings.get("plugins", ()) if name not in found}
    return found


def _tightened(policy, others):
    """Return a policy without what would loosen, and what that was; `others` count after it."""
    ignored = {}
    for line in (*policy.lines, *policy.deputies):
        if line.effect != "deny":
            ignored.setdefault(line.effect, []).append(line)
    shown = [f"{effect} ({len(lines)})" for effect, lines in sorted(ignored.items())]
    shown += [f"app ({len(policy.app)})"] if policy.app else []
    settings = {}
    for key, value in policy.settings.items():
        if is_tighter(key, value, others):
            settings[key] = value
        else:
            shown.append(f"{key} = {value!r}")
    lines = tuple(line for line in policy.lines if line.effect == "deny")
    return policy._replace(lines=lines, deputies=(), app=(), expired=(), settings=settings), shown


def is_tighter(key, value, others):
    """Return whether a setting is no looser than what holds without it; `others` are the policies that count after."""
    if key == "quarantine.min-age":
        return True
    if key not in STRICTNESS:
        return False
    name = _first(others, "extends") or DEFAULTS["extends"]
    usual = _first(others, key) or preset.setting(name, key) or DEFAULTS.get(key, STRICTNESS[key][0])
    return STRICTNESS[key].index(value) >= STRICTNESS[key].index(usual)


def _not_approved(policy, ignored):
    return f"{policy.path} is not approved: ignored {', '.join(ignored)} (importguard allow {shlex.quote(str(policy.path))} approves it)"
