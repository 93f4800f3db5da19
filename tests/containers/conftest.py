"""Real OCI containers, as docs/how-to/run-in-a-container.md shows them."""

import os
import subprocess

import boxes
import documented
import engine
import images
import pytest
import rootfs
from support import envs

# The image as it is, and with all that the manifest takes away from it. What is written into a home that is mounted
# read-only can't be, guarded or not.
SETTINGS = {"default": ((), "rw"), "hardened": (documented.options(), "ro")}


@pytest.fixture(scope="session")
def podman(interpreter):
    """The Podman that has the images; skips where no container can be run."""
    lack = engine.missing() or rootfs.missing() or ("" if os.geteuid() == 0 else "needs root")
    if lack:
        pytest.skip(lack)
    try:
        return images.make(interpreter)
    except (envs.InstallFailed, subprocess.TimeoutExpired) as reason:
        pytest.skip(f"pip can't fetch what the images are made of: {str(reason).strip()[-200:]}")


@pytest.fixture
def kernel(request):
    """What is asked of the kernel: `auto` where a test isn't parametrised with more."""
    return getattr(request, "param", "auto")


@pytest.fixture(params=SETTINGS)
def box(request, podman, tmp_path, kernel):
    """Return a context manager that runs a container as uid 1000, with the default and with the hardened settings."""
    options, home_options = SETTINGS[request.param]

    def run(*words, image=images.CLEAN, more=(), kernel=kernel):
        asked = ["--env", f"IMPORTGUARD_KERNEL={kernel}"]
        return boxes.box(
            podman, tmp_path, image=image, words=words, options=[*options, *asked, *more], home_options=home_options
        )

    return run
