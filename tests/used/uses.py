"""What popular distributions are used for: a script each in apps/, and commands with what they are given."""

from dataclasses import dataclass, field
from pathlib import Path

APPS = Path(__file__).with_name("apps")
SOURCE = "import sys\n\n\ndef double(number: int) -> int:\n    return 2 * number\n\n\nprint(double(len(sys.argv)))\n"
TEST = "from thing import double\n\n\ndef test_double():\n    assert double(2) == 4\n"


@dataclass(frozen=True, slots=True)
class Use:
    """One use: a `command` below the environment, and the `files` that it finds in the project."""

    name: str
    command: tuple[str, ...]
    files: dict[str, str] = field(default_factory=dict)


def scripts():
    """Return a Use for each script of apps/, by name."""
    return [Use(path.stem, ("python", "app.py"), {"app.py": path.read_text()}) for path in sorted(APPS.glob("*.py"))]


COMMANDS = (
    Use("black", ("black", "--check", "--diff", "thing.py"), {"thing.py": SOURCE}),
    Use("mypy", ("mypy", "thing.py"), {"thing.py": SOURCE}),
    Use("ruff", ("ruff", "check", "thing.py"), {"thing.py": SOURCE}),
    Use("pytest", ("pytest", "-q", "--cov=thing", "-n1"), {"thing.py": SOURCE, "test_thing.py": TEST}),
    Use("coverage", ("coverage", "run", "thing.py"), {"thing.py": SOURCE}),
    Use("ipython", ("ipython", "--no-banner", "-c", "print(6 * 7)")),
    Use("awscli", ("aws", "s3", "ls", "--endpoint-url", "http://127.0.0.1:9", "--region", "eu-west-1")),
    Use("pre-commit", ("pre-commit", "--version")),
    Use("cython", ("cython", "--help")),
    Use("pip", ("pip", "list")),
    Use("gunicorn", ("gunicorn", "--help")),
    Use("huggingface-hub", ("hf", "--help")),
    Use("litellm", ("python", "-c", "import litellm; print(litellm.token_counter(model='m', text='one two'))")),
)


def every():
    """Return all uses."""
    return [*scripts(), *COMMANDS]
