"""Starts one command: nested, unguarded because the user said so, in place, or under the supervisor."""

import errno
import os
import pathlib
import sys

from importguard import session
from importguard.childargs import guard_child
from importguard.errors import KILLED, CannotArm, UsageError
from importguard.kernel import layers, syscalls_unsafe
from importguard.launch import (
    cgroup,
    directory,
    inplace,
    lesson,
    preloading,
    prepare,
    signals,
    supervisor,
    target,
    tree,
)
from importguard.launch import command as commands
from importguard.policy import resolve
from importguard.report.compose import record
from importguard.report.log import Log
from importguard.report.recent import Recent
from importguard.report.writer import open_writer

NESTED = "already guarded by an outer run, whose policy stays; options given here are ignored"
SUPERVISOR_NEEDS = ("psutil", "structlog")


def start(options, words, environment):
    """Run the command that was typed as `words` and return its exit status."""
    log = Log(environment, soon=vars(options).get("shows_soon", False))
    command = commands.resolve(words, environment)
    if _is_guarded():
        log.notice(NESTED)
        return _replace(command.path, command.argv, environment)
    if session.VARIABLE in environment:
        return _run_nested(command, environment, log)
    resolved = resolved_for(options, environment, log)
    if resolved.mode == "off":
        log.notice("the mode is off: the command runs without the guard")
        return _replace(command.path, command.argv, environment)
    found = prepare.look(command, environment)
    notice = target.require_guardable(found, observing=resolved.mode == "observe")
    if notice:
        log.notice(notice)
        return _replace(command.path, command.argv, environment)
    if options.record_imports and not resolved.records:
        raise UsageError("--record-imports needs a place for records: --records FILE")
    terminal = _terminal(options, resolved, log)
    if options.no_supervisor:
        return _run_in_place(command, found, resolved, environment, log, options)
    asks = None if terminal is None else (terminal, options)
    return _end_as(
        supervise(command, found, resolved, environment, log, recording=options.record_allowed, asks=asks, times_imports=options.record_imports)
    )


def is_below_a_guard(environment):
    """Say whether this process, or the one that has started it, is guarded."""
    return _is_guarded() or session.VARIABLE in environment


def guards(options, environment):
    """Say whether what is started with these options is guarded, and not switched off by what the user has set."""
    return is_below_a_guard(environment) or resolve.resolve(vars(options), environment, pathlib.Path.cwd()).mode != "off"


def resolved_for(options, environment, log):
    """Return what is in force, and say what is to be said about it."""
    resolved = resolve.resolve(vars(options), environment, pathlib.Path.cwd())
    for line in resolved.notices:
        log.notice(line)
    return resolved


def _load_plugins(resolved):
    """Return the Host of the plugins that the policy names, or None."""
    if not resolved.plugins:
        return None
    from importguard.plugins import host  # a start that names no plugin pays nothing for them

    return host.Host(resolved.plugins)


def supervise(command, found, resolved, environment, log, *, recording=False, lessons=None, asks=None, times_imports=False):
    """Run the command under the supervisor and return its wait status, None when the tree was killed.

    `recording` has what is allowed recorded; `lessons` is a list that gets the Lesson of the run, while no lock counts;
    `times_imports` has it recorded how long modules take, `asks` is (the Terminal where what is refused is asked about, the options), None where it isn't.
    """
    _require_dependencies()
    plugins = _load_plugins(resolved)
    writer = open_writer(resolved.records) if resolved.records else None
    learning = lessons is not None
    prepared = prepare.prepare(
        found, resolved, environment, command.argv, records="", plugins=plugins, recording=recording or learning,
        unlocked=learning, asks=_asking().seconds(asks[1]) if asks else 0, times_imports=times_imports,
    )  # fmt: skip
    if learning:
        lessons.append(lesson.Lesson(found.sites, prepared.named, resolved, prepared.table))
    answering = None
    try:
        directory.hold(prepared.directory)
        pipe = directory.make_pipe(prepared.directory)
        supervised = supervisor.Supervisor(
            pipe=pipe, writer=writer, log=log, is_python=found.interpreter is not None, recent=Recent(environment),
            plugins=plugins, lesson=lessons[0] if learning else None,
        )  # fmt: skip
        for line in plugins.notices if plugins else ():
            log.notice(line)
        _report(prepared, supervised.take)
        if problem := _become_subreaper():
            supervised.take(record("degraded", pid=os.getpid(), reason=problem))
        if asks:
            answering = _asking().listen(prepared, asks[0], asks[1], environment, log)
        path, argv, environment = _guarded(command, prepared, environment)
        ends_trees = resolved.mode == "enforce" and resolved.on_violation == "kill"
        group = cgroup.make() if ends_trees else None
        if ends_trees or plugins:
            tree.get_ready()
        calls = _calls(prepared) if prepared.kernel.asking else None
        return supervised.run(path, argv, environment, prepared.kernel, group, calls)
    finally:
        if answering is not None:
            answering.close()
        if not tree.has_descendants():
            directory.remove(prepared.directory)


def _asking():
    from importguard.launch import asking  # most runs ask nobody

    return asking


def _terminal(options, resolved, log):
    """Return the Terminal to ask at, None where nobody is asked."""
    is_wanted = options.ask or options.ask_seconds is not None
    return _asking().place(options, resolved, log) if is_wanted else None


def _calls(prepared):
    """Return what answers the system calls of a Prepared session."""
    from importguard.notified import process  # loads what most runs have no use for

    sites = prepared.target.sites.values()
    owners = {path: name for site in sites for path, name in (*site["prefixes"].items(), *site["files"].items())}
    place, found = prepared.directory, prepared.target
    stdlib = (found.interpreter.stdlib,) if found.interpreter else ()
    return process.Answering(process.Terms(place.board, place.pipe, prepared.table, owners, stdlib, found.app_roots))


def _run_in_place(command, found, resolved, environment, log, options):
    plugins = _load_plugins(resolved)
    if plugins and plugins.takes_records():
        names = ", ".join(map(repr, plugins.takes_records()))
        raise CannotArm(f"--no-supervisor leaves nobody who could hand records to the plugins {names}")
    target = inplace.records(resolved.records)
    prepared = prepare.prepare(
        found, resolved, environment, command.argv, records=target, plugins=plugins, recording=options.record_allowed,
        times_imports=options.record_imports,
    )
    for line in plugins.notices if plugins else ():
        log.notice(line)
    _report(prepared, log.show)
    path, argv, environment = _guarded(command, prepared, environment)
    layers.take(prepared.kernel)
    return _replace(path, argv, environment)


def _is_guarded():
    """Say whether this very process is guarded: the preload has reached it, and whatever it starts is told by its wraps."""
    module = sys.modules.get("importguard.guard")
    return module is not None and module.guard is not None


def _run_nested(command, environment, log):
    """Below a guarded process the outer guard stays: its policy, its records, its blame."""
    try:
        told = session.decode_spawn(environment[session.VARIABLE])
    except ValueError as error:
        raise CannotArm(f"the environment names an outer run that can't be understood: {error}") from None
    if not os.path.exists(told["session"]):
        raise CannotArm(f"the outer run that this process belongs to has ended ({told['session']} is gone)")
    log.notice(NESTED)
    ahead = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "ahead")
    environment = _as_user_set_it(environment, told, ahead)
    preload = preloading.find()[0]
    argv, environment = guard_child(_named(command), environment, {**told, "ahead": ahead, "preload": preload})
    path, argv = _as_typed(command, argv)
    return _replace(path, argv, environment)


def _as_user_set_it(environment, told, ahead):
    environment = dict(environment)
    rest = session.without_ahead(environment.get("PYTHONPATH", ""), ahead)
    if rest or told["pythonpath"] == "=":
        environment["PYTHONPATH"] = rest
    else:
        environment.pop("PYTHONPATH", None)
    return environment


def _guarded(command, prepared, environment):
    argv, environment = prepare.guarded(prepared, _named(command), environment)
    path, argv = _as_typed(command, argv)
    return path, argv, environment


def _named(command):
    """Return a Command's arguments with its path in front: only that says what is started."""
    return [command.path, *command.argv[1:]]


def _as_typed(command, argv):
    """Return (path, argv) of what is executed, under the name that was typed where that is the command itself."""
    return argv[0], [command.argv[0], *argv[1:]] if argv[0] == command.path else argv


def _replace(path, argv, environment):
    """Become the command; as every shell does, a script without a first line goes to /bin/sh."""
    import signal

    # Python ignores these from its start; the command must find what the user's shell would give it.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        try:
            os.execve(path, argv, environment)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            os.execve("/bin/sh", ("sh", path, *argv[1:]), environment)
    except OSError as error:
        raise commands.NotExecutable(f"can't execute {path!r}: {error.strerror}") from error


def _report(prepared, take):
    for line in prepared.damage:
        take(record("degraded", pid=0, reason=line))
    for fields in prepared.records:
        take(fields)


def _become_subreaper():
    """Return why this process can't be the parent of daemons, or an empty text."""
    try:
        syscalls_unsafe.become_subreaper()
    except (OSError, ImportError) as error:
        return f"daemons of the command can't be followed: {error}"
    return ""


def _end_as(status):
    if status is None:
        return KILLED
    if os.WIFSIGNALED(status):
        signals.die_of(os.WTERMSIG(status))
    return supervisor.exit_code(status)


def _require_dependencies():
    from importlib.util import find_spec

    for name in SUPERVISOR_NEEDS:
        if find_spec(name) is None:
            raise CannotArm(f"importguard's own dependency {name!r} is not installed beside it ({sys.executable})")
