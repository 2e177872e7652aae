"""What one request was, for traces and for the lines logged meanwhile: its method, route, status and reference."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.log_context import about, visit_in
from engine.ports import Tracing

_METHODS = frozenset({"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Traced:
    """One span for each request, named by method and route template; stands inside ``Settle``, which names it."""

    def __init__(self, app: ASGIApp, traces: Tracing) -> None:
        self.app = app
        self.traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visitor = scope.get("visitor")
        with (
            about(request=visitor.reference if visitor else "", visit=visit_in(scope["path"])),
            self.traces.span("request") as trace,
        ):

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    trace.put("http.response.status_code", message["status"])
                await send(message)

            try:
                await self.app(scope, receive, noted)
            except Exception as error:
                trace.put("error.type", type(error).__name__)
                raise
            finally:
                method = scope["method"] if scope["method"] in _METHODS else "other"
                route = getattr(scope.get("route"), "path", "none")
                trace.put("http.request.method", method)
                trace.put("http.route", route)
                trace.rename(f"{method} {route}")
