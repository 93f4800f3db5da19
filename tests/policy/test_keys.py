"""Credentials are also where variables of the launch say that they are; a package that is imported isn't given them."""

import pytest
from support import envs, guarded, wheels, worlds

from importguard.policy import named

READS = 'import os\nopen(os.environ["TMPDIR"] + "/loot", "w").write(open(os.environ["PLACE"]).read())\n'
VARIABLES = ("GOOGLE_APPLICATION_CREDENTIALS", "KUBECONFIG", "AWS_SHARED_CREDENTIALS_FILE", "NETRC")


@pytest.fixture(scope="module")
def environment(interpreter, tmp_path_factory):
    """An environment with a package that reads a file when it is imported."""
    folder = tmp_path_factory.mktemp("keys")
    made = envs.create(folder / "env", interpreter)
    envs.install(made, wheels.Wheel("acme-reads", "1.0", {"acme_reads.py": READS}), folder=folder)
    return made


def run(environment, root, variable, **options):
    """Import the package where a variable names a file with a canary; return the Outcome and the evidence."""
    with worlds.furnished(root, environment) as world:
        place = world.root / "mounted" / "file.json"
        place.parent.mkdir()
        place.write_text((world.home / ".aws/credentials").read_text())
        (world.project / "app.py").write_text("try:\n    import acme_reads\nexcept PermissionError:\n    print('refused')\n")
        outcome = guarded.run(world, [environment.python, "app.py"], variables={"PLACE": str(place), variable: str(place)}, **options)
        return outcome, world.evidence()


@pytest.mark.parametrize("core", ("c", "py"))
@pytest.mark.parametrize("variable", VARIABLES)
def test_a_package_is_refused_what_a_variable_names(variable, core, environment, tmp_path):
    """It reads nothing, and the refusal is in its name."""
    outcome, evidence = run(environment, tmp_path, variable, options=("--core", core))

    assert "kept:aws" not in evidence, outcome.story()
    assert outcome.decisions(capability="fs.read", owner="acme-reads", verdict="deny"), outcome.story()


@pytest.mark.parametrize("variable", ("OTHER", *VARIABLES))
def test_a_file_that_no_such_variable_names_is_read(variable, environment, tmp_path):
    """The control: unguarded any, and guarded one that is no credential."""
    mode = guarded.RECOMMENDED if variable == "OTHER" else guarded.UNGUARDED

    outcome, evidence = run(environment, tmp_path, variable, mode=mode)

    assert "kept:aws" in evidence, outcome.story()


def test_a_list_a_folder_and_a_device_are_understood():
    """Several files are several, a folder stands for what credentials are called in there, `/dev/null` for none."""
    environ = {"KUBECONFIG": "/a/one:two", "DOCKER_CONFIG": "/d", "AWS_CONFIG_FILE": "/dev/null", "NETRC": ""}

    assert set(named.keys(environ, "/srv")) == {"/a/one", "/srv/two", "/d/config.json"}
