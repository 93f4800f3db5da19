"""Environments with packages from the index, made once and kept between test sessions in a cache folder."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from support import envs

WHEELS_ONLY = ("--only-binary", ":all:")


def default_cache():
    """Return the folder that environments are kept in: $IMPORTGUARD_TEST_CACHE, or one among the temporary files."""
    return Path(
        os.environ.get("IMPORTGUARD_TEST_CACHE", Path(tempfile.gettempdir()) / "test-environments-of-importguard")
    )


def key(content, interpreter):
    """Return the name of a cache folder for `content` (plain values) on one Interpreter."""
    text = json.dumps([str(interpreter.path), content], sort_keys=True)
    return f"{interpreter.tag}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def environment(requirements, interpreter, *, cache=None):
    """Return an Environment with `requirements` as wheels; copy it, don't change it. Raises InstallFailed."""
    folder = Path(cache or default_cache()) / key(sorted(requirements), interpreter)
    kept = envs.Environment(folder / "env", interpreter)
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        envs.create(kept.path, interpreter)
        envs.install_from_registry(kept, *requirements, options=WHEELS_ONLY)
        (folder / "complete").touch()
    return kept


def environment_or_skip(requirements, interpreter):
    """Return an Environment with `requirements`, or skip the test with what pip said."""
    try:
        return environment(requirements, interpreter)
    except (envs.InstallFailed, subprocess.TimeoutExpired) as reason:
        pytest.skip(f"pip can't fetch {', '.join(requirements)}: {str(reason).strip()[-200:]}")
