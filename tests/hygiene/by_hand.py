"""What install() of the core in C takes, for a process that is armed by hand: without a launcher, and with reports that go nowhere."""

import marshal
import tempfile

import policies

from importguard.core import ccore

HELD = ({"a": ("1.0", False)}, {"/s/site-packages/a/": "a"}, {"/s/site-packages/b.py": "a"}, {"/s/site-packages": 0}, {"a": "bad"})


PART = marshal.dumps(compile("", "a.py", "exec"))
BUNDLE = tempfile.NamedTemporaryFile()  # noqa: SIM115 - for as long as the process lives
BUNDLE.write(PART)
BUNDLE.flush()


def nothing(*_):
    """Take part in everything, and do nothing."""


def parts():
    """Return the arguments of install()."""
    return {
        "table": policies.flat(),
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
        "since": 0,
    }


__all__ = ["ccore", "parts"]
