"""The plugins of this repository as they are installed: built, named by a policy, and fed by a real run."""

import json
from pathlib import Path

import jsonschema
import pytest

SARIF_SCHEMA = Path(__file__).parents[1] / "lock/sarif.schema.json"

POLICY = """
version = 1
plugins = ["example", "sarif", "syslog", "cooldown", "kill"]
[plugin.example]
path = "{root}/tally.json"
[plugin.sarif]
path = "{root}/out.sarif"
[plugin.syslog]
address = "udp://{udp.host}:{udp.port}"
[plugin.cooldown]
unknown = "deny"
allow = ["acme-thief"]
[plugin.kill]
threshold = 1000
"""
PROGRAM = """
import acme_thief
try:
    import acme_harmless
except ImportError as error:
    print(type(error).__name__)
"""


@pytest.fixture
def installed(plugged, first_party):
    """A launcher's environment with the plugins of this repository."""
    for wheel in first_party:
        plugged.unpack(wheel)
    return plugged


def test_plugins_work_together_in_a_real_run(installed, world, monkeypatch):
    """Five plugins at once: the young release is refused, and tally, SARIF log and syslog receiver hold the refusals."""
    policy = POLICY.format(root=world.root, udp=world.udp)

    outcome = installed.run(world, [world.environment.python, "-c", PROGRAM], monkeypatch, policy=policy)

    assert (outcome.returncode, outcome.stdout) == (0, "BlockedImport\n"), outcome.story()
    refused = outcome.decisions(verdict="deny")
    assert {record["owner"]["name"] for record in refused} == {"acme-thief", "acme-harmless"}
    tally = json.loads((world.root / "tally.json").read_text())
    assert tally == {name: sum(r["count"] for r in refused if r["owner"]["name"] == name) for name in tally}
    log = json.loads((world.root / "out.sarif").read_text())
    jsonschema.validate(log, json.loads(SARIF_SCHEMA.read_text()))
    results = log["runs"][0]["results"]
    assert {result["ruleId"] for result in results} == {record["capability"] for record in refused}
    sent = [json.loads(item.body.partition(b" - ")[2]) for item in world.udp.received]
    assert sent == list(outcome.records)


def test_tree_is_killed_when_refusals_add_up(installed, world, monkeypatch):
    """With a threshold that the thief reaches, the tree ends with 86 before the program goes on."""
    policy = 'version = 1\nplugins = ["kill"]\n[plugin.kill]\nthreshold = 6\n'
    program = "import acme_thief, time\ntime.sleep(30)\nprint('went on')"

    outcome = installed.run(world, [world.environment.python, "-c", program], monkeypatch, policy=policy)

    assert (outcome.returncode, outcome.stdout) == (86, ""), outcome.story()


def test_option_of_a_plugin_that_is_wrong_lets_nothing_start(installed, world, monkeypatch):
    """A mistake in a plugin's table is one line that names plugin and option, with exit status 3."""
    policy = 'version = 1\nplugins = ["cooldown"]\n[plugin.cooldown]\ndayz = 3\n'

    outcome = installed.run(world, [world.environment.python, "-c", PROGRAM], monkeypatch, policy=policy)

    assert (outcome.returncode, outcome.stdout) == (3, "")
    assert outcome.stderr.startswith("importguard IG305: plugin 'cooldown': unknown option 'dayz'")


def test_plugins_that_no_policy_names_add_nothing_to_a_start(plugged, first_party, world, monkeypatch):
    """The launcher loads the same modules, of its own and of Python's, whether they are installed beside it or not."""

    def loaded():
        command = [world.environment.python, "-c", "import acme_harmless"]
        outcome = plugged.run(world, command, monkeypatch, policy="version = 1\n", interpreting=("-X", "importtime"))
        assert outcome.returncode == 0, outcome.story()
        return [line.rpartition("|")[2].strip() for line in outcome.stderr.splitlines() if line.startswith("import time:")]

    alone = loaded()
    for wheel in first_party:
        plugged.unpack(wheel)

    assert len(first_party) == 6 and "importguard.launch.supervisor" in alone
    assert loaded() == alone
