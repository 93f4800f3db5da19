"""The terminal as a place to ask: only whom it belongs to is asked about, and only what is typed after the question answers."""

import contextlib
import os
import select
import signal
import termios
import time

WORDS = {"o": "once", "once": "once", "a": "always", "always": "always", "never": "never", "": "no", "n": "no", "no": "no"}
ENDING = b"\x03\x04\x1a\x1c"  # Ctrl-C, Ctrl-D, Ctrl-Z, Ctrl-\: no
ERASING = b"\x08\x7f"
QUIET = 0.15  # seconds without a byte after which a paste is over
MOST_DRAINED = 3  # seconds
TRIES = 3
LONGEST = 16
TOGETHER = 2
PASTED = "that was pasted, and answers nothing: type it"
UNKNOWN = "once, always, never, or no"
# Terminals that know it mark what is pasted from here on; others don't show it.
MARK_PASTES, NO_MARKS = b"\x1b[?2004h", b"\x1b[?2004l"


class Terminal:
    """The controlling terminal of this process, by a descriptor that is open for both."""

    def __init__(self, fd):
        self.fd = fd

    @classmethod
    def own(cls):
        """Return the controlling Terminal, None where there is none."""
        try:
            return cls(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
        except OSError:
            return None

    def is_in_front(self, pid):
        """Say whether a process runs in the foreground of this terminal."""
        try:
            return os.getsid(pid) == os.getsid(0) and os.getpgid(pid) == os.tcgetpgrp(self.fd)
        except OSError:
            return False

    def ask(self, text, choices, seconds, is_gone):
        """Show a question and return one of `choices`, "no", or "timeout"; `is_gone` says that nobody waits any more."""
        # Writing and setting from the background stops a process, unless it blocks this; reading then fails.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTTOU, signal.SIGTTIN))
        try:
            with self._taken():
                self._drain()
                return self._answer(text, choices, time.monotonic() + seconds, is_gone)
        except (OSError, termios.error):
            return "timeout"

    def tell(self, line):
        """Show a line that needs no answer."""
        with contextlib.suppress(OSError):
            self._say(f"  {line}\n".encode("utf-8", "backslashreplace"))

    @contextlib.contextmanager
    def _taken(self):
        """Have the terminal for oneself: in the foreground, each key by itself, nothing shown, no key that signals."""
        front, own = os.tcgetpgrp(self.fd), os.getpgrp()
        before = termios.tcgetattr(self.fd)
        raw = [*before[:6], list(before[6])]
        raw[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
        raw[1] |= termios.OPOST | termios.ONLCR
        raw[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        raw[6][termios.VMIN], raw[6][termios.VTIME] = 1, 0
        if front != own:
            os.tcsetpgrp(self.fd, own)
        try:
            termios.tcsetattr(self.fd, termios.TCSAFLUSH, raw)
            yield
        finally:
            with contextlib.suppress(OSError, termios.error):
                self._say(NO_MARKS)
                termios.tcsetattr(self.fd, termios.TCSAFLUSH, before)
            # Whoever has taken it meanwhile keeps it.
            with contextlib.suppress(OSError):
                if front != own and os.tcgetpgrp(self.fd) == own:
                    os.tcsetpgrp(self.fd, front)

    def _answer(self, text, choices, end, is_gone):
        self._say(MARK_PASTES + text.encode("utf-8", "backslashreplace") + b"\n")
        for _ in range(TRIES):
            self._say(f"  {', '.join(choices)}, or Enter for no: ".encode())
            word = self._line(end, is_gone)
            if word in ("timeout", "gone"):
                self._say(b"\n")
                return "timeout"
            answer = WORDS.get(word)
            if answer == "no" or answer in choices:
                self._say(b"\n")
                return answer
            self._say(f"\n  {PASTED if word == PASTED else UNKNOWN}\n".encode())
        return "no"

    def _line(self, end, is_gone):
        """Return what is typed up to Enter, which comes by itself: with other keys in one piece it was pasted, as were many in one."""
        line = b""
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return "timeout"
            if not select.select([self.fd], [], [], min(left, 0.2))[0]:
                if is_gone():
                    return "gone"
                continue
            data = os.read(self.fd, 4096)
            if not data:
                return "timeout"
            if data in (b"\r", b"\n"):
                return line.decode("ascii", "replace").strip().lower()
            if data[0] in ENDING and len(data) == 1:
                return "no"
            if not _is_typed(data):
                self._drain()
                return PASTED
            for key in data:
                line = self._edited(line, bytes([key]))

    def _edited(self, line, key):
        if key in ERASING:
            self._say(b"\b \b" if line else b"")
            return line[:-1]
        if len(line) >= LONGEST:
            return line
        self._say(key)
        return line + key

    def _drain(self):
        """Throw away what was typed or pasted before, and what of it still arrives."""
        end = time.monotonic() + MOST_DRAINED
        termios.tcflush(self.fd, termios.TCIFLUSH)
        while time.monotonic() < end and select.select([self.fd], [], [], QUIET)[0]:
            if not os.read(self.fd, 65536):
                return

    def _say(self, data):
        while data:
            data = data[os.write(self.fd, data) :]


def _is_typed(data):
    """Say whether a piece of input may be a person's: two keys come in one piece where a machine is slow, more don't."""
    return len(data) <= TOGETHER and all(key in ERASING or bytes([key]).isalpha() or key == ord(" ") for key in data)
