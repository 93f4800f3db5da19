"""A thread in which one plugin takes records, so that one that hangs or raises holds up nobody else."""

import contextlib
import queue
import threading
import time

from importguard.plugins.asking import words

MOST_WAITING = 10_000
PATIENCE = 5.0  # seconds for what is left when the command has ended
TOO_LONG = 10.0  # seconds after which a call counts as one that hangs
END = None


class Worker:
    """Hands records to a plugin's hooks. `problem` is the first thing that went wrong, "" while nothing did.

    `take(record)` is called in the worker's thread, `finish()` after the last one; `wake()` when there is a problem or
    `take` returned True, which `wants_kill` then keeps as the record that it was.
    """

    def __init__(self, name, take, finish, wake):
        self.name = name
        self.problem = ""
        self.lost = 0
        self.wants_kill = None
        self._take, self._finish, self._wake = take, finish, wake
        self._waiting = queue.Queue(MOST_WAITING)
        self._busy_since = None
        # A daemon: a plugin that hangs must not keep importguard from ending.
        self._thread = threading.Thread(target=self._work, name=f"plugin {name}", daemon=True)
        self._thread.start()

    def put(self, record):
        """Queue one record; one that finds the queue full is counted."""
        try:
            self._waiting.put_nowait(record)
        except queue.Full:
            self.lost += 1
        self._look_at_clock()

    def end(self):
        """Let the plugin finish, for as long as PATIENCE says."""
        with contextlib.suppress(queue.Full):
            self._waiting.put(END, timeout=PATIENCE)
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            self.lost += self._waiting.qsize()
            self._say(f"still busy {PATIENCE:.0f} s after the command had ended: left behind")

    def _work(self):
        while True:
            record = self._waiting.get()
            self._busy_since = time.monotonic()
            try:
                if record is END:
                    return self._finish()
                if self._take(record) and self.wants_kill is None:
                    self.wants_kill = record
                    self._wake()
            except BaseException as error:  # a stranger's code: SystemExit must not end the thread unheard
                self._say(f"raised {words(error)}")
                if record is END:
                    return None
            finally:
                self._busy_since = None

    def _look_at_clock(self):
        since = self._busy_since
        if since is not None and time.monotonic() - since > TOO_LONG:
            self._say(f"has been busy with one record for more than {TOO_LONG:.0f} s")

    def _say(self, problem):
        if not self.problem:
            self.problem = problem
            self._wake()
