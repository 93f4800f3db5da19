"""Well-known programs from the package index behave the same guarded and not."""

import pytest
from comparing_programs import Program, assert_same
from support import envs, kept, wheels

pytestmark = pytest.mark.registry
NEEDS = ("pytest", "pytest-xdist", "pytest-cov", "flask", "gunicorn", "django", "celery", "ipykernel", "pip", "tox")
SECONDS = r"\d+\.\d+s"
ADDRESS = r"0x[0-9a-f]+"
PROJECT = {
    "shop/__init__.py": "",
    "shop/cart.py": "def total(prices):\n    if not prices:\n        return 0\n    return sum(prices)\n",
    "tests/test_cart.py": (
        "import os, subprocess, sys\nimport pytest\nfrom shop import cart\n\n"
        "@pytest.mark.parametrize('prices, total', [([], 0), ([1, 2], 3), ([5], 5), ([2, 2], 4)])\n"
        "def test_total(prices, total):\n    assert cart.total(prices) == total\n\n"
        "def test_secret():\n    with open(os.path.expanduser('~/.aws/credentials')) as file:\n"
        "        assert 'canary' in file.read()\n\n"
        "def test_child():\n"
        "    program = 'from shop import cart; print(cart.total([1]))'\n"
        "    assert subprocess.run([sys.executable, '-c', program], stdout=-1, text=True).stdout == '1\\n'\n\n"
        "def test_fails():\n    assert cart.total([1]) == 2\n"
    ),
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n",
}
DJANGO_SETTINGS = """
import os
SECRET_KEY = os.environ.get("KEY", "x" * 50)
BASE = os.path.dirname(__file__)
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE + "/db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
DJANGO = """
import os, sys
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(["manage.py", "check"])
execute_from_command_line(["manage.py", "migrate"])
execute_from_command_line(["manage.py", "shell", "-c", "from django.contrib.auth.models import User; print(User.objects.count())"])
"""
CELERY = """
import os, signal
import celery
from celery import signals

app = celery.Celery("app", broker="memory://", backend="cache+memory://")
app.conf.broker_connection_retry_on_startup = True
app.conf.worker_hijack_root_logger = False

@app.task(name="add")
def add(first, second):
    with open(os.path.expanduser("~/.aws/credentials")) as credentials:
        known = "canary" in credentials.read()
    with open("said.txt", "w") as said:
        print("the task says", first + second, known, file=said)
    return first + second

@signals.worker_ready.connect
def send(**_):
    add.delay(2, 3)

@signals.task_postrun.connect
def stop(**_):
    os.kill(WORKER, signal.SIGTERM)

@signals.worker_shutdown.connect
def show(**_):
    with open("said.txt") as said:
        print(said.read(), flush=True)

WORKER = os.getpid()
"""
KERNEL = """
import sys
from jupyter_client.manager import start_new_kernel

CELLS = [
    "%pip install --no-index --no-deps --no-input --disable-pip-version-check acme_note-1.0-py3-none-any.whl",
    "import acme_note; print(acme_note.VALUE)",
    "import os; print('canary' in open(os.path.expanduser('~/.aws/credentials')).read())",
    "!echo from a shell",
    "1 / 0",
    "6 * 7",
]

manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)
try:
    for cell in CELLS:
        def show(message):
            content = message["content"]
            kind = message["msg_type"]
            if kind == "stream":
                print(content["text"], end="")
            elif kind == "execute_result":
                print("result", content["data"]["text/plain"])
            elif kind == "error":
                print("error", content["ename"], content["evalue"])
        reply = client.execute_interactive(cell, timeout=60, output_hook=show)
        print("status", reply["content"]["status"])
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=False)
print("ended", manager.has_kernel)
"""
TOX = """
[tox]
envlist = one
skipsdist = true
[testenv]
skip_install = true
commands = python -c "import os, sys; print('in tox', sorted(n for n in os.environ if n.startswith('IMPORTGUARD')))"
"""
NOTE = wheels.Wheel(
    "acme-note", "1.0", {"acme_note.py": "VALUE = 'a note'\n\n\ndef main():\n    print(VALUE)\n"},
    commands={"acme-note": "acme_note:main"},
)  # fmt: skip
UNCHANGED = (
    Program(
        "pytest",
        PROJECT,
        ("pytest", "-q", "-p", "no:cacheprovider", "--cov=shop", "--cov-report=term"),
        "1 failed, 6 passed",
        (SECONDS, ADDRESS),
    ),
    Program(
        "pytest-xdist",
        PROJECT,
        ("python", "-m", "pytest", "-q", "-n2", "--cov=shop", "--cov-report=term"),
        "1 failed, 6 passed",
        (SECONDS, ADDRESS, r"^\[gw\d\] linux.*$", r"^[.F]+ +\[100%\]$"),
    ),
    Program("django", {"settings.py": DJANGO_SETTINGS, "manage.py": DJANGO}, ("python", "manage.py"), "no issues"),
    Program(
        "celery",
        {"app.py": CELERY},
        ("celery", "-A", "app", "worker", "--pool", "prefork", "-c", "1", "--without-gossip", "--without-mingle"),
        "the task says 5 True",
        (ADDRESS, r"v\d+\.\d+\.\d+ \(.*\)", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:,\d+)?"),
    ),
)
CHANGING = (
    Program(
        "pip-install",
        {},
        ("python", "-m", "pip", "install", "--no-index", "--no-deps", "--disable-pip-version-check",
         "acme_note-1.0-py3-none-any.whl"),
        "Successfully installed",
    ),
    Program(
        "ipython-kernel",
        {"app.py": KERNEL},
        ("python", "app.py"),
        "result 42",
        (r"^.*Debugger warning.*$", r"^.*frozen modules.*$"),
    ),
)  # fmt: skip


@pytest.fixture(scope="session")
def environment(interpreter):
    """One environment with everything that the programs need."""
    return kept.environment_or_skip(NEEDS, interpreter)


@pytest.mark.parametrize("program", UNCHANGED, ids=lambda program: program.id)
def test_a_program_behaves_the_same(program, environment, place):
    """Exit status and output are those of the bare run, under observe and under recommended."""
    assert_same(program, lambda: environment, place)


@pytest.mark.parametrize("program", CHANGING, ids=lambda program: program.id)
def test_a_program_that_installs_behaves_the_same(program, environment, interpreter, place):
    """A wheel that is installed on the way is installed and imported as without the guard."""
    wheel = wheels.build(NOTE, place, interpreter)
    copies = iter("bor")

    assert_same(program, lambda: envs.copy(environment, place / next(copies)), place, wheels=[wheel])


def test_tox_runs_its_children_guarded(environment, place):
    """tox starts children with an environment of its own making; they are guarded and say the same."""
    program = Program("tox", {"tox.ini": TOX}, ("tox", "-q", "--workdir", "work"), "in tox []", (r"\d+\.\d+ seconds",))

    assert_same(program, lambda: environment, place)
