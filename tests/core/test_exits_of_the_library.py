"""What a module of the standard library registers for the end of the program is nobody's, whoever imports it first."""

import pytest
from support import envs, guarded, wheels, worlds

MODULES = {
    "acme_first/__init__.py": "",
    "acme_first/log.py": "import logging\n",
    "acme_first/processes.py": "import multiprocessing.util\n",
    "acme_first/own.py": "import logging\nimport shutil\nimport atexit\natexit.register(shutil.copyfile, 'secret', 'copy')\n",
}
LOG = """
import acme_first.log
import logging.handlers, os
host = os.environ["SINK"].removeprefix("http://")
target = logging.handlers.HTTPHandler(host, "/home", method="GET")
logging.root.addHandler(logging.handlers.MemoryHandler(100, flushLevel=logging.CRITICAL, target=target))
logging.error("one line")
"""
CHILD = """
import acme_first.processes
import multiprocessing, threading

if __name__ == "__main__":
    child = multiprocessing.get_context("fork").Process(target=threading.Event().wait, args=(20,), daemon=True)
    child.start()
    print("done")
"""
NO_NETWORK = 'version = 1\nextends = "recommended"\n[import]\ndeny = ["net.*"]\n'
STRICT = 'version = 1\nextends = "strict"\n'


@pytest.fixture
def run(any_interpreter, tmp_path):
    """A function that runs an application and returns the Outcome and the evidence."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    envs.install(environment, wheels.Wheel("acme-first", "1.0", MODULES), folder=tmp_path / "wheels")

    def run(app, policy):
        with worlds.furnished(tmp_path / "world", environment) as world:
            (world.project / "app.py").write_text(app)
            outcome = guarded.run(world, [environment.python, "app.py"], policy=policy, options=("--core", "c"))
            return outcome, world.evidence()

    return run


def test_what_an_application_logs_arrives_at_the_end(run):
    """The package that imported `logging` first isn't blamed for what is flushed."""
    outcome, evidence = run(LOG, NO_NETWORK)

    assert "GET:/home" in evidence, outcome.story()
    assert outcome.decisions(verdict="deny") == [], outcome.story()


def test_a_child_of_the_application_ends_with_it(run):
    """The package that imported `multiprocessing.util` first isn't blamed for ending it."""
    outcome, _ = run(CHILD, STRICT)

    assert (outcome.returncode, outcome.stdout) == (0, "done\n"), outcome.story()
    assert outcome.decisions(verdict="deny") == [], outcome.story()


def test_what_a_package_registers_by_itself_is_its_own(run):
    """A function of the library's that a package registers is the package's."""
    outcome, _ = run("import acme_first.own\nopen('secret', 'w').close()\n", 'version = 1\n[import]\ndeny = ["fs.write:$cwd/copy"]\n')

    assert {record["owner"]["name"] for record in outcome.decisions(verdict="deny")} == {"acme-first"}, outcome.story()
