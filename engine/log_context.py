"""Which request and which visit is this task or thread busy with? Ids only, for the lines of a log."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

REQUEST: ContextVar[str] = ContextVar("request", default="")
VISIT: ContextVar[str] = ContextVar("visit", default="")

_VISIT_ID = re.compile(r"\bvis_[0-9A-Za-z]+\b")


def visit_in(text: str) -> str:
    """The visit id that stands in an address or in a workflow's id; empty when there is none."""
    found = _VISIT_ID.search(text)
    return found[0] if found else ""


@contextmanager
def about(*, request: str = "", visit: str = "") -> Iterator[None]:
    """Says it for everything under the ``with``, threads started by the event loop's helpers included."""
    said = REQUEST.set(request), VISIT.set(visit)
    try:
        yield
    finally:
        REQUEST.reset(said[0])
        VISIT.reset(said[1])
