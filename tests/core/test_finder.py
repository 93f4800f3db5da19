"""The finder: whose a module is goes by its file, and a known-malicious release never runs a line."""

import subprocess
import zipfile

import pytest
from support import envs, guarded, wheels, worlds

CALLS = """
import os, socket
try:
    socket.create_connection(("127.0.0.1", int(os.environ["SINK"].rpartition(":")[2])), 5).close()
except PermissionError:
    pass
"""
MARKS = "import os; open(os.path.expanduser('~/ran'), 'w').close()\n"
PROJECT = """
[build-system]
requires = ["{backend}"]
build-backend = "{entry}"
[project]
name = "acme-editable"
version = "3.0"
"""
BACKENDS = {"setuptools": "setuptools.build_meta", "hatchling": "hatchling.build", "uv_build": "uv_build"}


@pytest.fixture
def furnish(tmp_path, interpreter, empty_environment):
    """Return a function that makes an environment with wheels in it and gives the World around it."""
    opened = []

    def make(*items):
        environment = envs.copy(empty_environment, tmp_path / "env")
        if items:
            envs.install(environment, *items, folder=tmp_path / "wheels")
        stage = worlds.furnished(tmp_path, environment)
        opened.append(stage)
        return stage.__enter__()

    yield make
    for stage in opened:
        stage.__exit__(None, None, None)


def run(world, program, **options):
    (world.project / "app.py").write_text(program)
    return guarded.run(world, [world.environment.python, "app.py"], **options)


def blamed(outcome, **wanted):
    return {record["owner"]["name"] for record in outcome.decisions(capability="net.connect", **wanted)}


LISTED = wheels.Wheel(
    "litellm", "1.82.8", {"litellm/__init__.py": MARKS, "litellm/proxy/proxy_server.py": MARKS, "litellm_more.py": MARKS}
)


@pytest.mark.parametrize("module", ["litellm", "litellm.proxy.proxy_server", "litellm_more"])
def test_no_line_of_a_listed_release_runs(furnish, module):
    """Whatever module of it is imported: BlockedImport, before its first line."""
    world = furnish(LISTED)

    outcome = run(world, f"try:\n    import {module}\nexcept ImportError as error:\n    print(type(error).__name__, error.name)\n")

    assert outcome.stdout == f"BlockedImport {module.partition('.')[0]}\n", outcome.story()
    assert not (world.home / "ran").exists()
    [decision] = outcome.decisions(capability="import", verdict="deny")
    assert (decision["owner"]["name"], decision["layer"]) == ("litellm", "finder")
    assert "MAL-2026-2144" in decision["rule"]


LOOKS_ROUND = """
import sys
for finder in sys.meta_path:
    name = finder.__name__ if isinstance(finder, type) else finder.__class__.__name__
    print(f"{finder.__module__}.{name}")
"""


@pytest.mark.parametrize("core", ["c", "py"])
def test_a_program_that_asks_finders_who_they_are(furnish, core):
    """The guard's finder names its module as any other does; awscli asks, and couldn't be imported."""
    world = furnish()

    outcome = run(world, LOOKS_ROUND, options=("--core", core))

    assert outcome.returncode == 0, outcome.story()
    assert outcome.stdout.splitlines()[0].startswith("importguard."), outcome.story()


OWN_PATH = "import sys\nsys.meta_path = sys.meta_path[1:]\nimport wave\nprint(len(sys.meta_path))\n"


@pytest.mark.parametrize("core", ["c", "py"])
@pytest.mark.parametrize("mode", [guarded.OBSERVE, guarded.RECOMMENDED])
def test_a_list_of_finders_in_the_place_of_the_path(furnish, core, mode):
    """The guard's finder goes back: that is nobody's business when the application did it, and tampering by anybody else."""
    world = furnish(wheels.Wheel("acme-path", "1.0", {"acme_path.py": OWN_PATH}))
    options = ("--core", core)

    by_application = run(world, OWN_PATH, mode=mode, options=options)
    by_package = run(world, "try:\n    import acme_path\nexcept PermissionError:\n    pass\n", mode=mode, options=options)

    assert (by_application.returncode, by_application.stdout.strip().isdigit()) == (0, True), by_application.story()
    assert {record["event"] for record in by_application.records} == {"armed", "exit"}, by_application.story()
    assert [record["target"] for record in by_package.records if record["event"] == "tamper"] == ["sys.meta_path"]
    assert by_package.decisions(capability="runtime.patch", owner="acme-path", phase="import"), by_package.story()


def test_a_release_that_is_not_listed_runs(furnish):
    """The block is for the version that the advisory names, not for the name."""
    world = furnish(wheels.Wheel("litellm", "1.82.6", {"litellm/__init__.py": MARKS}))

    outcome = run(world, "import litellm\n")

    assert outcome.returncode == 0, outcome.story()
    assert (world.home / "ran").exists()


def test_observe_lets_a_listed_release_run_and_records_it(furnish):
    """Observe blocks no import."""
    world = furnish(LISTED)

    outcome = run(world, "import litellm\n", mode=guarded.OBSERVE)

    assert (world.home / "ran").exists()
    assert outcome.decisions(capability="import", owner="litellm", verdict="log"), outcome.story()


def test_two_distributions_in_one_namespace_are_told_apart(furnish):
    """Each portion of a namespace package has the owner of its own file."""
    world = furnish(
        wheels.Wheel("acme-left", "1.0", {"acme/left.py": CALLS}), wheels.Wheel("acme-right", "1.0", {"acme/right.py": CALLS})
    )

    outcome = run(world, "import acme.left, acme.right\n")

    assert blamed(outcome, verdict="deny") == {"acme-left", "acme-right"}, outcome.story()


def test_a_module_of_one_file_has_its_owner(furnish):
    """A distribution may be a single file at the top of the site directory."""
    world = furnish(wheels.Wheel("acme-single", "1.0", {"acme_single.py": CALLS}))

    assert blamed(run(world, "import acme_single\n"), verdict="deny") == {"acme-single"}


def test_a_file_that_no_record_lists_is_nobodys(furnish):
    """What was dropped into the site directory is unowned, and trusted least."""
    world = furnish()
    (world.environment.site_packages / "dropped.py").write_text(CALLS)

    assert blamed(run(world, "import dropped\n"), verdict="deny") == {"unowned"}


@pytest.mark.parametrize(("place", "verdicts"), [("project", set()), ("tmp", {"unowned"})])
def test_a_zip_file_belongs_to_whoever_its_place_belongs_to(furnish, place, verdicts):
    """Inside the project it is the application's; elsewhere it is nobody's."""
    world = furnish()
    archive = world.root / place / "modules.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("packed.py", CALLS)

    outcome = run(world, f"import sys; sys.path.insert(0, {str(archive)!r}); import packed\n")

    assert blamed(outcome) == verdicts, outcome.story()


def test_what_is_installed_while_running_is_known_by_its_record(furnish, interpreter, tmp_path):
    """A site directory that has changed is looked at again."""
    world = furnish()
    wheel = wheels.build(wheels.Wheel("acme-late", "1.0", {"acme_late.py": CALLS}), tmp_path / "late", interpreter)
    site = str(world.environment.site_packages)

    outcome = run(world, f"import zipfile; zipfile.ZipFile({str(wheel)!r}).extractall({site!r})\nimport acme_late\n")

    assert blamed(outcome, verdict="deny") == {"acme-late"}, outcome.story()


def test_a_listed_release_that_is_installed_while_running_is_blocked(furnish, interpreter, tmp_path):
    """The advisories are asked about distributions that come after the launch, too."""
    world = furnish()
    wheel = wheels.build(LISTED, tmp_path / "late", interpreter)
    site = str(world.environment.site_packages)

    outcome = run(world, f"import zipfile; zipfile.ZipFile({str(wheel)!r}).extractall({site!r})\nimport litellm\n")

    assert "BlockedImport" in outcome.stderr, outcome.story()
    assert not (world.home / "ran").exists()


@pytest.mark.registry
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_editable_install_is_the_applications_own(furnish, tmp_path, backend):
    """Installed with -e, by each backend's own means, a project may do what the application may."""
    world = furnish()
    project = tmp_path / "elsewhere" / "acme-editable"
    (project / "src" / "acme_editable").mkdir(parents=True)
    (project / "src" / "acme_editable" / "__init__.py").write_text(CALLS)
    (project / "pyproject.toml").write_text(PROJECT.format(backend=backend, entry=BACKENDS[backend]))
    try:
        envs.pip(world.environment, "install", "--no-deps", "-e", str(project), configured=True)
    except (envs.InstallFailed, subprocess.CalledProcessError) as error:
        pytest.skip(f"pip can't build with {backend} here: {str(error)[:120]}")

    outcome = run(world, "import acme_editable\nprint(acme_editable.__file__)\n")

    assert str(project) in outcome.stdout, outcome.story()
    assert blamed(outcome) == set(), outcome.story()
