"""One wheel, put into environments by different installers: a lock knows it by the same digest everywhere."""

import os
import subprocess

import pytest
from support import envs, kept, wheels

from importguard.ledger import scan
from importguard.lock import environment as environments

STEM = "acme_parts-1.0"
PARTS = wheels.Wheel(
    "acme-parts", "1.0",
    {
        "acme_parts/__init__.py": "def main():\n    print('parts')\n",
        "acme_parts/a,b \u00e9.txt": "a name that has to be quoted\n",
        "acme_parts.pth": "import sys\n",
        f"{STEM}.data/purelib/acme_more.py": "value = 1\n",
        f"{STEM}.data/platlib/acme_native.py": "value = 2\n",
        f"{STEM}.data/data/share/acme/notes.txt": "outside the site directory\n",
        f"{STEM}.data/headers/acme.h": "/* a header */\n",
    },
    commands={"acme-parts": "acme_parts:main"},
    scripts={"acme-script": "#!python\nprint('script')\n"},
)  # fmt: skip


def with_pip(tools, made, wheel):
    envs.pip(made, "install", "--no-index", wheel)


def with_pip_uncompiled(tools, made, wheel):
    envs.pip(made, "install", "--no-index", "--no-compile", wheel)


def with_uv(tools, made, wheel):
    run(tools.command("uv"), "pip", "install", "--offline", "--no-index", "--no-config", "--python", made.python, wheel, cache=made.path / "uv")


def with_uv_compiled(tools, made, wheel):
    run(
        tools.command("uv"), "pip", "install", "--offline", "--no-index", "--no-config", "--compile-bytecode", "--python", made.python, wheel,
        cache=made.path / "uv",
    )  # fmt: skip


def with_installer(tools, made, wheel):
    run(tools.python, "-m", "installer", "--prefix", made.path, wheel)


INSTALLERS = (with_pip, with_pip_uncompiled, with_uv, with_uv_compiled, with_installer)


def run(*words, cache=""):
    variables = {"PATH": os.defpath, "HOME": str(words[-1].parent), "LANG": "C.UTF-8", "UV_CACHE_DIR": str(cache)}
    done = subprocess.run(list(map(str, words)), env=variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def known(made):
    """Return the lock's entry of the distribution in an environment, and what RECORD says there."""
    site = str(made.site_packages)
    (entry,) = environments.entries({site: scan.scan(site)})
    return entry, (made.site_packages / f"{STEM}.dist-info" / "RECORD").read_bytes()


@pytest.fixture(scope="module")
def tools(interpreter):
    """An environment with the other installers."""
    return kept.environment_or_skip(["uv", "installer"], interpreter)


def test_whatever_installs_it_wherever(tools, interpreter, tmp_path):
    """pip, uv and installer write RECORDs that differ, in prefixes that differ; version, digest and start-up files don't, unless a
    module does."""
    wheel = wheels.build(PARTS, tmp_path / "wheels", interpreter)
    found, sites = {}, []
    for number, install in enumerate(INSTALLERS):
        made = envs.create(tmp_path / ("x" * (number + 1)) / f"env-{number}", interpreter)
        install(tools, made, wheel)
        assert (made.path / "share" / "acme" / "notes.txt").exists() and made.command("acme-parts").exists()
        found[install.__name__] = known(made)
        sites.append(scan.scan(str(made.site_packages)))

    assert len({record for _, record in found.values()}) > 2
    # Files that a wheel brings for the other site directory, which `installer` spells in its own way, have their owner too.
    assert {site["files"].get(f"{site['dir']}/acme_native.py") for site in sites} == {"acme-parts"}
    (entry,) = {entry for entry, _ in found.values()}
    assert entry.digests and [name for name, _ in entry.startup_files] == ["acme_parts.pth"]

    changed = wheels.Wheel(PARTS.name, PARTS.version, {**PARTS.files, "acme_parts/__init__.py": "def main():\n    print('parts?')\n"})
    made = envs.create(tmp_path / "changed", interpreter)
    with_uv(tools, made, wheels.build(changed, tmp_path / "changed-wheels", interpreter))
    assert known(made)[0].digests != entry.digests
