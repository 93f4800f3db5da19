"""`importguard explain`: which rule decides a request, and what to write to change that."""

import argparse
import json
import os
import pathlib
import shlex
import shutil

from importguard import errors, model, versions
from importguard.policy import compile as compiler
from importguard.policy import decide, grants, named, resolve, suggest, table, toml
from importguard.report import reader, recent, stored

TEXT = "say which rule decides, and what to change"
EPILOG = """The question is put to the policy as it is now. Whether the process tree wrote a file can't be known here.

exit status: 0 allowed; 1 denied; 2 the question can't be answered.

examples:
  importguard explain fs.read ~/.aws/credentials --package litellm --phase run
  importguard explain proc.spawn "git version" --package gitpython
  importguard explain --record 01J9 --records records.jsonl"""

NOT_INSTALLED = ("unowned", "application", "python")  # owners that are no distributions


def add(subparsers):
    """Register the parser of `explain`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("explain", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    parser.add_argument("capability", metavar="CAPABILITY", nargs="?", help="such as fs.read")
    parser.add_argument("target", metavar="TARGET", nargs="?", help="a path, host:port, or a program with arguments")
    parser.add_argument("--package", metavar="NAME", help="the distribution that asks")
    parser.add_argument("--phase", choices=model.PHASES, default="import", help="when it asks (default: import)")
    parser.add_argument("--record", metavar="ID", help="a record's id, or how it starts")
    parser.add_argument("--records", metavar="FILE", help="where that record is, - for standard input (default: IMPORTGUARD_RECORDS, then the latest denials of your runs)")
    parser.add_argument("--policy", metavar="FILE", help="the policy to ask, instead of the project's")
    parser.add_argument("--python", metavar="PATH", help="the interpreter whose environment is meant")
    parser.set_defaults(run=run)


def run(args):
    """Print which rule decides; the exit status is the verdict."""
    resolved = resolve.resolve({"policy": args.policy}, os.environ, pathlib.Path.cwd())
    environment = _environment(args.python)
    surroundings = _surroundings(environment)
    loaded = _load(resolved, surroundings, environment)
    request = _recorded(args) if args.record else _asked(args, environment, loaded)
    decision = decide.decide(loaded, request)
    tried = _load(resolved.candidate, surroundings, environment) if resolved.candidate else None
    missing = () if args.record else _missing(request.owner.name, environment)
    for line in (*_headline(request, decision), *missing, *_deputy(loaded, request), *_tried(tried, request)):
        print(line)
    if decision.verdict == "allow":
        return 0
    helped = with_line(resolved, request)
    still = decide.decide(_load(helped, surroundings, environment), request)
    for line in _change(request, still):
        print(line)
    return 1


def _environment(python):
    """Return the environment that is meant, or None where nobody named one and there is none."""
    from importguard.cli import environment  # probes an interpreter, which a question about a policy may go without

    try:
        return environment.find(python, os.environ)
    except errors.UsageError:
        if python:
            raise
        return None


def _surroundings(environment):
    given = {}
    if environment is not None:
        prefixes = (environment.interpreter.prefix, environment.interpreter.base_prefix)
        given = {"$site": environment.site_dirs, "$prefix": prefixes, "$stdlib": environment.interpreter.stdlib}
    return named.surroundings(os.environ, pathlib.Path.cwd(), given)


def _load(resolved, surroundings, environment):
    lock = _lock(resolved, surroundings, environment)
    loaded = table.load(compiler.table(resolved, surroundings, lock=lock))
    if environment is not None:
        loaded.owner_of = environment.owner_of
    return loaded


def _lock(resolved, surroundings, environment):
    """Return what the lock makes of an environment; without one it says nothing of anybody."""
    from importguard.launch import locked, vouching

    if environment is None:
        return vouching.Locked()
    return locked.look(locked.read(resolved), resolved, environment.sites, surroundings)


def _asked(args, environment, loaded):
    """Return the request that the command line describes."""
    if not args.capability or not args.target or not args.package:
        raise errors.UsageError("explain needs CAPABILITY TARGET --package NAME, or --record ID")
    if args.capability not in model.CAPABILITIES:
        near = grants.near_miss(args.capability, model.CAPABILITIES)
        raise errors.UsageError(f"unknown capability {args.capability!r}{near}")
    target, argv = _target(args.capability, args.target)
    owner = _owner(versions.canonical_name(args.package), environment, loaded)
    return model.Request(args.capability, target, argv, owner, (), args.phase, "", "audit")


def _target(capability, text):
    family = grants.FAMILIES[capability]
    if family == "path":
        return os.path.realpath(os.path.expanduser(text)), None
    if family != "program":
        return text, None
    try:
        argv = tuple(shlex.split(text))
    except ValueError as error:
        raise errors.UsageError(f"{text!r} is no command: {error}") from error
    if not argv:
        raise errors.UsageError("a program has a name")
    path = shutil.which(argv[0])
    return os.path.realpath(path) if path else argv[0], argv


def _owner(name, environment, loaded):
    found = {"version": "", "kind": "distribution"}
    for site in environment.sites.values() if environment is not None else ():
        found = site["dists"].get(name, found)
    if name == "unowned":
        return model.UNOWNED
    kind = "app" if name == "application" or loaded.is_app(name) else found["kind"]
    return model.Owner(name, found["version"], kind)


def _recorded(args):
    """Return the request of a record; raises RecordsError when it can't be found."""
    written = os.environ.get("IMPORTGUARD_RECORDS", "")
    path = args.records or (written if resolve.is_file(written) else _latest_denials())
    if not path:
        raise errors.UsageError("--record needs --records FILE, where the record was written")
    fields = _find(path, args.record)
    owner = model.Owner(*(str(fields["owner"].get(name, "")) for name in ("name", "version", "kind")))
    argv = fields.get("argv")
    via = tuple(fields.get("via") or ())
    texts = (str(fields.get(name, "")) for name in ("phase", "module", "layer"))
    return model.Request(fields["capability"], fields["target"], tuple(argv) if argv else None, owner, via, *texts)


def _latest_denials():
    kept = recent.path(os.environ)
    return str(kept) if kept is not None and kept.exists() else ""


def _find(path, wanted):
    for place, line in stored.texts(path):
        fields = _decision(line, place, wanted)
        if fields:
            return fields
    raise errors.RecordsError(f"{path}: no decision with an id that starts with {wanted!r}; --records FILE looks into another file")


def _decision(line, place, wanted):
    """Return the fields of a line when it is the wanted decision, else None."""
    if wanted not in line:
        return None
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise errors.RecordsError(f"{place}: not a record: {error}") from error
    if not isinstance(fields, dict) or not str(fields.get("id", "")).startswith(wanted):
        return None
    if fields.get("event") != "decision":
        raise errors.RecordsError(f"{place}: {fields.get('event')!r} is no decision")
    if problem := reader.problem_of(fields, written=True):
        raise errors.RecordsError(f"{place}: not a record: {problem}")
    if fields["capability"] not in model.CAPABILITIES:
        raise errors.RecordsError(f"{place}: unknown capability {fields['capability']!r}")
    return fields


def _headline(request, decision):
    verb = "allowed" if decision.verdict == "allow" else "denied"
    owner = f"{request.owner.name} {request.owner.version}".rstrip()
    words = " ".join((request.target, *(request.argv or ())[1:]))
    yield ascii_shown(f"{verb}  {owner} -> {request.capability} {words}  (phase {request.phase})")
    if decision.rule:
        yield f"  rule   {decision.rule}"
    elif request.owner.kind == "app":
        yield "  rule   none: the application has full authority"
    else:
        yield "  rule   none: what no rule names is allowed"


def _missing(name, environment):
    """Yield that nothing of that name is installed, where there is an environment to look into."""
    if environment is None or name in NOT_INSTALLED:
        return
    names = {known for site in environment.sites.values() for known in site["dists"]}
    if name not in names:
        where, near = environment.interpreter.prefix, grants.near_miss(name, names)
        yield ascii_shown(f"  note   {name} isn't installed in {where} (see --python); a package of that name would get this answer{near}")


def _deputy(loaded, request):
    owner = request.owner
    if loaded.is_deputy(owner.name, request.capability, request.target, owner.version, request.argv):
        yield f"  note   {owner.name} is a deputy here: where somebody calls it, the caller is judged instead"


def _tried(candidate, request):
    """Yield what the policy says that is only tried out, where there is one."""
    if candidate is not None:
        decision = decide.decide(candidate, request)
        rule = f", by {decision.rule}" if decision.rule else ""
        yield ascii_shown(f"  tried  {candidate.name}: {'allow' if decision.verdict == 'allow' else 'deny'}{rule}")


def with_line(resolved, request):
    """Return what would be in force with the suggested line in a policy of one's own."""
    text = "version = 1\n" + as_table(suggest.suggest(request))
    policy = toml.parse(text, name="suggestion")
    return resolved._replace(policies=(policy, *resolved.policies))


def as_table(line):
    """Return a suggested line as TOML has it: the table's name on a line of its own."""
    head, _, rest = line.partition("] ")
    return f"{head}]\n{rest}"


def _change(request, still):
    if still.verdict == "allow":
        yield "  allow  by adding to importguard.toml:"
        for line in as_table(suggest.suggest(request)).splitlines():
            yield f"    {line}"
    else:
        yield f"  allow  by changing the rule itself: {still.rule} comes before any line that could be added"


def ascii_shown(text):
    """Return text that a terminal shows as it is."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
