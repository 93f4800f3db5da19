"""The command explain, where a lock counts."""

import pytest
from support import envs, wheels

from importguard.cli import main


@pytest.fixture
def project(tmp_path, monkeypatch, empty_environment):
    """A project with an environment that has a distribution, which the working directory's lock knows with other files."""
    environment = envs.copy(empty_environment, tmp_path / "env")
    envs.install(environment, wheels.Wheel("acme", "1.0", {"acme.py": ""}), folder=tmp_path / "wheels")
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    digest = "sha256:" + "0" * 64
    (folder / "importguard.lock").write_text(f'version = 1\n[distribution.acme."1.0"]\ndigests = ["{digest}"]\n', "utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return environment


def test_explain_answers_as_a_run_under_the_lock_would(project, capsys):
    """What is quarantined is denied by that, and the line that is suggested would allow it."""
    question = ["explain", "net.connect", "example.com:443", "--package", "acme", "--phase", "run", "--python", str(project.path)]

    status = main.main(question)

    out = capsys.readouterr().out
    assert status == 1, out
    assert "rule   importguard.lock" in out
    assert '[package.acme]\n    run.allow = ["net.connect:example.com:443"]' in out


@pytest.mark.parametrize(
    ("package", "note"),
    [
        ("acme", ""),
        ("application", ""),
        ("acne", "acne isn't installed in {} (see --python); a package of that name would get this answer, did you mean 'acme'?"),
    ],
)
def test_explain_says_that_a_package_is_not_installed(project, capsys, package, note):
    """The question is answered all the same: it may be about one that is yet to come, or about a slip of the pen."""
    status = main.main(["explain", "fs.read", "~/.aws/credentials", "--package", package, "--python", str(project.path)])

    found = [line.removeprefix("  note   ") for line in capsys.readouterr().out.splitlines() if line.startswith("  note")]
    assert found == ([note.format(project.path)] if note else [])
    assert status == (0 if package == "application" else 1)
