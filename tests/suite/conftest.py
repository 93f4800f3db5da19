"""The project that each test of a suite's guard begins with."""

import pytest
from support.suites import Suite


@pytest.fixture
def suite(tmp_path, interpreter):
    return Suite(tmp_path, interpreter)
