"""`pytest --importguard-learn`: the lock that comes of a suite, written when the run is over."""

import os

from importguard import errors
from importguard.launch import lesson
from importguard.report import stored
from importguard.report.escaping import escape


class Learning:
    """Learns from the records of one run, workers and all other processes included.

    `taken` is a launch.lesson.Lesson, `records` the file that the whole tree writes to. What becomes of it is in `lines`,
    for people; `is_good` says whether nothing was refused.
    """

    def __init__(self, taken, records):
        self.lesson = taken
        self.records = records
        self.path = lesson.place("", os.environ)
        self.known = lesson.before(self.path)
        self.lines = []
        self.is_good = True

    def finish(self):
        """Merge what was learnt into the lock, and say what came of it."""
        doubts = self._take()
        try:
            learnt = lesson.keep(self.lesson, self.known, self.path, os.environ)
        except errors.ImportguardError as error:
            self.is_good = False
            self.lines = [f"nothing was learnt: {error}", "`importguard learn -- python -m pytest` writes it from outside"]
            return
        self.is_good = not learnt.refused and not doubts
        self.lines = [
            learnt.summary,
            *(f"refused, and not learnt: {escape(line)}" for line in learnt.refused),
            *map(escape, doubts),
        ]

    def _take(self):
        """Hand the records to the lesson; return what is wrong with them."""
        doubts = []
        for place, fields, problem in stored.lines(self.records):
            taken = {"event": "degraded", "reason": f"{place}: {problem}"} if problem else self.lesson.take(fields)
            if taken is not fields:
                doubts.append(taken["reason"])
        return doubts
