"""The syslog plugin against a real rsyslogd, and against plain sockets where there is none."""

import json
import re
import shutil
import socket
import subprocess
import time

import pytest
from importguard_syslog import Syslog, message

RECORD = {
    "v": 1, "id": "01J", "time": "2026-11-22T07:00:00.123456Z", "event": "decision", "pid": 7, "verdict": "deny",
    "capability": "proc.spawn", "target": "/bin/sh\n<0>1 forged", "owner": {"name": "acme", "version": "1.0", "kind": "distribution"},
}  # fmt: skip
# RFC 5424, section 6: PRI, version, timestamp, host, application, process id, message id, structured data, message.
FORM = re.compile(rb"<(\d{1,3})>1 (\S+) (\S{1,255}) importguard 7 decision - (\{[ -~]*\})")
CONFIGURATION = """
module(load="imuxsock" SysSock.Use="off")
module(load="imtcp")
input(type="imuxsock" Socket="{folder}/log" CreatePath="on")
input(type="imuxsock" Socket="{folder}/log5424" CreatePath="on" UseSpecialParser="off" ParseHostname="on")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="whole" type="string" string="%syslogfacility-text%|%syslogseverity-text%|%app-name%|%procid%|%msg%\\n")
*.* action(type="omfile" file="{folder}/out" template="whole")
"""


def test_message_has_the_form_of_the_standard():
    """A record is one line of printable ASCII, whatever its target holds, with the facility and severity in PRI."""
    found = FORM.fullmatch(message(RECORD, facility=10))

    assert found is not None
    assert int(found[1]) == 10 * 8 + 4
    assert json.loads(found[4])["target"] == RECORD["target"]


def test_tcp_counts_octets(tmp_path):
    """Over TCP each message says its length first, so that none can be taken for two."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        plugin = Syslog({"address": f"tcp://127.0.0.1:{server.getsockname()[1]}"})
        plugin.importguard_record(RECORD)
        plugin.importguard_finish()
        connection, _ = server.accept()
        with connection:
            length, _, rest = connection.makefile("rb").read().partition(b" ")

    assert int(length) == len(rest)
    assert FORM.fullmatch(rest)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"adress": "/dev/log"}, "unknown option 'adress'"),
        ({"address": 514}, "address = 514 is no text"),
        ({"address": "dev/log"}, "address = 'dev/log' is no path"),
        ({"facility": "authprov"}, "facility = 'authprov' is none of"),
        ({"format": "rfc3164"}, "format = 'rfc3164' is none of"),
    ],
)
def test_wrong_option_is_named(options, said):
    """An option that is unknown or can't be understood is an error that names it."""
    with pytest.raises(ValueError, match=re.escape(said)):
        Syslog(options)


def test_target_that_is_gone_raises(tmp_path):
    """A socket that nobody listens on is an error, for the host to name; nothing is silently dropped."""
    with pytest.raises(OSError, match=f"no syslog at {tmp_path}/nothing: No such file"):
        Syslog({"address": str(tmp_path / "nothing")}).importguard_record(RECORD)


@pytest.fixture
def rsyslogd(tmp_path):
    """A running rsyslogd: the folder of its socket and output, and its TCP port."""
    program = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
    if program is None:
        pytest.skip("this machine has no rsyslogd")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "conf").write_text(CONFIGURATION.format(folder=tmp_path, port=port))
    command = [program, "-n", "-f", tmp_path / "conf", "-i", tmp_path / "pid"]
    daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: (tmp_path / "log").exists() and _answers(port))
        yield tmp_path, port
    finally:
        daemon.terminate()
        daemon.wait(10)


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def wait_until(holds, seconds=20):
    """Wait for what another process does; fails when it doesn't."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    "options",
    [
        {"address": "{folder}/log"},
        {"address": "{folder}/log5424", "format": "rfc5424"},
        {"address": "tcp://127.0.0.1:{port}"},
    ],
    ids=["local", "unix", "tcp"],
)
def test_rsyslogd_understands_it(rsyslogd, options):
    """rsyslogd files the record under the facility, severity, application and process that were sent, in one line."""
    folder, port = rsyslogd
    address = options["address"].format(folder=folder, port=port)
    plugin = Syslog({**options, "address": address, "facility": "local3"})

    plugin.importguard_record(RECORD)
    plugin.importguard_finish()

    wait_until(lambda: (folder / "out").exists() and "|importguard|" in (folder / "out").read_text())
    lines = [line for line in (folder / "out").read_text().splitlines() if "|importguard|" in line]
    assert len(lines) == 1
    facility, severity, application, process, text = lines[0].split("|", 4)
    assert (facility, severity, application, process) == ("local3", "warning", "importguard", "7")
    assert json.loads(text) == RECORD
