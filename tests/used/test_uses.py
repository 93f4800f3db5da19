"""Popular distributions do their work under the guard: a sample; `make used` does the many."""

import pytest
import uses
import using
from support import kept

pytestmark = pytest.mark.registry
NEEDS = ("jinja2", "requests", "sqlalchemy")
SAMPLE = [use for use in uses.scripts() if use.name in NEEDS]


@pytest.fixture(scope="session")
def environment(interpreter):
    """One environment with everything that the sample needs."""
    return kept.environment_or_skip(NEEDS, interpreter)


@pytest.mark.parametrize("use", SAMPLE, ids=lambda use: use.name)
def test_a_use_goes_as_it_does_bare(use, environment, tmp_path):
    """A request, a template and a database: nothing is refused under recommended, nor under a lock learnt before."""
    assert using.bare(use, environment, tmp_path / "bare").returncode == 0

    for try_out in (using.recommended, using.locked):
        tried = try_out(use, environment, tmp_path / try_out.__name__)
        assert (tried.returncode, tried.refused) == (0, ()), tried.story
