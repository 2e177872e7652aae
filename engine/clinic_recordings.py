"""How long does a clinic keep its recordings of calls, and what do patients get of theirs? Data of its file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.reading import Node
from engine.shapes import Flag, Key, Number, OneOf, Record

ON_REQUEST, ALWAYS = "on_request", "always"
USUAL_DAYS = 30
RECORDINGS = Record(
    "rules for recordings",
    {
        "keep_days": Key(
            Number(least=1, most=36_500),
            "how many days they are kept, if the law keeps the record no longer; as long as the record unless written",
        ),
        "patients": Key(
            OneOf((ON_REQUEST, ALWAYS)),
            "whether patients may play theirs at once, or once a clinician has released one; on_request unless written",
        ),
        "patient_days": Key(
            Number(least=1, most=3_650), f"for how many days patients may play one; {USUAL_DAYS} unless written"
        ),
        "copies": Key(
            Flag(), "the copy of a record holds the recordings that its patient may play; it only lists them"
        ),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRules:
    """A clinic's rules for its recordings. Without any, one is kept as long as the record, and patients ask for it."""

    keep_days: int | None = None
    always: bool = False
    patient_days: int = USUAL_DAYS
    copies: bool = False

    def over_before(self, now: datetime) -> datetime | None:
        """What ended before this is not kept any longer, as far as the clinic goes; None where it names no time."""
        return None if self.keep_days is None else now - timedelta(days=self.keep_days)

    def released_until(self, at: datetime) -> datetime:
        """Until when a patient may play what is released to them at an instant."""
        return at + timedelta(days=self.patient_days)

    def plays_until(self, ended_at: datetime | None) -> datetime | None:
        """Until when a patient may play what ended then without anybody's release; None: they may not."""
        return self.released_until(ended_at) if self.always and ended_at is not None else None


USUAL_RULES = RecordingRules()


def read_recording_rules(node: Node | None) -> RecordingRules:
    """The rules as the clinic's file names them, whose shape is right."""
    if node is None:
        return USUAL_RULES
    copies = node.get("copies")
    return RecordingRules(
        keep_days=node.integer("keep_days"),
        always=node.get("patients") is not None and node.text("patients") == ALWAYS,
        patient_days=node.integer("patient_days") or USUAL_DAYS,
        copies=copies is not None and bool(copies.plain()),
    )
