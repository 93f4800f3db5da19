"""Vetting that is interrupted, and what is said of what can't be installed."""

import contextlib
import fcntl
import os
import signal
import subprocess
import tarfile
import time

import furnishing
import pytest
from support import guarded, wheels

from importguard.vet import folders, installing, page, result

SECONDS = 60  # half of the patience that a module has


@pytest.mark.parametrize("executor", ["local", "dask"])
def test_whoever_interrupts_it_waits_for_no_module(interpreter, tmp_path, executor):
    """A module that never ends is ended with the run: exit status 130, the way to go on, no process and no file left."""
    if executor == "dask":
        pytest.importorskip("distributed")
    (tmp_path / "tmp").mkdir()
    wheels.build(furnishing.HANGING, tmp_path / "wheels", interpreter)
    options = ("--python", interpreter.path, "--results", tmp_path / "kept.jsonl", "--executor", executor)
    began = time.monotonic()
    vetting = subprocess.Popen(
        [*map(str, (*guarded.launcher(), "vet", "acme-hanging", *options))], env=variables(tmp_path), cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while not list(tmp_path.glob("tmp/vet-*/tmp/began")):
        assert vetting.poll() is None and time.monotonic() - began < 100, vetting.communicate()
        time.sleep(0.1)

    vetting.send_signal(signal.SIGINT)
    _, said = vetting.communicate(timeout=SECONDS)

    assert vetting.returncode == 130, said
    assert "interrupted: 0 of 1 are in " in said
    assert "Traceback" not in said
    assert list((tmp_path / "tmp").glob("vet-*")) == []
    assert running_below(tmp_path) == []


def test_the_next_one_clears_what_a_killed_one_has_left(interpreter, tmp_path):
    """After SIGKILL its folders are there; the next run removes them, and neither one that is held nor anybody else's."""
    (tmp_path / "tmp").mkdir()
    wheels.build(furnishing.HANGING, tmp_path / "wheels", interpreter)
    wheels.build(furnishing.SINGLE, tmp_path / "wheels", interpreter)
    kept = [tmp_path / "tmp" / "vet-notes", tmp_path / "tmp" / "vet-held"]
    for folder in kept:
        folder.mkdir(mode=0o700)
    (kept[1] / folders.MARK).touch()
    held = os.open(kept[1], os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)
    killed = start(tmp_path, interpreter, "acme-hanging")
    wait_until_it_hangs(tmp_path, killed)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=SECONDS)
    end_what_is_left(tmp_path)
    left = [folder for folder in (tmp_path / "tmp").glob("vet-*") if folder not in kept]

    _, said = start(tmp_path, interpreter, "acme-single").communicate(timeout=2 * SECONDS)
    os.close(held)

    assert left and sorted((tmp_path / "tmp").glob("vet-*")) == sorted(kept), said


def start(folder, interpreter, requirement, *, stdout=subprocess.PIPE):
    """Start vetting a requirement in a folder; returns the process."""
    options = ("--python", interpreter.path, "--results", folder / "kept.jsonl")
    return subprocess.Popen(
        [*map(str, (*guarded.launcher(), "vet", requirement, *options))], env=variables(folder), cwd=folder,
        stdout=stdout, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def wait_until_it_hangs(folder, vetting):
    """Wait until a module that never ends is being imported."""
    began = time.monotonic()
    while not list(folder.glob("tmp/vet-*/tmp/began")):
        assert vetting.poll() is None and time.monotonic() - began < 100, vetting.communicate()
        time.sleep(0.1)


def end_what_is_left(folder):
    """End the processes that were started with a home below a folder, as whoever kills a whole session does."""
    deadline = time.monotonic() + SECONDS
    while left := started_below(folder / "tmp"):
        assert time.monotonic() < deadline, left
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def started_below(folder):
    """Return the processes whose environment names what is below a folder."""
    found = []
    for place in os.listdir("/proc"):
        if place.isdecimal() and int(place) != os.getpid():
            with contextlib.suppress(OSError), open(f"/proc/{place}/environ", "rb") as file:
                found += [int(place)] if os.fsencode(f"HOME={folder}/") in file.read() else []
    return found


def test_a_module_that_stops_the_process_is_named(tmp_path):
    """Whoever reads the block sees which module it was and how it ended."""
    found = result.Result("acme", "1", {"acme": "", "acme.a": "ended the process: exit 7", "acme.b": "ImportError: no"})

    text = page.block(found)

    assert "  stopped acme.a: ended the process: exit 7" in text
    assert "2 not importable" in text


def test_why_modules_can_not_be_imported():
    """A reason is one line, however many modules it has, and the rest is a number: nothing that others chose fills a terminal."""
    reasons = {"acme.a": "no cffi", "acme.b": "no win32", "acme.c": "no cffi", "acme.d": "no\x1b[2J", "acme.e": "x", "acme.f": "y"}

    text = page.block(result.Result("acme", "1", {"acme": "", **reasons}))

    assert text.splitlines() == [
        "acme 1: 7 modules, 6 not importable",
        "  broken  acme.a and 1 more: no cffi",
        "  broken  acme.b: no win32",
        r"  broken  acme.d: no\x1b[2J",
        "  broken  2 more, for other reasons",
    ]


def test_what_has_no_wheel_is_told_how_it_can_be_had(interpreter, tmp_path, monkeypatch):
    """Without a wheel the option that builds is named, and with it what the build itself said last."""
    (tmp_path / "wheels").mkdir()
    unbuildable(tmp_path / "wheels")
    for name, value in variables(tmp_path).items():
        monkeypatch.setenv(name, value)

    _, refused = installing.spread(["acme-unbuildable"], str(interpreter.path), tmp_path)
    _, built = installing.spread(["acme-unbuildable"], str(interpreter.path), tmp_path, builds=True)

    assert "No matching distribution" in refused["acme-unbuildable"] and "--build" in refused["acme-unbuildable"]
    assert "did not run successfully" in built["acme-unbuildable"] and "setuptools" in built["acme-unbuildable"]


def unbuildable(folder):
    """Put a source distribution into a folder that needs something to be built which isn't there."""
    root = folder.parent / "acme_unbuildable-1.0"
    root.mkdir()
    (root / "setup.py").write_text("")
    (root / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: acme-unbuildable\nVersion: 1.0\n")
    with tarfile.open(folder / "acme_unbuildable-1.0.tar.gz", "w:gz") as archive:
        archive.add(root, root.name)


def variables(folder):
    """Return the environment in which pip finds the wheels of a folder and nothing else."""
    offer = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder / "wheels"), "PIP_CONFIG_FILE": os.devnull}
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder / "tmp"), "LANG": "C.UTF-8", **offer}


def running_below(folder):
    """Return the command lines of processes that name a folder."""
    found = []
    for place in os.listdir("/proc"):
        if place.isdecimal() and int(place) != os.getpid():
            try:
                with open(f"/proc/{place}/cmdline", "rb") as file:
                    line = file.read()
            except OSError:
                continue
            found += [line] if os.fsencode(str(folder)) in line else []
    return found


def test_a_file_without_a_requirement_is_nothing_to_vet(interpreter, tmp_path):
    """One line that names the file, exit status 2, and no end of attempts to install nothing."""
    (tmp_path / "none.txt").write_text("# none\n\n")

    ended = guarded.importguard("vet", "-r", tmp_path / "none.txt", variables=variables(tmp_path), seconds=30)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "none.txt': name requirements" in ended.stderr and ended.stderr.count("\n") == 1


def test_what_is_no_requirement_is_said_at_once(interpreter, tmp_path):
    """No environment is made and no pip started for texts that can't be requirements, and the others go ahead without them; whether
    there is something at a place is for pip to say."""
    wrong = ["a b", "==1", "", "x["]

    made, refused = installing.spread(wrong, interpreter.path, tmp_path / "wrong")
    assert (made, list(refused), list(tmp_path.iterdir())) == ([], wrong, [])
    assert all(reason.startswith("Invalid requirement: ") for reason in refused.values())

    wheel = wheels.build(furnishing.SINGLE, tmp_path / "wheels", interpreter)
    made, refused = installing.spread([str(wheel), "a b", "./nothing.whl"], interpreter.path, tmp_path / "made")
    assert [pin[0] for environment in made for pin in environment.pins] == ["acme-single"]
    assert list(refused) == ["a b", "./nothing.whl"] and "Invalid requirement" not in refused["./nothing.whl"]


def test_what_pip_has_nothing_for_is_left_out_of_its_batch(interpreter, tmp_path, monkeypatch):
    """Of several at once, those that pip names are refused, however they are spelt, and the others stay together; where it names
    what one of them needs, that one is found out."""
    for name, value in variables(tmp_path).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "tmp").mkdir()
    for wheel in (furnishing.SINGLE, wheels.Wheel("acme-one", "1", {}), wheels.Wheel("acme-needy", "1", {}, requires=("acme-nowhere",))):
        wheels.build(wheel, tmp_path / "wheels", interpreter)
    wanted = ["acme-one", "acme-gone >= 2", "acme-single", "Acme_Lost"]

    made, _refused = installing.spread(wanted, interpreter.path, tmp_path / "one")
    assert [[name for name, _ in environment.pins] for environment in made] == [["acme-one", "acme-single"]]

    made, refused = installing.spread([*wanted, "acme-needy"], interpreter.path, tmp_path / "more")
    assert sorted(name for environment in made for name, _ in environment.pins) == ["acme-one", "acme-single"]
    assert list(refused) == ["acme-gone >= 2", "Acme_Lost", "acme-needy"]
    assert [reason.split(" for ")[1].partition(";")[0] for reason in refused.values()] == ["acme-gone>=2", "Acme_Lost", "acme-nowhere"]


def test_no_room_for_what_is_told_is_one_line(interpreter, tmp_path):
    """Standard output on a full disk, in the midst of the run: one line, exit 2; what was found is kept."""
    (tmp_path / "tmp").mkdir()
    wheels.build(furnishing.SINGLE, tmp_path / "wheels", interpreter)
    with open("/dev/full", "w") as full:
        vetting = start(tmp_path, interpreter, "acme-single", stdout=full)
        _, said = vetting.communicate(timeout=2 * SECONDS)

    assert vetting.returncode == 2, said
    assert said.splitlines()[1:] == ["importguard IG101: standard output can't be written: No space left on device"]
    assert (tmp_path / "kept.jsonl").read_text().count("\n") == 1 and list((tmp_path / "tmp").glob("vet-*")) == []
