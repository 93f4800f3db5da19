"""Which rows run on which interpreters, and what they run in."""

import pytest
import stage
from rows import SCENARIOS
from support import interpreters


def pytest_generate_tests(metafunc):
    everywhere = metafunc.config.getoption("--pythons") == "all"
    if "scenario" in metafunc.fixturenames:
        wanted = getattr(metafunc.function, "wanted", bool)
        pairs = [
            pytest.param(scenario, version, id=f"{scenario.id}-{version}")
            for scenario in filter(wanted, SCENARIOS)
            for version in interpreters.SUPPORTED
            if everywhere or scenario.smoke or version == interpreters.OWN
        ]
        metafunc.parametrize(("scenario", "version"), pairs)
    elif "version" in metafunc.fixturenames:
        metafunc.parametrize("version", interpreters.SUPPORTED if everywhere else (interpreters.OWN,))


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    """The Workshop of this session."""
    return stage.Workshop(tmp_path_factory.mktemp("attacks"))


@pytest.fixture
def world(scenario, version, workshop, tmp_path):
    """The World of one run of `scenario`, on the interpreter of `version`."""
    interpreter = interpreters.find(version)
    if interpreter is None:
        pytest.skip(interpreters.missing(version))
    if lack := stage.missing(scenario):
        pytest.skip(lack)
    with stage.set_up(scenario, interpreter, workshop, tmp_path) as built:
        yield built
