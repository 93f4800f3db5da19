"""The drill: ten distributions that were clean when the lock was learnt, and whose next release does what incidents did."""

import json
import re
import sys
from dataclasses import dataclass

import pytest
from lock_stage import Stage
from support import envs, guarded, wheels, worlds

sys.path.insert(0, str(guarded.CHECKOUT_LAUNCHER.parents[2] / "tests" / "attacks"))
import payloads  # noqa: E402  (the payloads of the catalogue of attacks)

CLEAN = "def use():\n    return 'works'\n"
CALL = "def use():\n    pay()\n    return 'works'\n"


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A distribution by its module: the files of its next release, and the fact that shows that its deed was done."""

    module: str
    files: dict
    fact: str
    newly: str


def at_import(*deeds):
    return payloads.quietly(*deeds) + CLEAN


def at_call(*deeds):
    body = "\n".join(f"        {line}" for line in deeds)
    return f"{payloads.TOOLS}\ndef pay():\n    try:\n{body}\n    except Exception:\n        pass\n\n{CALL}"


def pth(*deeds):
    return f"import base64;exec(base64.b64decode('{payloads.encoded(payloads.quietly(*deeds))}'), {{}})\n"


SPAWN = 'mark_from_child("{}")'
UPGRADES = (
    Upgrade("acme_a", {"acme_a.py": at_call(payloads.STEAL_VARIABLE)}, "POST:/variable", "net.connect"),
    Upgrade("acme_b", {"acme_b.py": at_call('fetch("/stage")')}, "GET:/stage", "net.connect"),
    Upgrade("acme_c", {"acme_c.py": at_call(SPAWN.format("c"))}, "wrote:home/c.mark", "proc.spawn"),
    Upgrade("acme_d", {"acme_d.py": at_import(payloads.STEAL_KEY)}, "leaked:ssh", "fs.read"),
    Upgrade("acme_e", {"acme_e.py": at_import(SPAWN.format("e"))}, "wrote:home/e.mark", "proc.spawn"),
    Upgrade("acme_f", {"acme_f.py": CLEAN, "acme_f.pth": pth(payloads.STEAL_KEY)}, "leaked:ssh", "fs.read"),
    Upgrade("acme_g", {"acme_g.py": CLEAN, "acme_g.pth": pth("import os", 'os.system("touch " + os.path.expanduser("~/g.mark"))')}, "wrote:home/g.mark", "proc.spawn"),
    Upgrade("acme_h", {"acme_h.py": at_call("import threading", 'thread = threading.Thread(target=send, args=("/late", b"x"))', "thread.start(); thread.join()")}, "POST:/late", "net.connect"),
    Upgrade("acme_i", {"acme_i.py": at_call("import os", 'os.system("touch " + os.path.expanduser("~/i.mark"))')}, "wrote:home/i.mark", "proc.spawn"),
    Upgrade("acme_j", {"acme_j.py": at_import("import os", 'open(os.path.expanduser("~/.bashrc"), "a").write("# mine\\n")')}, "wrote:home/.bashrc", "fs.write"),
)  # fmt: skip
PROGRAM = "\n".join(
    ["import acme_tool", "print(acme_tool.connect('/usual'))", *(f"import {one.module}; print({one.module}.use())" for one in UPGRADES)]
)
PRINTED = "reached\n" + "works\n" * len(UPGRADES)


def distribution(upgrade, version, files):
    return wheels.Wheel(upgrade.module.replace("_", "-"), version, files)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory, tools):
    """An environment with all ten clean, and the text of the lock that was learnt of the program that uses them."""
    folder = tmp_path_factory.mktemp("upgrades")
    made = envs.copy(tools, folder / "env")
    with worlds.furnished(folder / "world", made) as world:
        stage = Stage(world)
        stage.install(*(distribution(one, "1.0", {f"{one.module}.py": CLEAN}) for one in UPGRADES))
        learnt = stage.learn(PROGRAM)
        assert (learnt.returncode, learnt.stdout) == (0, PRINTED), learnt.stderr
        return made, stage.lock.read_text()


@pytest.mark.parametrize("upgrade", UPGRADES, ids=lambda upgrade: upgrade.module)
def test_an_upgrade_that_does_what_incidents_did(upgrade, furnished, tmp_path):
    """It happens without a guard; under the lock it doesn't, is charged to that distribution alone, and all others work."""
    made, text = furnished
    with worlds.furnished(tmp_path / "world", envs.copy(made, tmp_path / "env")) as world:
        stage = Stage(world)
        stage.lock.write_text(text)
        stage.install(distribution(upgrade, "2.0", upgrade.files))
        worlds.settle(world)

        outcome = stage.run(PROGRAM, "--lock", stage.lock)

        assert outcome.stdout == PRINTED and outcome.returncode == 0, outcome.story()
        assert upgrade.fact not in world.evidence(), outcome.story()
        name = upgrade.module.replace("_", "-")
        refused = {(record["owner"]["name"], record["capability"]) for record in outcome.decisions(verdict="deny")}
        assert (name, upgrade.newly) in refused and {owner for owner, _ in refused} == {name}, outcome.story()
        guarded.run(world, [world.environment.python, "-c", PROGRAM], mode=guarded.UNGUARDED)
        assert upgrade.fact in world.evidence()


def test_the_diff_of_an_upgrade_is_five_lines_at_most(furnished, tmp_path):
    """What learning says of all ten upgrades, `diff` names in at most five lines each, and nothing else."""
    made, text = furnished
    with worlds.furnished(tmp_path / "world", envs.copy(made, tmp_path / "env")) as world:
        stage = Stage(world)
        stage.lock.write_text(text)
        stage.install(*(distribution(one, "2.0", one.files) for one in UPGRADES))
        learnt = stage.learn(PROGRAM, "-o", "next.lock")
        assert (learnt.returncode, learnt.stdout) == (1, PRINTED), learnt.stderr

        shown = stage.importguard("diff", "importguard.lock", "next.lock")
        found = json.loads(stage.importguard("diff", "--format", "json", "importguard.lock", "next.lock").stdout)

        assert shown.returncode == 1, shown.stderr
        changed = {one["name"]: one["changes"] for one in found["distributions"] if one["changes"]}
        assert set(changed) == {one.module.replace("_", "-") for one in UPGRADES}
        for one in UPGRADES:
            assert one.newly in {change["capability"] for change in changed[one.module.replace("_", "-")]}, shown.stdout
        below = re.split(r"^(?! )", shown.stdout, flags=re.MULTILINE)
        assert max(block.count("\n") for block in below) <= 5, shown.stdout
