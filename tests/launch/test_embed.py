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


def _was_reached(listener):
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True
