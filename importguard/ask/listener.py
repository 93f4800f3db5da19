"""Takes questions of guarded processes, one at a time, and answers them with what the person at the terminal says."""

import collections
import contextlib
import os
import select
import socket
import struct
import threading

from importguard.ask import question as questions
from importguard.errors import CannotArm, ImportguardError

SOCKET = "questions"
SECONDS = 60
MOST_BYTES = 1 << 16
MOST_WAITING = 16
MOST_QUESTIONS = 12  # of one owner in one run that got no grant: whoever asks on and on is to get a yes in the end
PATIENCE = 5  # seconds that a process needs to say what it wants
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: SO_PEERCRED


def asker(folder, seconds):
    """Return what guarded processes are told of whom to ask: (path of the socket, pid, when that has started, seconds)."""
    with open("/proc/self/stat", "rb") as file:
        started = file.read().rpartition(b")")[2].split()[19].decode("ascii")
    # Others may be asked before.
    return f"{folder}/{SOCKET}", os.getpid(), started, 3 * seconds


class Listener:
    """Answers at the socket in a session's `folder`, from a thread of its own.

    `terminal` is a terminal.Terminal, `settle` writes a grant for good: it takes a Question and a grant, and returns a line to
    show. What was allowed always or never is remembered for the run.
    """

    def __init__(self, folder, terminal, settle, *, seconds=SECONDS):
        self.terminal = terminal
        self.settle = settle
        self.seconds = seconds
        self.known = {}
        self.is_closing = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.refused = collections.Counter()
        self.path = f"{folder}/{SOCKET}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.bind(self.path)
            # As with the pipe for records: a program may give up its user.
            os.chmod(self.path, 0o666 if os.geteuid() == 0 else 0o600)
            self.socket.listen(MOST_WAITING)
        except OSError as error:
            # A path that is too long has no number, and so no text of the system's.
            raise CannotArm(f"can't listen for questions at {self.path}: {error.strerror or error}") from error

    def start(self):
        """Answer from now on."""
        self.thread.start()

    def close(self):
        """Answer no more, and give the terminal back where a question is under way."""
        self.is_closing = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # which ends the wait for the next one
        self.thread.join(PATIENCE)

    def _serve(self):
        while not self.is_closing:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.sendall(self._answer(connection).encode("ascii"))

    def _answer(self, connection):
        pid = CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))[0]
        try:
            question = questions.read(_received(connection), pid)
        except (ValueError, OSError):
            return "unasked"
        if question.request.target == f"unix:{self.path}":
            return "no"  # who wants to ask by hand
        key, owner = questions.key(question), question.request.owner.name
        if key in self.known:
            return self.known[key]
        if not self.terminal.is_in_front(pid):
            return "background"
        if self.refused[owner] >= MOST_QUESTIONS:
            return "unasked"
        answer = self._ask(question, lambda: self.is_closing or _has_gone(connection))
        self.refused[owner] += answer not in ("once", "always")
        if answer in ("always", "never"):
            self.known[key] = answer
        return answer

    def _ask(self, question, is_gone):
        grant = questions.grant_of(question.request)
        choices = ("once", "always", "never") if grant else ("once", "never")
        text = questions.text(question, command=_command_of(question.pid), grant=grant and f"allows {grant}")
        answer = self.terminal.ask(text, choices, self.seconds, is_gone)
        if answer == "always":
            self.terminal.tell(questions.escaped(self._settled(question, grant)))
        return answer

    def _settled(self, question, grant):
        try:
            return self.settle(question, grant)
        except (ImportguardError, OSError, ValueError) as error:
            said = error.args[0] if isinstance(error, ImportguardError) else error
            return f"allowed for this run, and not written: {said}"


def _received(connection):
    connection.settimeout(PATIENCE)
    data = b""
    while len(data) <= MOST_BYTES:
        more = connection.recv(MOST_BYTES)
        if not more:
            return data
        data += more
    raise ValueError("too long")


def _has_gone(connection):
    """Say whether the process at the other end waits no more."""
    poll = select.poll()
    poll.register(connection, 0)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))


def _command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(4096).split(b"\0")
    except OSError:
        return "?"
    return b" ".join(words).decode("utf-8", "backslashreplace").strip() or "?"

