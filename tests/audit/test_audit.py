"""What `importguard audit` finds, and what it leaves alone."""

import importlib.util
import marshal
import os
import py_compile
import sys

import pytest
from support import envs, wheels

CLEAN = (0, {})


def compiled(source, header):
    return importlib.util.MAGIC_NUMBER + header + marshal.dumps(compile(source, "x", "exec"))


def cached(path):
    return path.parent / "__pycache__" / f"{path.stem}.cpython-{sys.version_info[0]}{sys.version_info[1]}.pyc"


def test_an_environment_as_pip_leaves_it_is_clean(audit):
    """Nothing is found in an ordinary installation, bytecode included."""
    assert audit() == CLEAN


def test_an_enabled_environment_is_clean(world, audit):
    """The hook of importguard is no finding."""
    world.importguard("enable")
    world.python("-c", "import plain")

    assert audit() == CLEAN


def test_nothing_of_the_environment_is_run(world, audit):
    """A start-up file of the environment is found and not executed."""
    canary = world.spawns_at_startup("spawns.pth")

    assert audit() == (1, {("IG402", "spawns.pth"): ""})
    assert not canary.exists()


def test_an_unknown_start_up_file_of_a_distribution_names_it(world, audit):
    """The owner of a start-up file is whoever lists it in RECORD."""
    wheel = wheels.Wheel("starter", "1.0", {"starter.pth": "import os; os.getpid()\n"})
    envs.install(world.environment, wheel, folder=world.folder)

    assert audit() == (1, {("IG402", "starter.pth"): "starter"})


def test_a_path_file_is_no_finding(world, audit):
    """A .pth file that only adds paths runs nothing."""
    (world.site / "paths.pth").write_text("/nowhere\n# import os\n")

    assert audit() == CLEAN


def test_a_known_malicious_version_is_found(world, audit):
    """litellm 1.82.8 is on the list that ships, 1.82.6 is not."""
    for version, expected in (("1.82.6", 0), ("1.82.8", 1)):
        wheel = wheels.Wheel("litellm", version, {"litellm/__init__.py": ""})
        envs.install(world.environment, wheel, folder=world.folder)
        code, found = audit()
        assert code == expected
        assert ["IG401"] * expected == [kind for kind, _ in found]


def test_a_file_that_changed_since_it_was_installed(world, audit):
    """Its content differs from RECORD."""
    (world.site / "plain" / "data.txt").write_text("y")

    assert audit() == (1, {("IG403", "plain/data.txt"): "plain"})


def test_a_file_that_has_gone(world, audit):
    """RECORD lists it, and it isn't there."""
    (world.site / "plain" / "data.txt").unlink()

    assert audit() == (1, {("IG404", "plain/data.txt"): "plain"})


def test_importable_files_that_nobody_owns(world, audit):
    """A file inside somebody's package is told as such, a package that is nobody's once."""
    (world.site / "plain" / "extra.py").write_text("")
    (world.site / "stray").mkdir()
    for name in ("__init__.py", "one.py", "two.py"):
        (world.site / "stray" / name).write_text("")
    (world.site / "notes.txt").write_text("not importable")

    assert audit() == (1, {("IG405", "plain/extra.py"): "", ("IG405", "stray"): ""})


def test_a_distribution_that_overwrites_the_file_of_another(world, audit):
    """Both list it, with different content."""
    wheel = wheels.Wheel("other", "1.0", {"plain/part.py": "print('other')\n", "other.py": ""})
    envs.install(world.environment, wheel, folder=world.folder)

    code, found = audit()

    assert code == 1
    assert ("IG406", "plain/part.py") in found
    assert ("IG403", "plain/part.py") in found


def test_two_distributions_that_agree_on_a_file(world, audit):
    """The same content listed twice is no finding: many ship the same empty tests/__init__.py."""
    for name in ("one", "two"):
        wheel = wheels.Wheel(name, "1.0", {"tests/__init__.py": "", f"{name}.py": ""})
        envs.install(world.environment, wheel, folder=world.folder)

    assert audit() == CLEAN


def test_bytecode_without_source(world, audit):
    """It is imported, whether RECORD lists it or not."""
    wheel = wheels.Wheel("opaque", "1.0", {"opaque/__init__.pyc": wheels.bytecode("x = 1\n")})
    envs.install(world.environment, wheel, folder=world.folder)

    assert audit() == (1, {("IG407", "opaque/__init__.pyc"): "opaque"})


def test_bytecode_with_an_unchecked_hash(world, audit):
    """Found by its flag, and once more when it holds other code than its source."""
    path = world.site / "plain" / "part.py"
    py_compile.compile(str(path), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    assert audit() == (1, {("IG408", f"plain/__pycache__/{cached(path).name}"): "plain"})

    cached(path).write_bytes(compiled("import os\n", cached(path).read_bytes()[4:16]))

    assert set(audit()[1]) == {(code, f"plain/__pycache__/{cached(path).name}") for code in ("IG408", "IG409")}


@pytest.mark.parametrize("kind", ["time", "hash"])
@pytest.mark.parametrize(
    "change",
    ["def part():\n    return 2\n", "def part():\n    return 1.0\n", "def part():\n    return 1\nimport os\n"],
    ids=["constant", "type of a constant", "statement"],
)
def test_bytecode_that_differs_from_its_source(world, audit, kind, change):
    """Current by its header, and not what the source says."""
    path = world.site / "plain" / "part.py"
    if kind == "hash":
        py_compile.compile(str(path), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    else:
        py_compile.compile(str(path))

    cached(path).write_bytes(compiled(change, cached(path).read_bytes()[4:16]))

    assert audit() == (1, {("IG409", f"plain/__pycache__/{cached(path).name}"): "plain"})
    assert audit("--no-bytecode") == CLEAN


def test_bytecode_that_python_would_not_use_is_left_alone(world, audit):
    """Of another time or another version: Python compiles the source anew."""
    path = world.site / "plain" / "part.py"
    cached(path).write_bytes(compiled("import os\n", bytes(4) + b"\1\0\0\0\1\0\0\0"))
    (cached(path).parent / "part.cpython-310.pyc").write_bytes(b"anything")

    assert audit() == CLEAN


def test_bytecode_that_is_none_is_told_and_does_not_end_the_audit(world, audit):
    """A header that is current before bytes that are no code."""
    path = world.site / "plain" / "part.py"
    py_compile.compile(str(path))
    cached(path).write_bytes(cached(path).read_bytes()[:16] + b"\xff\xff")

    assert audit() == (1, {("IG409", f"plain/__pycache__/{cached(path).name}"): "plain"})


def test_an_extension_module_in_place_of_a_source(world, audit):
    """A decoy holds none of the names of the source that it shadows; what was compiled from it does."""
    source = "def calculate():\n    pass\n\n\ndef compare():\n    pass\n"
    files = {
        "pair/__init__.py": "",
        "pair/decoy.py": source,
        "pair/decoy.cpython-311-x86_64-linux-gnu.so": b"\x7fELF PyInit_decoy\0anything\0",
        "pair/fast.py": source,
        "pair/fast.abi3.so": b"\x7fELF PyInit_fast\0calculate\0compare\0",
    }
    envs.install(world.environment, wheels.Wheel("pair", "1.0", files), folder=world.folder)

    assert audit() == (1, {("IG410", "pair/decoy.cpython-311-x86_64-linux-gnu.so"): "pair"})


@pytest.mark.parametrize("head", [b"MZ\x90\0", b"\x7fELF\2\1", b"x = 1\n\0"])
def test_a_program_that_is_called_py(world, audit, head):
    """The first bytes of a .py file are no text."""
    wheel = wheels.Wheel("binary", "1.0", {"binary/__init__.py": "", "binary/_build.py": head})
    envs.install(world.environment, wheel, folder=world.folder, options=("--no-compile",))

    assert audit() == (1, {("IG411", "binary/_build.py"): "binary"})


def test_a_module_whose_first_name_is_mz(world, audit):
    """Text stays text whatever it begins with."""
    envs.install(world.environment, wheels.Wheel("mz", "1.0", {"mz.py": "MZ = 1\n"}), folder=world.folder)

    assert audit() == CLEAN


def test_a_record_that_is_not_utf_8(world, audit):
    """It is told with the byte, and the rest is checked all the same."""
    path = world.site / "plain-1.0.dist-info" / "RECORD"
    path.write_bytes(b"plain/\xff.txt,,\n" + path.read_bytes())

    found = audit()[1]

    assert found["IG412", "plain-1.0.dist-info/RECORD"] == "plain"
    assert {code for code, _ in found} == {"IG412", "IG404"}


@pytest.mark.parametrize("name", ["METADATA", "RECORD"])
def test_a_dist_info_without_a_part(world, audit, name):
    """It is told, and nothing fails."""
    (world.site / "plain-1.0.dist-info" / name).unlink()

    code, found = audit()

    assert code == 1
    assert found["IG413", "plain-1.0.dist-info"] == "plain"


@pytest.mark.registry
def test_real_packages_and_an_editable_install_are_clean(world, audit):
    """pip, setuptools, requests, coverage and a project in development give no finding."""
    project = world.folder / "project"
    (project / "src" / "inner").mkdir(parents=True)
    (project / "src" / "inner" / "__init__.py").write_text("")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "outer"\nversion = "1"\n'
        '[tool.setuptools]\npackages = ["outer"]\npackage-dir = {outer = "src/inner"}\n'
    )
    try:
        wanted = ("pip", "setuptools", "requests", "coverage", "-e", str(project))
        envs.install_from_registry(world.environment, *wanted)
    except envs.InstallFailed as error:
        pytest.skip(f"pip could not install from the package index: {error}")

    assert audit() == CLEAN


@pytest.mark.parametrize("digest", ["sha256\udcff=x", "\0=x", "shake_128=x", "x" * 500 + "=x", "="])
def test_a_record_with_a_hash_that_nobody_knows_is_a_finding(world, audit, digest):
    """It can't be compared, and the rest is looked at all the same."""
    with open(world.site / "plain-1.0.dist-info/RECORD", "a", encoding="utf-8", errors="surrogateescape") as record:
        record.write(f"plain/part.py,{digest},1\n")

    status, findings = audit()

    assert status == 1
    assert ("IG414", "plain/part.py") in findings


@pytest.mark.parametrize("name", ["plain/pipe.py", "plain-1.0.dist-info/extra", "other-1.dist-info/RECORD"])
def test_a_pipe_in_the_place_of_a_file_makes_nobody_wait(world, audit, name):
    """The audit comes to its end."""
    with open(world.site / "plain-1.0.dist-info/RECORD", "a") as record:
        record.write(f"{name},sha256=x,1\n")
    (world.site / name).parent.mkdir(exist_ok=True)
    os.mkfifo(world.site / name)

    assert audit()[0] == 1
