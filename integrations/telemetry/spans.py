"""How long does what take: OpenTelemetry spans that hold codes and route templates, never an id, a query or a word.

The attributes of ``KEPT`` leave the program; everything else that a library or a hurried hand puts on a span is
dropped at the exporter, with all events (an exception's event quotes it), links and status texts.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import NoOpTracer, Span, Status, StatusCode, Tracer

from engine.ports import Trace

SCOPE = "clinicwright"
KEPT = frozenset(
    {
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "error.type",
        "temporal.activity",
        "temporal.attempt",
    }
)


class Spans:
    """Begins spans; without an exporter they cost next to nothing and go nowhere."""

    def __init__(self, exporter: SpanExporter | None, service: str) -> None:
        self._provider: TracerProvider | None = None
        self._tracer: Tracer = NoOpTracer()
        if exporter is not None:
            self._provider = TracerProvider(resource=Resource({SERVICE_NAME: service}), shutdown_on_exit=False)
            self._provider.add_span_processor(BatchSpanProcessor(Scrubbed(exporter)))
            self._tracer = self._provider.get_tracer(SCOPE)

    @contextmanager
    def span(self, name: str) -> Iterator[Trace]:
        """One span; ``name`` is a literal of ours and may be bettered by ``Trace.rename`` once a route is known."""
        with self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
            yield _Open(span)

    def close(self) -> None:
        """Sends what waits; call it once, at the end."""
        if self._provider is not None:
            self._provider.shutdown()


def no_traces() -> Spans:
    """Spans that go nowhere."""
    return Spans(None, SCOPE)


class _Open:
    """A span under way, by the words of :class:`engine.ports.Trace`."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def put(self, name: str, value: str | int) -> None:
        self._span.set_attribute(name, value)


class Scrubbed(SpanExporter):
    """Hands on copies that hold only what may leave the program."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._inner.export([_scrubbed(span) for span in spans])

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


def _scrubbed(span: ReadableSpan) -> ReadableSpan:
    ours = span.instrumentation_scope is not None and span.instrumentation_scope.name == SCOPE
    failed = span.status.status_code is StatusCode.ERROR
    return ReadableSpan(
        name=span.name if ours else "library",
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_kept(span.attributes or {}),
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _kept(attributes: Mapping[str, object]) -> Mapping[str, str | int]:
    """Known names with short values; anything longer than a route template is no code."""
    return MappingProxyType(
        {
            name: value
            for name, value in attributes.items()
            if name in KEPT and (isinstance(value, int) or (isinstance(value, str) and len(value) <= 120))
        }
    )
