"""Each request is one span of codes, and what is logged meanwhile says which request and visit it is about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.log_context import REQUEST, VISIT
from portals.api.tracing import Traced
from portals.app import create_app
from tests.portals.helpers_clinic import Clinic


class Noted:
    """Remembers each span's name and what was put on it."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, dict[str, str | int]]] = []
        self._name = ""
        self._put: dict[str, str | int] = {}

    @contextmanager
    def span(self, name: str) -> Iterator[Noted]:
        self._name, self._put = name, {}
        try:
            yield self
        finally:
            self.spans.append((self._name, self._put))

    def rename(self, name: str) -> None:
        self._name = name

    def put(self, name: str, value: str | int) -> None:
        self._put[name] = value


def test_a_request_is_named_by_its_route_and_never_by_its_address(clinic: Clinic) -> None:
    traces = Noted()
    traced = dataclasses.replace(clinic, app=create_app(dataclasses.replace(clinic.app.state.deps, traces=traces)))
    traced.browser().get("/visits/vis_Zq1?name=Zqname")
    first, put = traces.spans[0]
    assert first == "GET /visits/{visit_id}"
    assert put == {
        "http.request.method": "GET",
        "http.route": "/visits/{visit_id}",
        "http.response.status_code": 303,
    }
    assert "Zq" not in str(traces.spans), "nor does the way on to signing in name it"


async def test_what_runs_under_a_request_knows_its_reference_and_its_visit() -> None:
    seen = []

    async def app(scope: object, receive: object, send: object) -> None:
        seen.append((REQUEST.get(), VISIT.get()))
        raise KeyError("Zqname")

    class Visitor:
        reference = "4f2a"

    traces = Noted()
    scope = {"type": "http", "path": "/visits/vis_9/place", "method": "BREW", "visitor": Visitor()}
    with pytest.raises(KeyError):
        await Traced(app, traces)(scope, None, None)  # type: ignore[arg-type]
    assert seen == [("4f2a", "vis_9")]
    assert (REQUEST.get(), VISIT.get()) == ("", "")
    put = {"error.type": "KeyError", "http.request.method": "other", "http.route": "none"}
    assert traces.spans == [("other none", put)]
