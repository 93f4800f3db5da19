"""`importguard enable`: writes the start-up hook of one environment."""

import argparse
import json
import os

import importguard
from importguard import messages, session, sessionfile
from importguard.cli import environment
from importguard.errors import UsageError
from importguard.kernel import plan as kernel
from importguard.launch import bundle, inplace, locked, preflight, preloading, prepare
from importguard.ledger import holdings
from importguard.policy import compile as compiler
from importguard.policy import named, resolve
from importguard.policy import table as tables
from importguard.report.writer import open_writer
from importguard.startupfiles import enable, order

TEXT = "write the start-up hook of one environment"
EPILOG = """The hook is a sitecustomize.py, which runs the one that was in force before, and a .pth file whose name sorts early
(and a .start file for Python 3.15). Policy and ledger are compiled into it: run it again after either has changed.
IMPORTGUARD=off starts an interpreter of the environment without the guard, IMPORTGUARD=observe only records.
`importguard run` is stronger: nothing comes before it. `importguard status` says what comes before the hook.

exit status: 0 written; 2 the environment or the policy can't be used, and nothing was changed.

example:
  importguard enable --python .venv/bin/python --policy importguard.toml"""


def add(subparsers):
    """Register the parser of `enable`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("enable", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    environment.add_options(parser)
    parser.add_argument("--policy", metavar="FILE", help="the policy to use; needs no approval")
    parser.add_argument("--mode", choices=("observe", "enforce"), help="only record, or refuse")
    parser.add_argument("--on-violation", choices=("deny", "kill"), help="refuse the operation, or end the process")
    parser.add_argument("--records", metavar="FILE", help="append records to this file instead of printing denials")
    parser.set_defaults(run=run)


def run(args):
    """Enable an environment and say what was written and what still runs before it."""
    found = environment.find(args.python, os.environ)
    options = _options(args)
    resolved = resolved_for(options, os.environ)
    approved = [text for file in found.startup_files() if file.known for _, text in file.lines]
    content = session_content(found, resolved, options, os.environ)
    written = enable.enable(
        found.own,
        found.version,
        session=sessionfile.pack(content),
        bundle=bundle.build_with(found.interpreter.path),
        sites=found.before,
        approved=tuple(dict.fromkeys(approved)),
    )
    before = unknown_before(found)
    _say(args, found, resolved, written, before)
    return 0


def resolved_for(options, environ):
    """Return the resolved policy for an environment; raises where something was demanded that can't be had."""
    resolved = resolve.resolve(options, environ, options["cwd"])
    if resolved.mode == "off":
        raise UsageError("the mode is off, so there is nothing to enable")
    inplace.require_no_plugins(resolved, "an enabled environment")
    return resolved


def unknown_before(found):
    """Return the StartupFiles of an environment that run before the hook and aren't well known."""
    files = order.ran_before(found.startup_files(), enable.own_paths(found.own), found.version)
    return [file for file in files if not file.known]


def session_content(found, resolved, options, environ):
    """Return the content of the session file: table and ledger as they are now."""
    place = os.path.dirname(enable.session_path(found.own))
    preflight.mark_malicious(found.sites, preflight.open_databases(), resolved.malicious)
    surroundings = _named(found, environ, options["cwd"], place)
    lock = locked.look(locked.read(resolved), resolved, found.sites, surroundings)
    table = compiler.table(resolved, surroundings, lock=lock)
    return {
        "v": session.FORMAT,
        "version": importguard.__version__,
        "package": named.package_folder(),
        "directory": place,
        "table": table,
        "ledger": holdings.held(found.sites, tables.load(table).is_app),
        "records": _records(resolved.records),
        "supervised": False,
        "started": 0,  # whatever starts there does so by itself
        "app_roots": (),
        "program": "",
        "core": resolved.core,
        "preload": preloading.find()[0],
        "kernel": _kernel(resolved, table, surroundings),
        "argv": (),
        "options": options,
    }


def _kernel(resolved, table, surroundings):
    made = kernel.for_itself(prepare.plan(resolved, table, surroundings))
    prepare.require(made, resolved)
    return kernel.told(made, held=False, required=resolved.seccomp == "require")


def _options(args):
    """Return what was typed, in plain values that `status` can resolve again."""
    policy = args.policy or os.environ.get("IMPORTGUARD_POLICY")
    return {
        "policy": os.path.abspath(policy) if policy else None,
        "mode": args.mode,
        "on_violation": args.on_violation,
        "records": args.records or None,
        "cwd": os.getcwd(),
    }


def _named(found, environ, cwd, place):
    interpreter = found.interpreter
    prefixes = tuple(dict.fromkeys((interpreter.prefix, interpreter.base_prefix)))
    own = [place, *enable.own_paths(found.own)]
    given = {"$site": found.site_dirs, "$own": own, "$prefix": prefixes, "$stdlib": interpreter.stdlib}
    return named.surroundings(environ, cwd, given)


def _records(records):
    if not records or records == "-":
        return "stderr"
    if records.startswith("fd:"):
        raise UsageError(
            f"--records {records}: an enabled environment writes to a file, descriptors differ from start to start"
        )
    os.close(open_writer(records).fd)
    return "file:" + records


def _say(args, found, resolved, written, before):
    if args.json:
        files = [{"path": file.path, "owner": file.owner} for file in before]
        print(
            json.dumps(
                {"site": found.own, "written": written, "policy": resolved.name, "mode": resolved.mode, "before": files}
            )
        )
        return
    interpreter = found.interpreter
    lines = [f"enabled {interpreter.prefix} (Python {interpreter.version_text}): {resolved.name}, {resolved.mode}"]
    lines += [f"  wrote {path}" for path in written]
    if interpreter.prefix == interpreter.base_prefix:
        lines.append("  note  no virtual environment: whatever this interpreter runs, of anybody's, is guarded from now on")
    lines += [f"  note  {line}" for line in resolved.notices]
    lines += [f"  still before the guard: {file.path} ({file.owner or 'owned by no distribution'})" for file in before]
    print("\n".join(map(messages.printable, lines)))
