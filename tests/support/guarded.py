"""Runs a program in a World: unguarded, or under `importguard run`; always to the end of its last descendant."""

import functools
import json
import os
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

REAPER = Path(__file__).with_name("reaper.py")
CHECKOUT_LAUNCHER = Path(__file__).parents[2] / "importguard" / "launch" / "launcher.py"
SECONDS = 20
TIMED_OUT = 124
UNGUARDED, OBSERVE, RECOMMENDED = MODES = ("unguarded", "observe", "recommended")
# What is on record and refuses nothing; see the decision on comparing packages around an import.
NOTICED = "patch:noticed"
OPTIONS = {OBSERVE: ("--mode", "observe"), RECOMMENDED: ("--mode", "enforce")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: exit status, output, records as mappings, and the seconds it took."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float
    records: tuple[dict, ...] = field(default=(), repr=False)

    def decisions(self, *, capability="*", owner="*", phase="*", target="*", verdict="*"):
        """Return the decision records that match all the patterns."""
        wanted = {"capability": capability, "phase": phase, "target": target, "verdict": verdict}
        return [
            record
            for record in self.records
            if record["event"] == "decision"
            and all(fnmatchcase(str(record.get(name, "")), pattern) for name, pattern in wanted.items())
            and fnmatchcase(record["owner"]["name"], owner)
        ]

    def alarms(self):
        """Return the decisions that would be shown: all but what one package changes of another, which honest ones do."""
        return [record for record in self.decisions() if record["rule"] != NOTICED]

    def story(self):
        """Return what a failing test should show: exit, output and the decisions, one a line."""
        lines = [f"exit {self.returncode} after {self.seconds:.1f} s", "stdout " + self.stdout, "stderr " + self.stderr]
        return "\n".join(lines + [_short(record) for record in self.records])


def run(world, command, *, mode=RECOMMENDED, policy=None, options=(), variables=None, seconds=SECONDS, before=()):
    """Run `command` (list) in `world` and return the Outcome. `policy` is TOML text; `before` goes ahead of it all."""
    records = world.root / "records.jsonl"
    wrapped = command if mode == UNGUARDED else guarded_command(world, command, mode, policy, records, options)
    line = [*before, sys.executable, "-I", "-S", REAPER, str(seconds), *wrapped]
    started = time.monotonic()
    done = subprocess.run(
        list(map(str, line)), cwd=world.project, env={**world.variables(), **(variables or {})},
        stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds + 10,
    )  # fmt: skip
    return Outcome(
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
        time.monotonic() - started,
        read_records(records),
    )


def guarded_command(world, command, mode, policy, records, options=()):
    """Return the command line of `importguard run` around `command`."""
    chosen = []
    if policy is not None:
        path = world.root / "policy.toml"
        path.write_text(policy)
        chosen = ["--policy", path]
    return [*launcher(), "run", *OPTIONS[mode], *chosen, "--records", records, *options, "--", *command]


def importguard(*arguments, world=None, variables=None, seconds=60):
    """Run another command of importguard and return the CompletedProcess."""
    environ = {**(world.variables() if world else {"PATH": os.defpath, "LANG": "C.UTF-8"}), **(variables or {})}
    command = [*launcher(), *arguments]
    return subprocess.run(list(map(str, command)), env=environ, capture_output=True, text=True, timeout=seconds)


@functools.cache
def launcher():
    """Return the command under test: $IMPORTGUARD_TEST_LAUNCHER, the one installed beside pytest, or the checkout's."""
    if named := os.environ.get("IMPORTGUARD_TEST_LAUNCHER"):
        return tuple(named.split())
    beside = Path(sys.executable).with_name("importguard")
    if beside.exists():
        return (str(beside),)
    return (sys.executable, "-I", "-S", str(CHECKOUT_LAUNCHER), sysconfig.get_path("purelib"))


def read_records(path):
    """Return the records in a file of JSON lines, or none when there is no such file."""
    if not Path(path).exists():
        return ()
    return tuple(json.loads(line) for line in Path(path).read_text().splitlines() if line)


def _short(record):
    if record["event"] != "decision":
        return f"{record['event']} {record.get('pid')}"
    wanted = ("verdict", "capability", "target", "phase", "module", "rule", "layer")
    return record["owner"]["name"] + " " + " ".join(f"{name}={record.get(name)!r}" for name in wanted)
