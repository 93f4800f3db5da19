"""Row 32: what well-known distributions do at start-up and import is no attack, and nothing is refused."""

import subprocess
from dataclasses import dataclass

import pytest
from support import envs, guarded, interpreters, worlds
from support.wheels import Wheel

REQUIREMENTS = ("setuptools>=77", "coverage>=7.10", "numpy", "matplotlib", "joblib")
NAMESPACE_LINE = (
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);"
    "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('acme_space',));"
    "importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');"
    "m = has_mfs and sys.modules.setdefault('acme_space', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('acme_space', [os.path.dirname(p)])));"
    "m = m or sys.modules.setdefault('acme_space', types.ModuleType('acme_space'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n"
)
FIND = "import ctypes.util\nFOUND = ctypes.util.find_library({!r})\n"
MACHINE = (
    "import platform, uuid\n"
    "FOUND = (platform.platform(), platform.libc_ver(), platform.processor())\n"
    "FOUND += (uuid.uuid1().version, bool(uuid.getnode()))\n"
)
PROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "acme-editable"
version = "1.0"
"""
MAPPED = '[tool.setuptools]\npackages = ["acme_editable"]\npackage-dir = {acme_editable = "code"}\n'


@dataclass(frozen=True, slots=True)
class Innocent:
    """A harmless program: the wheels it needs and what the application says, the same guarded or not."""

    id: str
    app: str
    wheels: tuple[Wheel, ...] = ()
    says: str = ""


def asking(name, source):
    """Return the wheel of a package that asks the machine something while it is imported."""
    return Wheel(name, "1.0", {f"{name.replace('-', '_')}.py": source})


# Code of nobody's fails, and the traceback shows the line of its file; a table of types that is nobody's is read.
SHOWN = """
import mimetypes, os, platform, traceback
place = os.environ["TMPDIR"] + "/made.py"
with open(place, "w") as file:
    file.write("x = 1 / 0")
try:
    exec(compile(open(place).read(), place, "exec"))
except ZeroDivisionError:
    print("x = 1 / 0" in traceback.format_exc())
with open(os.environ["TMPDIR"] + "/types", "w") as file:
    file.write("made/here made")
print(mimetypes.MimeTypes([os.environ["TMPDIR"] + "/types"]).guess_type("a.made"))
"""

LOCAL = (
    Innocent("what-the-library-shows", SHOWN, says="True\n('made/here', None)"),
    Innocent(
        "find-library", "import acme_libc; print(acme_libc.FOUND)", (asking("acme-libc", FIND.format("c")),), "libc.so"
    ),
    Innocent(
        "find-no-library",
        "import acme_none; print(acme_none.FOUND)",
        (asking("acme-none", FIND.format("acme")),),
        "None",
    ),
    Innocent(
        "platform-and-uuid",
        "import acme_machine; print(acme_machine.FOUND)",
        (asking("acme-machine", MACHINE),),
        "Linux",
    ),
    Innocent(
        "namespace-start-up-file",
        "import acme_space.inner; print(acme_space.inner.VALUE)",
        (
            Wheel(
                "acme-space",
                "1.0",
                {"acme_space-1.0-nspkg.pth": NAMESPACE_LINE, "acme_space/inner.py": "VALUE = 'inner'\n"},
            ),
        ),
        "inner",
    ),
)
FETCHED = (
    Innocent(
        "distutils-precedence", "import _distutils_hack, setuptools; print(bool(setuptools.__version__))", says="True"
    ),
    Innocent("numpy", "import numpy; print(int(numpy.linalg.norm([3.0, 4.0])))", says="5"),
    Innocent(
        "matplotlib-font-cache",
        "import matplotlib; matplotlib.use('Agg')\n"
        "import matplotlib.pyplot as plot; plot.plot([1, 2]); plot.savefig('figure.png'); print('drawn')",
        says="drawn",
    ),
    Innocent(
        "joblib-loky",
        "import joblib\n"
        "if __name__ == '__main__':\n"
        "    print(joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(number) for number in (-1, -2)))",
        says="[1, 2]",
    ),
)
EDITABLE = (
    Innocent("editable-path", "import acme_editable; print(acme_editable.VALUE)", says="edited"),
    Innocent("editable-finder", "import acme_editable; print(acme_editable.VALUE)", says="edited"),
)


@pytest.fixture(scope="session")
def fetched(tmp_path_factory):
    """Return a function from an Interpreter to an environment with REQUIREMENTS, installed once a session."""
    made = {}

    def of(interpreter):
        if interpreter.version not in made:
            environment = envs.create(tmp_path_factory.mktemp("fetched") / "env", interpreter)
            try:
                envs.install_from_registry(environment, *REQUIREMENTS, options=("--only-binary", ":all:"))
            except (envs.InstallFailed, subprocess.TimeoutExpired) as reason:
                made[interpreter.version] = f"pip can't fetch {', '.join(REQUIREMENTS)}: {str(reason)[-200:]}"
            else:
                made[interpreter.version] = environment
        if isinstance(made[interpreter.version], str):
            pytest.skip(made[interpreter.version])
        return made[interpreter.version]

    return of


@pytest.fixture
def on(version):
    """The Interpreter of `version`."""
    found = interpreters.find(version)
    if found is None:
        pytest.skip(interpreters.missing(version))
    return found


@pytest.mark.parametrize("innocent", LOCAL, ids=lambda innocent: innocent.id)
def test_a_harmless_local_wheel_is_left_alone(innocent, on, workshop, tmp_path):
    """What it says is the same as without the guard, and no record is more than a log entry."""
    environment = envs.copy(workshop.empty(on), tmp_path / "env")
    envs.install(environment, *innocent.wheels, folder=tmp_path / "wheels")

    assert_left_alone(innocent, environment, tmp_path)


@pytest.mark.registry
@pytest.mark.parametrize("innocent", FETCHED, ids=lambda innocent: innocent.id)
def test_a_popular_distribution_is_left_alone(innocent, on, fetched, tmp_path):
    """What it does at start-up, at import and in use is the same as without the guard, and nothing is refused."""
    assert_left_alone(innocent, fetched(on), tmp_path)


@pytest.mark.registry
@pytest.mark.parametrize("innocent", EDITABLE, ids=lambda innocent: innocent.id)
def test_an_editable_install_is_left_alone(innocent, on, fetched, tmp_path):
    """A project installed editable imports by path and by finder, and is the application's own code."""
    environment = envs.copy(fetched(on), tmp_path / "env")
    mapped = innocent.id == "editable-finder"
    source = tmp_path / "checkout" / ("code" if mapped else "src/acme_editable")
    source.mkdir(parents=True)
    (source / "__init__.py").write_text(
        "import pathlib\nVALUE = 'edited'\npathlib.Path.home().joinpath('.env').exists()\n"
    )
    (tmp_path / "checkout/pyproject.toml").write_text(PROJECT + (MAPPED if mapped else ""))
    envs.pip(environment, "install", "--no-index", "--no-deps", "--no-build-isolation", "-e", tmp_path / "checkout")
    assert list(environment.site_packages.glob("__editable__*.pth")), "not an editable install"

    assert_left_alone(innocent, environment, tmp_path)


@pytest.mark.registry
def test_coverage_of_child_processes_is_left_alone(on, fetched, tmp_path):
    """The start-up file of coverage starts measuring where it is asked to, and nothing of it is refused."""
    environment = fetched(on)
    assert list(environment.site_packages.glob("*coverage*.pth")), "this coverage ships no start-up file"
    with worlds.furnished(tmp_path / "world", environment) as world:
        (world.project / "settings").write_text("[run]\nparallel = true\n")
        (world.project / "app.py").write_text("print('measured')\n")
        variables = {"COVERAGE_PROCESS_START": str(world.project / "settings")}

        outcome = guarded.run(world, [environment.python, "app.py"], variables=variables)

        assert_nothing_refused(outcome)
        assert outcome.stdout == "measured\n", outcome.story()
        assert list(world.project.glob(".coverage.*")), outcome.story()


def assert_left_alone(innocent, environment, root):
    bare = run(innocent, environment, root / "bare", guarded.UNGUARDED)
    assert innocent.says in bare.stdout, bare.story()

    outcome = run(innocent, environment, root / "guarded", guarded.RECOMMENDED)

    assert (outcome.returncode, outcome.stdout) == (0, bare.stdout), outcome.story()
    assert_nothing_refused(outcome)


def assert_nothing_refused(outcome):
    assert outcome.records, outcome.story()
    events = {record["event"] for record in outcome.records}
    assert not events & {"tamper", "degraded", "killed"}, outcome.story()
    assert not outcome.decisions(verdict="deny") and not outcome.decisions(verdict="kill"), outcome.story()


def run(innocent, environment, root, mode):
    with worlds.furnished(root, environment) as world:
        (world.project / "app.py").write_text(innocent.app)
        return guarded.run(world, [environment.python, "app.py"], mode=mode, seconds=60)
