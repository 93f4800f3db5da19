"""The body of a module is a boundary, in whatever shape its statements are written."""

import pytest
from support import envs, guarded, wheels, worlds
from support.sinks import CONNECT

SHAPES = {
    "statement": "connect(b'x')",
    "list": "[connect(b'x') for _ in '1']",
    "set": "{connect(b'x') for _ in '1'}",
    "dict": "{1: connect(b'x') for _ in '1'}",
    "nested": "[[connect(b'x') for _ in '1'] for _ in '1']",
    "generator": "list(connect(b'x') for _ in '1')",
    "lambda": "(lambda: [connect(b'x') for _ in '1'])()",
    "class": "class Body:\n    found = [connect(b'x') for _ in '1']",
    "given as frozen": "import _imp, marshal\ncode = compile(\"connect(b'x')\", 'os', 'exec')\n"
    "exec(_imp.get_frozen_object('os', marshal.dumps(code)))",
    "without a trace": "name = connect\ndel __builtins__, __spec__, __file__\n[name(b'x') for _ in '1']",
}


@pytest.fixture
def shaped(tmp_path, any_interpreter):
    """Return a function that runs an import of one shape and gives what arrived and the Outcome."""

    def run(shape, mode):
        environment = envs.create(tmp_path / mode / "env", any_interpreter)
        wheel = wheels.Wheel("acme-shape", "1.0", {"acme_shape.py": CONNECT + SHAPES[shape] + "\n"})
        envs.install(environment, wheel, folder=tmp_path / mode / "wheels")
        with worlds.furnished(tmp_path / mode, environment) as world:
            (world.project / "app.py").write_text("import acme_shape\n")
            outcome = guarded.run(world, [environment.python, "app.py"], mode=mode)
            return world.evidence(), outcome

    return run


@pytest.mark.parametrize("shape", SHAPES)
def test_a_statement_of_a_modules_body_is_import(shaped, shape):
    """It arrives unguarded; guarded it is refused as what happens at import, on every version."""
    bare, _ = shaped(shape, guarded.UNGUARDED)
    evidence, outcome = shaped(shape, guarded.RECOMMENDED)

    assert "GET:/x" in bare
    assert "GET:/x" not in evidence, outcome.story()
    refused = outcome.decisions(capability="net.connect", phase="import", verdict="deny")
    # The core in Python knows a module by its file, which this one has thrown away.
    owners = {"acme-shape", "unowned"} if shape == "without a trace" else {"acme-shape"}
    assert {record["owner"]["name"] for record in refused} <= owners and refused, outcome.story()
