"""Reading policy files: what is understood, and what bad input gets."""

import datetime
import re
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importguard import errors
from importguard.policy import grants, lines, toml

EXAMPLE = """
version = 1
extends = "recommended"            # observe | recommended | strict
mode = "enforce"
on-violation = "deny"
app = ["mycompany-*"]
plugins = ["syslog"]

[advisories]
malicious = "block"                # block | warn | off

[quarantine]
profile = "strict"
min-age = "7d"

[import]
deny  = ["net.*", "proc.spawn", "fs.read:$secrets", "fs.write:$persistence"]
allow = ["proc.spawn:/sbin/ldconfig", "net.listen:$loopback:0"]

[run]
deny  = ["fs.read:$secrets", "fs.write:$persistence", "net.connect:$metadata", "proc.spawn:$written"]

[application]
deny = []

[package.requests]                 # PEP 503 name
deputy = ["net.*"]
[package.boto3]
match = ">=1.30"
run.allow = ["fs.read:~/.aws/**", "net.connect:169.254.169.254:80"]

[[exception]]
package = "coverage"
allow = ["startup:proc.spawn"]
reason = "subprocess coverage"
expires = 2027-03-31

[candidate]
policy = "importguard.next.toml"

[kernel]
seccomp = "auto"
landlock = "auto"
supervisor = "off"
"""
TODAY = datetime.date(2026, 11, 22)


def parse(text, name="importguard.toml"):
    return toml.parse(text, name=name, today=TODAY)


def problems(text, **options):
    with pytest.raises(errors.PolicyError) as caught:
        parse(text, **options)
    return caught.value.args[0].splitlines()


def test_the_example_of_the_reference():
    """Every table and key of the documented example is read."""
    policy = parse(EXAMPLE)

    assert [line.where.partition("#")[2] for line in policy.lines if line.table == "import"] == [
        "import.deny[0]", "import.deny[1]", "import.deny[2]", "import.deny[3]", "import.allow[0]", "import.allow[1]",
    ]  # fmt: skip
    assert policy.app == ("mycompany-*",)
    assert [(line.package, line.specifier, line.phases) for line in policy.lines if line.table == "package"] == [
        ("boto3", ">=1.30", ("run",))
    ] * 2
    assert [
        (line.package, line.phases, line.grant.capability) for line in policy.lines if line.table == "exception"
    ] == [("coverage", ("startup",), "proc.spawn")]
    assert [(line.package, line.grant.capability) for line in policy.deputies] == [("requests", "net.*")]
    assert policy.settings["plugins"] == ("syslog",)
    assert policy.settings["candidate"] == "importguard.next.toml"


def test_rules_are_named_by_file_and_line():
    """A rule's name says where it is written, to the element of an array."""
    policy = parse('version = 1\n[run]\ndeny = [\n  "net.*",\n  "proc.spawn",  # no\n]\n')

    assert [line.where for line in policy.lines] == ["importguard.toml:4#run.deny[0]", "importguard.toml:5#run.deny[1]"]


def test_names_are_compared_as_pep_503_says():
    """A package is meant however its name is spelled."""
    policy = parse('version = 1\n[package."Python_DateUtil"]\nallow = ["net.*"]\n')

    assert policy.lines[0].package == "python-dateutil"


def test_table_in_pyproject():
    """`[tool.importguard]` of a pyproject.toml is a policy, and its lines are counted in that file."""
    text = '[project]\nname = "x"\n[tool.importguard]\nversion = 1\n[tool.importguard.run]\ndeny = ["net.*"]\n'

    assert parse(text, name="pyproject.toml").lines[0].where == "pyproject.toml:6#run.deny[0]"


def test_digest_ignores_layout():
    """The digest changes with what a policy says, and not with its comments."""
    policy = parse('version = 1\n[run]\ndeny = ["net.*"]')

    assert policy.digest == parse('# why\nversion   = 1\n\nrun.deny = [ "net.*", ]').digest
    assert policy.digest != parse('version = 1\n[run]\nallow = ["net.*"]').digest


def test_unknown_name_of_a_table_is_where_it_stands():
    """A table that is only there by its parts, or by an element of an array, has the line of the first of them."""
    text = 'version = 1\n[pakage.x]\n[package.x]\nrn.allow = []\n[[exeption]]\npackage = "x"\n'

    found = [problem.partition(", did")[0] for problem in problems(text)]

    assert found == [
        "importguard.toml:2: unknown key 'pakage'",
        "importguard.toml:4: unknown key 'package.x.rn'",
        "importguard.toml:5: unknown key 'exeption'",
    ]


def test_all_problems_at_once():
    """Every mistake of a file is in one report, in the order of its lines, with the near miss."""
    text = """version = 1
mod = "enforce"
mode = "enforec"
[import]
deny = ["net.*", "proc.spwn",
  "fs.read:$secret"]
[package.x]
match = "=>1"
run.alow = []
[kernel]
landlok = "auto"
"""

    assert problems(text) == [
        "importguard.toml:2: unknown key 'mod', did you mean 'mode'?",
        "importguard.toml:3: mode = 'enforec' is none of observe, enforce, did you mean 'enforce'?",
        "importguard.toml:5: unknown capability 'proc.spwn', did you mean 'proc.spawn'?",
        "importguard.toml:6: 'fs.read:$secret': unknown named target '$secret', did you mean '$secrets'?",
        "importguard.toml:8: match = '=>1' is not a PEP 440 specifier",
        "importguard.toml:9: unknown key 'package.x.run.alow', did you mean 'allow'?",
        "importguard.toml:11: unknown key 'kernel.landlok', did you mean 'landlock'?",
    ]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "no 'version'"),
        ("version = 2", 1, "version 2 is not understood"),
        ('version = "1"', 1, "version '1' is not understood"),
        ("version = true", 1, "version True is not understood"),
        ("version = 1\nmode = ", 2, "invalid value"),
        ("version = 1\nmode = 3", 2, "mode = 3 is none of"),
        ('version = 1\nmode = ["enforce"]', 2, "mode = ['enforce'] is none of"),
        ('version = 1\napp = "x"', 2, "app must be an array"),
        ("version = 1\napp = [\n3]", 3, "app holds 3, not a text"),
        ("version = 1\nimport = 3", 2, "import must be a table"),
        ("version = 1\n[import]\ndeny = 3", 3, "import.deny must be an array"),
        ('version = 1\n[import]\ndeny = [""]', 3, "import.deny holds '', not a text"),
        ("version = 1\nkernel = 3", 2, "kernel must be a table"),
        ("version = 1\nlocked = 1", 2, "locked must be true or false"),
        ('version = 1\n[package]\nx = "y"', 3, "package.x must be a table"),
        ("version = 1\n[package.x]\nrun = 3", 3, "package.x.run must be a table"),
        ("version = 1\n[package.x]\nmatch = 3", 3, "match must be a text"),
        ("version = 1\n[package.application]\nallow = []", 2, "'application' is no distribution"),
        ("version = 1\nexception = 3", 2, "exception must be written as"),
        ('version = 1\n[[exception]]\npackage = "x"\nallow = ["net.*"]', 2, "an exception needs reason"),
        ('version = 1\n[[exception]]\npackage = "x"\nreason = "y"', 2, "an exception needs allow"),
        (
            'version = 1\n[[exception]]\npackage = "x"\nreason = "y"\nallow = ["net.*"]\nexpires = "2027-01-01"',
            6,
            "expires = '2027-01-01' is not a date",
        ),
        ("version = 1\n[candidate]\npolicy = 3", 3, "candidate.policy must be a text"),
        ('version = 1\n[package.x]\ndeputy = ["fs.read:$package"]', 3, "a deputy can't be one for '$package'"),
        ("version = 1\nx = " + "[" * 5000, 1, "nested too deeply"),
    ],
)
def test_what_is_refused(text, line, reason):
    """Each kind of mistake is named with its line."""
    assert any(problem.startswith(f"importguard.toml:{line}: {reason}") for problem in problems(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not start with a capability"),
        (":x", "does not start with a capability"),
        ("fs", "unknown capability 'fs'"),
        ("fs.read:", "names no target"),
        ("fs.read:relative/x", "is not an absolute path"),
        ("fs.read:~eve/x", "homes of other users"),
        ("fs.read:$secrets/x", "nothing can follow it"),
        ("fs.read:$loopback", "does not fit this capability"),
        ("fs.read:/**/a/**/b/**", "more than 2 times"),
        ("env.read:$secrets", "does not fit this capability"),
        ("*:x", "one target for capabilities of different kinds"),
        ("native.*:x", "one target for capabilities of different kinds"),
        ("net.connect:a:99999", "'99999' is not a port"),
        ("net.connect:a:http", "'http' is not a port"),
        ("net.connect::80", "names no host"),
        ("net.connect:1.2.3.4/33", "is not a block of addresses"),
        ("net.connect:$metadate", "did you mean '$metadata'?"),
        ('proc.spawn:/bin/x "a', "a quote that does not end"),
        ("startup:", "does not start with a capability"),
        ("run:proc.spwn", "unknown capability"),
    ],
)
def test_grants_that_mean_nothing(text, reason):
    """A grant that can't be meant is refused with the reason."""
    with pytest.raises(ValueError, match=re.escape(reason)):
        grants.parse(text)


@pytest.mark.parametrize(
    ("text", "grant"),
    [
        ("net.*", ("", "net.*", "")),
        ("*", ("", "*", "")),
        ("fs.read:*", ("", "fs.read", "")),
        ("net.connect:$loopback:0", ("", "net.connect", "$loopback:0")),
        ("startup:proc.spawn", ("startup", "proc.spawn", "")),
        ("import:proc.spawn", ("import", "proc.spawn", "")),
        ("import:import:numpy", ("import", "import", "numpy")),
        ("import:numpy.*", ("", "import", "numpy.*")),
        ("import:net.*", ("import", "net.*", "")),
        ("import:*", ("", "import", "")),
        ("code.run:pickle:os.system", ("", "code.run", "pickle:os.system")),
        ("runtime.patch:socket.socket", ("", "runtime.patch", "socket.socket")),
        ("net.connect:[::1]:80", ("", "net.connect", "[::1]:80")),
        ("proc.spawn:<fork>", ("", "proc.spawn", "<fork>")),
    ],
)
def test_grants(text, grant):
    """A grant is a capability and a target, and `import:` is a phase only where a capability follows."""
    parsed = grants.parse(text)

    assert (parsed.phase, parsed.capability, parsed.target) == grant


def test_expired_exception():
    """An exception holds up to its last day, and afterwards is named instead of being honoured."""
    text = 'version = 1\n[[exception]]\npackage = "x"\nreason = "y"\nallow = ["net.*"]\nexpires = '

    assert len(parse(text + "2026-11-22").lines) == 1
    assert parse(text + "2026-11-21").lines == ()
    assert parse(text + "2026-11-21").expired == ("importguard.toml:2: exception for 'x' expired on 2026-11-21",)


@pytest.mark.parametrize("content", [b"version = 1\n\xff\xfe", b"\x00"])
def test_bytes_that_are_no_text(tmp_path, content):
    """A file that is no TOML text is named with its line."""
    path = tmp_path / "importguard.toml"
    path.write_bytes(content)

    with pytest.raises(errors.PolicyError, match=f"{path}:[12]: "):
        toml.read(path)


def test_missing_file(tmp_path):
    """A policy that isn't there is named with the reason."""
    with pytest.raises(errors.PolicyError, match="can't be read: No such file"):
        toml.read(tmp_path / "none.toml")


def test_names_with_control_characters():
    """What a policy says is escaped where it is shown, since anybody may have written it."""
    shown = problems('version = 1\n[package."\\u001b[2J"]\nx = 1\nrun = 3')

    assert all(line.isprintable() for line in shown)


KEYS = st.text("abcXYZ-_09", min_size=1, max_size=4)
SCALARS = st.one_of(st.integers(), st.booleans(), st.text(max_size=6))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=6)


def written(value):
    if isinstance(value, list):
        return "[ # x ]\n" + "".join(f"  {written(item)}, # ] '\n" for item in value) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(character):08x}" for character in value if character.isprintable()) + '"'
    return str(value).lower()


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=3), max_size=4))
@settings(max_examples=80)
def test_lines_of_keys(tables):
    """Each key is found on the line on which it stands, whatever comments and arrays stand between."""
    text, expected = "", {}
    for table, pairs in tables.items():
        expected[(table,)] = text.count("\n") + 1
        text += f"[{table}] # [x]\n"
        for key, value in pairs.items():
            expected[table, key] = text.count("\n") + 1
            text += f"{key} = {written(value)}\n"
    tomllib.loads(text)

    found = lines.locate(text)

    assert {path: line for path, line in found.items() if len(path) < 3} == expected


def test_lines_of_odd_strings():
    """Strings of every kind don't mislead the search for lines."""
    text = 'a = \'\'\'\nb = 1\n\'\'\'\nc = """x""""\nd.\'e.f\' = "\\"#"\n'
    text += "g = {h = [1, 2], i = 'x'}\n[[j]]\n[[j]]\nk = 1\n[j.l]\nm = 1"
    tomllib.loads(text)

    found = lines.locate(text)

    assert found["a",] == 1
    assert found["c",] == 4
    assert found["d", "e.f"] == 5
    assert found["g", "h", 1] == found["g", "i"] == 6
    assert found["j", 1, "k"] == 9
    assert found["j", 1, "l", "m"] == 11


@given(st.text("ab=.[]{}\"'#\n \\1,", max_size=30))
@settings(max_examples=200)
def test_lines_of_anything(text):
    """Whatever tomllib reads, its lines can be found."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.locate(text).values())
