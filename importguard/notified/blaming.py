"""Who answers for a system call: whoever is being imported by the thread that makes it, or by those that it comes from.

What the interpreter has decided is not decided again, and a thread that imports nothing is nobody's business here: its calls
are left to the interpreter's own judgement, and to the ceilings.
"""

import os
import time

from importguard.notified import board as boards
from importguard.notified import processes

MOST_EXECUTED = 4096
MOST_ANCESTORS = 64
ANY = ""  # a program that is none
PASSES = {"net.connect": boards.CONNECT, "net.listen": boards.LISTEN, "proc.spawn": boards.SPAWN}


class Blaming:
    """Finds who answers, by a Board. `above` are the processes that nobody below them is blamed on."""

    def __init__(self, board, above):
        self.board = board
        self.above = above
        # Processes that have executed a program with leave, and are on their own: when each was made, the program that it must
        # have left by now, and when it was to (nanoseconds since boot).
        self.executed = {}

    def who(self, call, capability):
        """Return (what is shown of whoever is to blame, whether a name is being looked up), None where nobody is."""
        if self.board.is_running(call.thread):
            return None
        shown = self.board.shown(call.thread)
        if shown is not None:
            if shown.phase == "run" or shown.passes & PASSES[capability] or self._is_over(shown):
                return None
            return shown, bool(shown.passes & boards.RESOLVE)
        busy = self.board.busy()
        found = self._inherited(call.thread, busy) if busy else None
        return None if found is None else (found, False)

    def execute(self, call, *, is_blamed):
        """Note that a thread executes a program, with leave. Who answers for an import is on its own once it has: a call that
        fails leaves everything as it was."""
        shown = self.board.shown(call.thread)
        is_blamed = is_blamed or (shown is not None and shown.phase != "run")
        try:
            process, _parent = processes.process_of(call.thread)
            left = processes.program_of(process) if is_blamed else ANY
            self.executed[process] = processes.born(process), left, time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        except OSError:
            return
        if len(self.executed) > MOST_EXECUTED:
            self.executed = {process: found for process, found in self.executed.items() if os.path.exists(f"/proc/{process}")}

    def _inherited(self, thread, busy):
        """Return who is being imported where a thread that shows nothing comes from, None for nobody.

        Native code may make threads and processes that no interpreter knows of. Those that were there before an import
        began aren't its own.
        """
        try:
            made = born = processes.born(thread)
            process, parent = processes.process_of(thread)
        except OSError:
            return next((shown for shown in busy if shown.phase != "run"), None)
        caller = process
        for _ in range(MOST_ANCESTORS):
            if found := self._importing(busy, process, made):
                return found
            if process in self.above or self._is_on_its_own(process):
                return None
            if any(shown.process == parent and shown.passes & boards.SPAWN for shown in busy):
                return None
            if parent in self.above:
                return self._orphaned(busy, process, made)
            try:
                made = processes.born(process)
                process, parent = processes.process_of(parent)
            except OSError:
                break
        # One in between has just ended, or there are more of them than anybody needs.
        return self._orphaned(busy, caller, born)

    def _importing(self, busy, process, made):
        for shown in busy:
            if shown.process == process and shown.phase != "run" and made >= processes.ticks(shown.begun):
                if not self._is_over(shown) and os.path.exists(f"/proc/{process}/task/{shown.thread}"):
                    return shown
                self.board.clear(shown)
        return None

    def _is_on_its_own(self, process):
        try:
            made, left, _when = self.executed[process]
            return made == processes.born(process) and left != processes.program_of(process)
        except (KeyError, OSError):
            return False

    def _is_over(self, shown):
        """Say whether a thread shows what the program before imported, and take that down."""
        _made, left, when = self.executed.get(shown.process, (0, ANY, 0))
        is_over = left != ANY and shown.begun <= when and self._is_on_its_own(shown.process)
        if is_over:
            self.board.clear(shown)
        return is_over

    def _orphaned(self, busy, process, made):
        """A process whose parent has ended: it may come from any that executes the same program and imports."""
        program = processes.program_of(process)
        for shown in busy:
            if shown.phase != "run" and made >= processes.ticks(shown.begun) and processes.program_of(shown.process) == program:
                return shown
        return None
