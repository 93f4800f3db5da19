"""`importguard vet`: installs distributions aside, imports all their modules guarded, and says what they reached for."""

import argparse
import os
import signal
import sys

TEXT = "import every module of distributions aside, and say what they reach for"
DESCRIPTION = """Installs requirements from wheels into a throw-away environment, which runs nothing of theirs, imports every module
of each distribution in a guarded process of its own, with a throw-away home, and prints what each phase reached for."""
EPILOG = """What lies only as a source distribution is said and skipped: building it would run its code (--build).
Modules that do their deed when they are imported, __main__, are left alone, and so are tests without --tests.
Results are kept in a file as they come; the same command takes up where it was ended.
Native code is not contained: extension modules do below Python what they like.

exit status: 0 nothing was refused; 1 findings, or a distribution that could not be looked at; 2 usage error.

examples:
  importguard vet requests 'flask>=3'
  importguard vet -r requirements.txt --jobs 4 --results vetted.jsonl
  importguard vet -r requirements.txt --executor dask --scheduler tcp://10.0.0.5:8786"""

# What each reaches for is worth knowing where it is allowed, too; no lock of this folder has a say.
HOW = ("--mode", "enforce", "--record-allowed", "--lock", "off", "--supervise", "auto")


def add(subparsers):
    """Register the parser of `vet`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("vet", help=TEXT, description=DESCRIPTION, epilog=EPILOG, formatter_class=formatter)
    parser.add_argument("requirements", nargs="*", metavar="REQUIREMENT", help="as pip takes it")
    parser.add_argument("-r", dest="files", action="append", default=[], metavar="FILE", help="requirements, one a line")
    parser.add_argument("--python", metavar="PATH", help="the interpreter to use; else $VIRTUAL_ENV's, else PATH's")
    parser.add_argument("--jobs", type=_count, default=1, metavar="N", help="distributions at a time (default: 1)")
    parser.add_argument("--executor", choices=("local", "dask"), default="local", help="who looks (default: local)")
    parser.add_argument("--scheduler", default="", metavar="ADDRESS", help="a Dask cluster; else workers are started here")
    parser.add_argument("--results", default="vet.jsonl", metavar="FILE", help="where results are kept (default: vet.jsonl)")
    parser.add_argument("--core", choices=("auto", "c", "py"), default="auto", help="as in `importguard run`")
    parser.add_argument("--tests", action="store_true", help="import the modules of tests as well")
    parser.add_argument("--build", action="store_true", help="build source distributions, which runs their code")
    parser.set_defaults(run=run)


def run(options):
    """Vet the requirements and return 1 when there is anything to be said against one."""
    # Late, so that --help and a mistake cost nothing.
    from importguard.errors import UsageError
    from importguard.launch import first
    from importguard.vet import page, vetting

    requirements = [*options.requirements, *_listed(options.files)]
    if not requirements:
        named = f"no requirement in {', '.join(map(repr, options.files))}" if options.files else "nothing to vet"
        raise UsageError(f"{named}: name requirements, or a file of them with -r (see `importguard vet --help`)")
    first.require_first()
    # An orderly end, so that what was made is removed as well.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    terms, store = _terms(options)
    plan = vetting.Plan(options.executor, options.jobs, options.scheduler)
    print("importguard: native code is not contained here; installing what was asked for and what that needs", file=sys.stderr, flush=True)
    with vetting.installed(requirements, terms) as (environments, refused):
        jobs = vetting.jobs_in(environments)
        results = []
        try:
            with page.bar(len(jobs)) as show:
                for found in vetting.vet(jobs, terms, plan, store):
                    results.append(found)
                    show(found)
        except KeyboardInterrupt:
            print(page.interrupted(len(results), len(jobs), options.results), file=sys.stderr)
            raise
    print(page.summary(results, refused))
    return int(bool(refused) or not all(found.is_clean for found in results))


def _terms(options):
    import importguard
    from importguard.cli import environment
    from importguard.launch import itself
    from importguard.vet import looking
    from importguard.vet.store import Store

    interpreter = environment.interpreter(options.python, os.environ)
    terms = looking.Terms(
        python=interpreter.path, command=itself.command_line(), options=(*HOW, "--core", options.core),
        stdlib=interpreter.stdlib, tests=options.tests, builds=options.build,
    )  # fmt: skip
    kinds = "modules and tests" if options.tests else "modules"
    by = f"importguard {importguard.__version__}, CPython {interpreter.version_text}, core {options.core}, {kinds}"
    return terms, Store(options.results, by)


def _listed(files):
    """Return the requirements in files; those that pip itself reads further (-c, -e, --hash) are not taken."""
    from importguard.errors import UsageError

    found = []
    for path in files:
        try:
            with open(path, encoding="utf-8") as file:
                lines = [line.partition(" #")[0].strip() for line in file]
        except OSError as error:
            raise UsageError(f"can't read {path!r}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"can't read {path!r}: not UTF-8 at byte {error.start}") from error
        for number, line in enumerate(lines, 1):
            if line.startswith("-"):
                raise UsageError(f"{path}:{number}: {line!r} is an option of pip's, and only requirements are taken")
            found += [line] if line and not line.startswith("#") else []
    return found


def _count(text):
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of jobs")
    return int(text)
