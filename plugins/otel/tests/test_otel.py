"""The OpenTelemetry plugin against a receiver in a process of its own that decodes OTLP by the project's own protobufs."""

import json
import socket
import subprocess
import sys
import time

import pytest

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs opentelemetry-exporter-otlp-proto-http")
from importguard_otel import Otel, nanoseconds  # noqa: E402

RECORD = {
    "v": 1, "id": "01J", "time": "2026-11-22T07:00:00.123456Z", "event": "decision", "pid": 7, "verdict": "deny", "count": 3,
    "capability": "proc.spawn", "target": "/bin/sh", "owner": {"name": "acme", "version": "1.0", "kind": "distribution"},
}  # fmt: skip
RECEIVER = """
import gzip, http.server, json
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
KINDS = {"/v1/logs": logs.ExportLogsServiceRequest, "/v1/metrics": metrics.ExportMetricsServiceRequest}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        message = KINDS[self.path].FromString(body)
        print(json.dumps([self.path, json_format.MessageToDict(message)]), flush=True)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
for _ in range(2):
    server.handle_request()
"""


@pytest.fixture
def receiver():
    """A process that takes two OTLP requests, and the port that it listens on."""
    with subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def test_record_arrives_as_a_log_and_in_the_metric(receiver):
    """A refusal arrives as a log record with its time, severity and attributes, and counts in importguard.refusals."""
    process, port = receiver
    plugin = Otel({"endpoint": f"http://127.0.0.1:{port}", "service": "shop"})

    plugin.importguard_record(RECORD)
    plugin.importguard_finish()

    got = dict(json.loads(line) for line in process.stdout)
    log = got["/v1/logs"]["resourceLogs"][0]
    assert {"key": "service.name", "value": {"stringValue": "shop"}} in log["resource"]["attributes"]
    sent = log["scopeLogs"][0]["logRecords"][0]
    assert (sent["timeUnixNano"], sent["severityText"]) == ("1795330800123456000", "deny")
    assert json.loads(sent["body"]["stringValue"]) == RECORD
    assert {"key": "importguard.owner.name", "value": {"stringValue": "acme"}} in sent["attributes"]
    metric = got["/v1/metrics"]["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]
    assert (metric["name"], metric["sum"]["dataPoints"][0]["asInt"]) == ("importguard.refusals", "3")


def test_time_keeps_its_microseconds():
    """A record's time is carried over to the microsecond."""
    assert nanoseconds("1970-01-01T00:00:01.000001Z") == 1_000_001_000


@pytest.mark.parametrize("options", [{"endpont": ""}, {"endpoint": "127.0.0.1:4318"}, {"endpoint": "ftp://x"}, {"endpoint": 4318}, {"service": ["endpo"]}])
def test_wrong_option_is_named(options):
    """An option that is unknown or can't be understood is an error that names it."""
    with pytest.raises(ValueError, match="endpo"):
        Otel(options)


def test_collector_that_is_away_is_named_in_time():
    """What could not be delivered is an error for the host to name, within the seconds that it waits."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        away = f"http://127.0.0.1:{server.getsockname()[1]}"
    plugin = Otel({"endpoint": away})
    plugin.importguard_record(RECORD)

    began = time.monotonic()
    with pytest.raises(OSError, match="Connection refused"):
        plugin.importguard_finish()

    assert time.monotonic() - began < 5
