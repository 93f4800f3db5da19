import os

import requests
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(os.environ["SINK"] + "/v1/traces")))
trace.set_tracer_provider(provider)
RequestsInstrumentor().instrument()
print(requests.get(os.environ["SINK"] + "/traced").ok, provider.force_flush())
provider.shutdown()
