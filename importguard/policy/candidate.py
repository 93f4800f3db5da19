"""The policy that is only tried out: read from where another one names it, judged beside what is in force."""

import pathlib
import typing

from importguard import errors
from importguard.policy import lines, toml

# What a Resolved says beside its rules, and is not tried out.
OTHERS = {"malicious": "advisories.malicious", "bytecode": "bytecode", "startup_files": "startup-files"}


class Candidate(typing.NamedTuple):
    """A policy that is tried out in the place of the one that names it."""

    named_by: toml.Policy
    policy: toml.Policy

    def replace_in(self, policies):
        """Return the policies with the candidate in the place of the one that names it."""
        return tuple(self.policy if policy is self.named_by else policy for policy in policies)


def find(policies):
    """Return the Candidate that the first of the policies names, None where none does; raises PolicyError."""
    for policy in policies:
        if name := policy.settings.get("candidate"):
            return Candidate(policy, _read(policy, name))
    return None


def untried(resolved, candidate):
    """Return the settings in which a candidate, resolved itself, differs, and which don't become a part of its verdicts."""
    differing = [key for field, key in OTHERS.items() if getattr(resolved, field) != getattr(candidate, field)]
    return (["app"] if _apps(resolved) != _apps(candidate) else []) + differing


def _apps(resolved):
    return {name for policy in (*resolved.locked, *resolved.policies) for name in policy.app}


def _read(policy, name):
    path = pathlib.Path(policy.path).parent / name
    if path.is_file():
        return toml.read(path)
    raise errors.PolicyError(f"{policy.path}:{_line(policy)}: candidate.policy = {name!r}: {path} is no file")


def _line(policy):
    """Return the line in which a policy names its candidate."""
    try:
        places = lines.locate(pathlib.Path(policy.path).read_text("utf-8"))
    except (OSError, ValueError):
        return 1
    return next((line for place, line in places.items() if place[-2:] == ("candidate", "policy")), 1)
