"""What install() of the core in C takes, for a process that is armed by hand: without a launcher, and with reports that go nowhere."""

import marshal
import sys
import tempfile
import time
from pathlib import Path

from importguard.core import ccore

TABLE = marshal.loads(Path(sys.argv[1]).read_bytes())  # of a policy, as policies.flat() makes it
HELD = ({"a": ("1.0", False)}, {"/s/site-packages/a/": "a"}, {"/s/site-packages/b.py": "a"}, {"/s/site-packages": 0}, {"a": "bad"})
BEGAN = time.time()  # what is cached afterwards is compiled again
WATCHED = ("fs.read", "fs.write", "fs.list", "net.connect", "proc.spawn", "env.read", "env.write", "runtime.patch")
PART = marshal.dumps(compile("", "a.py", "exec"))
BUNDLE = tempfile.NamedTemporaryFile()  # noqa: SIM115 - for as long as the process lives
FLAT = ccore.table_flat(TABLE)
BUNDLE.write(PART + FLAT)
BUNDLE.flush()


def nothing(*_):
    """Take part in everything, and do nothing."""


def parts():
    """Return the arguments of install()."""
    return {
        "table": TABLE,
        "candidate": None,
        "ledger": (HELD, ("/srv/",), ("/usr/lib/python/",), "/guard/"),
        "rescan": nothing,
        "main_origin": (("application", "", "app"), "run", "", True, ""),
        "programs": ("cpython.run_file",),
        "code_events": ("exec",),
        "patches": {},
        "parts": {"": (BUNDLE.name, 0, len(PART)), "a": (False, "a.py", 0, len(PART))},
        "base": globals(),
        "report": nothing,
        "look": nothing,
        "patch": nothing,
        "learn": None,
        "on_path": nothing,
        "startup_file": nothing,
        "tampered": nothing,
        "adopt": None,
        "noticed": nothing,
        "wheel_bytecode": frozenset(),
        "pycache_prefix": None,
        "enforcing": True,
        "refuses_startup_files": True,
        "examines_bytecode": True,
        "undoes_patches": False,
        "malicious": 0,
        "asker": None,
        "imported": None,
        "since": BEGAN,
        "records": "stderr",
    }


def learning(table):
    """Return a table by which whatever anybody does is asked about, as it is while a lock is learnt."""
    return {**table, "watch": dict.fromkeys(WATCHED, True)}


def piece_of_table():
    """Return where in a file the table lies, as the launcher gives it to a process that it guards."""
    return BUNDLE.name, len(PART), len(FLAT)


__all__ = ["FLAT", "TABLE", "ccore", "learning", "parts", "piece_of_table"]
