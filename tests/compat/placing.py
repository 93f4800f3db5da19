"""Puts named distributions into as few environments as they allow, from wheels alone, and keeps them for next time."""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from support import envs, kept
from support.kept import WHEELS_ONLY

MOST_ENVIRONMENTS = 8


@dataclass(frozen=True, slots=True)
class Placed:
    """What was installed where: `environments` holds (Environment, {name: version}); `refused` {name: reason}."""

    environments: tuple[tuple[envs.Environment, dict[str, str]], ...]
    refused: dict[str, str]

    def versions(self):
        """Return {name: version} over all environments."""
        return {name: version for _, pins in self.environments for name, version in pins.items()}


def first_installable(names, count, interpreter, cache):
    """Return ({name: version}, {name: reason}) of the first `count` names that have a wheel for `interpreter`."""
    pins, refused = {}, {}
    rest = list(names)
    while rest and len(pins) < count:
        wanted = count - len(pins)
        batch, rest = rest[:wanted], rest[wanted:]
        found, lacking = newest(batch, interpreter, cache)
        pins.update(found)
        refused.update(lacking)
        if not pins:
            break
    return pins, refused


def newest(names, interpreter, cache):
    """Return ({name: version}, {name: reason}): the newest wheel of each name, and why a name has none."""
    if not names:
        return {}, {}
    try:
        return _report(names, interpreter, cache), {}
    except (envs.InstallFailed, subprocess.TimeoutExpired) as reason:
        if len(names) == 1:
            return {}, {names[0]: _short(reason)}
    half = len(names) // 2
    first, lacking_first = newest(names[:half], interpreter, cache)
    second, lacking_second = newest(names[half:], interpreter, cache)
    return first | second, lacking_first | lacking_second


def place(pins, interpreter, cache):
    """Install `pins` ({name: version}) into as few environments as pip finds possible; returns Placed."""
    folder = Path(cache) / kept.key(pins, interpreter)
    plan = folder / "plan.json"
    if plan.exists():
        return _recall(plan, interpreter)
    shutil.rmtree(folder, ignore_errors=True)
    environments, rest, reasons = [], dict(pins), {}
    while rest and len(environments) < MOST_ENVIRONMENTS:
        environment = envs.create(folder / f"env{len(environments)}", interpreter)
        installed, reasons = fill(environment, rest)
        if not installed:
            break
        environments.append((environment, installed))
        rest = {name: version for name, version in rest.items() if name not in installed}
    placed = Placed(tuple(environments), {name: reasons.get(name, "no environment left") for name in rest})
    listed = [[environment.path.name, pins] for environment, pins in placed.environments]
    plan.write_text(json.dumps({"environments": listed, "refused": placed.refused}))
    return placed


def fill(environment, pins):
    """Install as many of `pins` as go together; returns what was installed, and the reasons why others were not."""
    installed, reasons = {}, {}
    waiting = [list(pins.items())]
    while waiting:
        batch = waiting.pop(0)
        together = installed | dict(batch)
        try:
            envs.install_from_registry(environment, *map("==".join, together.items()), options=WHEELS_ONLY)
            installed = together
        except (envs.InstallFailed, subprocess.TimeoutExpired) as reason:
            if len(batch) == 1:
                reasons[batch[0][0]] = _short(reason)
            else:
                half = len(batch) // 2
                waiting[:0] = [batch[:half], batch[half:]]
    return installed, reasons


def _report(names, interpreter, cache):
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        asked = envs.create(Path(folder) / "env", interpreter)
        envs.install_from_registry(asked, *names, options=(*WHEELS_ONLY, "--no-deps", "--dry-run", "--report", report))
        found = json.loads(report.read_text())["install"]
    versions = {_plain(item["metadata"]["name"]): item["metadata"]["version"] for item in found}
    return {name: versions[_plain(name)] for name in names}


def _recall(plan, interpreter):
    known = json.loads(plan.read_text())
    environments = tuple(
        (envs.Environment(plan.parent / name, interpreter), pins) for name, pins in known["environments"]
    )
    return Placed(environments, known["refused"])


def _plain(name):
    return name.lower().replace("_", "-").replace(".", "-")


def _short(reason):
    lines = [line for line in str(reason).splitlines() if line.startswith("ERROR:")]
    return (lines[-1][len("ERROR:") :].strip() if lines else str(reason).strip()[-200:])[:200]
