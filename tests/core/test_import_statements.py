"""What a module has the import statement do besides executing it: its own code runs then, and is part of the import."""

import pytest
from support import envs, guarded, interpreters, wheels, worlds

MODULE = r"""
import os, sys, types

def act():
    try:
        os.waitpid(os.posix_spawn("/bin/touch", ["touch", "canary"], {}), 0)
    except PermissionError:
        pass

class Names(list):
    def __iter__(self):
        act()
        return super().__iter__()
    def __getitem__(self, at):
        act()
        return super().__getitem__(at)

class WithSpec(types.ModuleType):
    @property
    def __spec__(self):
        act()

class WithPath(types.ModuleType):
    @property
    def __path__(self):
        act()
        return []

class Setting(types.ModuleType):
    def __setattr__(self, name, value):
        act()
        super().__setattr__(name, value)

class Answering:
    thing = 1
    def __getattr__(self, name):
        act()
        raise AttributeError(name)

way = os.environ["WAY"]
if way == "getattr":
    def __getattr__(name):
        act()
        if name != "thing":
            raise AttributeError(name)
        return 1
elif way == "all":
    thing = 1
    __all__ = Names(["thing"])
elif way == "spec":
    sys.modules[__name__].__class__ = WithSpec
elif way == "setattr":
    sys.modules[__name__].__class__ = Setting
elif way == "path":
    sys.modules[__name__].__class__ = WithPath
elif way == "instead":
    sys.modules[__name__] = Answering()
"""
PROGRAMS = {
    "getattr": "from acme_asked import thing",
    "all": "from acme_asked import *",
    "spec": "import acme_asked; import acme_asked",
    "setattr": "import acme_asked.sub",
    "path": "import acme_asked\ntry:\n    import acme_asked.sub\nexcept ImportError:\n    pass",
    "instead": "from acme_asked import thing",
}
END = "\nimport pathlib\nprint(pathlib.Path('canary').exists())\n"
TRACED = "import sys\ndef trace(*given):\n    return trace\nsys.settrace(trace)\ndef program():\n    {}\nprogram()\nsys.settrace(None)\n"
BY_NAME = "import importlib\nimportlib.import_module('acme_asked')\nimportlib.import_module('acme_asked')\n"
LATER = "import acme_asked\nacme_asked.act()\nimport os\nos.environ['WAY']\n"


@pytest.fixture
def perform(tmp_path):
    """A function that runs a program in an environment of an Interpreter that has the package, and returns the Outcome."""

    def run(interpreter, way, program, **options):
        environment = envs.create(tmp_path / "env", interpreter)
        files = {"acme_asked/__init__.py": MODULE, "acme_asked/sub.py": ""}
        envs.install(environment, wheels.Wheel("acme-asked", "1.0", files), folder=tmp_path / "wheels")
        with worlds.furnished(tmp_path, environment) as world:
            (world.project / "app.py").write_text(program + END)
            return guarded.run(world, [environment.python, "app.py"], variables={"WAY": way}, **options)

    return run


@pytest.mark.parametrize("way", PROGRAMS)
def test_each_acts_without_the_guard(perform, way):
    """The control."""
    outcome = perform(interpreters.own(), way, PROGRAMS[way], mode=guarded.UNGUARDED)

    assert outcome.stdout == "True\n", outcome.story()


@pytest.mark.parametrize("way", PROGRAMS)
def test_it_acts_as_what_is_imported(perform, any_interpreter, way):
    """The statement has it act, and so it may what it may while it is imported."""
    outcome = perform(any_interpreter, way, PROGRAMS[way], options=("--core", "c"))

    assert outcome.stdout == "False\n", outcome.story()
    assert {(record["owner"]["name"], record["phase"]) for record in outcome.decisions(verdict="deny")} == {("acme-asked", "import")}


def test_so_it_does_when_it_is_imported_by_name(perform, any_interpreter):
    """import_module() asks a module that is there already as the statement does."""
    outcome = perform(any_interpreter, "spec", BY_NAME, options=("--core", "c"))

    assert outcome.stdout == "False\n", outcome.story()


def test_so_it_does_when_somebody_traces(perform, any_interpreter):
    """A tracer has instructions replaced; the statement stays what it is."""
    outcome = perform(any_interpreter, "getattr", TRACED.format(PROGRAMS["getattr"]), options=("--core", "c"))

    assert outcome.stdout == "False\n", outcome.story()


def test_what_it_does_when_it_is_called_it_does_while_it_runs(perform, any_interpreter):
    """An import that is over is no part of what comes after it."""
    outcome = perform(any_interpreter, "", LATER, options=("--core", "c"))

    assert outcome.stdout == "True\n", outcome.story()


# Each line that subscripts is specialised for another function, whose number stands beside the instruction, and may be that of any other.
MANY = """
import acme_many
for number in range(700):
    own = acme_many.make()
    exec("def get(own):\\n    return own[1]")
    for _ in range(12):
        assert get(own) == "done"
"""
ACTING = """
import os

class Own:
    pass

def act():
    act.calls += 1
    if act.calls % 12 == 0:
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    return "done"

act.calls = 0

def make():
    names = {}
    exec("class Made(Own):\\n    def __getitem__(self, key):\\n        return act()\\n", globals(), names)
    return names["Made"]()
"""


def test_what_stands_beside_an_instruction_is_none(tmp_path, any_interpreter):
    """CPython keeps what it has found out about an instruction behind it, and rests there while it calls."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    envs.install(environment, wheels.Wheel("acme-many", "1.0", {"acme_many.py": ACTING}), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "app.py").write_text(MANY + "print('fine')\n")
        outcome = guarded.run(world, [environment.python, "app.py"], options=("--core", "c"))

    assert outcome.stdout == "fine\n", outcome.story()
    assert outcome.decisions(verdict="deny") == []
