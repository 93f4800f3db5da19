"""Where settings come from, and what a policy that was merely found may do."""

import pytest
import tables

from importguard import errors
from importguard.policy import approval, find, resolve, table, toml

LOOSE = """
version = 1
extends = "observe"
mode = "observe"
on-violation = "kill"
bytecode = "ignore"
app = ["litellm"]
[advisories]
malicious = "off"
[run]
allow = ["net.*"]
deny = ["proc.spawn"]
[package.litellm]
allow = ["fs.read:$secrets"]
deputy = ["fs.*"]
[[exception]]
package = "x"
allow = ["net.*"]
reason = "y"
"""


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A project, a home and a system folder, all of them empty."""
    monkeypatch.setattr(find, "SYSTEM", tmp_path / "etc" / "policy.toml")
    for name in ("etc", "home/.config/importguard", "project/.git", "project/src/deep"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def run(world, options=None, environ=None, folder="project"):
    given = {"HOME": str(world / "home")} | (environ or {})
    return resolve.resolve(options or {}, given, world / folder)


def write(world, place, text):
    path = world / place
    path.write_text("version = 1\n" + text.replace("\nversion = 1\n", "\n"), "utf-8")
    return path


def test_nothing_anywhere(world):
    """Without any policy, `recommended` is enforced."""
    found = run(world)

    assert (found.preset, found.mode, found.on_violation, found.malicious) == (
        "recommended",
        "enforce",
        "deny",
        "block",
    )
    assert (found.policies, found.locked, found.notices) == ((), (), ())
    assert found.name == 'preset "recommended"'


def test_no_home(world):
    """A launch without HOME has no user policy, and starts."""
    assert resolve.resolve({}, {}, world / "project").mode == "enforce"


def test_order_of_sources(world):
    """An option comes before the environment, that before the project, that before the user, that before the system."""
    write(world, "etc/policy.toml", 'on-violation = "kill"')
    assert run(world).on_violation == "kill"

    write(world, "home/.config/importguard/policy.toml", 'on-violation = "deny"\nbytecode = "refuse"')
    assert run(world).on_violation == "deny"

    write(world, "project/importguard.toml", 'on-violation = "kill"')
    found = run(world)
    assert (found.on_violation, found.bytecode) == ("kill", "refuse")

    assert run(world, environ={"IMPORTGUARD_ON_VIOLATION": "deny"}).on_violation == "deny"
    assert run(world, {"on_violation": "kill"}, {"IMPORTGUARD_ON_VIOLATION": "deny"}).on_violation == "kill"


def test_the_variable_importguard(world):
    """IMPORTGUARD says the mode, and a value that is none is refused with the near miss."""
    for mode in ("off", "observe", "enforce"):
        assert run(world, environ={"IMPORTGUARD": mode}).mode == mode
    with pytest.raises(errors.UsageError, match="IMPORTGUARD = 'observ' is none of .* did you mean 'observe'"):
        run(world, environ={"IMPORTGUARD": "observ"})
    with pytest.raises(errors.UsageError, match="--kernel = 'on' is none of"):
        run(world, {"kernel": "on"})


@pytest.mark.parametrize("folder", ["project", "project/src/deep"])
def test_a_found_policy_only_tightens(world, folder):
    """A policy that was found counts where it denies; what would loosen is ignored and named in one line."""
    path = write(world, "project/importguard.toml", LOOSE)
    found = run(world, folder=folder)

    assert (found.preset, found.mode, found.malicious, found.bytecode) == ("recommended", "enforce", "block", "report")
    assert found.on_violation == "kill"
    assert found.policies[0].app == found.policies[0].deputies == ()
    assert {line.effect for line in found.policies[0].lines} == {"deny"}
    assert len(found.notices) == 1
    assert found.notices[0].startswith(
        f"{path} is not approved: ignored allow (3), deputy (1), app (1), extends = 'observe'"
    )
    loaded = table.load(tables.compiler.table(found, tables.surroundings()))
    assert tables.ask(loaded, "proc.spawn", "/bin/x", phase="run") == "deny"
    assert not loaded.is_app("litellm")


def test_a_found_policy_that_tightens_says_nothing(world):
    """A policy that loosens nothing needs no approval and causes no notice."""
    write(world, "project/importguard.toml", 'extends = "strict"\nstartup-files = "refuse"\n[run]\ndeny = ["net.*"]')
    found = run(world)

    assert (found.preset, found.startup_files, found.notices) == ("strict", "refuse", ())


def test_an_approved_policy_counts_whole(world):
    """After approval the same file with the same content counts whole, comments aside; a changed one doesn't."""
    path = write(world, "project/importguard.toml", LOOSE)
    environ = {"HOME": str(world / "home")}
    approval.approve(toml.read(path), environ)

    assert run(world).mode == "observe"
    path.write_text("# a comment\n" + path.read_text("utf-8"), "utf-8")
    assert run(world).mode == "observe"
    path.write_text(path.read_text("utf-8") + '[package.more]\nallow = ["net.*"]\n', "utf-8")
    assert run(world).mode == "enforce"


def test_an_approval_is_for_one_place(world):
    """The same content in another project is not approved."""
    path = write(world, "project/importguard.toml", LOOSE)
    approval.approve(toml.read(path), {"HOME": str(world / "home")})
    (world / "other").mkdir()
    (world / "other" / "importguard.toml").write_bytes(path.read_bytes())

    assert run(world, folder="other").mode == "enforce"


@pytest.mark.parametrize("how", ["option", "variable", "system"])
def test_a_named_policy_needs_no_approval(world, how):
    """A policy that was named, or lies in the system's folder, counts whole."""
    place = "etc/policy.toml" if how == "system" else "elsewhere.toml"
    path = write(world, place, LOOSE)
    options = {"policy": str(path)} if how == "option" else {}
    environ = {"IMPORTGUARD_POLICY": str(path)} if how == "variable" else {}
    found = run(world, options, environ)

    assert (found.mode, found.malicious, found.notices) == ("observe", "off", ())


def test_a_named_policy_takes_the_projects_place(world):
    """With a policy named, the project's is not looked at."""
    write(world, "project/importguard.toml", "this is no TOML")
    path = write(world, "elsewhere.toml", "")

    assert run(world, {"policy": str(path)}).name == str(path)


def test_a_locked_policy(world):
    """A locked policy can't be loosened: not by options, not by policies, not by exceptions."""
    write(world, "etc/policy.toml", 'locked = true\nmode = "enforce"\n[run]\ndeny = ["net.connect:$metadata"]')
    mine = write(world, "mine.toml", '[package.somepackage]\nallow = ["net.*"]')
    found = run(world, {"policy": str(mine), "mode": "observe"}, {"IMPORTGUARD": "off"})
    loaded = table.load(tables.compiler.table(found, tables.surroundings()))

    assert found.mode == "enforce"
    assert tables.ask(loaded, "net.connect", "169.254.169.254:80", phase="run") == "deny"
    assert tables.ask(loaded, "net.connect", "a:80") == "allow"


def test_locked_elsewhere(world):
    """`locked = true` counts only in the system's folder, and elsewhere that is said."""
    path = write(world, "mine.toml", 'locked = true\nmode = "enforce"')
    found = run(world, {"policy": str(path), "mode": "observe"})

    assert found.mode == "observe"
    assert found.notices == (f"{path}: locked = true counts only in {find.SYSTEM}",)


@pytest.mark.parametrize(
    ("policy", "typed", "found"),
    [
        ("", {}, "off"),
        ("", {"supervise_unasked": "auto"}, "auto"),
        ("off", {"supervise_unasked": "auto"}, "off"),
        ("require", {"supervise_unasked": "auto"}, "require"),
        ("auto", {"kernel": "auto"}, "auto"),
        ("auto", {"kernel": "require"}, "require"),
        ("require", {"kernel": "off"}, "off"),
        ("auto", {"kernel": "require", "supervise": "off"}, "off"),
    ],
)
def test_who_says_whether_calls_are_supervised(world, policy, typed, found):
    """Its own option, then --kernel, which leaves it to the policy where it says auto, and last what the command is used to."""
    if policy:
        typed = {**typed, "policy": str(write(world, "mine.toml", f'[kernel]\nsupervisor = "{policy}"'))}

    assert run(world, typed).supervisor == found


def test_the_kernel_option_is_for_both_layers(world):
    """It goes ahead of a policy, which may choose for each; `auto` where nobody says anything."""
    path = write(world, "mine.toml", '[kernel]\nlandlock = "require"\nseccomp = "off"')
    chosen = [run(world, {"policy": str(path), "kernel": typed}) for typed in (None, "require")]

    assert [(found.seccomp, found.landlock) for found in chosen] == [("off", "require"), ("require", "require")]
    assert (run(world).seccomp, run(world).landlock) == ("auto", "auto")


def test_which_lock_counts(world):
    """The project's lock counts, and may give something once it is approved; a named one does so at once, `off` is none."""
    path = world / "project" / "importguard.lock"
    assert run(world).lock == ""

    path.write_text("version = 1\n", "utf-8")
    assert (run(world).lock, run(world).lock_is_trusted) == (str(path), False)
    assert run(world, {"lock": str(path)}).lock_is_trusted
    assert run(world, {"lock": "off"}).lock == ""

    approval.approve(approval.File.of(path), {"HOME": str(world / "home")})
    assert run(world).lock_is_trusted
    before = tables.compiler.digest(run(world))
    path.write_text("version = 1\n# changed\n", "utf-8")
    assert not run(world).lock_is_trusted
    assert tables.compiler.digest(run(world)) != before


def test_quarantine_may_only_be_tightened(world):
    """A policy that nobody approved can lengthen the least age, and not make the quarantine milder."""
    text = '[quarantine]\nprofile = "observe"\nmin-age = "2d"'
    path = write(world, "project/importguard.toml", text)

    found = run(world)
    assert (found.quarantine, found.least_age) == ("strict", 2 * 86400)

    approval.approve(toml.read(path), {"HOME": str(world / "home")})
    assert run(world).quarantine == "observe"


def test_pyproject(world):
    """A pyproject.toml counts when it has our table, and one that is broken stops only those that it may concern."""
    path = world / "project" / "pyproject.toml"
    path.write_text("[project]\nname = 'x'\n", "utf-8")
    assert run(world).policies == ()

    path.write_text('[tool.importguard]\nversion = 1\non-violation = "kill"\n', "utf-8")
    assert run(world).on_violation == "kill"

    path.write_text("[project\n", "utf-8")
    assert run(world).policies == ()

    path.write_text("[tool.importguard\n", "utf-8")
    with pytest.raises(errors.PolicyError, match="pyproject.toml:1: "):
        run(world)


def test_two_policies_in_one_folder(world):
    """importguard.toml comes before pyproject.toml, and that is said."""
    write(world, "project/importguard.toml", 'on-violation = "kill"')
    (world / "project" / "pyproject.toml").write_text("[tool.importguard]\nversion = 1\n", "utf-8")
    found = run(world)

    assert found.on_violation == "kill"
    assert len(found.notices) == 1


def test_the_search_ends_at_the_project(world):
    """A policy above the project's root is not the project's."""
    write(world, "importguard.toml", 'on-violation = "kill"')

    assert run(world, folder="project/src/deep").on_violation == "deny"


def test_problems_of_several_files(world):
    """The problems of all policies come in one report."""
    write(world, "project/importguard.toml", "x = 1")
    write(world, "home/.config/importguard/policy.toml", "y = 1")

    with pytest.raises(errors.PolicyError) as caught:
        run(world)
    assert len(caught.value.args[0].splitlines()) == 2


def test_a_system_policy_that_can_not_be_read(world):
    """A system policy that can't be read stops the launch; it may have been a locked one."""
    (world / "etc" / "policy.toml").mkdir()

    with pytest.raises(errors.PolicyError, match="can't be read"):
        run(world)


def test_records(world):
    """A records file is absolute from here on, and one of the files that nobody may write."""
    found = run(world, {"records": "out.jsonl"})
    loaded = table.load(tables.compiler.table(found, tables.surroundings()))

    assert found.records == str(world / "project" / "out.jsonl")
    assert tables.ask(loaded, "fs.write", found.records, phase="run") == "deny"
    assert run(world, environ={"IMPORTGUARD_RECORDS": "fd:3"}).records == "fd:3"


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("/dev/stdout", "fd:1"),
        ("/dev/fd/1", "fd:1"),
        ("/proc/self/fd/1", "fd:1"),
        ("/proc/thread-self/fd/1", "fd:1"),
        ("linked", "fd:1"),
        ("/dev/stderr", "-"),
        ("/proc/self/fd/2", "-"),
        ("/dev/fd/63", "fd:63"),
        ("/dev/null", "/dev/null"),
    ],
)
def test_records_by_the_path_of_a_descriptor(world, named, meant):
    """A path that leads to one of the launcher's descriptors is that descriptor, through links of one's own as well."""
    (world / "project" / "linked").symlink_to("/dev/stdout")

    assert run(world, {"records": named}).records == meant


def test_digest(world):
    """The digest of what is in force is the same on another machine, and another for another policy."""
    path = write(world, "mine.toml", '[run]\ndeny = ["net.*"]')
    found = run(world, {"policy": str(path)})
    here = tables.compiler.table(found, tables.surroundings())
    there = tables.compiler.table(found, tables.surroundings(home="/Users/eve", cwd="/elsewhere"))

    assert here["digest"] == there["digest"]
    assert here["digest"] != tables.compiler.table(run(world), tables.surroundings())["digest"]
    assert here == tables.compiler.table(run(world, {"policy": str(path)}), tables.surroundings())
