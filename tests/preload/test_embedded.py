"""Programs that embed an interpreter and have it overlook the environment."""

import subprocess

import pytest
from support import guarded

# Runs its second argument as code in an isolated interpreter, under the name that its first gives.
EMBEDS = """
#include <Python.h>

int main(int count, char **words)
{
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    PyConfig_SetBytesString(&config, &config.program_name, words[1]);
    config.site_import = 0;
    PyStatus status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status))
        Py_ExitStatusException(status);
    int failed = PyRun_SimpleString(words[2]);
    return Py_FinalizeEx() || failed || count != 3;
}
"""
FINDS = """
import sysconfig
print(sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LDVERSION"), sysconfig.get_path("include"))
"""


@pytest.fixture
def link(any_interpreter, compiler, tmp_path):
    """A function that makes a program of C source text, linked against each interpreter's library."""
    done = subprocess.run([any_interpreter.path, "-I", "-c", FINDS], capture_output=True, text=True, check=True)
    library, version, include = done.stdout.split()

    def link(source):
        (tmp_path / "program.c").write_text(source)
        flags = [f"-I{include}", f"-L{library}", f"-Wl,-rpath,{library}", f"-lpython{version}"]
        command = [compiler, tmp_path / "program.c", "-o", tmp_path / "program", *flags]
        if subprocess.run(command, capture_output=True, timeout=60).returncode:
            pytest.skip(f"needs the headers and the shared library of {any_interpreter.path}")
        return tmp_path / "program"

    return link


@pytest.mark.parametrize(("mode", "arrives"), [(guarded.UNGUARDED, True), (guarded.RECOMMENDED, False)])
def test_an_embedded_interpreter(mode, arrives, link, any_world):
    """Its import of a package that calls home is refused as any other's is, though it reads no variable and no `site`."""
    site = any_world.environment.site_packages
    code = f"import sys; sys.path.append({str(site)!r}); import acme_kid; print(sys.flags.isolated)"
    python = any_world.environment.interpreter.path

    outcome = guarded.run(any_world, [link(EMBEDS), python, code], mode=mode)

    assert (outcome.returncode, outcome.stdout) == (0, "1\n"), outcome.story()
    assert ("GET:/kid" in any_world.evidence()) is arrives, outcome.story()
    if mode == guarded.RECOMMENDED:
        assert outcome.decisions(capability="net.connect", owner="acme-kid", verdict="deny"), outcome.story()


def test_a_program_that_never_starts_its_interpreter(link, any_world):
    """What is linked against an interpreter and doesn't use it ends as it would alone."""
    outcome = guarded.run(any_world, [link("int Py_IsInitialized(void); int main(void) { return 6 + Py_IsInitialized(); }")])

    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (6, "", ""), outcome.story()
