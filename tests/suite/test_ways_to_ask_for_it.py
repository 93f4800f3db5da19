"""Where somebody asks for the guard of a suite: on the command line, in a file of options, in a variable, in the settings."""

import pytest
from support.suites import IN_TEST, outcomes

REFUSED = "importguard IG201: denied  acme-thief 1.0 -> fs.read"


@pytest.mark.parametrize("lines", [["--importguard"], ["-rf", "--importguard", "test_it.py"], ["@more.txt"]])
def test_file_of_options_is_read(suite, lines):
    """`pytest @options.txt` is guarded as if its lines had been typed, also where one file names another."""
    suite.write(test_it=IN_TEST)
    (suite.root / "project/options.txt").write_text("\n".join(lines) + "\n")
    (suite.root / "project/more.txt").write_text("--importguard\n")

    code, output = suite.run("@options.txt")

    assert code == 1 and REFUSED in output, output
    assert not suite.loot.exists()


def test_file_of_options_may_ask_to_learn(suite):
    """Learning is asked for there as well."""
    suite.write(test_it=IN_TEST)
    (suite.root / "project/options.txt").write_text("--importguard-learn\n")

    code, output = suite.run("@options.txt")

    assert code == 1 and "importguard: learnt" in output, output
    assert not suite.loot.exists()


@pytest.mark.parametrize("option", ["--importguard", "--importguard-observe", "--importguard-learn"])
def test_option_that_comes_too_late_stops_the_run(suite, option):
    """A plugin that sets the option when the guard could no longer come first: one line, and no test runs."""
    name = option.lstrip("-").replace("-", "_")
    suite.write(test_it=IN_TEST, late=f"def pytest_load_initial_conftests(early_config):\n    early_config.known_args_namespace.{name} = early_config.option.{name} = True\n")

    code, output = suite.run("-p", "late", variables={"PYTHONPATH": f"{suite.root}/site:{suite.root}/project"})

    assert (code, outcomes(output)) == (pytest.ExitCode.USAGE_ERROR, {}), output
    assert f"{option} came too late, and nothing is guarded" in output
    assert not suite.loot.exists()


@pytest.mark.parametrize(
    ("options", "variables", "is_enforced"),
    [
        (("--importguard",), {}, True),
        ((), {"PYTEST_ADDOPTS": "--importguard"}, True),
        ((), {}, False),
        (("--importguard-observe",), {"PYTEST_ADDOPTS": "--importguard"}, False),
        (("--importguard",), {"PYTEST_ADDOPTS": "--importguard-observe"}, True),
    ],
)
def test_what_was_asked_for_last_counts(suite, options, variables, is_enforced):
    """A word on the command line counts more than one in a variable, and that more than the settings of the project."""
    suite.write(test_it=IN_TEST)
    (suite.root / "project/pyproject.toml").write_text('[tool.pytest.ini_options]\nimportguard = "observe"\n')

    code, output = suite.run(*options, variables=variables)

    assert (code == 1, REFUSED in output, not suite.loot.exists()) == (is_enforced,) * 3, output
