"""The core in Python: filters audit events, reads what they ask for, and hands it to a judge."""

import sys
from _thread import get_ident

from importguard.core import events
from importguard.denials import Denied
from importguard.pinned import dict, get_frame, set

CANARY = "importguard.canary"


def new_busy():
    """Return the set of the threads that are inside the guard."""
    return set()


def install(*, capabilities, concerns, judge, busy, is_own, on_import, on_program, code_events=()):
    """Add the audit hook and return a function that says whether it still answers.

    `capabilities` are those that any rule cares about: events of others are never read. `concerns(capability,
    target)` says whether a rule could refuse this target to anybody; only then `judge(capability, target, argv,
    frame)` is asked, which raises when it refuses. `busy` holds the threads that are inside the guard; what
    its own code does there, as `is_own(frame)` says, is passed over. `on_import(args)` is told of each import,
    `on_program(event, args)` of the end of start-up. `code_events` names those of CODE_READERS that a rule could refuse. There is no way to remove the hook.
    """
    readers = {
        event: reader
        for event, (reader, asked) in events.READERS.items()
        if any(capability in capabilities for capability in asked)
    }
    readers.update({event: reader for event, reader in events.CODE_READERS.items() if event in code_events})
    answers = []
    sys.addaudithook(_make_hook(dict(readers), concerns, judge, busy, is_own, on_import, on_program, answers))
    return lambda: _answers(answers)


def _make_hook(readers, concerns, judge, busy, is_own, on_import, on_program, answers):
    special = {"import": on_import, CANARY: answers.append}
    for event in events.START_OF_PROGRAM:
        special[event] = _named(event, on_program)
    read = readers.get
    read_special = special.get

    def hook(event, args):
        reader = read(event)
        if reader is None:
            door = read_special(event)
            if door is None:
                return
        if get_ident() in busy and is_own(get_frame(0).f_back):
            return
        if reader is None:
            door(args)
            return
        # Reading the arguments may run a package's __fspath__: that happens outside, where it is judged itself.
        for capability, target, argv in reader(args):
            if concerns(capability, target):
                try:
                    judge(capability, target, argv, get_frame(0).f_back)
                except Denied as denial:
                    # Whoever reads the traceback looks for their own frames, not for ours.
                    raise denial.with_traceback(None) from None

    return hook


def _named(event, door):
    return lambda args: door(event, args)


def _answers(answers):
    """Raise an event of our own and see whether it arrives: a hostile hook can block an installation silently."""
    del answers[:]
    sys.audit(CANARY)
    return bool(answers)
