"""One environment a test, not yet enabled."""

import pytest
from support import envs
from support.enabled import World


@pytest.fixture
def world(tmp_path, empty_environment):
    """A World of an empty environment."""
    return World(envs.copy(empty_environment, tmp_path / "env"), tmp_path)
