"""`make kernel`: runs every workload, those of distributions as well, bare and beneath the seal, and the kill thirty times.

Installs what it needs into a throw-away environment and writes down what differs. What can't be installed is named.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import everyday  # noqa: E402
import everyday_packages  # noqa: E402
from support import envs, guarded, interpreters, worlds  # noqa: E402

SECONDS = 600
SCRIPTS = ("everyday.py", "everyday_packages.py")
HEAD = """# Workloads beneath the seal

Written by `make kernel`: {total} ordinary workloads (`tests/kernel/everyday.py`), each bare and under `importguard run` with the
preset `recommended`, on CPython {version}. {same} behave as bare.

| workload | needs | bare | guarded |
|---|---|---|---|
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the page to write")
    parser.add_argument("--environment", type=Path, help="an environment that has the distributions already")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="workloads-", ignore_cleanup_errors=True) as name:
        folder, own = Path(name), interpreters.find(interpreters.OWN)
        environment = envs.Environment(options.environment, own) if options.environment else envs.create(folder / "env", own)
        packages = dict.fromkeys(everyday_packages.PACKAGES.values())
        have = _installed(environment) if options.environment else {package for package in packages if _install(environment, package)}
        rows = _compare(folder, environment, [name for name in everyday.ALL if everyday_packages.PACKAGES.get(name) in {*have, None}])
    options.out.write_text(_page(rows))
    runs = _kill(30)
    print(f"kill: {runs}")
    return 0 if all(bare == with_guard for bare, with_guard in rows.values()) and " failed" not in runs else 1


def _install(environment, name):
    try:
        envs.install_from_registry(environment, name)
    except (envs.InstallFailed, subprocess.TimeoutExpired) as error:
        print(f"{name} can't be installed: {error}")
        return False
    return True


def _installed(environment):
    """Return the names of the distributions that an environment has."""
    return {path.name.partition("-")[0].replace("_", "-").lower() for path in environment.site_packages.glob("*.dist-info")}


def _compare(folder, environment, names):
    with worlds.furnished(folder / "world", environment) as world:
        for name in SCRIPTS:
            (world.project / name).write_text((HERE / name).read_text())
        command = [environment.python, SCRIPTS[-1], *names]
        bare = guarded.run(world, command, mode=guarded.UNGUARDED, seconds=SECONDS)
        outcome = guarded.run(world, command, seconds=SECONDS)
    first, second = json.loads(bare.stdout), json.loads(outcome.stdout)
    return {name: (first[name], second[name]) for name in names}


def _page(rows):
    same = sum(bare == with_guard for bare, with_guard in rows.values())
    lines = [
        f"| {name} | {everyday_packages.PACKAGES.get(name, 'the standard library')} | {bare} | {with_guard} |"
        for name, (bare, with_guard) in rows.items()
    ]
    lines += [f"| {name} | {package} | not run | not run |" for name, package in everyday_packages.PACKAGES.items() if name not in rows]
    return HEAD.format(total=len(rows), version=interpreters.OWN, same=same) + "\n".join(lines) + "\n"


def _kill(runs):
    """Return pytest's last line about ending a whole tree, `runs` times."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE.parent / "launch" / "test_kill.py")]
    done = subprocess.run(command, env={**os.environ, "KILL_RUNS": str(runs)}, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main())
