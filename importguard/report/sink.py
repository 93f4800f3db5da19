"""Records leave the process as JSON lines: one write a line, to a pipe, a file or a descriptor that is named anew each time."""

from importguard.pinned import (
    O_APPEND,
    O_CLOEXEC,
    O_CREAT,
    O_NONBLOCK,
    O_WRONLY,
    close,
    early,
    gmtime,
    int,
    len,
    monotonic,
    open,
    sleep,
    str,
    time_ns,
    tuple,
    type,
    urandom,
    write,
)

MOST_BYTES = 4096  # PIPE_BUF: a longer write to a pipe may be mixed with another's
EAGAIN = 11
PATIENCE = 2.0  # seconds that a full pipe is waited for: its reader may be behind, or may have been stopped
PAUSE = 0.001
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FIVE_BITS = CROCKFORD.encode() * 8  # what the low five bits of each byte are written as
# What JSON text can't hold, and what moves a cursor or ends a line where it is shown; made at the first need.
escapes = {}


def open_target(text):
    """Return a function that writes one record line (bytes), for "stderr", "fd:N", "file:PATH" or a pipe's path.

    The function raises OSError when the line could not be written whole.
    """
    if text.startswith("fd:"):
        fd = int(text[3:])
        return lambda line: _write_all(fd, line)
    if text.startswith("file:"):
        path = early(text[5:])
        return lambda line: _append(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, line, _write_all)
    return Pipe(early(text))


def _append(path, flags, line, write_to):
    # Opened for each line: a descriptor that is kept may be closed by the program and come to mean a file of its own.
    fd = open(path, flags, 0o600)
    try:
        write_to(fd, line)
    finally:
        close(fd)


class Pipe:
    """Writes lines to the pipe at `path`. A reader that doesn't read must not stop the program: who has waited for it once in
    vain doesn't wait again, until it has taken a line."""

    def __init__(self, path):
        self.path = path
        self.patience = PATIENCE

    def __call__(self, line):
        _append(self.path, O_WRONLY | O_NONBLOCK | O_CLOEXEC, line, self._write)

    def _write(self, fd, line):
        until = None
        while line:
            try:
                line = line[write(fd, line) :]
                self.patience = PATIENCE
                continue
            except OSError as error:
                until = until or monotonic() + self.patience
                if error.errno != EAGAIN or monotonic() >= until:
                    self.patience = 0
                    raise
            sleep(PAUSE)


def _write_all(fd, line):
    while line:
        line = line[write(fd, line) :]


def to_line(fields):
    """Return a record as one JSON line of at most MOST_BYTES; long parts are cut, and said to be, from the stack on."""
    line = _encode(fields)
    for part, keep in (("stack", 4), ("stack", 1), ("argv", 2), ("target", 256), ("module", 80), ("argv", 0)):
        if len(line) <= MOST_BYTES:
            break
        value = fields.get(part)
        if value is not None and len(value) > keep:
            fields = {**fields, part: _shorten(value, keep), "cut": True}
        if part == "argv" and fields.get("argv"):
            fields = {**fields, "argv": [_shorten(item, 200) for item in fields["argv"]], "cut": True}
        line = _encode(fields)
    return line


def _shorten(value, keep):
    return value[:keep] + "…" if type(value) is str and len(value) > keep else value[:keep]


def _encode(fields):
    # A lone surrogate (a byte that is no UTF-8) comes out as the JSON escape that stands for it.
    return (to_json(fields) + "\n").encode("utf-8", "backslashreplace")


def to_json(value):
    """Return a value of str, int, bool, None, list, tuple and dict as JSON text."""
    kind = type(value)
    if kind is str:
        # Most of what is recorded is made of printable ASCII, and needs no escape.
        if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
            return '"' + value + '"'
        return '"' + value.translate(escapes or made_escapes()) + '"'
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is list or kind is tuple:
        return "[" + ",".join([to_json(item) for item in value]) + "]"
    return "{" + ",".join([to_json(str(name)) + ":" + to_json(value[name]) for name in value]) + "}"


def made_escapes():
    """Return the escapes, which are made now."""
    made = {code: f"\\u{code:04x}" for code in [*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029]}
    made[ord('"')] = '\\"'
    made[ord("\\")] = "\\\\"
    escapes.update(made)  # at once: another thread finds none, or all of them
    return escapes


def new_id():
    """Return a ULID: 48 bits of milliseconds, 80 random bits, five to a character."""
    milliseconds = time_ns() // 1_000_000
    moment = "".join([CROCKFORD[milliseconds >> shift & 31] for shift in range(45, -1, -5)])
    return moment + urandom(16).translate(FIVE_BITS).decode()


def now():
    """Return the time as RFC 3339 in UTC, to the microsecond."""
    seconds, rest = divmod(time_ns(), 1_000_000_000)
    moment = gmtime(seconds)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % (*moment[:6], rest // 1000)
