"""Writes docs/reference/plugins.md out of the hook specifications; `python tools/hook_reference.py` prints it."""

import inspect
import pathlib
import sys
import textwrap

PROJECT = pathlib.Path(__file__).parents[1]
HEAD = """# Plugins

A plugin adds to importguard what an organisation has and others don't: rules, advisories, owners, places for records,
commands. The policy names the plugins, in their order, and what each is told; none is ever discovered.

```toml
version = 1
plugins = ["syslog", "kill"]

[plugin.syslog]
address = "udp://127.0.0.1:514"
```

**Where they run.** In the launcher of `importguard run`, outside every guarded process: code that attacks the guard doesn't
reach them, and a program finds none of their modules. So `importguard.arm()` and an enabled environment, which have no
launcher, refuse a policy that names plugins, and `--no-supervisor` refuses those that want records. Only the plugin's own
distribution and what it requires become importable there.

**What they may do.** Make it stricter. Rules that allow are left out and said; a review can kill, and can't excuse.
A policy that was merely found in a project loads no plugin until it is approved.

**When they fail.** To be loaded and made a plugin has ten seconds, and as many for each answer before the command starts (rules,
advisories, owners): where it takes longer, raises anything, ends with `sys.exit()`, or answers in another shape than stands below,
nothing starts, with exit status 3 and [IG305](errors.md#ig305). What is handed over later
(records, reviews) goes to a thread of the plugin's own: one that raises or hangs is named in a `degraded` record, and holds up
neither the command nor the records of others. Ten thousand records may wait for it; what it never took is counted.

**What they print** goes to standard error, also while the command runs, whose standard output is its own. What a plugin writes to
descriptor 1 itself does not.

## Write one

An installed distribution names its plugin by an entry point of the group `importguard.plugins`. What that names is called
with the plugin's options, a mapping, in a thread that ends with the call, and returns the object whose methods are the hooks; it raises `ValueError` with a
text for an option that can't be understood. `plugins/example` in the repository is one to copy.

```python
from importguard.plugins import hookimpl


class Tally:
    def __init__(self, options):
        self.refusals = 0

    @hookimpl
    def importguard_record(self, record):
        self.refusals += record.get("verdict") == "deny"
```

```toml
[project.entry-points."importguard.plugins"]
tally = "my_package:Tally"
```

## First-party plugins

"""


def page():
    """Return the page."""
    sys.path.insert(0, str(PROJECT))
    from importguard.plugins import hookspecs

    text = HEAD + "\n".join(_plugins()) + "\n\n## Hooks\n"
    for name, value in vars(hookspecs).items():
        if name.startswith("importguard_"):
            signature = ", ".join(inspect.signature(value).parameters)
            text += f"\n### `{name}({signature})`\n\n{inspect.cleandoc(value.__doc__)}\n"
    return text + f"\n### `Distribution`\n\n{inspect.cleandoc(hookspecs.Distribution.__doc__)}\n"


def _plugins():
    """Yield a line for each plugin in the repository: the first sentence of its page."""
    for path in sorted((PROJECT / "plugins").glob("*/README.md")):
        sentence = path.read_text().split("\n\n")[1].partition(". ")[0].rstrip(".").replace("\n", " ")
        yield textwrap.shorten(f"- [`{path.parent.name}`](../../plugins/{path.parent.name}/README.md): {sentence}.", 400)


if __name__ == "__main__":
    sys.stdout.write(page())
