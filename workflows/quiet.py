"""Keeps what an exception says out of the log: libraries log failures with their text, which may quote a person.

A record about an exception, whoever logs it, keeps its first line and the names of the exception's types.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

_OURS = "_clinic_quiet"


def quiet_exceptions() -> None:
    """Installs the filter for the whole process, before any handler sees a record; doing it twice is harmless."""
    make = logging.getLogRecordFactory()
    if not getattr(make, _OURS, False):
        logging.setLogRecordFactory(_quiet_factory(make))


def _quiet_factory(make: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        return _quieten(make(*args, **kwargs))

    setattr(factory, _OURS, True)
    return factory


def _quieten(record: logging.LogRecord) -> logging.LogRecord:
    if record.exc_info and record.exc_info[1] is not None:
        record.msg = f"{_head(record.msg)} [{_types(record.exc_info[1])}]"
        record.args = ()
        record.exc_info = None
        record.exc_text = None
    elif record.args and not isinstance(record.args, dict):
        record.args = tuple(_harmless(value) for value in record.args)
    record.stack_info = None
    return record


def _harmless(value: object) -> object:
    return type(value).__name__ if isinstance(value, BaseException) else value


def _head(message: object) -> str:
    """The SDK's own words: its messages are literals followed by ids in brackets."""
    return str(message).split("\n", 1)[0][:200]


def _types(error: BaseException) -> str:
    """The names of an exception and its causes, outermost first."""
    names: list[str] = []
    current: BaseException | None = error
    while current is not None and len(names) < 5:
        names.append(type(current).__name__)
        current = current.__cause__
    return " < ".join(names)
