"""Logs and spans hold ids, codes and route templates; what a person typed leaves by neither."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from engine.log_context import about, visit_in
from integrations.telemetry.exporters import spans_to
from integrations.telemetry.logs import start_logs
from integrations.telemetry.spans import Scrubbed, no_traces

MARK = "Zqword"


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, as it was before."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.mark.usefixtures("root")
def test_a_line_of_ours_says_which_request_and_visit_it_is_about() -> None:
    written = io.StringIO()
    start_logs("info", "json", written)
    with about(request="4f2a", visit="vis_1"):
        logging.getLogger("portals.serving").info("page failed kind=%s", "trouble")
    line = json.loads(written.getvalue())
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "portals.serving",
        "request": "4f2a",
        "visit": "vis_1",
        "message": "page failed kind=trouble",
    }


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_library_s_values_and_what_an_exception_says_are_never_written(form: str) -> None:
    written = io.StringIO()
    start_logs("debug", form, written)
    library = logging.getLogger("somewhere.library")
    library.warning("asked for %s", MARK)
    library.warning(f"formatted beforehand {MARK}")
    library.warning(MARK + "\nsecond line %s", "of a literal")
    try:
        raise ValueError(MARK)
    except ValueError:
        library.exception("failed for %s", MARK)
        logging.getLogger("records.work").exception("ours failed")
    said = written.getvalue()
    assert "asked for %s" in said
    assert "ours failed [ValueError]" in said
    assert said.count(MARK) == 1, "a literal is the library's own word"
    assert len(said.splitlines()) == 5
    assert "at test_telemetry:" in said


@pytest.mark.usefixtures("root")
def test_only_what_is_serious_enough_is_written() -> None:
    written = io.StringIO()
    start_logs("warning", "text", written)
    logging.getLogger("portals").info("not this")
    logging.getLogger("portals").warning("this")
    assert "not this" not in written.getvalue()
    assert written.getvalue().endswith("WARNING portals this\n")


@pytest.mark.parametrize(
    ("text", "visit"),
    [("/visits/vis_0A1b/place", "vis_0A1b"), ("palmetto/vis_9", "vis_9"), ("/visits", ""), ("/visitors/vis_", "")],
)
def test_a_visit_is_known_by_its_id_alone(text: str, visit: str) -> None:
    assert visit_in(text) == visit


class Kept(SpanExporter):
    """Remembers what would be sent."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS


def test_a_library_s_span_leaves_without_its_name_its_attributes_and_its_exception() -> None:
    kept = Kept()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Scrubbed(kept)))
    tracer = provider.get_tracer("somewhere.library")
    with pytest.raises(ValueError, match=MARK), tracer.start_as_current_span(f"GET /Patient/{MARK}") as span:
        span.set_attribute("http.url", f"https://clinic.example/?name={MARK}")
        span.set_attribute("http.route", "/visits/{visit_id}")
        span.set_attribute("error.type", MARK * 40)
        raise ValueError(MARK)
    (sent,) = kept.spans
    assert MARK not in sent.to_json()
    assert sent.attributes == {"http.route": "/visits/{visit_id}"}
    assert sent.events == ()


def test_spans_of_ours_reach_their_file_with_a_name_and_codes(tmp_path: Path) -> None:
    spans = spans_to(tmp_path / "spans.jsonl", "", "clinic-web")
    with spans.span("request") as trace:
        trace.put("http.route", "/visits/{visit_id}")
        trace.put("patient.name", MARK)
        trace.rename("GET /visits/{visit_id}")
    spans.close()
    (line,) = (tmp_path / "spans.jsonl").read_text().splitlines()
    span = json.loads(line)
    assert span["name"] == "GET /visits/{visit_id}"
    assert span["attributes"] == {"http.route": "/visits/{visit_id}"}
    assert span["resource"]["attributes"] == {"service.name": "clinic-web"}


def test_without_an_exporter_a_span_goes_nowhere() -> None:
    spans = no_traces()
    with spans.span("request") as trace:
        trace.rename("GET /")
        trace.put("http.response.status_code", 200)
    spans.close()
