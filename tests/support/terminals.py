"""Programs on a pseudo-terminal, as a person has them."""

import contextlib
import os
import pty
import re
import select
import subprocess
import time

SECONDS = 60
KEY = 0.02  # seconds between two keys, so that each arrives by itself


class Terminal:
    """A program on a pseudo-terminal: what is typed into it, and all that it has shown."""

    def __init__(self, command, *, folder, variables):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            list(map(str, command)), cwd=folder, env=variables, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)
        self.shown = ""

    def type(self, line):
        os.write(self.master, line.encode() + b"\n")

    def press(self, keys):
        """Type keys as a person does, each when the one before has been shown."""
        for key in keys:
            time.sleep(KEY)
            os.write(self.master, key.encode())
            if key.isalpha():
                self._read_more(SECONDS)

    def _read_more(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.shown += os.read(self.master, 65536).decode("utf-8", "replace")

    def wait_for(self, pattern, seconds=SECONDS):
        """Read on until what was shown since the last call matches, and return the match."""
        end = time.monotonic() + seconds
        while (found := re.search(pattern, self.shown)) is None:
            assert time.monotonic() < end, self.shown
            if select.select([self.master], [], [], 1)[0]:
                try:
                    self.shown += os.read(self.master, 65536).decode("utf-8", "replace")
                except OSError:
                    raise AssertionError(f"ended: {self.shown}") from None
        self.shown = self.shown[found.end() :]
        return found

    def finish(self):
        """Read to the end and return the exit status."""
        with contextlib.suppress(OSError):
            while more := os.read(self.master, 65536):
                self.shown += more.decode("utf-8", "replace")
        return self.process.wait(SECONDS)

    def end(self):
        """Type exit, read to the end and return the exit status."""
        self.type("exit 7")
        with contextlib.suppress(OSError):
            while os.read(self.master, 65536):
                continue
        return self.process.wait(SECONDS)
