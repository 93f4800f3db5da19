"""`learn` from the command to the lock: runs it and gathers, or reads the records of runs that are over."""

import os
import pathlib
import sys

from importguard import errors
from importguard.launch import command as commands
from importguard.launch import lesson, prepare, start, supervisor, target
from importguard.policy import compile as compiler
from importguard.policy import resolve
from importguard.report import stored
from importguard.report.escaping import escape
from importguard.report.log import Log

NOT_WITHIN = "learn can't be started below a guarded process: the outer run's policy stays, and records go to it"


def learn(options, words, environment):
    """Run the command that was typed as `words`; return (its exit status, what was Learnt)."""
    log = Log(environment)
    command = commands.resolve(words, environment, way="learn")
    if start.is_below_a_guard(environment):
        raise errors.CannotArm(NOT_WITHIN)
    if options.no_supervisor:
        raise errors.UsageError("learn needs the supervisor, which gathers what the whole process tree does")
    path = lesson.place(options.output, environment)
    known = lesson.before(path)
    # What a policy only observes is enforced all the same, unless somebody has typed that.
    options.mode = options.mode or "enforce"
    resolved = start.resolved_for(options, environment, log)
    found = prepare.look(command, environment)
    if notice := target.require_guardable(found, observing=False):
        raise errors.CannotArm(notice)
    lessons = []
    status = start.supervise(command, found, resolved, environment, log, lessons=lessons)
    code = errors.KILLED if status is None else supervisor.exit_code(status)
    return code, lesson.keep(lessons[0], known, path, environment)


def from_records(options, environment):
    """Return what was Learnt from files of records, about the environment of an interpreter."""
    path = lesson.place(options.output, environment)
    known = lesson.before(path)
    resolved = resolve.resolve({"policy": options.policy}, environment, pathlib.Path.cwd())
    found = prepare.look(commands.Command(*_interpreter(options.python, environment)), environment)
    named = prepare.named_targets(found, environment)
    taken = lesson.Lesson(found.sites, named, resolved, compiler.table(resolved, named, learning=True), doubted=False)
    for file in options.from_records:
        for fields in _read(file):
            taken.take(fields)
    return lesson.keep(taken, known, path, environment)


def say(learnt):
    """Say on standard error what was written, and what was refused."""
    if sys.stderr is None:
        return
    print(f"importguard: {learnt.summary}", file=sys.stderr)
    for line in learnt.refused:
        print(f"importguard: refused, and not learnt: {escape(line)}", file=sys.stderr)


def _interpreter(python, environment):
    path = python or commands.default_interpreter(environment)
    if os.path.isdir(path):
        path = os.path.join(path, "bin", "python3")
    if not os.path.exists(path):
        raise errors.UsageError(f"no such interpreter: {path!r}")
    path = os.path.abspath(path)
    return path, (path,), path, ""


def _read(path):
    """Yield the records in a file; raises RecordsError with file and line for what is none."""
    for place, fields, problem in stored.lines(path):
        if problem:
            raise errors.RecordsError(f"{place}: not a record: {problem}")
        yield fields
