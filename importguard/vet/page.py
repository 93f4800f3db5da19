"""What a person reads of a vetting: a block a distribution, a bar while it goes on, and the sum of it all."""

import contextlib
import sys

from importguard.launch import itself
from importguard.messages import printable, shown
from importguard.vet import trial

MOST_REASONS = 3
REASON = "  broken  "


def block(found):
    """Return the lines on one Result: when it reached for what, and what was refused."""
    head = printable(f"{found.name} {found.version}: ")
    if found.problem:
        return head + f"not looked at: {shown(found.problem)}"
    broken = sum(map(bool, found.errors.values()))
    lines = [f"{head}{_counted(len(found.errors), 'module')}, {broken} not importable"]
    if found.programs:
        lines[0] += f", {_counted(found.programs, 'program')} left alone"
    for reach in found.reached:
        verb, rule = ("denied ", f"  [{printable(reach.rule)}]") if reach.rule else ("reached", "")
        on_behalf = "" if reach.owner == found.name else f"  by {printable(reach.owner)}"
        lines.append(f"  {verb} {reach.phase:7} {reach.capability:12} {shown(reach.target)}{on_behalf}{rule}")
    lines += [
        f"  stopped {shown(module)}: {shown(error)}"
        for module, error in found.errors.items()
        if error.startswith(trial.STOPPED)
    ]
    lines += _reasons(found.errors)
    lines += [f"  alarm   {shown(alarm)}" for alarm in found.alarms]
    return "\n".join(lines)


def _reasons(errors):
    """Return lines on why modules can't be imported, the most frequent reasons first."""
    by_reason = {}
    for module, error in errors.items():
        if error and not error.startswith(trial.STOPPED):
            by_reason.setdefault(error, []).append(module)
    reasons = sorted(by_reason.items(), key=lambda reason: -len(reason[1]))
    lines = []
    for error, modules in reasons[:MOST_REASONS]:
        others = f" and {len(modules) - 1} more" if len(modules) > 1 else ""
        lines.append(f"{REASON}{shown(modules[0])}{others}: {shown(error)}")
    left = sum(len(modules) for _, modules in reasons[MOST_REASONS:])
    return [*lines, f"{REASON}{left} more, for other reasons"] if left else lines


def summary(results, refused):
    """Return the sum of Results and of what could not be installed, {requirement: reason}."""
    modules = sum(len(found.errors) for found in results)
    unclean = [found for found in results if not found.is_clean]
    # Whole: at its end stands what can be done.
    lines = [f"not installed  {printable(name)}: {printable(reason)}" for name, reason in refused.items()]
    findings = ", ".join(printable(found.name) for found in unclean) or "none"
    missing = f"; not installed: {len(refused)}" if refused else ""
    lines.append(f"{_counted(len(results), 'distribution')}, {_counted(modules, 'module')}; findings: {findings}{missing}")
    return "\n".join(lines)


def interrupted(done, total, path):
    """Return the line for whoever has interrupted it."""
    return f"importguard: interrupted: {done} of {total} are in {shown(path)}, and the same command goes on from there"


@contextlib.contextmanager
def bar(total):
    """Give a function that is called with each Result, to be shown on a terminal while the block goes on."""
    if not sys.stderr.isatty():
        yield lambda found: print(block(found), flush=True)
        return
    itself.find_rich()
    import rich.console  # now that it can be found
    from rich import progress

    console = rich.console.Console(stderr=True)
    with progress.Progress(console=console, transient=True) as shown_bar:
        task = shown_bar.add_task("vetting", total=total)

        def show(found):
            # Standard output is the results alone, whether or not it is the same terminal.
            with _aside(shown_bar):
                print(block(found), flush=True)
            shown_bar.advance(task)

        yield show


@contextlib.contextmanager
def _aside(shown_bar):
    shown_bar.stop()
    yield
    shown_bar.start()


def _counted(number, noun):
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
