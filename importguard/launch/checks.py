"""What holds on this machine, one check at a time; the last one fires a harmless operation that must be denied."""

import json
import os
import pathlib
import platform
import socket
import subprocess
import sys
import tempfile

from importguard import core, ldpreload
from importguard.errors import ImportguardError
from importguard.kernel import syscalls_unsafe, trial
from importguard.launch import directory, first, itself, preloading
from importguard.policy import named, resolve

SECONDS = 30
PROBE = "importguard_doctor_probe"
PROGRAM = f"import sys; sys.path.insert(0, sys.argv[1]); import {PROBE}"
# What an install hook would do, on loopback, to a listener of our own.
SOURCE = """
import os, socket
try:
    socket.create_connection(("127.0.0.1", int(os.environ["DOCTOR_PORT"])), 5).close()
except PermissionError:
    pass
"""


def all_checks():
    """Yield {"name", "state", "text"} for each check; the state is "holds", "fails" or "absent" (not built in)."""
    yield from (_platform(), _interpreter(), _first())
    yield from (_core(), *_kernel())
    yield from (_preload(), _policy(), _session(), _daemons(), _live_fire())


def _core():
    chosen = core.choose("auto", named.package_folder())
    if chosen.name == "c":
        return _check("core", "holds", "c: it decides out of the reach of Python code, and hears what raises no event")
    return _check("core", "absent", f"py, which code that attacks the guard itself can reach; {chosen.missing}")


def _check(name, state, text):
    return {"name": name, "state": state, "text": text}


def _platform():
    text = f"{platform.system()} {platform.release()} {platform.machine()}"
    linux = sys.platform == "linux"
    return _check("platform", "holds" if linux else "fails", text if linux else f"{text}: only Linux is supported")


def _interpreter():
    name, version = platform.python_implementation(), platform.python_version()
    return _check("interpreter", "holds" if name == "CPython" else "fails", f"{name} {version} ({sys.executable})")


def _first():
    if sys.flags.no_site:
        return _check("first in line", "holds", "this process read no start-up file")
    try:
        first.require_first()
    except ImportguardError as error:
        return _check("first in line", "fails", str(error))
    return _check("first in line", "holds", "started late, and only well-known start-up files ran before")


def _kernel():
    """Yield what the kernel holds; a layer that a policy demands and that isn't here fails."""
    try:
        resolved = resolve.resolve({}, os.environ, pathlib.Path.cwd())
    except ImportguardError:
        resolved = None  # said by the check of the policy
    for name, (state, text) in trial.rungs().items():
        if state == "absent" and getattr(resolved, name, "") == "require":
            state, text = "fails", f"the policy demands it: {text}"
        yield _check(name, state, text)


def _preload():
    path, problem = preloading.find()
    if problem:
        return _check("preload", "absent", problem)
    command = [sys.executable, "-I", "-S", "-c", "print(open('/proc/self/maps').read())"]
    mapped = subprocess.run(command, env={ldpreload.VARIABLE: path}, capture_output=True, timeout=SECONDS, check=False).stdout
    if os.fsencode(os.path.realpath(path)) not in mapped:
        return _check("preload", "fails", f"{sys.executable} doesn't load {path}")
    return _check("preload", "holds", "interpreters that overlook PYTHONPATH (-I, -E) are reached by LD_PRELOAD")


def _policy():
    try:
        resolved = resolve.resolve({}, os.environ, pathlib.Path.cwd())
    except ImportguardError as error:
        return _check("policy", "fails", str(error))
    return _check("policy", "holds", f"{resolved.name}, {resolved.mode}, on violation {resolved.on_violation}")


def _session():
    try:
        return _check("session", "holds", f"session directories go to {_writable()}")
    except ImportguardError as error:
        return _check("session", "fails", str(error))


def _writable():
    """Return the folder that sessions go to; raises CannotArm where there is none."""
    place = directory.create(os.environ)
    directory.remove(place)
    return os.path.dirname(place.outer)


def _daemons():
    try:
        syscalls_unsafe.become_subreaper()
    except (OSError, ImportError) as error:
        return _check("daemons", "fails", f"daemons of a command can't be followed: {error}")
    return _check("daemons", "holds", "daemons of a command are followed and killed with it (subreaper)")


def _live_fire():
    try:
        base = _writable()
    except ImportguardError:
        return _check("live fire", "fails", "nothing was tried: it takes a folder that can be written")
    with tempfile.TemporaryDirectory(dir=base) as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        site = _throw_away_distribution(pathlib.Path(folder))
        listener.settimeout(0.5)
        environment = {**os.environ, "DOCTOR_PORT": str(listener.getsockname()[1]), "IMPORTGUARD_POLICY": ""}
        unguarded = _connects([sys.executable, "-I", "-S", "-c", PROGRAM, site], environment, listener)
        records = pathlib.Path(folder, "records.jsonl")
        options = ["run", "--mode", "enforce", "--on-violation", "deny", "--records", str(records)]
        command = [*itself.command_line(), *options, "--", sys.executable, "-c", f"import {PROBE}"]
        guarded = _connects(command, {**environment, "PYTHONPATH": site}, listener)
        return _judged(unguarded, guarded, _denials(records))


def _throw_away_distribution(folder):
    site = folder / "site-packages"
    info = site / f"{PROBE}-1.0.dist-info"
    info.mkdir(parents=True)
    (site / f"{PROBE}.py").write_text(SOURCE)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PROBE}\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"{PROBE}.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    return str(site)


def _connects(command, environment, listener):
    """Run a command to its end and say whether it reached the listener."""
    subprocess.run(command, env=environment, capture_output=True, timeout=SECONDS, check=False)
    try:
        listener.accept()[0].close()
    except TimeoutError:
        return False
    return True


def _denials(records):
    try:
        found = [json.loads(line) for line in records.read_text().splitlines()]
    except OSError:
        return []
    return [record for record in found if record.get("verdict") == "deny" and record.get("capability") == "net.connect"]


def _judged(unguarded, guarded, denials):
    if guarded:
        return _check("live fire", "fails", "an import that connects to loopback was NOT stopped")
    if not denials or not unguarded:
        return _check("live fire", "fails", f"inconclusive: connected unguarded: {unguarded}, denials: {len(denials)}")
    owner, rule = denials[0]["owner"], denials[0]["rule"]
    text = f"a package that connects at import reached its target unguarded, and was denied ({owner['name']}, {rule})"
    return _check("live fire", "holds", text)
