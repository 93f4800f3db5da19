"""Shows records on standard error: pretty on a terminal, JSON lines otherwise. The one place that knows structlog."""

import contextlib
import errno
import json
import sys

from importguard.report.escaping import escape

NOTICES = ("tamper", "degraded", "killed")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOTICED = "patch:noticed"  # ordinary packages change others as well: that is for who reads the records


class Log:
    """Renders records for people; loads structlog when the first one is shown, or, where that is to be seen `soon`, before."""

    def __init__(self, environment, stream=None, *, soon=False):
        self._stream = sys.stderr if stream is None else stream
        self._environment = environment
        self._soon = soon
        self._logger = None

    def begin(self):
        """Load what showing takes, while the command starts: in a shell the first refusal is to be there before the prompt."""
        if self._soon and self._stream is not None:
            with contextlib.suppress(ImportError, OSError):
                self._bound()

    def show(self, record):
        """Render a record; a standard error that is closed or full is no reason to stop."""
        if self._stream is None:
            return
        try:
            # In one piece: a field that a hostile writer invented must not become an argument of a call.
            self._bound().msg("", record=record)
        except (ImportError, OSError, ValueError) as error:
            if self._logger is None and isinstance(error, (ImportError, OSError)):
                # Without a descriptor that is free nothing can be loaded; the next record may find one.
                self.notice(json.dumps(record, separators=(",", ":")))
            else:
                self._give_up(error)

    def notice(self, text):
        """Write one line of importguard's own, in which what others have named does nothing to the terminal."""
        if self._stream is None:
            return
        try:
            print(f"importguard: {escape(text)}", file=self._stream, flush=True)
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error):
        """Show nothing any more, unless there may be room again later."""
        if getattr(error, "errno", None) not in NO_ROOM:
            self._stream = None

    def _bound(self):
        if self._logger is None:
            self._logger = _logger(self._stream, self._environment)
        return self._logger


def is_worth_showing(record):
    """Say whether a record is shown without being asked for: what was decided above allow, and what went wrong."""
    is_refusal = record["event"] == "decision" and record["verdict"] != "allow" and record.get("rule") != NOTICED
    return is_refusal or record["event"] in NOTICES


def _logger(stream, environment):
    import structlog  # takes as long as a whole interpreter start: only a run with something to show pays for it

    pretty = stream.isatty()
    coloured = pretty and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    render = Pretty(coloured) if pretty else structlog.processors.JSONRenderer(separators=(",", ":"))
    return structlog.wrap_logger(
        # Not a PrintLogger, which takes a stream that was standard output when structlog was imported for whatever is that now.
        structlog.WriteLogger(stream), processors=[_unpack, render], wrapper_class=structlog.BoundLogger
    )


def _unpack(_logger, _method, event):
    return event["record"]


class Pretty:
    """A structlog renderer: the text of a denial, its first line coloured by verdict."""

    COLOURS = {"log": "\x1b[33m", "deny": "\x1b[31m", "kill": "\x1b[35m"}
    BOLD, RESET = "\x1b[1m", "\x1b[0m"

    def __init__(self, coloured):
        self.coloured = coloured

    def __call__(self, _logger, _method, record):
        text = render(record)
        if not self.coloured:
            return text
        first, newline, rest = text.partition("\n")
        colour = self.COLOURS.get(record.get("verdict"), self.COLOURS["kill"])
        return f"{colour}{self.BOLD}{first}{self.RESET}{newline}{rest}"


def render(record):
    """Return the text that people read for a record."""
    from importguard import messages

    record = escape(record)
    event = record["event"]
    if record.get("layer") == "scan":
        return f"importguard: {record.get('reason', '')}"
    if event == "decision":
        repeats = record.get("count", 1)
        return messages.denial(record) if repeats == 1 else f"{messages.one_line(record)}  ({repeats} times)"
    if event == "killed":
        names = ", ".join(" ".join(process["argv"][:2]) or str(process["pid"]) for process in record["processes"][:8])
        return f"importguard: killed the whole process tree ({len(record['processes'])}: {names})"
    return f"importguard: {event}: {record.get('reason', '')}" + (f" ({record['line']})" if "line" in record else "")
