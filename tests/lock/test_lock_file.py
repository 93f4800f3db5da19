"""The lock as a file: what is written is read again, merges lose nothing, and hostile names hide nothing."""

import os
import pathlib
import stat
import subprocess

import hypothesis
import pytest
from locks import locks

from importguard import errors
from importguard.lock import digest, merge, model, read, write
from importguard.policy import grants

D = "sha256:" + "0" * 64


def example(name, *targets, version="1.0"):
    found = tuple(grants.Grant("run", "net.connect", target) for target in targets)
    return model.Entry(name, version, digests=(D,), grants=found)


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(locks)
def test_what_is_written_is_read_again(lock):
    """A lock that was written reads as the lock that it was, in one spelling."""
    content = write.text(lock)

    again = read.parse(content, "x")

    assert again == lock
    assert write.text(again) == content


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(locks, locks, locks)
def test_merges_lose_nothing_in_any_order(one, two, three):
    """Merging is commutative, associative and idempotent, and grants of either side are in the result."""
    both = merge.merge(one, two)

    assert both == merge.merge(two, one)
    assert merge.merge(both, both) == both
    assert merge.merge(both, three) == merge.merge(one, merge.merge(two, three))
    given = {(entry.key, grant) for entry in both.entries for grant in entry.grants}
    assert given == {(entry.key, grant) for lock in (one, two) for entry in lock.entries for grant in entry.grants}


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(locks)
def test_nothing_in_a_lock_hides(lock):
    """No control, bidirectional or other invisible character reaches whoever looks at the file."""
    assert all(character.isprintable() or character == "\n" for character in write.text(lock))


def test_two_branches_merge_as_text(tmp_path):
    """What two branches learnt of different distributions merges line by line without a conflict."""
    base = model.lock([example(name) for name in ("a", "b", "c", "d")])
    ours = merge.merge(base, model.lock([example("a", "x:1")]))
    theirs = merge.merge(base, model.lock([example("d", "y:2"), example("b", "z:3", version="2.0")]))
    for name, lock in (("base", base), ("ours", ours), ("theirs", theirs)):
        write.save(lock, str(tmp_path / name))

    done = subprocess.run(["git", "merge-file", "-p", "ours", "base", "theirs"], cwd=tmp_path, capture_output=True)

    assert done.returncode == 0
    assert read.parse(done.stdout.decode(), "x") == merge.merge(ours, theirs)


def test_ten_thousand_distributions():
    """A lock of ten thousand entries comes back whole."""
    lock = model.lock([example(f"n{number}", f"h{number}:1") for number in range(10_000)])

    assert read.parse(write.text(lock), "x") == lock


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "x:1: version None is not understood, only 1 is"),
        ("version = 2", "x:1: version 2 is not understood, only 1 is"),
        ("version = 1\n[a", "x:2: "),
        ("version = 1\n<<<<<<< ours\n", "x:2: a merge that is not resolved: `importguard learn` takes what both sides say"),
        ("version = 1\ndistributoin = 1", "x:2: unknown key 'distributoin', did you mean 'distribution'?"),
        ("version = 1\ndistribution = 1", "x:2: distribution must be a table"),
        ('version = 1\n[distribution.A_b."1"]', "x:2: 'A_b' is not a normalised name, did you mean 'a-b'?"),
        ('version = 1\n[distribution.a."1"]\nimprot = []', "x:3: unknown key 'distribution.a.1.improt', did you mean 'import'?"),
        ('version = 1\n[distribution.a."1"]\nrun = [\n"net.conect:x:1",\n]', "x:4: unknown capability 'net.conect', did you mean 'net.connect'?"),
        ('version = 1\n[distribution.a."1"]\nrun = [1]', "x:3: distribution.a.1.run holds 1, not a text"),
        ('version = 1\n[distribution.a."1"]\nrun = ["startup:net.listen"]', "x:3: 'startup:net.listen' names a phase, which the table says already"),
        ('version = 1\n[distribution.a."1"]\nrefused = ["net.listen"]', "x:3: 'net.listen' doesn't say in which phase"),
        ('version = 1\n[distribution.a."1"]\ndigests = ["md5:1"]', "x:3: 'md5:1' is no digest: sha256: and 64 hexadecimal digits"),
        ('version = 1\n[distribution.a."1"]\nstartup-files = ["x.pth"]', "x:3: 'x.pth' is no start-up file: a digest, a blank and a file name"),
        ('version = 1\n[distribution.a."1"]\ndeputies = ["net"]', "x:3: unknown capability 'net'"),
        ('version = 1\n[distribution.a."1"]\ndeputies = ["fs.*:/x"]', "x:3: 'fs.*:/x' is nothing to be a deputy for"),
        ('version = 1\n[distribution.a."1"]\ndeputies = ["fs.read:$package"]', "x:3: 'fs.read:$package' is nothing to be a deputy for"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(content, said):
    """A lock that can't be read is an error with file, line and the near miss."""
    with pytest.raises(errors.LockError) as caught:
        read.parse(content, "x")

    assert said in str(caught.value)


def test_a_lock_that_is_not_there(tmp_path):
    """A file that can't be read is a LockError, not a traceback."""
    with pytest.raises(errors.LockError, match="can't be read: No such file"):
        read.read(tmp_path / "importguard.lock")


def test_a_write_that_fails_leaves_the_lock(tmp_path):
    """Where the new lock can't take its place, the old one stays and nothing else is left behind."""
    place = tmp_path / "importguard.lock"
    place.mkdir()

    with pytest.raises(errors.LockError, match="can't be written"):
        write.save(model.Lock(), str(place))

    assert list(tmp_path.iterdir()) == [place]
    assert list(pathlib.Path(place).iterdir()) == []


RECORD = b"""pkg/__init__.py,sha256=abc,3
pkg-1.dist-info/METADATA,sha256=def,4
pkg-1.dist-info/RECORD,,
"""


@pytest.mark.parametrize(
    "other",
    [
        b"\r\n".join(reversed(RECORD.splitlines())),
        RECORD + b"pkg-1.dist-info/INSTALLER,sha256=x,3\npkg-1.dist-info/REQUESTED,,\npkg-1.dist-info/direct_url.json,a,1\n",
        RECORD.replace(b"pkg/__init__.py", b"./pkg/__init__.py") + b"pkg-1.dist-info/uv_cache.json,sha256=x,1\n",
        RECORD + b"pkg/__pycache__/__init__.cpython-311.pyc,,\n../../../bin/pkg,sha256=y,200\n/opt/x,,\n",
        RECORD.replace(b"pkg/__init__.py", b'"pkg/__init__.py"'),
        RECORD.replace(b"\n", b"\r\r\n") + b"./pkg/a.pyc,sha256=z,9\n\n.//opt/y,,\n",
    ],
)  # fmt: skip
def test_a_digest_is_the_same_whatever_installed_it(other):
    """Order, line ends, quotes, bytecode, commands and notes of installers are no part of a digest."""
    assert digest.of_record(other) == digest.of_record(RECORD)


@pytest.mark.parametrize(
    "other",
    [
        RECORD.replace(b"abc", b"abd"),
        RECORD + b"pkg/INSTALLER,sha256=x,3\n",
        RECORD + b"evil.pth,sha256=x,3\n",
        RECORD.replace(b"pkg/__init__.py,", b'"pkg/a,b.py",'),
        RECORD + b"pkg/a.pyc,b.py,sha256=x,3\n",
        RECORD + b"pkg/\xe9.py,sha256=x,3\n",
        RECORD + b"pkg.dist-info/licenses/RECORD,sha256=x,3\n",
    ],
)
def test_a_digest_tells_what_differs(other):
    """Another file, or another content, is another digest."""
    assert digest.of_record(other) != digest.of_record(RECORD)


def test_what_is_no_file_is_not_written_over(tmp_path):
    """A device or a pipe in the place of a lock stays what it is."""
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(errors.LockError, match="pipe: can't be written: not a regular file"):
        write.save(model.Lock(()), tmp_path / "pipe")

    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)
