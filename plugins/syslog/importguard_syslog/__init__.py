"""Sends records to syslog: RFC 5424 messages over UDP (RFC 5426) or TCP (RFC 6587), and to the machine's own socket.

What listens on /dev/log (rsyslog, journald) takes there only what glibc's syslog(3) writes: a time without year and zone,
no host. So that is the format of a path, unless `format` says otherwise.
"""

import json
import logging.handlers
import os
import socket
import time
import urllib.parse

from importguard.plugins import hookimpl

FACILITIES = logging.handlers.SysLogHandler.facility_names
# RFC 5424, table 2. What is lost is worth more attention than what was refused.
SEVERITIES = {"deny": 4, "kill": 2, "log": 5, "allow": 6, "tamper": 2, "killed": 2, "degraded": 4}
INFORMATIONAL = 6
NIL = "-"
NAME = "importguard"
SECONDS = 3.0


class Syslog:
    """Made with `address` ("/dev/log", "udp://HOST:PORT", "tcp://HOST:PORT"), `facility` (its short name) and `format`."""

    def __init__(self, options):
        unknown = sorted(set(options) - {"address", "facility", "format"})
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r}: 'address', 'facility' and 'format' are known")
        facility = options.get("facility", "authpriv")
        if facility not in FACILITIES:
            raise ValueError(f"facility = {facility!r} is none of {', '.join(sorted(FACILITIES))}")
        self.facility = FACILITIES[facility]
        self.target = parse(options.get("address", "/dev/log"))
        form = options.get("format", "local" if self.target[0] == "unix" else "rfc5424")
        if form not in FORMATS:
            raise ValueError(f"format = {form!r} is none of {', '.join(FORMATS)}")
        self.format = FORMATS[form]
        self.socket = None

    @hookimpl
    def importguard_record(self, record):
        data = self.format(record, self.facility)
        try:
            self._send(data)
        except OSError:
            # A daemon that was restarted has a new socket; one that is gone is the host's to name.
            self._close()
            self._send(data)

    @hookimpl
    def importguard_finish(self):
        self._close()

    def _send(self, data):
        if self.socket is None:
            self.socket = self._connected()
        if self.socket.type == socket.SOCK_STREAM:
            data = b"%d %b" % (len(data), data)  # octet counting, RFC 6587 section 3.4.1
        self.socket.sendall(data)

    def _connected(self):
        kind, where = self.target
        try:
            return connect(kind, where)
        except OSError as error:
            # The system names no socket, and the host shows what was raised.
            shown = where if kind == "unix" else f"{kind}://{where[0]}:{where[1]}"
            raise OSError(error.errno, f"no syslog at {shown}: {error.strerror or error}") from error

    def _close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def parse(address):
    """Return (kind, address) of what the option says: "unix" and a path, or "udp" or "tcp" and (host, port)."""
    if not isinstance(address, str):
        raise ValueError(f"address = {address!r} is no text")
    if address.startswith("/"):
        return "unix", address
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in ("udp", "tcp") or not parts.hostname:
        raise ValueError(f'address = {address!r} is no path, "udp://HOST:PORT" or "tcp://HOST:PORT"')
    return parts.scheme, (parts.hostname, parts.port or 514)


def connect(kind, address):
    """Return a connected socket; raises OSError."""
    if kind == "tcp":
        return socket.create_connection(address, SECONDS)
    if kind == "udp":
        family, _type, _protocol, _name, where = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
        made = socket.socket(family, socket.SOCK_DGRAM)
    else:
        where = address
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.settimeout(SECONDS)
    try:
        made.connect(where)
    except OSError:
        made.close()
        raise
    return made


def message(record, facility):
    """Return a record as an RFC 5424 message: MSGID is the event, MSG the record as ASCII JSON."""
    fields = (
        f"<{priority(record, facility)}>1", record["time"], socket.gethostname()[:255] or NIL, NAME,
        str(process(record)), record["event"], NIL,
    )  # fmt: skip
    return " ".join((*fields, text(record))).encode("ascii")


def local_message(record, facility):
    """Return a record as glibc's syslog(3) would hand it to the local daemon."""
    head = f"<{priority(record, facility)}>{time.strftime('%b %e %H:%M:%S')} {NAME}[{process(record)}]: "
    return (head + text(record)).encode("ascii")


def priority(record, facility):
    """Return PRI: facility and severity in one number."""
    return facility * 8 + SEVERITIES.get(record.get("verdict") or record["event"], INFORMATIONAL)


def process(record):
    """Return the id of the process that a record is about, importguard's own where it is about none."""
    return record.get("pid") or os.getpid()


def text(record):
    """Return a record as JSON in printable ASCII."""
    return json.dumps(record, separators=(",", ":"))


FORMATS = {"rfc5424": message, "local": local_message}
