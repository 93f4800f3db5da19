"""The commands check, explain and allow, and the line that would allow what was refused."""

import datetime
import json

import pytest
import tables
from hypothesis import given, settings
from hypothesis import strategies as st

from importguard import model
from importguard.cli import explain, main
from importguard.policy import find, suggest, table, toml


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project that is the working directory, with a home of its own."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("VIRTUAL_ENV", "XDG_CONFIG_HOME", "IMPORTGUARD", "IMPORTGUARD_POLICY", "IMPORTGUARD_RECORDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(find, "SYSTEM", tmp_path / "etc" / "policy.toml")
    return folder


def run(capsys, *words):
    status = main.main([str(word) for word in words])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_check_finds_nothing(project, capsys):
    """A clean policy exits 0 and says what is in force."""
    (project / "importguard.toml").write_text("version = 1\n[run]\ndeny = ['net.*']\n", "utf-8")

    status, out, _ = run(capsys, "check")

    assert status == 0
    assert "no findings" in out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[run]\nallow = ['env.read:X']\ndeny = ['env.read:X']", "never counts, since"),
        ("[run]\ndeny = ['env.read:X', 'env.read:X']", "is there twice"),
        ("[import]\nallow = ['proc.*']", "gives every distribution proc.spawn"),
        ("[import]\nallow = ['*']", "gives every distribution net.connect and proc.spawn"),
        ("[[exception]]\npackage='x'\nallow=['net.*']\nreason='y'\nexpires=2020-01-01", "expired on 2020-01-01"),
        ("plugins = ['syslog']", "plugin 'syslog' is not installed beside importguard"),
    ],
)
def test_check_finds(project, capsys, text, words):
    """Lines that never count, or count for too much, are findings and exit 1."""
    path = project / "other.toml"
    path.write_text("version = 1\n" + text, "utf-8")

    status, out, _ = run(capsys, "check", "--policy", path)

    assert status == 1
    assert words in out


def test_check_of_a_file_that_can_not_be_parsed(project, capsys):
    """A file that can't be used exits 2 with every problem of it."""
    (project / "bad.toml").write_text("version = 1\nmod = 1\nmode = 'x'\n", "utf-8")

    status, out, err = run(capsys, "check", "--policy", "bad.toml")

    assert (status, out) == (2, "")
    assert "bad.toml:2: unknown key 'mod'" in err
    assert "bad.toml:3: mode = 'x'" in err


def test_check_reads_all_of_what_nobody_approved(project, capsys):
    """A reviewer's machine has approved nothing: what is wrong with the lines that don't count there is told all the same."""
    (project / "importguard.toml").write_text("version = 1\n[run]\nallow = ['net.connect']\n[package.a]\nrun.allow = ['env.read:X']\nrun.deny = ['env.read:X']\n", "utf-8")

    out = run(capsys, "check")[1]

    assert "is not approved: ignored allow (2)" in out
    assert "'net.connect' gives every distribution net.connect, without any target" in out and "never counts, since" in out


def test_allow_shows_and_approves(project, capsys):
    """Approving shows what is loosened, and from then on the policy counts whole."""
    (project / "importguard.toml").write_text("version = 1\nmode = 'observe'\n[run]\nallow = ['net.*']\n", "utf-8")
    assert "is not approved: ignored allow (1), mode = 'observe'" in run(capsys, "check")[1]

    status, out, _ = run(capsys, "allow")

    assert status == 0
    assert "importguard.toml:4#run.allow[0]: allow 'net.*'" in out
    assert "mode = 'observe'" in out
    assert "not approved" not in run(capsys, "check")[1]


def test_allow_without_a_policy(project, capsys):
    """Without any policy there's nothing to approve, which exits 2."""
    status, _, err = run(capsys, "allow")

    assert status == 2
    assert "no importguard.toml" in err


def test_allow_without_a_home(project, capsys, monkeypatch):
    """Without a place for approvals the reason is said, with exit 2."""
    (project / "importguard.toml").write_text("version = 1\n", "utf-8")
    monkeypatch.delenv("HOME")

    assert run(capsys, "allow")[0] == 2


def test_explain_what_is_denied(project, capsys, monkeypatch):
    """A denied request exits 1 with the rule and the lines to add, which then allow it."""
    words = ("explain", "fs.read", "~/.aws/credentials", "--package", "LiteLLM", "--phase", "run")

    status, out, _ = run(capsys, *words)

    assert status == 1
    assert "preset:recommended#run.deny[0]" in out
    added = out.partition("importguard.toml:\n")[2].replace("    ", "")
    (project / "mine.toml").write_text("version = 1\n" + added, "utf-8")
    status, out, _ = run(capsys, *words, "--policy", "mine.toml")
    assert (status, "mine.toml:3#package.litellm.run.allow[0]" in out) == (0, True)


def test_explain_what_no_line_changes(project, capsys):
    """Where an earlier layer denies, no line is offered that would not help."""
    find.SYSTEM.parent.mkdir()
    find.SYSTEM.write_text("version = 1\nlocked = true\n[run]\ndeny = ['net.*']\n", "utf-8")

    status, out, _ = run(capsys, "explain", "net.connect", "a:1", "--package", "x", "--phase", "run")

    assert status == 1
    assert "policy.toml:4#run.deny[0] comes before any line that could be added" in out


def test_explain_a_deputy(project, capsys):
    """That a package acts for its caller is said beside the rule."""
    _, out, _ = run(capsys, "explain", "net.connect", "a:1", "--package", "requests")

    assert "requests is a deputy here" in out


@pytest.mark.parametrize(
    "words",
    [
        ("explain",),
        ("explain", "fs.read", "/x"),
        ("explain", "fs.raed", "/x", "--package", "y"),
        ("explain", "proc.spawn", "'x", "--package", "y"),
        ("explain", "--record", "01"),
        ("explain", "--record", "01", "--records", "none.jsonl"),
        ("explain", "fs.read", "/x", "--package", "y", "--policy", "none.toml"),
    ],
)
def test_explain_what_can_not_be_answered(project, capsys, words):
    """A question that makes no sense is one line and exit 2."""
    status, out, err = run(capsys, *words)

    assert (status, out) == (2, "")
    assert err.startswith("importguard IG1")
    assert err.count("\n") == 1


RECORD = {
    "v": 1, "id": "01JABC", "event": "decision", "verdict": "deny", "capability": "proc.spawn",
    "target": "/usr/bin/python3", "argv": ["python3", "-c", "exec('\x1b[2J')"], "phase": "startup", "module": "x.pth",
    "owner": {"name": "litellm", "version": "1.82.8", "kind": "distribution"}, "via": [], "layer": "audit",
}  # fmt: skip


def test_explain_a_record(project, capsys):
    """A record is looked up by how its id starts, and what it holds is escaped where it is shown."""
    (project / "r.jsonl").write_text('{"v": 1, "id": "00", "event": "armed"}\n' + json.dumps(RECORD) + "\n", "utf-8")

    status, out, _ = run(capsys, "explain", "--record", "01J", "--records", "r.jsonl")

    assert status == 1
    assert "denied  litellm 1.82.8 -> proc.spawn /usr/bin/python3" in out
    assert 'startup.allow = ["proc.spawn:/usr/bin/python3"]' in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "01J',
        '{"id": "01J", "event": "decision"}',
        '{"id": "01J", "event": "armed"}',
        json.dumps({**RECORD, "argv": 5}),
        json.dumps({**RECORD, "owner": {"name": []}}),
        json.dumps({**RECORD, "capability": "no.such"}),
        '{"id": "01J", "x": ' + "[" * 100_000,
    ],
    ids=lambda line: line[-20:],
)
def test_explain_a_record_that_is_none(project, capsys, line):
    """A line that is no decision is named with file and line."""
    (project / "r.jsonl").write_text(line + "\n", "utf-8")

    status, _, err = run(capsys, "explain", "--record", "01J", "--records", "r.jsonl")

    assert status == 2
    assert "r.jsonl:1: " in err


def test_suggestions():
    """The suggested line is as short as it may be: arguments are in it where they are few and plain."""

    def line(capability, target, **options):
        return suggest.suggest(tables.request(capability, target, **options))

    litellm = model.Owner("litellm", "1.82.8", "distribution")
    started = line("proc.spawn", "/usr/bin/python3", argv=("python", "-c", "exec(x)"), owner=litellm, phase="startup")
    assert started == '[package.litellm] startup.allow = ["proc.spawn:/usr/bin/python3"]'
    version = line("proc.spawn", "/usr/bin/git", argv=("git", "version"))
    assert version == '[package.somepackage] import.allow = ["proc.spawn:/usr/bin/git version"]'
    assert line("net.connect", "[fd00::1]:80", owner=model.APP) == '[application] allow = ["net.connect:[fd00::1]:80"]'
    assert line("env.read", 'A"B', owner=model.UNOWNED) == '[package.unowned] import.allow = ["env.read:A\\"B"]'


@pytest.mark.parametrize(
    ("target", "pattern"),
    [
        ("127.0.0.1:5432", "$loopback:5432"),
        ("127.0.0.1:40123", "$loopback"),
        ("[::1]:40123", "$loopback"),
        ("localhost:32767", "$loopback:32767"),
        ("[::ffff:127.0.0.1]:80", "$loopback:80"),
        ("[2001:db8::1]:65535", "[2001:db8::1]"),
        ("api.example.com:443", "api.example.com:443"),
        ("$odd:443", "*odd:443"),
        ("unix:/run/a:40123", "unix:/run/a:40123"),
    ],
)
def test_suggested_addresses(target, pattern):
    """A suggested address is one that the next run has as well: as a lock would write it."""
    line = suggest.suggest(tables.request("net.connect", target))

    assert line == f'[package.somepackage] import.allow = ["net.connect:{pattern}"]'


NAMES = st.text("abc-_.0", min_size=1, max_size=6).map(lambda text: "p" + text + "q")
PATHS = st.text(st.characters(codec="utf-8", exclude_characters="/\x00"), min_size=1, max_size=8).map(
    lambda text: "/" + text
)
PORTS = st.integers(0, 65535)
SPAWNED = st.lists(st.text(max_size=5), max_size=4).map(tuple)
BASE = tables.resolved('[import]\ndeny = ["*"]\n[run]\ndeny = ["*"]\n[application]\ndeny = ["*"]')


@st.composite
def requests(draw):
    capability = draw(st.sampled_from(model.CAPABILITIES))
    targets = {
        "net.connect": st.builds("10.0.0.{}:{}".format, st.integers(0, 255), PORTS),
        "net.listen": st.builds("[::{:x}]:{}".format, st.integers(0, 0xFFFF), PORTS),
        "net.resolve": st.just("api.example.com"),
        "import": st.just("a.b"),
        "env.read": st.text(st.characters(codec="utf-8"), min_size=1, max_size=6),
        "code.run": st.just("pickle:os.system"),
    }
    target = draw(targets.get(capability, PATHS))
    owner = draw(st.sampled_from([model.APP, model.UNOWNED, model.Owner("x.pth", "", "startup"), tables.ANYBODY]))
    argv = ("x", *draw(SPAWNED)) if capability == "proc.spawn" else None
    return tables.request(capability, target, owner=owner, phase=draw(st.sampled_from(model.PHASES)), argv=argv)


@given(requests())
@settings(max_examples=60, deadline=None)
def test_the_suggested_line_allows(request):
    """Whatever was refused, the suggested line can be read and allows it."""
    policy = toml.parse("version = 1\n" + explain.as_table(suggest.suggest(request)), name="suggestion")
    helped = explain.with_line(BASE, request)
    loaded = table.load(tables.compiler.table(helped, SURROUNDINGS))

    assert policy.lines
    assert tables.decide.decide(REFUSING, request).verdict == "deny"
    assert tables.decide.decide(loaded, request).verdict == "allow"


SURROUNDINGS = tables.surroundings()
REFUSING = table.load(tables.compiler.table(BASE, SURROUNDINGS))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[package.boto3]\nrun.allow = ['fs.write:/srv/**', 'env.read:AWS_*']\n", "'fs.write:/srv/**' was never used, says importguard.lock"),
        ("[package.bota3]\nrun.allow = ['env.read:AWS_*']", "no distribution 'bota3' in importguard.lock, did you mean 'boto3'?"),
        ("[[exception]]\npackage='boto3'\nallow=['proc.spawn']\nreason='x'", "'proc.spawn' was never used"),
        ("[package.boto3]\nimport.allow = ['env.read:AWS_KEY']", "'env.read:AWS_KEY' was never used"),
        ("[package.'bot*']\nrun.allow = ['net.connect:*.example.com']", "'net.connect:*.example.com' was never used"),
    ],
)
def test_check_knows_what_a_lock_has_no_use_of(project, capsys, text, words):
    """Distributions that nobody has, and grants that nobody was seen to need, are findings, and nothing else is."""
    (project / "importguard.lock").write_text(LOCK, "utf-8")
    (project / "importguard.toml").write_text("version = 1\n" + text, "utf-8")

    status, out, _ = run(capsys, "check", "--policy", "importguard.toml")

    assert status == 1
    assert [words in line for line in out.splitlines() if "this version" not in line] == [True], out
    assert run(capsys, "check", "--policy", "importguard.toml", "--lock", "off")[1].count(words) == 0


LOCK = """version = 1
[distribution.boto3."1.30"]
run = ["env.read:AWS_KEY", "net.connect:s3.amazonaws.com:443", "fs.read:$home/.aws/config"]
"""


@pytest.mark.parametrize(
    "text",
    [
        "[package.boto3]\nrun.allow = ['env.read:AWS_*', 'net.connect:*.amazonaws.com:443', 'fs.read:~/.aws/**']",
        "[package.boto3]\nmatch = '>=1.30'\nallow = ['fs.read:$secrets']",
        "[package.boto3]\nallow = ['net.connect:$private']",
        "[run]\nallow = ['env.read']",
        "[package.boto3]\nrun.deny = ['proc.spawn']",
        "[application]\nallow = ['proc.spawn:/bin/ls']",
        "[package.unowned]\ndeny = ['net.*']",
    ],
)
def test_check_says_nothing_against_what_may_be_used(project, capsys, text):
    """What a lock shows to be used, or doesn't tell, is no finding; neither is a denial."""
    (project / "other.lock").write_text(LOCK, "utf-8")
    (project / "importguard.toml").write_text("version = 1\n" + text, "utf-8")

    status, out, _ = run(capsys, "check", "--policy", "importguard.toml", "--lock", "other.lock")

    assert (status, "no findings" in out) == (0, True), out


def test_check_of_a_lock_that_can_not_be_read(project, capsys):
    """A lock's problems have file and line, and exit status 2."""
    (project / "importguard.lock").write_text("version = 1\n[distribution.x.'1']\nrun = ['net.conect']\n", "utf-8")

    status, _, err = run(capsys, "check")

    assert status == 2
    assert "importguard.lock:3: unknown capability 'net.conect', did you mean 'net.connect'?" in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[package.x]\nrun.deny=['net.connect:a:1']\n[[exception]]\npackage='x'\nallow=['net.*']\nreason='y'",
            "'net.connect:a:1' never counts: importguard.toml:6#exception[0].allow[0] ('net.*') comes before it and says the contrary",
        ),
        (
            "[run]\nallow=['net.connect:a:1']\n[package.'*']\ndeny=['net.*']",
            None,
        ),
        (
            "[package.x]\nallow=['net.connect:a:1']\n[[exception]]\npackage='x'\nallow=['run:net.*']\nreason='y'",
            None,
        ),
    ],
)
def test_check_finds_lines_that_another_one_puts_out(project, capsys, text, words):
    """A line that an earlier layer decides whole never counts; one of which something is left does."""
    (project / "importguard.toml").write_text("version = 1\n" + text, "utf-8")

    _, out, _ = run(capsys, "check", "--policy", "importguard.toml")

    assert words in out if words else "never counts" not in out


def test_check_looks_at_the_candidate_as_well(project, capsys):
    """Its mistakes are found before it is what counts."""
    (project / "importguard.toml").write_text("version = 1\n[candidate]\npolicy = 'next.toml'\n", "utf-8")
    (project / "next.toml").write_text("version = 1\n[run]\nallow = ['env.read:X']\ndeny = ['env.read:X']\n", "utf-8")

    status, out, _ = run(capsys, "check", "--policy", "importguard.toml")

    assert status == 1
    assert "next.toml:3#run.allow[0]: 'env.read:X' never counts" in out


def test_an_exception_that_expires_soon(tmp_path):
    """It grants to its last day; check says who answers for it in the month before, and that it is over afterwards."""
    path = tmp_path / "p.toml"
    path.write_text("version = 1\n[[exception]]\npackage='x'\nallow=['net.*']\nreason='y'\nowner='ada'\nexpires=2027-03-31", "utf-8")
    states = []
    for today in (datetime.date(2027, 3, 1), datetime.date(2027, 3, 31), datetime.date(2027, 4, 1), datetime.date(2027, 1, 1)):
        policy = toml.read(path, today=today)
        states.append((len(policy.lines), policy.expiring, policy.expired))

    subject = f"{path}:2: exception for 'x' of ada"
    assert states == [
        (1, (f"{subject} expires on 2027-03-31, in 30 days",), ()),
        (1, (f"{subject} expires on 2027-03-31, in 0 days",), ()),
        (0, (), (f"{subject} expired on 2027-03-31",)),
        (1, (), ()),
    ]


def test_explain_says_what_the_candidate_would_do(project, capsys):
    """Beside the decision that counts, which alone gives the exit status."""
    (project / "importguard.toml").write_text("version = 1\n[candidate]\npolicy = 'next.toml'\n", "utf-8")
    (project / "next.toml").write_text("version = 1\n[run]\ndeny = ['env.read:X']\n", "utf-8")

    status, out, _ = run(capsys, "explain", "env.read", "X", "--package", "acme", "--phase", "run", "--policy", "importguard.toml")

    assert status == 0
    assert f"  tried  {project / 'next.toml'}: deny, by next.toml:3#run.deny[0]" in out.splitlines()
