"""How a program writes its log: one line for each record, with ids and without anything a person said.

Our own records carry ids and codes by rule. A library's record may quote what it worked on, so of those only the
literal it was formatted from is written, or its place when it was formatted beforehand. What an exception says is
never written, whoever logs it: its type's name is.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from engine.log_context import REQUEST, VISIT

OURS = frozenset({"engine", "media", "records", "integrations", "workflows", "admin_ui", "portals", "__main__"})
FORMATS = ("text", "json")
LONGEST = 300


def start_logs(level: str, form: str, stream: TextIO = sys.stderr) -> None:
    """Sends everything from ``level`` up to ``stream``, as ``text`` for people or as ``json`` for a collector."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


class TextLine(logging.Formatter):
    """``2026-03-05T15:00:00.000Z INFO portals.serving request=4f2a visit=vis_1 the words``."""

    def format(self, record: logging.LogRecord) -> str:
        ids = [f"{name}={value}" for name, value in _ids().items()]
        return " ".join([_instant(record), record.levelname, record.name, *ids, words_of(record)])


class JsonLine(logging.Formatter):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``message``, and ``request`` and ``visit`` where known."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"at": _instant(record), "level": record.levelname.lower(), "logger": record.name}
        return json.dumps({**line, **_ids(), "message": words_of(record)}, ensure_ascii=False)


def words_of(record: logging.LogRecord) -> str:
    """What may be written of a record, on one line."""
    said = _said(record)
    if record.exc_info and record.exc_info[0] is not None:
        said += f" [{record.exc_info[0].__name__}]"
    return " ".join(said.split())[:LONGEST]


def _said(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in OURS:
        return record.getMessage()
    if record.args and isinstance(record.msg, str):
        return record.msg
    return f"at {record.module}:{record.lineno}"


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ids() -> dict[str, str]:
    told = {"request": REQUEST.get(), "visit": VISIT.get()}
    return {name: value for name, value in told.items() if value}
