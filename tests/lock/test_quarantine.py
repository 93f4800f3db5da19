"""What a lock doesn't vouch for runs under the quarantine profile, is named once, and disturbs nobody else."""

import os

import pytest
from lock_stage import TOOL, TOOL_WHEEL, USE
from support import guarded, wheels

from importguard.lock import quarantine, uploads

ALONE = wheels.Wheel("acme-alone", "1.0", {"acme_alone.py": (
    "import os, socket\n"
    "def reach():\n"
    "    host, port = os.environ['SINK'].removeprefix('http://').split(':')\n"
    "    try:\n"
    "        socket.create_connection((host, int(port)), 5).close()\n"
    "        return 'reached'\n"
    "    except PermissionError:\n"
    "        return 'denied'\n"
)})  # fmt: skip
REACH = "import acme_alone; print(acme_alone.reach())"


def named(outcome):
    """Return the reasons of the quarantine that were said."""
    return [record["reason"] for record in outcome.decisions(verdict="log") if record["rule"].endswith("quarantine")]


def denials(outcome):
    return [record["owner"]["name"] for record in outcome.decisions(verdict="deny")]


def tool(version="1.0", more=""):
    return wheels.Wheel(TOOL_WHEEL.name, version, {"acme_tool.py": TOOL + more})


def test_without_a_lock_nothing_is_quarantined(stage):
    """Where there is no lock, nobody is new."""
    stage.install(ALONE)

    outcome = stage.run(REACH)

    assert outcome.stdout == "reached\n" and named(outcome) == [], outcome.story()


def test_a_distribution_that_the_lock_does_not_know(stage, core, learnt):
    """It may not reach the network, in no phase; it is named once; the others work as before."""
    stage.adopt(learnt)
    stage.install(ALONE)

    outcome = stage.run(f"{USE}\n{REACH}", *core)

    assert outcome.stdout == "reached\ndenied\n", outcome.story()
    assert named(outcome) == ["quarantined (strict): acme-alone 1.0: importguard.lock doesn't know it"]
    assert denials(outcome) == ["acme-alone"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (tool("1.1"), "acme-tool 1.1: importguard.lock knows 1.0"),
        (tool("1.0", more="# other\n"), "acme-tool 1.0: other content than importguard.lock knows of this version"),
    ],
    ids=["another version", "another content of the same version"],
)
def test_a_distribution_that_has_changed(stage, changed, reason, learnt):
    """A release that the lock doesn't know, or knows with other content, has none of the grants."""
    stage.adopt(learnt)
    stage.install(changed)

    outcome = stage.run(USE)

    assert outcome.stdout == "denied\n", outcome.story()
    assert named(outcome) == [f"quarantined (strict): {reason}"]


def test_a_start_up_file_that_has_changed(stage, learnt):
    """A start-up file whose content differs puts its distribution into quarantine, whatever RECORD says."""
    stage.adopt(learnt)
    (stage.world.environment.site_packages / "acme_idle.pth").write_text("import os; os.environ['ACME'] = 'other'\n")

    outcome = stage.run(USE)

    assert named(outcome) == [
        "quarantined (strict): acme-idle 1.0: start-up files that importguard.lock doesn't know so: acme_idle.pth"
    ]
    assert outcome.stdout == "reached\n"


def test_a_start_up_file_of_nobody(stage):
    """One that no distribution owns is known by its name and its content."""
    path = stage.world.environment.site_packages / "nobody.pth"
    path.write_text("import os; os.environ['ACME'] = '1'\n")
    stage.learn(USE)
    assert named(stage.run(USE)) == []

    path.write_text("import os; os.environ['ACME'] = '2'\n")

    assert named(stage.run(USE)) == [
        "quarantined (strict): nobody.pth: other content than importguard.lock knows of this version"
    ]


def test_a_deputy_acts_for_nobody_in_quarantine(stage):
    """A release of a library that acts for its callers is judged itself while nobody has looked at it."""
    def requests(version):
        return wheels.Wheel("requests", version, {"requests.py": ALONE.files["acme_alone.py"]})

    stage.install(requests("9.0"))
    code = "import requests; print(requests.reach())"
    assert stage.learn(code).stdout == stage.run(code).stdout == "reached\n"

    stage.install(requests("9.1"))

    assert stage.run(code).stdout == "denied\n"


@pytest.mark.parametrize(
    ("profile", "printed"), [("block", ""), ("strict", "denied\n"), ("recommended", "reached\n"), ("observe", "reached\n")]
)
def test_profiles(stage, profile, printed, learnt):
    """`block` refuses the import, `strict` the network, `recommended` what it refuses to everybody; `observe` only says so."""
    stage.adopt(learnt)
    stage.install(ALONE)

    outcome = stage.run(REACH, policy=f'version = 1\n[quarantine]\nprofile = "{profile}"\n')

    assert outcome.stdout == printed, outcome.story()
    assert len(named(outcome)) == 1
    assert (outcome.returncode != 0) == (profile == "block")


def test_a_command_of_a_quarantined_distribution_is_no_application(stage, learnt):
    """The program whose command the user typed acts with the user's authority, unless nobody knows it."""
    command = wheels.Wheel("acme-alone", "1.0", {**ALONE.files, "acme_alone_main.py": "import acme_alone\nprint(acme_alone.reach())\n"})
    stage.adopt(learnt)
    stage.install(command)

    words = [stage.world.environment.python, "-m", "acme_alone_main"]
    quarantined = guarded.run(stage.world, words)
    free = guarded.run(stage.world, words, options=("--lock", "off"))

    assert (quarantined.stdout, free.stdout) == ("denied\n", "reached\n"), quarantined.story()


def test_a_release_that_is_too_young(stage, learnt):
    """With `min-age`, what was installed a moment ago is quarantined although the lock knows it; what is old enough isn't."""
    stage.adopt(learnt)
    policy = 'version = 1\n[quarantine]\nmin-age = "7d"\n'
    site = stage.world.environment.site_packages
    os.utime(site / "acme_idle-1.0.dist-info" / "RECORD", (1e9, 1e9))

    outcome = stage.run(USE, policy=policy)

    assert outcome.stdout == "denied\n", outcome.story()
    assert named(outcome) == ["quarantined (strict): acme-tool 1.0: 0 hours old, and min-age is 7 days"]


def test_the_upload_date_of_an_installer_s_lock_counts(tmp_path):
    """uv.lock and pylock.toml say when a release was uploaded, its youngest file; what they don't say is nothing."""
    (tmp_path / "uv.lock").write_text(
        '[[package]]\nname = "Acme_Tool"\nversion = "1.0"\n'
        'sdist = { upload-time = "2026-01-01T00:00:00Z" }\nwheels = [{ upload-time = "2026-01-02T00:00:00Z" }]\n'
    )
    (tmp_path / "pylock.toml").write_text(
        '[[packages]]\nname = "other"\nversion = "2"\n[[packages.wheels]]\nupload-time = 2026-01-03T00:00:00Z\n'
        '[[packages]]\nname = "silent"\nversion = "3"\n'
    )

    assert uploads.read(tmp_path) == {("acme-tool", "1.0"): 1767312000.0, ("other", "2"): 1767398400.0}
    site = {str(tmp_path): {"dists": {"acme-tool": {}}}}
    (tmp_path / "acme_tool-1.0.dist-info").mkdir()
    assert quarantine.ages(site, {("acme-tool", "1.0"): 100.0}, 350) == {("acme-tool", "1.0"): 250}


def test_many_strangers_are_named_in_one_line(stage, learnt):
    """A lock that knows nothing names the first few, and the rest in one more."""
    strangers = [wheels.Wheel(f"acme-n{number}", "1.0", {f"acme_n{number}.py": ""}) for number in range(12)]
    stage.adopt(learnt)
    stage.install(*strangers)

    said = named(stage.run(USE))

    assert len(said) == 9
    assert said[-1].startswith("quarantined (strict): 4 more that importguard.lock doesn't vouch for: acme-n")
