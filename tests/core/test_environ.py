"""Environment variables: a policy can withhold one from a package, and the application still reads it."""

import pytest
from support import envs, guarded, wheels, worlds

READS = """
import os
try:
    print("package got", {expression})
except PermissionError:
    print("package was refused")
"""
POLICY = 'version = 1\n[package.acme-reads]\nimport.deny = ["env.read:ACME_*"]\n'
WAYS = ("os.environ['ACME_API_KEY']", "os.getenv('ACME_API_KEY')", "os.environb[b'ACME_API_KEY']", "dict(os.environ)['ACME_API_KEY']")


@pytest.mark.parametrize("expression", WAYS)
def test_a_withheld_variable_is_not_read(tmp_path, interpreter, empty_environment, expression):
    """Refused to the package, whose text doesn't reach the output; given to the application; given to all without a rule."""
    environment = envs.copy(empty_environment, tmp_path / "env")
    reads = wheels.Wheel("acme-reads", "1.0", {"acme_reads.py": READS.format(expression=expression)})
    envs.install(environment, reads, folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "app.py").write_text("import os, acme_reads\nprint('app got', os.environ['ACME_API_KEY'])\n")
        key = world.canaries["variable"]

        free = guarded.run(world, [environment.python, "app.py"])
        outcome = guarded.run(world, [environment.python, "app.py"], policy=POLICY)

    assert key in free.stdout.splitlines()[0]
    assert outcome.stdout.splitlines() == ["package was refused", f"app got {key}"], outcome.story()
    [decision] = outcome.decisions(capability="env.read", owner="acme-reads", verdict="deny")
    assert (decision["target"], decision["layer"]) == ("ACME_API_KEY", "wrap")


BENEATH = r"""
import copy, gc, os, pickle, posix, sys
from importlib.machinery import ModuleSpec, BuiltinImporter

def another_posix():
    import _imp
    module = _imp.create_builtin(ModuleSpec("posix", BuiltinImporter))
    _imp.exec_builtin(module)
    return module.environ

class Alike:
    def __hash__(self): return hash(b"ACME_API_KEY")
    def __eq__(self, other): return other == b"ACME_API_KEY"

class Name(bytes): pass

KEY, data = b"ACME_API_KEY", os.environ._data
WAYS = {
    "posix": lambda: posix.environ[KEY],
    "subclass of bytes": lambda: posix.environ[Name(KEY)],
    "get": lambda: data.get(KEY),
    "pop": lambda: dict(a=data.pop(KEY))["a"],
    "popitem": lambda: [data.popitem() for _ in list(data)],
    "setdefault": lambda: data.setdefault(KEY, b"no"),
    "items": lambda: list(data.items()),
    "values": lambda: list(data.values()),
    "copy": lambda: data.copy(),
    "copied": lambda: copy.copy(data),
    "copied deep": lambda: copy.deepcopy(os.environ)["ACME_API_KEY"],
    "pickled": lambda: pickle.dumps(data),
    "unpacked": lambda: {**data},
    "dict": lambda: dict(data),
    "united": lambda: {} | data,
    "updated": lambda: {}.update(data),
    "compared": lambda: data == {},
    "shown": lambda: repr(os.environ),
    "keys": lambda: data.keys().mapping[KEY] or {}[KEY],
    "real getitem": lambda: getattr(os._Environ.__getitem__, "__wrapped__", os._Environ.__getitem__)(os.environ, "ACME_API_KEY"),
    "made again": lambda: another_posix()[KEY],
    "past its methods": lambda: dict.__getitem__(data, KEY),
    "items past its methods": lambda: dict(dict.items(data))[KEY],
    "what looks alike": lambda: data[Alike()],
    "collector": lambda: [each for each in [*gc.get_objects(), *gc.get_referents(data)] if type(each) is dict and KEY in each][0][KEY],
}
written = {
    "written": lambda: data.__setitem__(b"ACME_PATH", b"x"),
    "updated in place": lambda: data.update({b"ACME_PATH": b"x"}),
    "removed": lambda: data.__delitem__(b"ACME_HOME"),
    "cleared": lambda: data.clear(),
    "by os": lambda: os.environ.__setitem__("ACME_PATH", "x"),
}

try:
    kept = dict(data)
except PermissionError:
    kept = {}

def run(ways):
    for name, way in ways.items():
        if kept:
            data.clear()
            data.update(kept)
        try:
            found = way()
        except PermissionError:
            print(name, "refused", sep=": ")
        except (KeyError, TypeError, IndexError) as error:
            print(name, "nothing", sep=": ")
        else:
            print(name, "got it", sep=": ")

run(WAYS)
run(written)
run({"nothing more": dict})
"""
RULES = """
version = 1
[package.acme-reads]
import.deny = ["env.read:ACME_API_KEY", "env.write:ACME_*"]
"""
USES = r"""
import copy, os, posix, subprocess, sys
os.environ["ACME_HOME"] = "here"
try:
    import acme_reads
finally:
    data = os.environ._data
    assert os.environ["ACME_API_KEY"] == os.environb[b"ACME_API_KEY"].decode() == data[b"ACME_API_KEY"].decode()
    assert data is posix.environ and isinstance(data, dict) and len(data) == len(list(data)) == len(data.keys()) > 3
    assert dict(data) == dict(data.items()) == data.copy() == data and data | {} == {} | data == copy.copy(data) and repr(data) == repr(dict(data))
    os.environ["ACME_NEW"] = "new"
    assert data[b"ACME_NEW"] == b"new" and data.pop(b"ACME_NEW") == b"new" and "ACME_NEW" not in os.environ and data.get(b"ACME_NEW", 1) == 1
    os.environ |= {"ACME_OTHER": "o"}
    assert copy.deepcopy(os.environ)["ACME_OTHER"] == os.environ.copy()["ACME_OTHER"] == "o"
    assert subprocess.run(["/usr/bin/env"], env=data, capture_output=True, text=True).stdout.count("ACME_OTHER=o") == 1
    assert "ACME_OTHER=o" in subprocess.run(["/usr/bin/env"], capture_output=True, text=True).stdout
    os.environ.pop("ACME_OTHER")
    assert "ACME_OTHER=o" not in subprocess.run(["/usr/bin/env"], env=os.environ, capture_output=True, text=True).stdout
    for wrong in (lambda: data[3], lambda: data["text"]):
        try:
            wrong()
        except KeyError:
            continue
        raise AssertionError
    print("app is fine")
"""


def ways_beneath(root, interpreter, **options):
    """Run the ways past `os.environ` in an environment of an Interpreter; return the Outcome."""
    environment = envs.create(root / "env", interpreter)
    envs.install(environment, wheels.Wheel("acme-reads", "1.0", {"acme_reads.py": BENEATH}), folder=root / "wheels")
    with worlds.furnished(root, environment) as world:
        (world.project / "app.py").write_text(USES)
        return guarded.run(world, [environment.python, "app.py"], **options)


def test_no_way_past_the_mapping_leads_to_a_withheld_variable(tmp_path, any_interpreter):
    """The dict behind it, `posix.environ`, a `posix` made anew: each asks, and the application notices nothing."""
    outcome = ways_beneath(tmp_path, any_interpreter, policy=RULES, options=("--core", "c"))

    *found, last = outcome.stdout.splitlines()
    assert last == "app is fine", outcome.story()
    assert [line for line in found if line.endswith("got it")] == ["nothing more: got it"], outcome.story()
    assert len(found) == 31
    assert {record["target"] for record in outcome.decisions(verdict="deny")} >= {"ACME_API_KEY", "ACME_PATH", "ACME_HOME"}


def test_each_way_past_the_mapping_leads_to_the_variable_unguarded(tmp_path, interpreter):
    """The control, and what an application sees where no rule speaks of variables."""
    outcome = ways_beneath(tmp_path, interpreter, mode=guarded.UNGUARDED)

    assert [line.partition(":")[0] for line in outcome.stdout.splitlines() if "got it" not in line] == ["collector", "app is fine"], outcome.story()
