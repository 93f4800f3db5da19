"""The board: a file in which guarded processes show what each of their threads imports. Its layout is that of board.c."""

import os
import re
import struct
from dataclasses import dataclass

SLOTS, PROBES, SIZE = 4096, 16, 256
STATES, FIRST = 4096, 4096 + 4 * SLOTS
SLOT = struct.Struct("=4I3Q12H64s32s96s")
WORD = struct.Struct("=I")
HEAD = struct.Struct("=2I")
ANYTHING = re.compile(rb"[^\0]")
# A thread's state.
PHASE = 3
PHASES = ("run", "startup", "import")
CONNECT, LISTEN, RESOLVE, SPAWN = 4, 8, 16, 32  # what the interpreter has let pass just now
# In the order of model.KINDS.
KINDS = ("distribution", "app", "stdlib", "startup", "unowned")
TRIES = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """What a thread shows: its process, the `phase` of what it does and what has been let pass (bits of `passes`); while it
    imports, whose code that is, which module, and since when (nanoseconds since boot). `state`, `code_type` and `offsets` lead to
    its frames.
    """

    at: int
    thread: int
    process: int
    phase: str
    passes: int
    begun: int
    name: str
    version: str
    kind: str
    module: str
    state: int
    code_type: int
    offsets: tuple[int, ...]


class Board:
    """Reads a board. Guarded processes may write anything there, and cut the file off: so it is read, and never mapped."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def is_running(self, thread):
        """Say whether a thread is known and imports nothing: the answer to most calls, at the price of two reads."""
        at = thread % SLOTS
        head = os.pread(self.fd, HEAD.size, FIRST + at * SIZE)
        if len(head) < HEAD.size or HEAD.unpack(head)[0] != thread:
            return False
        state = os.pread(self.fd, WORD.size, STATES + at * WORD.size)
        return len(state) == WORD.size and not WORD.unpack(state)[0] & PHASE

    def shown(self, thread):
        """Return what a thread shows, None for one that shows nothing."""
        for probe in range(PROBES):
            at = (thread + probe) % SLOTS
            head = os.pread(self.fd, HEAD.size, FIRST + at * SIZE)
            if len(head) == HEAD.size and HEAD.unpack(head)[0] == thread:
                return self._read(at)
        return None

    def busy(self):
        """Return what every thread shows that imports something, or has been let pass something."""
        states = os.pread(self.fd, 4 * SLOTS, STATES)
        places = dict.fromkeys(found.start() // 4 for found in ANYTHING.finditer(states))
        return [shown for shown in map(self._read, places) if shown is not None]

    def is_over(self, shown):
        """Say whether what a thread has shown isn't shown any more: the import that it began with has ended."""
        now = self._read(shown.at)
        return now is None or (now.thread, now.begun) != (shown.thread, shown.begun) or now.phase == "run"

    def clear(self, shown):
        """Take down what a thread shows: its program is another now, or it has ended."""
        os.pwrite(self.fd, WORD.pack(0), STATES + shown.at * WORD.size)

    def _read(self, at):
        """Return what is shown in a slot, as it is when nobody is writing there."""
        for _ in range(TRIES):
            data = os.pread(self.fd, SIZE, FIRST + at * SIZE)
            state = os.pread(self.fd, WORD.size, STATES + at * WORD.size)
            if len(data) < SIZE or len(state) < WORD.size:
                return None
            thread, process, kind, writes, begun, *rest = SLOT.unpack(data)
            if not writes & 1:
                break
        [word] = WORD.unpack(state)
        texts = [text.partition(b"\0")[0].decode("utf-8", "replace") for text in rest[-3:]]
        phase = PHASES[word & PHASE] if word & PHASE < len(PHASES) else "import"
        kind = KINDS[kind] if kind < len(KINDS) else "unowned"
        return Shown(at, thread, process, phase, word & ~PHASE, begun, texts[0], texts[1], kind, texts[2], rest[0], rest[1], tuple(rest[2:-3]))
