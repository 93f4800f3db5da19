"""A program that arms itself."""

import os
import socket
import subprocess
import sysconfig
from pathlib import Path

import pytest
from support import envs, guarded, wheels

ROOT = Path(__file__).resolve().parents[2]
CONNECTS = """
import os, socket
try:
    socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 5).close()
except PermissionError:
    pass
"""


@pytest.mark.parametrize(("program", "reached"), [("import grabby", True), ("importguard.arm(); import grabby", False)])
def test_what_is_imported_after_arming_is_guarded(tmp_path, empty_environment, program, reached):
    """The same import reaches its target without `arm()`, and not with it."""
    environment = envs.copy(empty_environment, tmp_path / "env")
    envs.install(environment, wheels.Wheel("grabby", "1.0", {"grabby.py": CONNECTS}), folder=tmp_path / "wheels")
    packaging = Path(sysconfig.get_path("purelib")) / "packaging"
    if not packaging.is_dir():
        pytest.skip("needs packaging installed beside pytest")
    (environment.site_packages / "packaging").symlink_to(packaging)
    records = tmp_path / "records.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        environ = {
            "PATH": os.defpath, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "IMPORTGUARD_RECORDS": str(records),
            "PORT": str(listener.getsockname()[1]),
        }  # fmt: skip

        code = f"import importguard; {program}"
        subprocess.run([environment.python, "-c", code], env=environ, cwd=tmp_path, check=True, timeout=60)

        assert _was_reached(listener) is reached
    denied = [record for record in guarded.read_records(records) if record.get("verdict") == "deny"]
    assert [record["owner"]["name"] for record in denied] == ([] if reached else ["grabby"])


MAKES_CODE = """
import importguard
importguard.arm("policy.toml", records="r.jsonl")

CODE = "import socket\\ntry: socket.create_server(('127.0.0.1', 0)); print('reached')\\nexcept OSError: print('refused')"

def in_a_function():
    exec(compile(CODE, "made", "exec"), {})

in_a_function()
exec(compile(CODE, "made", "exec"), {})
eval(compile(CODE, "made", "exec"), {})
"""


@pytest.mark.parametrize("core", ["c", "py"])
def test_what_the_program_makes_after_arming_is_the_applications(tmp_path, any_interpreter, core):
    """A ceiling over the application holds for code that its body makes, though that body had begun before."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    (environment.site_packages / "packaging").symlink_to(Path(sysconfig.get_path("purelib")) / "packaging")
    (tmp_path / "policy.toml").write_text('version = 1\n[application]\ndeny = ["net.listen"]\n')
    (tmp_path / "app.py").write_text(MAKES_CODE)
    environ = {"PATH": os.defpath, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "IMPORTGUARD_CORE": core}

    command = [environment.python, "app.py"]
    ended = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert ended.stdout.split() == ["refused"] * 3, ended.stdout + ended.stderr
    denied = [record for record in guarded.read_records(tmp_path / "r.jsonl") if record.get("verdict") == "deny"]
    assert {record["owner"]["name"] for record in denied} == {"application"}


IMPORTS_LAST = '''
import importguard
{armed}

class Last:
    def __del__(self):
        import wave

kept = [Last()]
kept.append(kept)
'''


@pytest.mark.parametrize("core", ["c", "py"])
def test_an_import_by_what_is_finalized_last_ends_as_bare(tmp_path, any_interpreter, core):
    """The interpreter has no finders any more, and says so in its own words."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    (environment.site_packages / "packaging").symlink_to(Path(sysconfig.get_path("purelib")) / "packaging")
    environ = {"PATH": os.defpath, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "IMPORTGUARD_CORE": core}

    said = []
    for armed in ("", "importguard.arm(records='r.jsonl')"):
        command = [environment.python, "-c", IMPORTS_LAST.format(armed=armed)]
        ended = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        said.append((ended.returncode, ended.stderr.splitlines()[-1:]))

    assert said[0] == said[1] == (0, ["ImportError: sys.meta_path is None, Python is likely shutting down"])


def _was_reached(listener):
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True
