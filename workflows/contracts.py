"""The messages of a visit: one frozen dataclass each, ids and codes only, never what a person said.

Fields are only ever added, with defaults; none is renamed or removed while a history that holds it may replay.
Every request carries ``request``, an id chosen by the caller: the same id again is the same request and gets the
same answer, before and after any crash.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TASK_QUEUE = "visits"
MEDIA_QUEUE = "media"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitInput:
    """Starts a visit: which one, by which compiled plan. ``plan`` is canonical JSON of ``engine.plans.VisitPlan``.

    ``ahead``, here and below, is by how many seconds a demonstration's clock is ahead of the machine's.
    """

    clinic: str
    visit: str
    plan: str
    plan_digest: str
    ahead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a person asks of a visit. ``actor`` is the account's person id, ``subject`` the thing asked about.

    Acts and their subjects: ``book`` (none), ``pay`` (none), ``arrive`` (participant), ``leave`` (participant),
    ``step_out`` (participant; to be called back), ``call_back`` (none), ``come_back`` (participant), ``admit`` (none),
    ``join`` (participant), ``record`` (``asked`` or ``agreed``), ``ask_more`` (id of what is asked), ``end_call``
    (none), ``prescribe`` (order id), ``sign`` (note id), ``cancel`` (reason code), ``call_off`` (reason code; the
    clinic cancels),
    ``reschedule`` (another clinician, or none; to ``starts_at``), ``recheck`` (step id), and of a hand-off's id
    ``hand_off``, ``keep``, ``take_over``, ``decline``. ``agreed_cents`` is the fee that was shown to who
    cancels: more is never taken.
    """

    request: str
    act: str
    actor: str
    subject: str = ""
    starts_at: str = ""
    agreed_cents: int = 0
    ahead: int = 0


def finishing(note: str, by: str) -> Ask:
    """Tells a visit of a note that is signed on record already, in the name of who signed it; as often as one likes."""
    return Ask(request=f"finish-{note}", act="sign", actor=by, subject=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The visit's answer: ``done``, or a code of why not, the gate record's id when a gate was asked, and ids made.

    Codes: ``gate_shut``, ``slot_taken``, ``payment_declined``, ``not_now``, ``too_late``, ``network_unavailable``,
    ``needs_epcs``, ``order_changed``, ``unknown_subject``, ``terms_changed`` (a fee that was not agreed to),
    ``no_more_moves``, ``not_offered`` (a hand-off that somebody else has or that ended, a recording where none is
    made), ``hours`` (the colleague does not work then).
    """

    done: bool
    code: str = ""
    gate: str = ""
    made: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was said and is already in records: ``intake_submitted``, ``red_flag``, ``flag_raised`` (one that does not
    end the visit, as ``form:flag``), ``place_attested``, ``consent_signed``, ``consent_revoked``, ``note_saved``,
    ``tech_checked``, ``case_replied``. ``subject`` is the form, the kind of consent, the note or the reply; ``item`` is
    the outbox item's id, told once."""

    item: str
    kind: str
    subject: str = ""
    ahead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitStatus:
    """What the visit's query answers: stage, steps finished and open, how it ended, and where its room is.

    ``gate`` is the record of the gate that is shut now, ``blocked`` the step it belongs to. Instants are ISO 8601.
    ``signed`` is the note (id) that the visit knows to be signed; empty while it knows of none.
    """

    stage: str
    finished: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    outcome: str = ""
    room: str = ""
    endpoint: str = ""
    blocked: str = ""
    gate: str = ""
    starts_at: str = ""
    hold_until: str = ""
    signed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectInput:
    """Names one effect to an activity: visit, step, key and who caused it, with at most one subject and code."""

    clinic: str
    visit: str
    step: str
    key: str
    actor: str = "system"
    subject: str = ""
    code: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateInput:
    """Asks a gate at an instant fixed by the workflow (ISO 8601, UTC), so that a retry asks the same question.

    ``starts_at`` is the start that the visit would have, where it is asked about another time than its own;
    ``provider`` the clinician that it would have, where it is asked about another one. ``recording`` asks as if the
    call were recorded: ``asked`` before anybody there was asked for their consent, ``agreed`` after all have given it.
    """

    effect: EffectInput
    gate: str
    at: str
    order: str = ""
    starts_at: str = ""
    provider: str = ""
    recording: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsAnswer:
    """What the clinic's terms say about moving or cancelling a visit at an instant."""

    fee_cents: int
    moves_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveInput:
    """Moves a visit to another time, an instant (ISO 8601, UTC), of the clinician ``provider`` where it changes."""

    effect: EffectInput
    starts_at: str
    provider: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderInput:
    """Asks when a reminder that is due at ``effect.at`` may be sent; ``starts_at`` is the visit's start."""

    effect: EffectInput
    starts_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterDuty:
    """A duty that an open gate left for later, by the law's own ids: what it is, and which question it was read from.

    ``due`` is the rule's term. The clinic is called to it at ``call_at``; it is overdue at ``over_at``. ``gate``,
    ``at`` and ``order`` ask the same question again. Instants are ISO 8601.
    """

    topic: str
    duty: str
    due: str
    gate: str
    at: str
    call_at: str
    over_at: str
    order: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """Whether the gate is open, the id of its record, and whether a person may still decide (``review``).

    ``version`` is that of the order it was asked about; only this version may be sent. ``due`` is what is left to be
    done later; a history from before duties had clocks holds none.
    """

    open: bool
    record: str
    review: bool = False
    version: int = 0
    due: tuple[LaterDuty, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyInput:
    """Asks whether a duty that was left for later is still open."""

    effect: EffectInput
    duty: LaterDuty


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsInput:
    """A day's round over the credentials of one clinic."""

    clinic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringInput:
    """A question to a monitoring program that is on record: ids only, whom it is about is read where it is asked."""

    clinic: str
    visit: str
    report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceInput:
    """Nobody answered a question to a monitoring program; ``code`` says how (down, slow, garbled)."""

    asked: MonitoringInput
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationInput:
    """A prescription that is to be cancelled at its pharmacy: ``message`` is what sent it, ``key`` the asking's own.

    ``hold_seconds`` is how long it can be undone before the pharmacy is asked; cancellations of before have none.
    """

    clinic: str
    visit: str
    order: str
    message: str
    key: str
    actor: str
    hold_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeInput:
    """An event to append to the visit; ``stage`` moves the visit when it is not empty."""

    effect: EffectInput
    event: str
    stage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotAnswer:
    """Whether the slot is held, and when it starts (ISO 8601, UTC), empty when the visit has no instant."""

    held: bool
    starts_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAnswer:
    """The processor's ``state`` (authorised, declined, captured, voided, nothing_due) and its code when declined."""

    state: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchAnswer:
    """What became of an order, and the message's id.

    States: ``accepted``, ``verified``, ``rejected``, ``cancelled``, ``needs_epcs``, ``order_changed`` (not sent),
    ``never_sent`` (there was nothing to take back).
    """

    state: str
    message: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceInput:
    """Where a visit's room is open now."""

    effect: EffectInput
    room: str
    node: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomInput:
    """Opens a visit's room on a media node."""

    effect: EffectInput
    room: str
    closes_at: str = ""
    max_participants: int = 2
    ends_at: str = ""
    timers: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomAllocation:
    """The node that took the room: its own task queue and the endpoint browsers connect to."""

    node: str
    queue: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOutcome:
    """How a room ended: ``ended_by_provider`` | ``time_over`` | ``closed`` | ...; seconds by participant id."""

    reason: str
    seconds: dict[str, int] = field(default_factory=dict)
