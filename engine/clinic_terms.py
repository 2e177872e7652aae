"""On what terms does a clinic hold a time: until when may a visit be moved or cancelled, at what price, on which days?

Everything here is data of the clinic's file; this module reads it and answers for an instant, without any clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.diagnostics import Problems
from engine.reading import Node
from engine.shapes import DAY, Key, ListOf, Number, Record, Text
from engine.texts import TEXTS, Texts, read_texts
from engine.visits_steps import DURATION, seconds_of

QUIET = Text(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", "a night such as 21:00-08:00")
HOLIDAYS = ListOf(
    Record(
        "a holiday",
        {
            "day": Key(DAY, "the day on which nothing is open", required=True),
            "name": Key(TEXTS, "what it is called, by language", required=True),
        },
    )
)
CANCELLATION = Record(
    "terms of moving and cancelling",
    {
        "free_until": Key(DURATION, "how long before the start both are free; after that nothing is moved"),
        "late_fee_cents": Key(Number(least=0, most=1_000_000), "what cancelling later costs, in whole cents"),
        "moves": Key(Number(least=0, most=20), "how often a patient may move a visit; three times unless written"),
    },
)
MESSAGES = Record(
    "terms of messages",
    {"answer_within": Key(DURATION, "how soon the care team answers a message, as patients are told", required=True)},
)
_USUAL_MOVES = 3
_USUAL_ANSWER_SECONDS = 172_800


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """The part of the night in which nobody is sent anything, on the patient's own clock."""

    since: time = time(21)
    until: time = time(8)

    def spoken_at(self, due: datetime, starts_at: datetime, zone: str) -> datetime:
        """When to send what is due: then, or once the night is over, or before it where the visit is sooner than that.

        All instants are aware; the answer is in the zone of `due`.
        """
        local = due.astimezone(ZoneInfo(zone))
        if not self._is_quiet(local.time()):
            return due
        evening = local.date() if local.time() >= self.since else local.date() - timedelta(days=1)
        morning = evening + timedelta(days=1) if self.since > self.until else evening
        over = datetime.combine(morning, self.until, ZoneInfo(zone))
        if over < starts_at:
            return over.astimezone(due.tzinfo)
        begins = datetime.combine(evening, self.since, ZoneInfo(zone)) - timedelta(minutes=1)
        return begins.astimezone(due.tzinfo)

    def _is_quiet(self, at: time) -> bool:
        if self.since > self.until:
            return at >= self.since or at < self.until
        return self.since <= at < self.until


USUAL_NIGHT = QuietHours()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What moving or cancelling means now.

    ``fee_cents`` is what cancelling costs; ``free_until`` until when it costs nothing;
    ``moves_left`` is how often the patient may still move it, none once it is late.
    """

    fee_cents: int
    moves_left: int
    free_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A clinic's terms; without any written, cancelling is free until the call and a visit is moved three times.

    ``answer_seconds`` is how soon a message is answered: two days unless written.
    """

    free_until_seconds: int = 0
    late_fee_cents: int = 0
    moves: int = _USUAL_MOVES
    answer_seconds: int = _USUAL_ANSWER_SECONDS
    quiet: QuietHours = USUAL_NIGHT
    holidays: Mapping[date, Texts] = field(default_factory=dict)

    def change(self, starts_at: datetime, now: datetime, *, price_cents: int, moved: int = 0) -> Change:
        """What a patient may do at an instant with a visit that they moved some times already.

        The fee is never more than the visit's price. Both instants are aware.
        """
        free_until = starts_at - timedelta(seconds=self.free_until_seconds)
        is_late = now >= free_until
        return Change(
            fee_cents=min(self.late_fee_cents, price_cents) if is_late else 0,
            moves_left=0 if is_late else max(self.moves - moved, 0),
            free_until=free_until,
        )


USUAL_TERMS = Terms()


def read_terms(document: Node, problems: Problems) -> Terms:
    """The terms of a clinic's file, whose shape is right."""
    node, night = document.get("cancellation"), document.get("quiet_hours")
    holidays = {
        date.fromisoformat(part.text("day")): read_texts(part["name"]) for part in document.get("holidays") or ()
    }
    told = document.get("messages")
    answer = seconds_of(told["answer_within"], problems) if told is not None else _USUAL_ANSWER_SECONDS
    if node is None:
        return Terms(quiet=_quiet(night), holidays=holidays, answer_seconds=answer)
    free, moves = node.get("free_until"), node.integer("moves")
    return Terms(
        free_until_seconds=seconds_of(free, problems) if free is not None else 0,
        late_fee_cents=node.integer("late_fee_cents") or 0,
        moves=_USUAL_MOVES if moves is None else moves,
        answer_seconds=answer,
        quiet=_quiet(night),
        holidays=holidays,
    )


def _quiet(node: Node | None) -> QuietHours:
    if node is None:
        return USUAL_NIGHT
    since, _, until = node.raw.partition("-")
    return QuietHours(since=time.fromisoformat(since), until=time.fromisoformat(until))
