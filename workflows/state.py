"""Everything a running visit remembers, in one dataclass: what its history replays to, ids and codes only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workflows.contracts import Answer, LaterDuty

DRAFT = "draft"
HELD = "held"
BOOKED = "booked"
PREPARING = "preparing"
READY = "ready"
WAITING = "waiting"
AWAY = "away"
CALLED_BACK = "called_back"
IN_CALL = "in_call"
SUBMITTED = "submitted"
IN_REVIEW = "in_review"
MORE_ASKED = "more_asked"
DOCUMENTING = "documenting"
COMPLETED = "completed"
BLOCKED = "blocked"

REFUSED = "refused"
EXPIRED = "expired"
CANCELLED = "cancelled"
NO_SHOW = "no_show"
ESCALATED = "escalated"

# Where a visit has not yet become care: it may still be escalated away, or not be shown up for.
BEFORE_CARE = frozenset({DRAFT, HELD, BOOKED, PREPARING, READY, WAITING, AWAY, CALLED_BACK, SUBMITTED, BLOCKED})
# Where the patient has a place in the waiting room, on its page or away from it.
IN_LINE = frozenset({WAITING, AWAY, CALLED_BACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """One thing done that a cancelled visit takes back: what kind, at which step, of which subject.

    ``due`` is what the law asks for should it turn out that it cannot be taken back.
    """

    kind: str
    step: str
    subject: str = ""
    code: str = ""
    due: tuple[LaterDuty, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The call's room: which one (numbered from 1), on which node, and how browsers reach it."""

    room: str
    number: int
    node: str
    queue: str
    endpoint: str
    closes_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A duty that runs: its number within the visit, and whether the clinic was called to it already."""

    number: int
    duty: LaterDuty
    called: bool = False

    @property
    def next_at(self) -> datetime:
        """When to look at it next."""
        return datetime.fromisoformat(self.duty.over_at if self.called else self.duty.call_at)


@dataclass(slots=True, repr=False)
class VisitState:
    """The visit's memory. ``ending`` is the exit it is taking; ``answers`` and ``told`` make repeats harmless.

    ``movable`` says that the visit's clocks follow its start; ``fee_cents`` is what its late cancelling costs.
    ``answer_due`` is when a case is to be answered, ``answer_left`` what is left of it while it waits on the patient,
    ``replies`` how many replies were taken up.

    ``handoff`` is the hand-off that is open, ``handoff_due`` until when it is to be answered (None: it was not, and
    whoever takes it first has it), ``handovers`` how often the visit was handed over.

    ``call_backs`` is how often the patient was called back, ``called_until`` until when they may return,
    ``grace_until`` until when nobody misses them after they did not.

    ``duties`` are all that gates ever left for later, ``owed`` those whose clock still runs; ``ahead`` is how
    far a demonstration's clock is ahead.
    """

    stage: str = DRAFT
    ending: str = ""
    ended_by: str = "system"
    ended_why: str = ""
    fee_cents: int = 0
    movable: bool = False
    moves: int = 0
    finished: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    heard: set[tuple[str, str]] = field(default_factory=set)
    undo: list[Undo] = field(default_factory=list)
    in_flight: int = 0
    starts_at: datetime | None = None
    hold_until: datetime | None = None
    held: bool = False
    paid: bool = False
    booked: bool = False
    pay_attempt: int = 1
    pay_open: str = ""
    arrived: bool = False
    blocked: str = ""
    blocked_from: str = ""
    gate: str = ""
    recheck_wanted: bool = False
    rechecks: int = 0
    call: Call | None = None
    call_over: bool = False
    rooms: int = 0
    note: str = ""
    signed_by: str = ""
    held_back: str = ""
    released: bool = False
    duties: set[tuple[str, str, str, str]] = field(default_factory=set)
    owed: list[Owed] = field(default_factory=list)
    ahead: timedelta = timedelta(0)
    answer_due: datetime | None = None
    answer_left: timedelta | None = None
    replies: int = 0
    handoff: str = ""
    handoff_due: datetime | None = None
    handovers: int = 0
    call_backs: int = 0
    called_until: datetime | None = None
    grace_until: datetime | None = None
