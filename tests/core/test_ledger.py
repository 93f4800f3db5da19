"""Whose files are whose: what a wheel says of itself and of others is believed as far as it can be checked."""

import os

import pytest
from support import envs, wheels

from importguard.ledger.scan import scan, scan_all

NAMED = '[project]\nname = "acme-claims"\n'


@pytest.fixture
def install(tmp_path, interpreter, empty_environment):
    """Return a function that installs a wheel by its name, as from an index, and gives the Site."""

    def install(wheel):
        environment = envs.copy(empty_environment, tmp_path / "env")
        wheels.build(wheel, tmp_path / "wheels", interpreter)
        envs.pip(environment, "install", "--no-index", "--no-deps", "--find-links", tmp_path / "wheels", wheel.name)
        return scan(str(environment.site_packages))

    return install


def claiming(place, files=None):
    """Return a wheel that says that it was installed from a folder."""
    url = f'{{"url": "file://{place}", "dir_info": {{}}}}'
    return wheels.Wheel("acme-claims", "1.0", {"acme_claims.py": "", **(files or {})}, meta={"direct_url.json": url})


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "the-app"\ndependencies = ["acme-claims"]\n',
        '[project]\nname = "the-app"\ndependencies = [\n  "x",\n  "acme-claims", # name = "acme-claims"\n]\n',
        '[tool.poetry]\nname = "the-app"\n[tool.poetry.dependencies]\nacme-claims = "*"\n',
        '[project]\nname = "the-app"\n[[tool.uv.index]]\nname = "acme-claims"\n',
    ],
)
def test_a_project_that_only_depends_on_a_wheel_is_not_its_own(install, tmp_path, text):
    """A wheel that names the user's project as its source is a distribution like others."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project/pyproject.toml").write_text(text)

    assert install(claiming(tmp_path / "project"))["dists"]["acme-claims"]["kind"] == "distribution"


@pytest.mark.parametrize("prefix", ["", "/"])
def test_a_way_through_the_running_process_leads_to_no_project(install, tmp_path, monkeypatch, prefix):
    """/proc/self/cwd is where the launcher happens to be."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project/pyproject.toml").write_text('[project]\nname = "the-app"\ndependencies = ["acme-claims"]\n')
    monkeypatch.chdir(tmp_path / "project")

    assert install(claiming(prefix + "/proc/self/cwd"))["dists"]["acme-claims"]["kind"] == "distribution"


@pytest.mark.parametrize(
    ("place", "file"),
    [
        ("lib/python{version}/site-packages/acme_more", "acme_more/pyproject.toml"),
        ("share/acme", "acme_claims-1.0.data/data/share/acme/pyproject.toml"),
    ],
)
def test_a_project_file_that_the_wheel_brought_along_proves_nothing(install, tmp_path, interpreter, place, file):
    """Neither beside its modules nor elsewhere in the environment."""
    wheel = claiming(tmp_path / "env" / place.format(version=interpreter.version), {file: NAMED})

    assert install(wheel)["dists"]["acme-claims"]["kind"] == "distribution"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", NAMED),
        ("pyproject.toml", "[build-system]\nrequires = []\n\n[project] # ours\nname = 'Acme.Claims' # so\n"),
        ("pyproject.toml", '[tool.poetry]\nname = "acme_claims"\n'),
        ("setup.cfg", "[metadata]\nname = acme-claims\n"),
        ("setup.py", "from setuptools import setup\nsetup(version='1', name='acme-claims')\n"),
        ("setup.py", 'NAME = "acme-claims"\nsetup(name=NAME)\n'),
    ],
)
def test_a_project_of_that_name_is_the_applications(install, tmp_path, file, text):
    """What was installed from a folder of the user's counts as the application."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / file).write_text(text)

    assert install(claiming(tmp_path / "project"))["dists"]["acme-claims"]["kind"] == "app"


@pytest.mark.parametrize(
    "files",
    [
        {
            "botocore-9.dist-info/METADATA": "Name: botocore\nVersion: 9\n",
            "botocore-9.dist-info/RECORD": "acme_claims.py,,\n",
        },
        {
            "botocore-9.egg-info/PKG-INFO": "Name: botocore\nVersion: 9\n",
            "botocore-9.egg-info/top_level.txt": "acme_claims\n",
        },
        {
            "acme_claims-0.dist-info/METADATA": "Name: acme-claims\nVersion: 0\n",
            "acme_claims-0.dist-info/RECORD": "x,,\n",
        },
        {
            "botocore-9\n.dist-info/METADATA": "Name: botocore\nVersion: 9\n",
            "botocore-9\n.dist-info/RECORD": "acme_claims.py,,\n",
        },
    ],
)
def test_a_second_distribution_in_a_wheel_counts_for_nothing(install, files):
    """Its files don't become those of a distribution that may do more, nor of another version."""
    inside = {f"acme_claims-1.0.data/purelib/{name}": text for name, text in files.items()}

    site = install(wheels.Wheel("acme-claims", "1.0", {"acme_claims.py": "", **inside}))

    assert set(site["dists"]) == {"acme-claims"}
    assert site["dists"]["acme-claims"]["version"] == "1.0"
    assert site["files"][site["dir"] + "/acme_claims.py"] == "acme-claims"
    assert "counts for nothing" in site["dists"]["acme-claims"]["problems"][0]


@pytest.mark.parametrize("name", ['botocore-9"', "botocore-9,", " botocore-9", "botocore-9\r", "b\u00f6tocore-9"])
def test_metadata_by_a_name_that_no_installer_makes_counts_for_nothing(tmp_path, name):
    """RECORD writes such a name in other words, so that what lists it isn't found."""
    for folder, record in ((f"{name}.dist-info", "acme.py,,\n"), ("acme-1.0.dist-info", "acme.py,,\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "METADATA").touch()
        (tmp_path / folder / "RECORD").write_text(record)

    assert list(scan(str(tmp_path))["dists"]) == ["acme"]


def test_a_second_distribution_in_another_directory_counts_for_nothing(tmp_path):
    """Where pure modules and native ones have a directory each, a wheel can bring metadata into the other one."""
    pure, native = tmp_path / "lib/site-packages", tmp_path / "lib64/site-packages"
    for info, record in (
        (pure / "acme-1.0.dist-info", "acme.py,,\n../../lib64/site-packages/botocore-9.dist-info/METADATA,,\n"),
        (native / "botocore-9.dist-info", "../../lib/site-packages/acme.py,,\n"),
    ):
        info.mkdir(parents=True)
        (info / "METADATA").touch()
        (info / "RECORD").write_text(record)

    sites = scan_all((str(pure), str(native)))

    assert [list(site["dists"]) for site in sites.values()] == [["acme"], []]
    assert sites[str(native)]["files"] == {}


@pytest.mark.parametrize("name", ["RECORD", "direct_url.json", "top_level.txt"])
def test_a_pipe_in_the_place_of_metadata_makes_nobody_wait(tmp_path, name):
    """The scan comes to its end, and the distribution is there."""
    (tmp_path / "acme-1.dist-info").mkdir()
    os.mkfifo(tmp_path / "acme-1.dist-info" / name)

    assert list(scan(str(tmp_path))["dists"]) == ["acme"]


def test_a_record_that_names_the_folder_above_claims_no_files_there(tmp_path):
    """A line for the folder above makes those that follow no files of the environment's own; each is claimed by its place."""
    site = tmp_path / "lib/site-packages"
    (site / "acme-1.0.dist-info").mkdir(parents=True)
    (site / "acme-1.0.dist-info/METADATA").touch()
    lines = "acme/a.py,,", "..,,", "../bin/acme,,", "acme/b.pyc,sha256=x,9", './acme/c.py,,', '"acme/d.py",,', "six.py,,"
    (site / "acme-1.0.dist-info/RECORD").write_text("\r\n".join(lines))

    found = scan(str(site))

    assert found["files"] == {f"{tmp_path}/lib/bin/acme": "acme", f"{site}/..": "acme", f"{site}/six.py": "acme"}
    assert (found["prefixes"], found["bytecode"]) == ({f"{site}/acme": "acme"}, [f"{site}/acme/b.pyc"])
