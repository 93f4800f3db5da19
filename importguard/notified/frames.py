"""The Python frames of another process's thread, read from its memory by the places that its own core in C has shown.

Read while the thread waits for an answer, so that nothing moves. Native code may have put anything there: what is read is
shown to people, and decides nothing.
"""

import struct

from importguard.notified import processes

MOST, MOST_TEXT = 12, 400
ASCII = 1 << 6  # in the flags of a text, behind its length and its hash
KIND_SHIFT, KIND_MASK = 2, 7
TYPE_AT = 8  # offsetof(PyObject, ob_type)
WIDER = 16  # how far a text's data lies behind, where it isn't ASCII
WIDTHS = {1: "latin-1", 2: "utf-16", 4: "utf-32"}


def stack(shown, owner_of):
    """Return the frames of the thread that shows this, innermost first, as a record has them; [] where they can't be read.

    The line is that of the function: where exactly the thread is in it isn't looked up.
    """
    found = []
    try:
        with processes.Memory(shown.thread) as memory:
            for file, function, line in _frames(memory, shown):
                owner = owner_of(file)
                if owner is not None:
                    found.append({"owner": owner, "file": file, "line": line, "function": function})
                if len(found) == MOST:
                    break
    except (OSError, ValueError, struct.error, UnicodeDecodeError):
        return found
    return found


def _frames(memory, shown):
    between, first, code_at, previous, file_at, function_at, line_at, size_at, data_at = shown.offsets[:9]
    frame = memory.word((memory.word(shown.state + between) if between else shown.state) + first)
    for _ in range(MOST * 8):
        if not frame:
            return
        code = memory.word(frame + code_at)
        frame = memory.word(frame + previous)
        # Where C calls Python there is a frame that executes nothing.
        if memory.word(code + TYPE_AT) != shown.code_type:
            continue
        file = _text(memory, memory.word(code + file_at), size_at, data_at)
        function = _text(memory, memory.word(code + function_at), size_at, data_at)
        [line] = struct.unpack("=i", memory.bytes(code + line_at, 4))
        yield file, function, line


def _text(memory, place, size_at, data_at):
    size, _hash, flags = struct.unpack_from("=qqI", memory.bytes(place + size_at, 20))
    size = min(size, MOST_TEXT)
    if flags & ASCII:
        return memory.bytes(place + data_at, size).decode("ascii")
    width = flags >> KIND_SHIFT & KIND_MASK
    if width not in WIDTHS:
        return "?"
    return memory.bytes(place + data_at + WIDER, size * width).decode(WIDTHS[width])
