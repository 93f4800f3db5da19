"""A module that is executed by hand, by its loader and not by an import: a distribution's body is at import all the same."""

import io
import zipfile

import pytest
from support import envs, guarded, wheels, worlds
from support.sinks import CONNECT

BODY = CONNECT + "connect(__name__.rpartition('.')[2].encode())\n"
HEAD = """
import importlib.machinery, importlib.util, os, sys, threading, zipimport
SITE = os.path.dirname(importlib.util.find_spec("acme_hand").origin)

def made(name, loader=None):
    spec = importlib.util.find_spec("acme_hand." + name) if loader is None else importlib.util.spec_from_loader(name, loader)
    return spec.loader, importlib.util.module_from_spec(spec)

"""
ZIPPED = "importlib.util.spec_from_loader('zipped', zipimport.zipimporter(SITE + '/more.zip'))"
# What each name does to have a module of that name executed.
BY_THE_APPLICATION = {
    "loader": "loader, module = made('loader')\nloader.exec_module(module)\n",
    "lazy": "spec = importlib.util.find_spec('acme_hand.lazy')\nspec.loader = importlib.util.LazyLoader(spec.loader)\n"
    "module = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(module)\nmodule.connect\n",
    "old": "made('old')[0].load_module('acme_hand.old')\n",
    "zipped": f"spec = {ZIPPED}\nspec.loader.exec_module(importlib.util.module_from_spec(spec))\n",
    "sourceless": "loader, module = made('sourceless', importlib.machinery.SourcelessFileLoader('sourceless', SITE + '/sourceless.bin'))\n"
    "loader.exec_module(module)\n",
    "unnamed": "loader, module = made('unnamed', importlib.machinery.SourcelessFileLoader('unnamed', SITE + '/unnamed.bin'))\n"
    "loader.exec_module(module)\n",
    "thread": "loader, module = made('thread')\n"
    "thread = threading.Thread(target=loader.exec_module, args=(module,))\nthread.start()\nthread.join()\n",
    "own": "import acme_hand\nacme_hand.load()\n",
    "host": "import acme_host\nacme_host.load(SITE + '/host.py')\n",
}
# What goes on with its caller: the application's own modules, files of nobody's, and what is run rather than loaded.
GOES_ON = {
    "mine": "loader, module = made('mine', importlib.machinery.SourceFileLoader('mine', 'mine.py'))\nloader.exec_module(module)\n",
    "plugin": "path = os.environ['TMPDIR'] + '/plugin.py'\nloader, module = made('plugin', importlib.machinery.SourceFileLoader('plugin', path))\n"
    "loader.exec_module(module)\n",
    "migration": "import alembic\nalembic.load(SITE + '/migration.py')\n",
    "function": "loader, module = made('function')\nloader.exec_module(module)\nmodule.connect(b'function')\n",
    "after": "loader, module = made('after')\nloader.exec_module(module)\nmodule.act()\n",
}
LOAD = "def load(path):\n    import importlib.util\n    spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)\n"
LOAD = "import os\n\n" + LOAD + "    spec.loader.exec_module(importlib.util.module_from_spec(spec))\n"
QUIET = {"function": CONNECT, "after": CONNECT + "def act():\n    connect(b'after')\n"}
MODULES = {name: QUIET.get(name, BODY) for name in ("loader", "lazy", "old", "thread", "own", "host", "migration", "function", "after")}
PLACES = {f"acme_hand/{name}.py": source for name, source in MODULES.items()}
OWN = LOAD.replace("load(path)", "load(path=os.path.dirname(__file__) + '/own.py')")


def unnamed(interpreter):
    """Return the bytes of a .pyc whose code isn't called what the body of a module is."""
    return wheels.compile_with(interpreter, BODY, "<payload>").replace(b"<module>", b"anything")


def archive():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as members:
        members.writestr("zipped.py", BODY)
    return held.getvalue()


def furnish(folder, interpreter):
    environment = envs.create(folder / "env", interpreter)
    files = {**PLACES, "acme_hand/__init__.py": OWN, "acme_hand/more.zip": archive(), "acme_hand/sourceless.bin": wheels.bytecode(BODY)}
    files["acme_hand/unnamed.bin"] = unnamed
    hosts = [wheels.Wheel(name, "1.0", {f"{name.replace('-', '_')}.py": LOAD}) for name in ("acme-host", "alembic")]
    start = "import sys\nfrom acme_start import load\n\ndef main():\n    load(sys.argv[1])\n"
    program = wheels.Wheel("acme-start", "1.0", {"acme_start.py": LOAD, "acme_main.py": start}, commands={"acme-start": "acme_main:main"})
    envs.install(environment, wheels.Wheel("acme-hand", "1.0", files), *hosts, program, folder=folder / "wheels")
    return environment


@pytest.fixture(scope="module")
def environments(tmp_path_factory):
    """Return a function that gives the environment of an Interpreter; built once."""
    kept = {}

    def environment(interpreter):
        if interpreter.tag not in kept:
            kept[interpreter.tag] = furnish(tmp_path_factory.mktemp(interpreter.tag), interpreter)
        return kept[interpreter.tag]

    return environment


@pytest.fixture(scope="module", params=("unguarded", "c", "py"))
def core(request):
    """Which core guards, if any."""
    return request.param


@pytest.fixture(scope="module")
def done(core, any_interpreter, environments, tmp_path_factory):
    """Return a function that runs an application that does as it is told, and gives what arrived and the Outcome; kept by its text."""
    kept = {}

    def run(source, command=None):
        if source not in kept:
            root = tmp_path_factory.mktemp("run")
            environment = environments(any_interpreter)
            with worlds.furnished(root, environment) as world:
                for path, text in {"app.py": source, "mine.py": BODY}.items():
                    (world.project / path).write_text(text)
                (world.temporary / "plugin.py").write_text(BODY)
                mode = guarded.UNGUARDED if core == "unguarded" else guarded.RECOMMENDED
                options = () if core == "unguarded" else ("--core", core)
                line = command(environment) if command else [environment.python, "app.py"]
                kept[source] = outcome, _ = guarded.run(world, line, mode=mode, options=options), world.evidence()
                assert outcome.returncode == 0, outcome.story()
        outcome, evidence = kept[source]
        assert [record["core"] for record in outcome.records if record["event"] == "armed"] == [core] * (core != "unguarded")
        return outcome, evidence

    return run


@pytest.mark.parametrize("way", BY_THE_APPLICATION)
def test_a_distributions_body_is_at_import_whoever_has_it_executed(way, done, core):
    """Its connection arrives unguarded; guarded it is refused as what happens at import."""
    outcome, evidence = done(HEAD + "".join(BY_THE_APPLICATION.values()))

    assert (f"GET:/{way}" in evidence) == (core == "unguarded"), outcome.story()
    refused = outcome.decisions(capability="net.connect", phase="import", verdict="deny")
    assert {record["owner"]["name"] for record in refused} <= {"acme-hand"}, outcome.story()


@pytest.mark.parametrize("way", GOES_ON)
def test_what_is_no_distributions_body_goes_on_with_who_has_it_executed(way, done):
    """Nothing is refused to the application's own files, to nobody's, to migrations, and to functions that are called afterwards."""
    outcome, evidence = done(HEAD + "".join(GOES_ON.values()))

    assert f"GET:/{way}" in evidence, outcome.story()
    assert not outcome.alarms(), outcome.story()


def test_what_the_users_program_executes_is_its_work(done):
    """The program whose command was typed runs scripts of other distributions, as a packager does with hooks."""
    script = lambda environment: [environment.command("acme-start"), environment.site_packages / "acme_hand" / "host.py"]  # noqa: E731

    outcome, evidence = done("# by the program", script)

    assert "GET:/host" in evidence, outcome.story()
    assert not outcome.alarms(), outcome.story()
