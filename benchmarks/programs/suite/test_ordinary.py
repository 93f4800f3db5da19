"""What a suite consists of: fixtures, temporary folders, environment variables, parameters, output."""

import os

import pytest

TIMES = 700


@pytest.fixture
def folder(tmp_path):
    """Give a folder with a file in it."""
    (tmp_path / "file.txt").write_text("one\ntwo\n")
    return tmp_path


@pytest.mark.parametrize("number", range(TIMES))
def test_a_file_has_lines(folder, number):
    """What was written is read."""
    assert len((folder / "file.txt").read_text().splitlines()) == 2


@pytest.mark.parametrize("number", range(TIMES))
def test_a_variable_is_set(monkeypatch, number):
    """The environment is changed for a test."""
    monkeypatch.setenv("SUITE_NUMBER", str(number))

    assert os.environ["SUITE_NUMBER"] == str(number)


@pytest.mark.parametrize("number", range(TIMES))
def test_what_is_printed_is_caught(capsys, number):
    """Output is looked at."""
    print(number)

    assert capsys.readouterr().out == f"{number}\n"
