"""Sends records to OpenTelemetry by its SDK, over OTLP/HTTP: each a log record, refusals counted by a metric as well."""

import datetime
import json

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


class Otel:
    """Made with `endpoint` ("http://HOST:4318") and `service`; OTEL_* variables say what the options don't."""

    def __init__(self, options):
        unknown = sorted(set(options) - {"endpoint", "service"})
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r}: 'endpoint' and 'service' are known")
        base = options.get("endpoint", "").rstrip("/")
        resource = Resource.create({"service.name": options["service"]} if "service" in options else {})
        self.logs = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self.logs.add_log_record_processor(
            BatchLogRecordProcessor(OTLPLogExporter(endpoint=base and base + "/v1/logs" or None))
        )
        exporter = OTLPMetricExporter(endpoint=base and base + "/v1/metrics" or None)
        self.metrics = MeterProvider([PeriodicExportingMetricReader(exporter)], resource, shutdown_on_exit=False)
        self.logger = self.logs.get_logger("importguard")
        self.refusals = self.metrics.get_meter("importguard").create_counter(
            "importguard.refusals", unit="{operation}", description="operations that importguard refused"
        )

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
