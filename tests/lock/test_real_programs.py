"""No false alarm: programs of real distributions are learnt once, and run under their lock without a denial."""

import pytest
from lock_stage import Stage
from support import envs, worlds

REQUIREMENTS = ("requests==2.32.3", "jinja2==3.1.4", "sqlalchemy==2.0.36", "click==8.1.7")
FETCH = """
import os, requests
session = requests.Session()
print(session.get(os.environ["SINK"] + "/page", params={"q": "1"}).status_code)
try:
    requests.get("http://127.0.0.1:1/")
except requests.ConnectionError:
    print("no answer")
"""
RENDER = """
import jinja2, tempfile
folder = tempfile.mkdtemp()
cache = jinja2.FileSystemBytecodeCache(folder)
environment = jinja2.Environment(bytecode_cache=cache, loader=jinja2.DictLoader({"page": "{{ name }} {% for n in numbers %}{{ n }}{% endfor %}"}))
print(environment.get_template("page").render(name="hello", numbers=range(3)))
"""
STORE = """
import sqlalchemy as sa, tempfile
engine = sa.create_engine("sqlite:///" + tempfile.mkdtemp() + "/store.db")
table = sa.Table("notes", sa.MetaData(), sa.Column("text", sa.String))
with engine.begin() as connection:
    table.create(connection)
    connection.execute(table.insert(), [{"text": "kept"}])
    print(connection.execute(sa.select(table.c.text)).scalar())
"""
COMMAND = """
import click, subprocess, sys
from click.testing import CliRunner

@click.command()
@click.option("--name", default="you")
@click.argument("file", type=click.File("w"))
def greet(name, file):
    file.write(name)
    click.echo(f"hello {name}")

runner = CliRunner()
with runner.isolated_filesystem():
    print(runner.invoke(greet, ["--name", "x", "out.txt"]).output.strip())
    print(runner.invoke(greet, ["--help"]).exit_code)
print(subprocess.run([sys.executable, "-c", "import click; click.echo('child')"], capture_output=True, text=True).stdout.strip())
"""
PROGRAMS = {
    "requests": (FETCH, "200\nno answer\n"),
    "jinja2": (RENDER, "hello 012\n"),
    "sqlalchemy": (STORE, "kept\n"),
    "click": (COMMAND, "hello x\n0\nchild\n"),
}


@pytest.fixture(scope="module")
def popular(tmp_path_factory, interpreter):
    """An environment with the distributions of REQUIREMENTS."""
    made = envs.create(tmp_path_factory.mktemp("popular") / "env", interpreter)
    try:
        envs.install_from_registry(made, *REQUIREMENTS)
    except envs.InstallFailed as error:
        pytest.skip(f"the package index can't be had: {error}")
    return made


@pytest.mark.registry
def test_programs_of_popular_distributions_run_under_their_lock(popular, tmp_path):
    """Four programs in one are learnt; with each core they then run as before: no denial, nothing said, nobody quarantined."""
    program = "".join(code for code, _ in PROGRAMS.values())
    printed = "".join(text for _, text in PROGRAMS.values())
    with worlds.furnished(tmp_path, popular) as world:
        stage = Stage(world)
        learnt = stage.learn(program)
        assert (learnt.returncode, learnt.stdout) == (0, printed), learnt.stderr

        for core in ("c", "py"):
            outcome = stage.run(program, "--core", core)
            assert (outcome.returncode, outcome.stdout, outcome.decisions()) == (0, printed, []), outcome.story()
