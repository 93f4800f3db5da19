"""The bytecode that the build of a wheel keeps is what a start would make of the sources."""

import marshal
import shutil

import pytest

from importguard.launch import bundle, prebuilt


@pytest.fixture
def installed(tmp_path):
    """A folder with the package, as a build leaves it."""
    shutil.copytree(prebuilt.ROOT / "importguard", tmp_path / "importguard", ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.db"))
    bundle.keep(tmp_path)
    return tmp_path


def codes(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            yield from codes(constant)


@pytest.mark.parametrize("name", bundle.TRUSTED)
def test_what_a_build_has_kept_is_what_the_sources_say(installed, name):
    """Each module of the trusted base has the same code, under the name of the file that it has where it is installed."""
    is_package, file, data = prebuilt.read(bundle._kept_as(), installed)[name]

    _, is_one, source, wanted = bundle._entry(name)

    code = marshal.loads(data)
    assert (code, is_package) == (wanted, is_one)
    assert {each.co_filename for each in codes(code)} == {file} == {source.replace(str(prebuilt.ROOT), str(installed))}


def test_nothing_counts_of_what_was_kept_of_another_source(installed):
    """Whoever changes a file of an installed guard gets what stands in the file."""
    with (installed / "importguard/guard.py").open("a") as file:
        file.write("# more\n")

    assert prebuilt.read(bundle._kept_as(), installed) == {}


@pytest.mark.parametrize("folder", ["é", "x" * 240])
def test_a_folder_whose_name_does_not_fit_has_the_sources_read(installed, tmp_path, folder):
    """A name that isn't ASCII, or too long to stand in the place of the one that was kept, counts for nothing kept."""
    (tmp_path / folder).mkdir()
    (installed / "importguard").rename(tmp_path / folder / "importguard")

    assert prebuilt.read(bundle._kept_as(), tmp_path / folder) == {}
