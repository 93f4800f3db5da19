"""The value of LD_PRELOAD, and which interpreters it reaches."""

import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import guarded, interpreters, wheels

from importguard import dynamic, ldpreload
from importguard.childargs import guard_child
from importguard.session import VARIABLE, decode_spawn

OWN = "/opt/importguard/preload/igpreload.so"
ENTRIES = st.text(st.sampled_from("abc/.: "), max_size=30)


@given(st.none() | ENTRIES)
def test_the_users_value_comes_back(value):
    """What the user had is what the program sees, whatever it is, set or not; twice added is once added."""
    once = ldpreload.with_object(value, OWN)

    assert once.endswith(OWN)
    assert ldpreload.without_object(once, OWN) == value
    assert ldpreload.with_object(once, OWN) == once


@pytest.mark.parametrize(("value", "rest"), [(f"/a.so {OWN} /b.so", "/a.so:/b.so"), (f"{OWN}:/b.so", "/b.so"), ("/a.so", "/a.so")])
def test_the_object_goes_wherever_it_stands(value, rest):
    """A value that a program put together itself loses the object alone."""
    assert ldpreload.without_object(value, OWN) == rest


@pytest.mark.parametrize("version", [*interpreters.SUPPORTED, "static"])
def test_an_interpreter_that_the_preload_enters(version):
    """One that is linked dynamically against the C library, wherever its own library is."""
    found = interpreters.static() if version == "static" else interpreters.find(version)
    if found is None:
        pytest.skip(interpreters.missing(version))

    assert dynamic.enters(str(found.path))


def test_programs_that_the_preload_does_not_enter(tmp_path, compiler):
    """Scripts, files that are none, programs linked statically or to musl, and those that gain rights when they are started."""
    (tmp_path / "script").write_text(f"#!{sys.executable}\n")
    (tmp_path / "short").write_bytes(b"\x7fELF\x02\x01")
    gains = shutil.copy(os.path.realpath(sys.executable), tmp_path / "gains")
    os.chmod(gains, 0o4755)
    try:
        wheels.compile_c("int main(void) { return 0; }", tmp_path / "static", "-static")
    except subprocess.CalledProcessError:
        (tmp_path / "static").write_bytes(b"")

    wheels.compile_c("int main(void) { return 0; }", tmp_path / "musl", "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1")

    for name in ("script", "short", "gains", "static", "musl", "nowhere"):
        assert not dynamic.enters(str(tmp_path / name)), name


def test_options_are_left_to_an_interpreter_that_the_preload_enters(preload):
    """-I stays -I, and the variables stay where they are."""
    spawn = {"session": "/s/session.bin", "ahead": "/ig/ahead", "preload": preload}

    argv, env = guard_child([sys.executable, "-I", "-c", "1"], {"PYTHONHOME": "/h", "LD_PRELOAD": "/a.so"}, spawn)

    assert argv == [sys.executable, "-I", "-c", "1"]
    assert (env["LD_PRELOAD"], env["PYTHONHOME"]) == (f"/a.so:{preload}", "/h")
    assert decode_spawn(env[VARIABLE])["flags"] == ""


def test_env_that_clears_the_environment_sets_the_preload_again(preload):
    """`env -i` gets all three variables in front of its command."""
    spawn = {"session": "/s/session.bin", "ahead": "/ig/ahead", "preload": preload}

    argv, env = guard_child(["/usr/bin/env", "-i", "python3", "-I"], {}, spawn)

    assert sorted(argv[2:-2]) == sorted(f"{name}={env[name]}" for name in ("LD_PRELOAD", "PYTHONPATH", VARIABLE))


def test_an_interpreter_that_gains_rights_is_guarded_in_other_words(world):
    """Where the loader may overlook LD_PRELOAD, -I is put in other words; the process is armed once all the same."""
    code = f"import sys; sys.path.append({str(world.environment.site_packages)!r}); import acme_kid; print(sys.flags.isolated)"
    (world.project / "app.py").write_text(
        f"import os, shutil, subprocess, sys\ncode = {code!r}\n"
        "shutil.copy(os.path.realpath(sys.executable), 'python-gains')\nos.chmod('python-gains', 0o4755)\n"
        "subprocess.run(['./python-gains', '-I', '-c', code], check=True)\n"
    )

    outcome = guarded.run(world, [world.environment.python, "app.py"])

    assert outcome.stdout == "1\n", outcome.story()
    assert "GET:/kid" not in world.evidence()
    armed = [record["pid"] for record in outcome.records if record["event"] == "armed"]
    assert len(armed) == len(set(armed)) == 2


def test_a_session_without_a_preload_says_so(world, tmp_path):
    """Where the object can't be named in LD_PRELOAD, `missing` says why, and PYTHONPATH and rewriting do what they can."""
    package = tmp_path / "a blank" / "importguard"
    shutil.copytree(os.path.dirname(ldpreload.__file__), package, ignore=shutil.ignore_patterns("__pycache__"))
    (world.project / "app.py").write_text(
        "import subprocess, sys\nsubprocess.run([sys.executable, '-I', '-c', 'import acme_kid'], check=True)\n"
    )
    launcher = [sys.executable, "-I", "-S", package / "launch" / "launcher.py", os.path.dirname(os.path.dirname(pytest.__file__))]
    command = [*launcher, "run", "--records", tmp_path / "r.jsonl", "--", world.environment.python, "app.py"]

    done = subprocess.run(command, env=world.variables(), cwd=world.project, capture_output=True, text=True, timeout=60)

    armed = [record for record in guarded.read_records(tmp_path / "r.jsonl") if record["event"] == "armed"]
    assert done.returncode == 0 and "GET:/kid" not in world.evidence(), done.stderr
    assert ["preload" in record["layers"] for record in armed] == [False, False]
    assert all(any(text.startswith("preload: ") and "blank" in text for text in record["missing"]) for record in armed)
