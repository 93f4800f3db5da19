"""On a read-only file system: where a session still finds a place."""

import json
import os
import sys

import pytest


def without_writing(*folders):
    """Return the words in front of a command that have it find folders on a read-only file system."""
    if not os.path.exists("/usr/bin/unshare") or os.geteuid() != 0:
        pytest.skip("needs root and unshare for a file system that is read-only")
    bind = "mount --bind $d $d && mount -o remount,ro,bind $d"
    line = f'for d in {" ".join(folders)}; do {bind} || exit 99; done; exec "$@"'
    return "unshare", "--mount", "/bin/sh", "-c", line, "sh"


def test_no_writable_folder_is_one_line(place):
    """Every base refuses: exit 3, all of them named."""
    before = without_writing("/tmp", "/dev/shm", "/var/tmp")
    ended = place.importguard("run", "--", "true", before=before, variables={"TMPDIR": "/proc"})

    tried = place.importguard("doctor", before=before, variables={"TMPDIR": "/proc"})

    assert ended.returncode == 3, ended.stderr
    assert tried.returncode == 1 and "live fire      nothing was tried" in tried.stdout, tried.stdout + tried.stderr
    assert "no writable folder" in ended.stderr and "/dev/shm" in ended.stderr


def test_shared_memory_is_place_enough(place):
    """On a read-only file system whose one writable place is /dev/shm a command runs guarded, and the guard is tried out."""
    before = without_writing("/tmp", "/var/tmp", str(place.folder))
    words = ("run", "--records", "-", "--", sys.executable, "-c", "print('out')")
    ended = place.importguard(*words, before=before, variables={"TMPDIR": "/proc"})
    tried = place.importguard("doctor", before=before, variables={"TMPDIR": "/proc"})

    assert (ended.returncode, ended.stdout) == (0, "out\n"), ended.stderr
    assert json.loads(ended.stderr.splitlines()[0])["event"] == "armed"
    assert tried.returncode == 0 and "ok   live fire" in tried.stdout, tried.stdout + tried.stderr
