"""Sends records to OpenTelemetry by its SDK, over OTLP/HTTP: each a log record, refusals counted by a metric as well."""

import datetime
import json
import logging
import os
import urllib.parse

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from importguard.plugins import hookimpl

SEVERITIES = {
    "allow": SeverityNumber.INFO, "log": SeverityNumber.INFO2, "deny": SeverityNumber.WARN, "kill": SeverityNumber.ERROR,
    "tamper": SeverityNumber.ERROR, "killed": SeverityNumber.ERROR, "degraded": SeverityNumber.WARN,
}  # fmt: skip
MILLISECONDS = 3000
SECONDS = 1.5  # twice, for records and metrics, within the five that the host waits


class Otel:
    """Made with `endpoint` ("http://HOST:4318") and `service`; OTEL_* variables say what the options don't."""

    def __init__(self, options):
        unknown = sorted(set(options) - {"endpoint", "service"})
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r}: 'endpoint' and 'service' are known")
        for name, value in options.items():
            if not isinstance(value, str):
                raise ValueError(f"{name} = {value!r} is no text")
        base = _endpoint(options.get("endpoint", ""))
        resource = Resource.create({"service.name": options["service"]} if "service" in options else {})
        self.logs = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self.logs.add_log_record_processor(
            BatchLogRecordProcessor(OTLPLogExporter(endpoint=base and base + "/v1/logs" or None, timeout=_timeout()))
        )
        exporter = OTLPMetricExporter(endpoint=base and base + "/v1/metrics" or None, timeout=_timeout())
        self.metrics = MeterProvider([PeriodicExportingMetricReader(exporter)], resource, shutdown_on_exit=False)
        self.logger = self.logs.get_logger("importguard")
        self.refusals = self.metrics.get_meter("importguard").create_counter(
            "importguard.refusals", unit="{operation}", description="operations that importguard refused"
        )

        self.troubles = Troubles()
        # What the SDK says of a collector that is away becomes the host's to name, instead of lines on standard error.
        logging.getLogger("opentelemetry").addHandler(self.troubles)
        logging.getLogger("opentelemetry").propagate = False

    @hookimpl
    def importguard_record(self, record):
        self.logger.emit(log_record(record))
        if record["event"] == "decision" and record["verdict"] in ("deny", "kill"):
            labels = {"importguard.capability": record["capability"], "importguard.owner": record["owner"]["name"]}
            self.refusals.add(record.get("count", 1), labels)

    @hookimpl
    def importguard_finish(self):
        self.logs.force_flush(MILLISECONDS)
        self.logs.shutdown()
        self.metrics.shutdown(MILLISECONDS)
        if self.troubles.first:
            raise OSError(self.troubles.first)


class Troubles(logging.Handler):
    """Keeps the first thing that the SDK complains of."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.first = ""

    def emit(self, record):
        self.first = self.first or record.getMessage()


def _endpoint(text):
    """Return where the collector is, without a slash at the end; "" where the environment says it."""
    parts = urllib.parse.urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError(f'endpoint = {text!r} is no "http://HOST:4318"')
    return text.rstrip("/")


def _timeout():
    """Return how long a request may take: a run ends soon after its command; None where the environment says it."""
    return None if any(name.startswith("OTEL_EXPORTER_OTLP") and name.endswith("TIMEOUT") for name in os.environ) else SECONDS


def log_record(record):
    """Return a record as OpenTelemetry has it: the body is the record as JSON, its plain fields are attributes."""
    attributes = {f"importguard.{name}": value for name, value in record.items() if isinstance(value, (str, int))}
    owner = record.get("owner")
    if owner:
        attributes |= {f"importguard.owner.{name}": value for name, value in owner.items()}
    kind = record.get("verdict") or record["event"]
    return LogRecord(
        timestamp=nanoseconds(record["time"]),
        severity_number=SEVERITIES.get(kind, SeverityNumber.INFO),
        severity_text=kind,
        body=json.dumps(record),
        attributes=attributes,
        event_name=f"importguard.{record['event']}",
    )


def nanoseconds(text):
    """Return an RFC 3339 time as nanoseconds since 1970."""
    moment = datetime.datetime.fromisoformat(text)
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (since // datetime.timedelta(microseconds=1)) * 1000
