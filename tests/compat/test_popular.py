"""Popular distributions import under the guard as they do without it: a sample, module by module; `make compat` does the many."""

import comparing
import placing
import popular
import pytest
import results
import toplevel
from support import guarded, kept, worlds
from support.envs import Environment, copy, create, install
from support.wheels import Wheel

FIRST = 12
BITING = ("GitPython", "urllib3", "matplotlib", "psutil", "gevent", "pandas")
READS_ITSELF = "import pathlib\nTEXT = (pathlib.Path(__file__).parent / 'data.txt').read_text()\n"


@pytest.fixture(scope="session")
def index(interpreter):
    """Skip where pip can't fetch."""
    kept.environment_or_skip(["packaging"], interpreter)


@pytest.mark.registry
def test_the_most_downloaded_distributions_import_as_unguarded(index, interpreter):
    """Every top-level module imports as it does bare, under observe and recommended, and nothing is recorded."""
    cache = kept.default_cache()
    pins, _ = placing.first_installable(popular.names(), FIRST, interpreter, cache)
    placed = placing.place(pins, interpreter, cache)

    rows = [row for environment, names in placed.environments for row in results.try_all(environment, names)]

    assert len(rows) == FIRST, placed.refused
    assert results.false_alarms(rows) == []


@pytest.mark.registry
def test_those_that_are_known_to_bite_import_as_unguarded(interpreter):
    """GitPython runs git, urllib3 binds a port, matplotlib lists fonts, psutil and gevent are native: none is refused."""
    environment = kept.environment_or_skip(BITING, interpreter)
    modules = ["git", "urllib3", "urllib3.util.connection", "matplotlib.pyplot", "psutil", "gevent", "gevent.monkey"]

    findings = comparing.compare(environment, [*modules, "pandas"])

    assert [finding for finding in findings if finding.alarms or finding.error] == []


def test_an_environment_called_dot_env_is_no_secret(interpreter, tmp_path):
    """Packages in a virtual environment called `.env` import their modules and read their data."""
    environment = create(tmp_path / "app" / ".env", interpreter)
    wheel = Wheel("acme-data", "1.0", {"acme_data/__init__.py": READS_ITSELF, "acme_data/data.txt": "of its own"})
    install(environment, wheel, folder=tmp_path)
    with worlds.furnished(tmp_path / "world", environment) as world:
        (world.project / "app.py").write_text("import acme_data\nprint(acme_data.TEXT)\n")

        outcome = guarded.run(world, [environment.python, "app.py"])

    assert outcome.stdout == "of its own\n", outcome.story()
    assert not outcome.decisions(), outcome.story()


def test_the_modules_of_a_distribution_are_read_off_its_record(empty_environment, tmp_path):
    """Packages, single modules and portions of namespaces count; programs, metadata and folders of data don't."""
    environment: Environment = copy(empty_environment, tmp_path / "env")
    files = {
        "acme/__init__.py": "",
        "acme/inner.py": "",
        "acme_single.py": "",
        "space/portion/__init__.py": "",
        "data/list.txt": "",
        "not-a-name/__init__.py": "",
    }
    install(environment, Wheel("acme-all", "1.0", files), folder=tmp_path)

    assert toplevel.modules_of(environment, "acme-all") == ["acme", "acme_single", "space.portion"]
