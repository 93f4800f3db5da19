"""That the program starts is said by the interpreter alone; what a start-up file has left for it to call is not the program."""

import pytest
from support import envs, guarded, wheels, worlds

# Reads the key only where no frame is below it, and so where it could be taken for the program.
PAYLOAD = (
    "(lambda: __import__('sys')._getframe(1).f_back is None and "
    "print('GOT IT', open(__import__('os').path.expanduser('~/.ssh/id_ed25519')).read(), flush=True))()"
)
CODE, TEXT = f"compile({PAYLOAD!r}, 'x', 'exec')", repr(PAYLOAD)

# The first path hook is asked for the script; before, each folder is asked for, so that the hook is left for it.
HOOK = (
    "import sys, functools, itertools, operator, pkgutil; list(map(pkgutil.get_importer, sys.path)); "
    "sys.path_hooks.insert(0, functools.partial(operator.contains, itertools.chain("
    "map(sys.audit, ['cpython.run_file'], ['x']), map(exec, [{what}], [{{}}]))))\n"
)
# The script has an invalid escape, of which the compiler warns once the start of the program was told.
FILTER = (
    "import functools, warnings; matching = type('M', (), {{'match': staticmethod(functools.partial(exec, {what}, {{}}))}})(); "
    "warnings.filters.insert(0, ('ignore', matching, Warning, None, 0)); getattr(warnings, '_filters_mutated', int)()\n"
)
FORGERIES = {
    "an event, and code": HOOK.format(what=CODE),
    "an event, and text": HOOK.format(what=TEXT),
    "a filter of warnings, and code": FILTER.format(what=CODE),
    "a filter of warnings, and text": FILTER.format(what=TEXT),
}


@pytest.mark.parametrize("line", FORGERIES.values(), ids=FORGERIES)
def test_a_start_up_file_that_plays_the_program(line, tmp_path, any_interpreter, twin_environments):
    """The key isn't read with the authority of the application, whatever was made to run ahead of the script."""
    environment = envs.copy(twin_environments(any_interpreter), tmp_path / "env")
    envs.install(environment, wheels.Wheel("acme-start", "1.0", {"acme_start.pth": line}), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path / "world", environment) as world:
        (world.project / "app.py").write_text("pattern = '\\d'\n")

        outcome = guarded.run(world, [environment.python, "app.py"], options=("--core", "c"))

    assert outcome.decisions(capability="fs.read", target="*/.ssh/id_ed25519"), outcome.story()
    assert "GOT IT" not in outcome.stdout, outcome.story()
