"""Well-known start-up files are let through by content, and nothing that only looks like one."""

import pytest
from support import envs

from importguard.startupfiles import known, order

DISTUTILS = (
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
    "enabled and __import__('_distutils_hack').add_shim(); \n"
)
NAMESPACE = (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('zope',));"
    "importlib = __import__('importlib.util');__import__('importlib.machinery');"
    "m = sys.modules.setdefault('zope', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('zope', [os.path.dirname(p)])));"
    "m = m or sys.modules.setdefault('zope', types.ModuleType('zope'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n"
)
COVERAGE = (
    'import sys; exec(\'import os\\n\\nif os.getenv("COVERAGE_PROCESS_START") or os.getenv("COVERAGE_PROCESS_CONFIG"):'
    '\\n try:\\n  import coverage\\n except:\\n  pass\\n else:\\n  coverage.process_startup(slug="pth")\')\n'
)
EDITABLES = (
    "from editables.redirector import RedirectingFinder as F\nF.install()\nF.map_module('app', '/src/app/__init__.py')"
)


def look(folder, owner_of=lambda path: ""):
    return {file.name: file for file in order.scan([str(folder)], owner_of)}


def test_a_namespace_file_is_known(tmp_path):
    """The line that setuptools writes for a namespace package is recognised; it runs no module."""
    (tmp_path / "zope.event-nspkg.pth").write_text(NAMESPACE)

    file = look(tmp_path)["zope.event-nspkg.pth"]

    assert (file.known, file.modules) == ("namespace-package", ())


@pytest.mark.parametrize("addition", ["; print()", " # x", "\x0cimport evil", "\nimport evil", "\u2028import evil"])
@pytest.mark.parametrize("line", [NAMESPACE, DISTUTILS, COVERAGE], ids=["namespace", "distutils", "coverage"])
def test_a_known_line_with_an_addition_is_unknown(tmp_path, line, addition):
    """There is no room for a statement, a comment, or a second line in a known file."""
    (tmp_path / "_distutils_hack").mkdir()
    (tmp_path / "known.pth").write_text(line.rstrip("\n") + addition + "\n")

    assert look(tmp_path, lambda path: "coverage")["known.pth"].known == ""


def test_a_namespace_line_with_two_names_is_unknown(tmp_path):
    """The names inside a known line must agree with each other."""
    (tmp_path / "x.pth").write_text(NAMESPACE.replace("types.ModuleType('zope')", "types.ModuleType('other')"))

    assert look(tmp_path)["x.pth"].known == ""


def test_a_known_name_makes_nothing_known(tmp_path):
    """A file called distutils-precedence.pth with another content is unknown."""
    (tmp_path / "distutils-precedence.pth").write_text("import os; os.getpid()\n")

    assert look(tmp_path)["distutils-precedence.pth"].known == ""


def test_a_known_line_that_runs_another_module_is_unknown(tmp_path):
    """`import _virtualenv` is as good as the _virtualenv.py beside it."""
    (tmp_path / "_virtualenv.pth").write_text("import _virtualenv")
    (tmp_path / "_virtualenv.py").write_text("print('anything')\n")

    file = look(tmp_path)["_virtualenv.pth"]

    assert (file.known, file.modules) == ("", ("_virtualenv",))


def test_a_known_line_whose_module_is_missing_is_unknown(tmp_path):
    """What a line would import from elsewhere is not what was recognised."""
    (tmp_path / "_virtualenv.pth").write_text("import _virtualenv")

    assert look(tmp_path)["_virtualenv.pth"].known == ""


def test_an_extension_module_shadows_a_known_source(tmp_path):
    """The file that Python would load counts, not the innocent one beside it."""
    (tmp_path / "coverage.py").write_text("")
    shadow = tmp_path / "coverage.cpython-311-x86_64-linux-gnu.so"
    shadow.write_bytes(b"\x7fELF")

    assert known.source_of(str(tmp_path), "coverage") == str(shadow)


def test_coverage_is_known_when_record_gives_it_to_coverage(tmp_path):
    """A line that runs a whole distribution is known only where RECORD says that it runs that distribution."""
    (tmp_path / "a1_coverage.pth").write_text(COVERAGE)
    (tmp_path / "coverage").mkdir()
    (tmp_path / "coverage" / "__init__.py").write_text("")

    assert look(tmp_path, lambda path: "coverage")["a1_coverage.pth"].known == "coverage"
    assert look(tmp_path, lambda path: "evil")["a1_coverage.pth"].known == ""


def test_a_bootstrap_of_editables_is_known_and_no_more_than_that(tmp_path):
    """What hatchling and pdm write for a mapped project is recognised; with one more statement it isn't."""
    (tmp_path / "_editable_impl_app.pth").write_text("import _editable_impl_app")
    bootstrap = tmp_path / "_editable_impl_app.py"

    bootstrap.write_text(EDITABLES)
    assert look(tmp_path)["_editable_impl_app.pth"].known == "editable-finder"

    bootstrap.write_text(EDITABLES + "\nimport evil")
    assert look(tmp_path)["_editable_impl_app.pth"].known == ""


@pytest.mark.registry
def test_a_real_editable_install_of_setuptools_is_known(tmp_path, empty_environment):
    """The finder that setuptools writes for a package outside a plain layout is recognised by its shape."""
    project, environment = tmp_path / "project", envs.copy(empty_environment, tmp_path / "env")
    (project / "lib" / "inner").mkdir(parents=True)
    (project / "lib" / "inner" / "__init__.py").write_text("")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "outer"\nversion = "1"\n'
        '[tool.setuptools]\npackages = ["outer"]\npackage-dir = {outer = "lib/inner"}\n'
    )
    try:
        envs.install_from_registry(environment, "-e", str(project))
    except envs.InstallFailed as error:
        pytest.skip(f"pip could not install setuptools for the build: {error}")

    found = look(environment.site_packages)

    assert [(file.known, file.modules[0][:12]) for file in found.values()] == [("editable-finder", "__editable__")]
    finder = next(environment.site_packages.glob("__editable___*_finder.py"))
    finder.write_text(finder.read_text() + "\nimport evil\n")
    assert [file.known for file in look(environment.site_packages).values()] == [""]


def test_every_pattern_has_a_reason_and_versions():
    """The list can be reviewed: each line says what it is good for and who writes it."""
    entries = [entry for _, entry in known.patterns()["line"]]

    assert all(entry["reason"] and entry["versions"] for entry in entries)
