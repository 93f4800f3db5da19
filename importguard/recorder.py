"""Writes what happens in this process to where its records go."""

from importguard import later
from importguard.later import get_ident
from importguard.pinned import getpid, len, write
from importguard.report.redact import redact
from importguard.report.sink import new_id, now, open_target, to_line

NO_READER = (6, 2)  # ENXIO, ENOENT
MOST_UNHEARD = 16
STDERR = "stderr"


class Recorder:
    """Writes records to the target of this process, and to standard error what has nowhere else to go.

    What a supervisor reads it redacts, which may have to learn from it first; all else is redacted here.
    `late` is the target of a daemon whose supervisor has ended, and of what outlives a run of pytest, "" for none: that is
    how most daemons go on, and no fault. `busy` holds the threads whose own events are passed over. `copy` is a file that gets what was decided above allow
    as well, "" for none: whoever started this process wants to know it at once.
    """

    def __init__(self, target, *, late, supervised, busy, copy=""):
        self.target = target
        self.supervised = supervised
        self.busy = busy
        self._write = None if target == STDERR else open_target(target)
        self._late = late
        self.lost = 0
        # Hears of each record in the thread that it was made in; it has no say in any.
        self.listener = None
        # Words what an exception says of a record, None where that may be whatever the code gave.
        self.wording = None
        self.unheard = []  # the first ones above allow, for a listener that comes later
        self.copy = copy

    def record(self, event, **fields):
        """Write one record and return its fields."""
        record = {"v": 1, "id": new_id(), "time": now(), "event": event, "pid": getpid(), **fields}
        thread = get_ident()
        was_busy = thread in self.busy
        self.busy.add(thread)
        try:
            self._deliver(record)
        except OSError as error:
            self.lost += 1
            complain(f"importguard IG140: a record could not be written to {self.target!r}: {error.strerror}")
            self._say(record)
        finally:
            if not was_busy:
                self.busy.discard(thread)
        self._tell(record)
        return record

    def _tell(self, record):
        if self.listener is not None:
            self.listener(record)
        elif len(self.unheard) < MOST_UNHEARD and record.get("verdict", "allow") != "allow":
            self.unheard.append(record)

    def after_fork(self):
        """Leave what was lost to the process that has lost it."""
        self.lost = 0

    def _deliver(self, record):
        if self.copy and record.get("verdict", "allow") != "allow":
            hand_on(record, self.copy)
        if self._write is None:
            self._say(record)
            return
        try:
            self._write(to_line(record if self.supervised else redact(record)))
            self._admit()
        except OSError as error:
            if not (self.supervised or self._late) or error.errno not in NO_READER:
                raise
            late, self._late, self.supervised = self._late, "", False
            self._write = open_target(late) if late not in ("", STDERR) else None
            self._deliver(record)

    def _admit(self):
        """Say in the records themselves, as soon as there is a way again, that some are missing."""
        lost, self.lost = self.lost, 0
        if lost:
            self.record("degraded", reason=f"{lost} records of this process could not be written; standard error has them")

    def _say(self, record):
        messages = later.load(later.WORDS)
        if record["event"] in ("tamper", "degraded"):
            complain(messages.one_line(record))
        elif record.get("verdict") in ("deny", "kill"):
            complain(messages.denial(redact(record)))


def hand_on(record, file):
    """Append a record to a file of somebody else's, who reads it there."""
    try:
        open_target("file:" + file)(to_line(redact(record)))
    except OSError:
        # Who wanted it has ended, or this process may not write there any more: the record itself goes its way.
        return


def complain(text):
    """Write a line to standard error by its descriptor; a closed one is no reason to fail."""
    try:
        write(2, text.encode("utf-8", "backslashreplace") + b"\n")
    except OSError:
        return
