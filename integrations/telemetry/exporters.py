"""Where do spans go: to a collector that speaks OTLP over HTTP, to a file, or nowhere?"""

from collections.abc import Sequence
from pathlib import Path

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from integrations.telemetry.spans import Spans


def spans_to(file: Path | None, endpoint: str, service: str) -> Spans:
    """The spans of one program, scrubbed and sent as the settings say; the endpoint goes before the file."""
    exporter: SpanExporter | None = FileExporter(file) if file is not None else None
    return Spans(OTLPSpanExporter(endpoint=endpoint) if endpoint else exporter, service)


class FileExporter(SpanExporter):
    """Appends each span to a file as one line of OpenTelemetry's JSON; for one machine, and for looking at."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._file.writelines(span.to_json(indent=None) + "\n" for span in spans)
        self._file.flush()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._file.close()
