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
