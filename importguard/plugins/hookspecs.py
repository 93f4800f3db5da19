"""The hooks that a plugin may implement, for pluggy; docs/reference/plugins.md has a page of text on each."""

from dataclasses import dataclass

import pluggy

PROJECT = "importguard"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed distribution: PEP 503 `name`, `version`, and the absolute path of its site directory."""

    name: str
    version: str
    site: str


@hookspec
def importguard_rules(distributions):
    """Return rules that deny more, as a policy file has them, or None.

    Called once before the command starts. `distributions` is a tuple of Distribution. The answer is a mapping like
    `{"import": {"deny": ["net.*"]}, "package": {"acme": {"deny": ["import"]}}}`, of the tables `import`, `run` and
    `package`. It counts ahead of every policy. What would allow something is left out, and said.
    """


@hookspec
def importguard_advisories(distributions):
    """Return the distributions that must not be imported, or None.

    Called once before the command starts. The answer is an iterable of (PEP 503 name, id, reason), three texts; `id`
    stands in the records. `[advisories] malicious` in the policy says what is done about them.
    """


@hookspec(firstresult=True)
def importguard_owner(path):
    """Return the (PEP 503 name, version) that a file or folder at the top of a site directory belongs to, or None.

    Called before the command starts, for what no RECORD lists and Python could import: another installer's, say. A name
    that is installed already can't be given away.
    """


@hookspec
def importguard_record(record):
    """Take one record, a mapping as the record's JSON Schema describes it: redacted, with repeats folded into `count`.

    Called in a thread of the plugin's own, in the order in which the records file has them.
    """


@hookspec
def importguard_review(record):
    """Return "kill" to end the whole process tree for what a record tells, else None.

    Called in a thread of the plugin's own, ahead of `importguard_record`. What was refused stays refused: a review can
    only make more of it.
    """


@hookspec
def importguard_finish():
    """Send what was held back: the command has ended, and nothing comes after this. Called in the plugin's thread."""


@hookspec
def importguard_commands():
    """Return a mapping of the commands that the plugin adds to their modules, or None.

    A module, or an object like one, has `add(subparsers)`, which registers a parser of argparse with a default `run`:
    called with the parsed options, it returns the exit status. A name of importguard's own can't be taken.
    """
