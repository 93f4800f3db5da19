"""The ledger in C names the same owner for a path as Identity does, whatever is installed and however it is called."""

import os

import ccores
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importguard.identity import Identity
from importguard.ledger.scan import scan

pytestmark = pytest.mark.skipif(ccores.own() is None, reason=ccores.MISSING)

# What a path is made of, few enough that paths meet; the last is no UTF-8, as the kernel allows it.
PARTS = ("a", "b", "aa", "site-packages", "dist-packages", ".cache", "lib", "é", "\udcff", "x.py", "")
NAMES = ("one", "two", "mine", "ünï")
FOLDERS = ("/srv/lib/site-packages", "/opt/dist-packages")
paths = st.lists(st.sampled_from(PARTS), min_size=1, max_size=6).map(lambda parts: "/" + "/".join(parts))
below_sites = st.tuples(st.sampled_from(FOLDERS), paths).map("".join)
anywhere = st.one_of(paths, below_sites, st.just(""), paths.map(lambda path: path[1:]))
names = st.sampled_from(NAMES)
dists = st.dictionaries(
    names,
    st.fixed_dictionaries(
        {
            "version": st.sampled_from(("1.0", "2", "")),
            "kind": st.sampled_from(("distribution", "app")),
            "malicious": st.sampled_from(("", "MAL-1")),
        }
    ),
)
owned = st.dictionaries(anywhere, names, max_size=8)
sites = st.dictionaries(
    st.sampled_from(FOLDERS),
    st.fixed_dictionaries({"mtime_ns": st.just(0), "dists": dists, "prefixes": owned, "files": owned}),
)
folders = st.lists(paths.map(lambda path: path.rstrip("/") + "/"), max_size=2)


def make(sites, roots, stdlib, written):
    return Identity(
        sites=sites,
        app_roots=roots,
        stdlib=stdlib,
        package="/guard/",
        is_app=lambda name: name == "mine",
        is_written=lambda path: path in written,
        look_up=lambda name, version: "",
    )


def by_c(identity, asked, modules=()):
    paths, names = ccores.own().twin_owners(
        identity.as_tuple(), identity.rescan, identity.is_written, tuple(asked), tuple(modules)
    )
    return paths, names


def by_python(identity, asked):
    return [identity.owner_of_path(path).as_tuple() for path in asked]


@given(sites, folders, folders, st.lists(anywhere, min_size=1, max_size=12), st.sets(anywhere, max_size=3))
@example({"/srv/lib/site-packages": {"mtime_ns": 0, "dists": {}, "prefixes": {"/": "two"}, "files": {"": "one"}}}, [], [], ["", "//", "/"], set())
def test_any_path_in_any_ledger(sites, roots, stdlib, asked, written):
    """Folders and files, the longest first; the standard library, the application, hidden and written files; nobody's."""
    asked = [*asked, "/guard/core.py", *[path for site in sites.values() for path in (*site["prefixes"], *site["files"])]]

    found, _ = by_c(make(sites, roots, stdlib, written), asked)

    assert found == by_python(make(sites, roots, stdlib, written), asked)


@given(sites, st.lists(st.sampled_from(("a", "a.b", "b", "x", "é", "", ".", "none")), max_size=5))
def test_any_module_by_its_name(sites, modules):
    """The program that `python -m` starts is the distribution's whose top-level folder or file it is."""
    known = make(sites, [], [], ())

    _, found = by_c(known, (), modules)

    owners = [known.owner_of_module(name) for name in modules]
    assert found == [owner.as_tuple() if owner else ("unowned", "", "unowned") for owner in owners]


def write(site, name, version, files, *, direct_url=""):
    """Install by hand: files and a RECORD that lists them."""
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Name: {name}\n")
    for file in files:
        path = site / os.fsdecode(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (info / "RECORD").write_bytes(b"".join(os.fsencode(file) + b",,\n" for file in files))
    if direct_url:
        (info / "direct_url.json").write_text(f'{{"dir_info": {{}}, "url": "file://{direct_url}"}}')


@pytest.fixture
def site(tmp_path):
    """A site directory with a distribution of two that share a folder, one of a single file, one with an odd name."""
    folder = tmp_path / "lib" / "site-packages"
    write(folder, "one", "1.0", ["shared/one/__init__.py", "one.py"])
    write(folder, "two", "2.0", ["shared/two.py", "two/sub/__init__.py"])
    write(folder, "three", "3.0", [b"odd\xff/__init__.py"])
    return folder


def asked_of(site):
    return [os.fsdecode(os.fsencode(found)) for root, _, files in os.walk(os.fsencode(site)) for found in [os.path.join(root, file) for file in files]]


def test_what_a_scan_finds(site):
    """Every file that is there, by its real ledger, and some that aren't listed."""
    asked = [*map(os.fsdecode, asked_of(site)), f"{site}/stray.py", f"{site}/shared/stray.py", f"{site}/two/stray.py"]
    sites = {str(site): scan(str(site))}

    found, _ = by_c(make(sites, [], [], ()), asked)

    assert found == by_python(make(sites, [], [], ()), asked)
    assert ("three", "3.0", "distribution") in found


def test_what_was_installed_since(site):
    """A path that the ledger doesn't know is looked for again when its site directory has changed."""
    sites = {str(site): scan(str(site))}
    write(site, "four", "4.0", ["four.py"])
    asked = [f"{site}/four.py", f"{site}/one.py"]

    found, _ = by_c(make(sites, [], [], ()), asked)

    assert found == by_python(make(sites, [], [], ()), asked)
    assert [owner[0] for owner in found] == ["four", "one"]


def test_what_is_installed_later_is_not_the_application(site, tmp_path):
    """A package that writes metadata while the program runs can't make itself the application: by no name, by no folder."""
    mine, project = site / "mine.py", tmp_path / "elsewhere"
    write(site, "mine", "1.0", ["mine.py"])
    sites = {str(site): scan(str(site))}
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "evil"\n')
    write(site, "evil", "6.6", ["evil.py"], direct_url=str(project))
    write(site, "mine", "6.6", ["evil_too.py"])
    asked = [f"{site}/evil.py", f"{project}/evil.py", f"{site}/evil_too.py", str(mine)]

    found, _ = by_c(make(sites, [], [], ()), asked)

    assert found == by_python(make(sites, [], [], ()), asked)
    assert [owner[2] for owner in found] == ["distribution", "distribution", "unowned", "app"]


def test_a_folder_whose_scan_fails(site):
    """What can't be scanned leaves the ledger as it was: the path is nobody's, and the rest is as before."""
    known = make({str(site): scan(str(site))}, [], [], ())
    write(site, "four", "4.0", ["four.py"])

    def broken(folder):
        raise RuntimeError(folder)

    found, _ = ccores.own().twin_owners(known.as_tuple(), broken, known.is_written, (f"{site}/four.py", f"{site}/one.py"), ())

    assert [owner[0] for owner in found] == ["unowned", "one"]
