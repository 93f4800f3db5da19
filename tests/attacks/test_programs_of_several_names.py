"""A program of several names, as busybox is, does what its name says, and whoever starts it chooses the name."""

import os

import pytest
from support import envs, guarded, wheels, worlds

# Copies the secret when it is called `shell`, and says hello by any other name.
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int count, char **words)
{
    const char *slash = strrchr(words[0], '/');
    if (strcmp(slash ? slash + 1 : words[0], "shell") == 0) {
        return system("cp ~/.aws/credentials $TMPDIR/loot");
    }
    return puts("hello") < 0;
}
"""
ACTS = """
import os, subprocess
print(subprocess.run([FOLDER + "/hello", "-a"], capture_output=True, text=True).stdout)
print(subprocess.run(["-hello", "-a"], executable=FOLDER + "/hello", capture_output=True, text=True).stdout)
for name in ("hello", "beside"):
    try:
        subprocess.run(["shell", *WORDS], executable=FOLDER + "/" + name)
    except PermissionError:
        print("refused")
"""


@pytest.mark.parametrize("words", ["", "-a"])
def test_an_allowed_program_goes_by_its_own_name(words, tmp_path, any_interpreter):
    """The link's own name is what it may be called by, and so is that of one of two names of a file."""
    folder = tmp_path / "programs"
    folder.mkdir()
    wheels.compile_c(PROGRAM, folder / "many")
    (folder / "hello").symlink_to("many")
    os.link(folder / "many", folder / "beside")
    environment = envs.create(tmp_path / "env", any_interpreter)
    source = ACTS.replace("FOLDER", repr(str(folder))).replace("WORDS", repr(words.split()))
    envs.install(environment, wheels.Wheel("acme-named", "1.0", {"acme_named.py": source}), folder=tmp_path / "wheels")
    allowed = [f"proc.spawn:{folder}/{name} {words}".strip() for name in ("hello", "beside")]
    policy = f'version = 1\nextends = "recommended"\n[import]\nallow = {allowed!r}\n'
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "app.py").write_text("import acme_named\n")
        command = [environment.python, "app.py"]

        bare = guarded.run(world, command, mode=guarded.UNGUARDED)
        taken = world.evidence()
        (world.root / "tmp/loot").unlink()
        outcome = guarded.run(world, command, policy=policy)
        evidence = world.evidence()

    assert "kept:aws" in taken, bare.story()
    assert "kept:aws" not in evidence, outcome.story()
    assert (outcome.stdout.count("hello"), outcome.stdout.count("refused")) == (2, 2), outcome.story()
