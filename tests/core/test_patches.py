"""What one package changes of another while it is imported: on record with both owners, and put back where a rule refuses it."""

import pytest
from support import envs, guarded, wheels, worlds

VICTIM = """
class Client:
    def send(self):
        return "its own"

def generate():
    return "its own"

LIMIT = 1
"""
PACKAGES = {
    "acme_victim": VICTIM,
    "acme_helper": "HELPS = True\n",
    # Each changes what the name says; whoever runs it sees it done unless a rule refuses it.
    "acme_function": "import acme_victim\nacme_victim.generate = lambda: 'another'\n",
    "acme_method": "import acme_victim\nacme_victim.Client.send = lambda self: 'another'\n",
    "acme_module": "import sys, types\nimport acme_victim\nsys.modules['acme_victim'] = types.ModuleType('acme_victim')\n",
    # Where nobody else holds it, the module that takes its name lies where it lay.
    "acme_room": "import sys, types\nsys.modules['acme_victim'] = None\nsys.modules['acme_victim'] = types.ModuleType('acme_victim')\n",
    "acme_library": "import socket\nsocket.create_connection = lambda *_, **__: None\n",
    "acme_builtin": "import builtins\nbuiltins.abs = lambda value: 'another'\n",
    "acme_before": "import acme_victim\nacme_victim.generate = lambda: 'another'\nimport acme_helper\n",
    "acme_twice": "import acme_victim\ndel acme_victim.generate\nimport acme_helper\nacme_victim.generate = lambda: 'another'\n",
    "acme_raises": "import acme_victim\nacme_victim.generate = lambda: 'another'\nraise KeyError('its own')\n",
    # These change nothing that anybody has to know of.
    "acme_data": "import acme_victim\nacme_victim.LIMIT = 2\nacme_victim.new = print\n",
    "acme_itself": "def run():\n    pass\nimport acme_helper\ndef run():\n    pass\n",
}
TARGETS = {
    "acme_function": {"acme_victim.generate"},
    "acme_method": {"acme_victim.Client.send"},
    "acme_module": {"sys.modules.acme_victim"},
    "acme_library": {"socket.create_connection"},
    "acme_builtin": {"builtins.abs"},
    "acme_before": {"acme_victim.generate"},
    "acme_twice": {"acme_victim.generate"},
    "acme_raises": {"acme_victim.generate"},
    "acme_data": set(),
    "acme_itself": set(),
}
APP = """
import builtins, importlib, os, socket, sys
real = socket.create_connection, abs
for name in {names}:
    import acme_victim
    try:
        importlib.import_module(name)
    except Exception as error:
        print(name, type(error).__name__)
    there = sys.modules["acme_victim"] is acme_victim, acme_victim.generate(), acme_victim.Client().send()
    there += (socket.create_connection is real[0], abs is real[1])
    print(name, "changed" if there != (True, "its own", "its own", True, True) else "as it was")
    socket.create_connection, builtins.abs = real
    for old in ("acme_victim", "acme_helper"):
        sys.modules.pop(old, None)
"""
REFUSED = 'version = 1\n[import]\ndeny = ["runtime.patch:*"]\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a function that gives an environment of an Interpreter with each package as a distribution of its own."""
    kept = {}

    def environment(interpreter):
        if interpreter.tag not in kept:
            folder = tmp_path_factory.mktemp(interpreter.tag)
            kept[interpreter.tag] = envs.create(folder / "env", interpreter)
            packages = [wheels.Wheel(name.replace("_", "-"), "1.0", {name + ".py": text}) for name, text in PACKAGES.items()]
            envs.install(kept[interpreter.tag], *packages, folder=folder / "wheels")
        return kept[interpreter.tag]

    return environment


@pytest.fixture
def perform(made, any_interpreter, tmp_path):
    """A function that runs the application below a policy and returns the Outcome."""

    def perform(app, policy=None):
        with worlds.furnished(tmp_path, made(any_interpreter)) as world:
            (world.project / "app.py").write_text(app)
            command = [world.environment.python, "app.py"]
            return guarded.run(world, command, policy=policy, options=("--core", "c"))

    return perform


def targets(outcome, verdict):
    """Return {distribution: targets} of what is on record as changed."""
    found = {}
    for record in outcome.decisions(capability="runtime.patch", verdict=verdict):
        found.setdefault(record["owner"]["name"].replace("-", "_"), set()).add(record["target"])
    return found


def said(outcome):
    """Return {package: what the application saw}."""
    return dict(line.split(" ", 1) for line in outcome.stdout.splitlines())


def test_change_of_another_is_on_record_and_goes_through(perform):
    """Who did it, to whom: nobody is refused, since honest packages do so as well."""
    outcome = perform(APP.replace("{names}", repr(list(TARGETS))))

    assert targets(outcome, "log") == {name: found for name, found in TARGETS.items() if found}, outcome.story()
    reasons = {record["reason"] for record in outcome.decisions(capability="runtime.patch")}
    assert reasons == {"belongs to acme-victim 1.0", "belongs to python"}
    assert {name for name, seen in said(outcome).items() if seen == "changed"} == {name for name, found in TARGETS.items() if found}
    assert "acme_raises KeyError" in outcome.stdout
    assert outcome.stderr == "", outcome.stderr


def test_change_that_a_rule_refuses_is_put_back(perform):
    """The import of who did it fails, and the other one works as before."""
    outcome = perform(APP.replace("{names}", repr(list(TARGETS))), REFUSED)

    assert targets(outcome, "deny") == {name: found for name, found in TARGETS.items() if found}, outcome.story()
    assert set(said(outcome).values()) == {"as it was"}, outcome.stdout
    refused = {line.split()[0] for line in outcome.stdout.splitlines() if line.endswith(" Denied")}
    assert refused == {name for name, found in TARGETS.items() if found} - {"acme_raises"}, outcome.stdout


def test_module_in_the_place_of_one_that_is_gone_is_on_record(perform):
    """By its address it is the same."""
    app = """
import sys, acme_victim
before = id(acme_victim)
del acme_victim
import acme_room
print(id(sys.modules["acme_victim"]) == before)
"""
    outcome = perform(app)

    assert outcome.stdout == "True\n", outcome.story()
    assert targets(outcome, "log") == {"acme_room": {"sys.modules.acme_victim"}}, outcome.story()


def test_application_changes_what_it_likes(perform):
    """What the application replaces is nobody's doing who is imported afterwards."""
    app = "import acme_victim\nacme_victim.generate = lambda: 1\nacme_victim.Client.send = print\nimport acme_helper\nprint('done')\n"

    outcome = perform(app, REFUSED)

    assert outcome.stdout == "done\n", outcome.story()
    assert outcome.decisions(capability="runtime.patch") == []
