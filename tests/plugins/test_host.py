"""Plugins in the launcher: what they may do, and what becomes of those that raise, hang, or would loosen."""

import json

import pytest

POLICY = 'version = 1\nplugins = ["{name}"]\n'
STEAL = "import acme_thief; print('went on')"
HEAD = "from importguard.plugins import hookimpl\n\nclass Plugin:\n    def __init__(self, options):\n        self.options = options\n\n"


def hook(text):
    """Return the source of a plugin with one hook."""
    return HEAD + "    @hookimpl\n" + "\n".join("    " + line for line in text.strip().splitlines()) + "\n"


def advising(answer):
    """Return the source of a plugin that gives an answer for advisories."""
    return hook(f"def importguard_advisories(self, distributions):\n    return {answer}")


def run(plugged, world, monkeypatch, name, program=STEAL, *, more="", options=(), seconds=20):
    policy = POLICY.format(name=name) + more
    return plugged.run(
        world, [world.environment.python, "-c", program], monkeypatch, policy=policy, options=options, seconds=seconds
    )


def arrived(world):
    """Return the paths that the sink was asked for."""
    return [item.path for item in world.http.received]


def test_plugin_gets_every_record_in_order(plugged, world, monkeypatch):
    """A plugin sees what the records file holds: from `armed` to `exit`, each with its fields."""
    path = world.root / "seen"
    plugged.install(
        "keeper",
        hook(
            f"def importguard_record(self, record):\n    import json\n    with open({str(path)!r}, 'a') as f:\n        f.write(json.dumps(record) + '\\n')"
        ),
    )

    outcome = run(plugged, world, monkeypatch, "keeper")

    assert outcome.returncode == 0, outcome.story()
    assert [json.loads(line) for line in path.read_text().splitlines()] == list(outcome.records)
    assert {record["event"] for record in outcome.records} >= {"armed", "decision", "exit"}


def test_plugin_is_told_its_options(plugged, world, monkeypatch):
    """A plugin is made with its table of the policy."""
    path = world.root / "seen"
    plugged.install(
        "teller", hook("def importguard_finish(self):\n    open(self.options['path'], 'w').write(self.options['text'])")
    )

    run(plugged, world, monkeypatch, "teller", more=f"[plugin.teller]\npath = '{path}'\ntext = 'hello'\n")

    assert path.read_text() == "hello"


def test_plugin_that_isnt_named_isnt_loaded(plugged, world, monkeypatch):
    """What is installed and not named by the policy never runs."""
    path = world.root / "loaded"
    plugged.install("uninvited", f"open({str(path)!r}, 'w')\n" + hook("def importguard_finish(self):\n    pass"))
    plugged.install("invited", hook("def importguard_finish(self):\n    pass"))

    assert run(plugged, world, monkeypatch, "invited").returncode == 0
    assert not path.exists()


def test_policy_that_was_merely_found_loads_no_plugin(plugged, world, monkeypatch):
    """A project's own policy that nobody approved can't have code loaded into the launcher, and that is said."""
    path = world.root / "loaded"
    plugged.install("stranger", f"open({str(path)!r}, 'w')\n" + hook("def importguard_finish(self):\n    pass"))
    (world.project / "importguard.toml").write_text(POLICY.format(name="stranger"))

    outcome = plugged.run(world, [world.environment.python, "-c", STEAL], monkeypatch, policy=None)

    assert not path.exists()
    assert "is not approved: ignored plugins = ('stranger',)" in outcome.stderr


def test_plugin_that_raises_is_named_and_the_run_goes_on(plugged, world, monkeypatch):
    """An exception of a plugin is a `degraded` record with its name; the command ends as it would have, guarded."""
    plugged.install("clumsy", hook("def importguard_record(self, record):\n    raise SystemExit('no more')"))

    outcome = run(plugged, world, monkeypatch, "clumsy")

    assert (outcome.returncode, outcome.stdout) == (0, "went on\n"), outcome.story()
    assert [r["reason"] for r in outcome.records if r["event"] == "degraded"] == [
        "plugin 'clumsy' raised SystemExit: no more"
    ]
    assert outcome.decisions(capability="proc.spawn", verdict="deny")
    assert arrived(world) == []


def test_plugin_that_hangs_is_left_behind(plugged, world, monkeypatch):
    """A plugin that never returns holds up neither the command nor the records of others, and is named."""
    plugged.install(
        "sleeper", hook("def importguard_record(self, record):\n    import threading\n    threading.Event().wait()")
    )

    outcome = run(plugged, world, monkeypatch, "sleeper")

    assert (outcome.returncode, outcome.stdout) == (0, "went on\n"), outcome.story()
    assert "left behind" in [r["reason"] for r in outcome.records if r["event"] == "degraded"][0]
    assert outcome.decisions(capability="proc.spawn", verdict="deny")


def test_plugin_whose_rules_raise_lets_nothing_start(plugged, world, monkeypatch):
    """Rules that were asked for and can't be had: exit 3 with the plugin's name, and the command never ran."""
    plugged.install("broken", hook("def importguard_rules(self, distributions):\n    raise KeyError('disk')"))

    outcome = run(plugged, world, monkeypatch, "broken")

    assert (outcome.returncode, outcome.stdout) == (3, "")
    assert "importguard IG305: plugin 'broken' raised KeyError in importguard_rules: 'disk'" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, "plugin 'odd' is not installed beside importguard"),
        ("1/0", "plugin 'odd' can't be loaded: ZeroDivisionError"),
        (HEAD.replace("self.options = options", "raise ValueError('no such option')"), "plugin 'odd': no such option"),
        (hook("def importguard_recrod(self, record):\n    pass"), "a plugin has a hook that importguard doesn't know"),
        (HEAD.replace("self.options = options", "raise SystemExit(0)"), "plugin 'odd' can't be loaded: SystemExit: 0"),
        ("raise SystemExit(0)", "plugin 'odd' can't be loaded: SystemExit: 0"),
        (hook("def importguard_record(self, rec):\n    pass"), "plugin 'odd' has a hook that can't be called: "),
        (advising("[('thief', 'X-1')]"), "plugin 'odd' answered ('thief', 'X-1') in importguard_advisories, which is no tuple of 3 texts"),
        (advising("5"), "plugin 'odd' answered 5 in importguard_advisories, which is no iterable"),
        (advising("(1 / 0 for turn in [1])"), "plugin 'odd' raised ZeroDivisionError in importguard_advisories: "),
        (hook("def importguard_owner(self, path):\n    return ('x',)"), "plugin 'odd' answered ('x',) in importguard_owner"),
        (hook("def importguard_owner(self, path):\n    return 'acme'"), "plugin 'odd' answered 'acme' in importguard_owner"),
        (HEAD.replace("self.options = options", "raise KeyError('two\\nlines')"), "plugin 'odd' can't be loaded: KeyError: "),
        (HEAD.replace("self.options = options", "raise ValueError('two\\nlines')"), "plugin 'odd': two\\x0alines"),
    ],
    ids=["missing", "broken", "option", "hook", "exit", "exit on import", "argument", "pair", "number", "generator", "single", "text", "lines", "line"],
)
def test_plugin_that_cant_be_used_lets_nothing_start(plugged, world, monkeypatch, source, said):
    """A plugin that is missing, broken, or has a hook of another name: one line, exit 3, nothing was started."""
    (world.environment.site_packages / "acme_loose.py").write_text("")
    if source is not None:
        plugged.install("odd", source)

    try:
        outcome = run(plugged, world, monkeypatch, "odd")
    finally:
        (world.environment.site_packages / "acme_loose.py").unlink()

    assert (outcome.returncode, outcome.stdout) == (3, "")
    assert f"importguard IG305: {said}" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


def test_rule_of_a_plugin_comes_first(plugged, world, monkeypatch):
    """What a plugin denies stays denied although the policy grants it, and the record names the plugin's rule."""
    plugged.install(
        "strict",
        hook(
            "def importguard_rules(self, distributions):\n    assert ('acme-thief', '1.0') in [(d.name, d.version) for d in distributions]\n    return {'import': {'deny': ['proc.spawn']}}"
        ),
    )

    outcome = run(
        plugged, world, monkeypatch, "strict", more="[package.acme-thief]\nallow = ['proc.spawn', 'net.connect']\n"
    )

    (denied,) = outcome.decisions(capability="proc.spawn", verdict="deny")
    assert denied["rule"] == "plugin strict#import.deny[0]"
    assert arrived(world) == ["/"]


def test_plugin_that_would_loosen_is_named_and_left_out(plugged, world, monkeypatch):
    """What a plugin allows counts for nothing, and a line says which plugin tried."""
    plugged.install(
        "soft",
        hook(
            "def importguard_rules(self, distributions):\n    return {'package': {'acme-thief': {'allow': ['*'], 'import': {'allow': ['*']}}}, 'mode': 'observe'}"
        ),
    )

    outcome = run(plugged, world, monkeypatch, "soft")

    assert (
        "plugin 'soft' would loosen package.acme-thief.allow, package.acme-thief.import.allow, mode" in outcome.stderr
    )
    assert outcome.decisions(capability="proc.spawn", verdict="deny")
    assert arrived(world) == []


def test_distribution_that_a_plugin_calls_malicious_is_blocked(plugged, world, monkeypatch):
    """An advisory of a plugin blocks the import as one of the database does, and names the plugin."""
    plugged.install(
        "feed",
        hook("def importguard_advisories(self, distributions):\n    return [('Acme_Thief', 'FEED-1', 'steals')]"),
    )

    outcome = run(plugged, world, monkeypatch, "feed")

    assert outcome.returncode == 1
    assert "BlockedImport" in outcome.stderr and "FEED-1" in outcome.stderr
    assert outcome.decisions(capability="import", verdict="deny", owner="acme-thief")


@pytest.mark.parametrize("owner", ["('acme-system', '3.0')", "['acme-system', '3.0']"])
def test_file_of_another_installer_gets_its_owner(owner, plugged, world, monkeypatch):
    """A module that no RECORD lists belongs to whom a plugin says, and to nobody without it; a list of two texts is no name's letters."""
    (world.environment.site_packages / "acme_loose.py").write_text(
        "import subprocess\ntry:\n    subprocess.run(['/bin/true'])\nexcept OSError: pass\n"
    )
    plugged.install(
        "dpkg",
        hook(
            f"def importguard_owner(self, path):\n    return {owner} if path.endswith('acme_loose.py') else None"
        ),
    )
    try:
        outcome = run(plugged, world, monkeypatch, "dpkg", "import acme_loose")
    finally:
        (world.environment.site_packages / "acme_loose.py").unlink()

    (denied,) = outcome.decisions(capability="proc.spawn", verdict="deny")
    assert (denied["owner"]["name"], denied["owner"]["version"]) == ("acme-system", "3.0")


def test_file_that_a_plugin_gives_to_a_malicious_release_is_blocked(plugged, world, monkeypatch):
    """The known-malicious list is asked about the owners that plugins know of, too."""
    (world.environment.site_packages / "acme_loose.py").write_text("print('ran')\n")
    source = "def importguard_owner(self, path):\n    return ('litellm', '1.82.8') if path.endswith('acme_loose.py') else None"
    plugged.install("dpkg", hook(source))
    try:
        outcome = run(plugged, world, monkeypatch, "dpkg", "import acme_loose")
    finally:
        (world.environment.site_packages / "acme_loose.py").unlink()

    assert (outcome.returncode, outcome.stdout) == (1, ""), outcome.story()
    assert "BlockedImport" in outcome.stderr


def test_name_that_is_installed_cant_be_given_away(plugged, world, monkeypatch):
    """A plugin can't let a stray file pass for a distribution that is installed."""
    (world.environment.site_packages / "acme_loose.py").write_text("")
    plugged.install("giver", hook("def importguard_owner(self, path):\n    return ('acme-harmless', '2.0')"))
    try:
        outcome = run(plugged, world, monkeypatch, "giver", "import acme_loose")
    finally:
        (world.environment.site_packages / "acme_loose.py").unlink()

    assert "plugin 'giver' gave" in outcome.stderr and "a name that is taken: left unowned" in outcome.stderr


def test_review_ends_the_tree(plugged, world, monkeypatch):
    """A review that wants the tree killed has it killed: exit 86, a `killed` record that names the plugin, nothing left."""
    plugged.install(
        "judge",
        hook("def importguard_review(self, record):\n    return 'kill' if record.get('verdict') == 'deny' else None"),
    )
    program = STEAL + "\nimport time\ntime.sleep(60)\nprint('still here')"

    outcome = run(plugged, world, monkeypatch, "judge", program)

    assert (outcome.returncode, outcome.stdout) == (86, ""), outcome.story()
    (killed,) = [record for record in outcome.records if record["event"] == "killed"]
    assert killed["reason"] == "the plugin judge wanted it"
    assert killed["cause"] in [record["id"] for record in outcome.decisions(verdict="deny")]


def test_review_that_would_loosen_is_named(plugged, world, monkeypatch):
    """A review that answers "allow" changes nothing, and is named."""
    plugged.install("lenient", hook("def importguard_review(self, record):\n    return 'allow'"))

    outcome = run(plugged, world, monkeypatch, "lenient")

    (degraded,) = [record["reason"] for record in outcome.records if record["event"] == "degraded"]
    assert degraded.startswith("plugin 'lenient' raised ValueError: a review says \"kill\" or nothing, not 'allow'")
    assert arrived(world) == []


def test_command_of_a_plugin_is_one_of_importguards(plugged, world, monkeypatch):
    """A command that a plugin adds runs with its own options; a name of importguard's own stays importguard's."""
    import subprocess

    source = HEAD + (
        "    @hookimpl\n    def importguard_commands(self):\n        return {'greet': self, 'run': self}\n\n"
        "    def add(self, subparsers):\n        parser = subparsers.add_parser('greet')\n        parser.add_argument('--name')\n"
        "        parser.set_defaults(run=lambda options: print('hello', options.name) or 7)\n"
    )
    plugged.install("greeter", source)
    policy = world.root / "greeter.toml"
    policy.write_text(POLICY.format(name="greeter"))

    variables = {**world.variables(), "IMPORTGUARD_POLICY": str(policy)}
    command = [*plugged.launcher().split(), "greet", "--name", "you"]
    done = subprocess.run(command, env=variables, cwd=world.project, capture_output=True, text=True, timeout=20)

    assert (done.returncode, done.stdout, done.stderr) == (7, "hello you\n", "")


def test_sinks_need_somebody_to_hand_records_out(plugged, world, monkeypatch):
    """With --no-supervisor a plugin for records would hear nothing: that is refused."""
    plugged.install("keeper", hook("def importguard_record(self, record):\n    pass"))

    outcome = run(plugged, world, monkeypatch, "keeper", options=("--no-supervisor",))

    assert (outcome.returncode, outcome.stdout) == (3, "")
    assert "--no-supervisor leaves nobody who could hand records to the plugins 'keeper'" in outcome.stderr


def test_plugin_without_records_works_in_place(plugged, world, monkeypatch):
    """A plugin that only adds rules does its work with --no-supervisor as well."""
    plugged.install(
        "strict", hook("def importguard_rules(self, distributions):\n    return {'import': {'deny': ['proc.spawn']}}")
    )

    outcome = run(plugged, world, monkeypatch, "strict", options=("--no-supervisor",))

    assert outcome.decisions(capability="proc.spawn", verdict="deny")


def test_guarded_program_gets_nothing_of_a_plugin(plugged, world, monkeypatch):
    """Plugins live in the launcher: the guarded process imports neither pluggy nor the plugin."""
    plugged.install("keeper", hook("def importguard_record(self, record):\n    pass"))

    outcome = run(plugged, world, monkeypatch, "keeper", "import sys; print([n for n in sys.modules if 'plug' in n])")

    assert outcome.stdout == "[]\n"


@pytest.mark.parametrize("source", [HEAD.replace("self.options = options", "threading.Event().wait()"), "threading.Event().wait()\n" + HEAD])
def test_plugin_that_is_never_made_lets_nothing_start(plugged, world, monkeypatch, source):
    """One that hangs as it is imported, or as it is made, is waited for ten seconds."""
    plugged.install("stuck", "import threading\n" + source)

    outcome = run(plugged, world, monkeypatch, "stuck")

    assert (outcome.returncode, outcome.stdout) == (3, "")
    assert outcome.stderr == "importguard IG305: plugin 'stuck' gave no answer as it was loaded for 10 s\n"


def test_plugin_changes_nothing_of_what_others_are_told(plugged, world, monkeypatch):
    """What one writes into a record, however deep, reaches neither the user nor the records file."""
    plugged.install("liar", hook("def importguard_record(self, record):\n    record.get('owner', {})['name'] = 'innocent'"))

    outcome = run(plugged, world, monkeypatch, "liar", "import acme_thief, time; time.sleep(1)")

    assert outcome.decisions(owner="acme-thief", verdict="deny")
    assert "innocent" not in outcome.stderr + json.dumps(list(outcome.records)), outcome.story()


def test_what_a_plugin_prints_is_not_the_commands(plugged, world, monkeypatch):
    """Whatever it prints as it is loaded, asked, or told is on standard error."""
    hooks = "    @hookimpl\n    def importguard_rules(self, distributions):\n        print('asked')\n\n    @hookimpl\n    def importguard_record(self, record):\n        print('told')\n"
    plugged.install("chatty", "print('loaded')\n" + HEAD + hooks)

    outcome = run(plugged, world, monkeypatch, "chatty")

    assert outcome.stdout == "went on\n", outcome.story()
    assert all(word in outcome.stderr for word in ("loaded", "asked", "told"))
