"""What install() of the core in C takes, for a process that is armed by hand: without a launcher, and with reports that go nowhere."""

import policies

from importguard.core import ccore
from importguard.model import APP, STDLIB, UNOWNED, Owner

HELD = ({"a": ("1.0", False)}, {"/s/site-packages/a/": "a"}, {"/s/site-packages/b.py": "a"}, {"/s/site-packages": 0}, {"a": "bad"})


def nothing(*_):
    """Take part in everything, and do nothing."""


def parts():
    """Return the arguments of install()."""
    return {
        "table": policies.flat(),
        "candidate": None,
        "ledger": (HELD, ("/srv/",), ("/usr/lib/python/",), "/guard/"),
        "rescan": nothing,
        "main_origin": (APP, "run", "", True, ""),
        "programs": ("cpython.run_file",),
        "loaded": ((globals(), 2, APP),),
        "code_events": ("exec",),
        "patches": {},
        "parts": {"a": (False, "a.py", b"")},
        "unowned": UNOWNED,
        "application": APP,
        "main_owner": Owner("__main__", "", "app"),
        "library": STDLIB,
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
    }


__all__ = ["ccore", "parts"]
