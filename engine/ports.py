"""What the rooms above lend to each other: protocols and the small frozen values that cross them.

Every port has at least one adapter in ``records``, ``integrations`` or ``media``; ``workflows/worker.py`` and
``portals/app.py`` join them. Methods are synchronous unless said and may be called from any thread.
Every method that changes something takes an :class:`Effect` and is idempotent on it: the second call with the same
effect changes nothing and returns what the first one returned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from engine.dossier import Dossier
from engine.undoing import TimeMoved

JSON = Mapping[str, Any]


class Clock(Protocol):
    """The instant that law and visits go by; aware, in UTC. Audit, sessions and keys use the machine's own time."""

    def now(self) -> datetime: ...


# --- visits ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRef:
    """A visit's address: the clinic it belongs to and its opaque id."""

    clinic: str
    visit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What makes a change unique: one visit, one step of its plan, one key within the step (a request id, a timer).

    ``attempt`` counts how often it was tried, from 1; it makes nothing unique.
    """

    ref: VisitRef
    step: str
    key: str
    actor: str = "system"
    attempt: int = field(default=1, compare=False)

    @property
    def id(self) -> str:
        """The idempotency key handed to networks outside."""
        return f"{self.ref.visit}:{self.step}:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitChange:
    """One append-only event of a visit; ``stage``, when given, moves its row; ``detail`` holds ids and codes only."""

    event: str
    stage: str | None = None
    detail: Mapping[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDue:
    """A duty that is due some time after a gate: whose, which, its term, when to call for it, when it is too late.

    ``due`` is the rule's own text (``within 72 hours of encounter``); the instants are aware, in UTC.
    """

    topic: str
    duty: str
    due: str
    call_at: datetime
    over_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRecord:
    """A gate's verdict to be kept: which gate, the instant asked about, and every decision's canonical JSON by topic.

    ``subject`` is the order a ``prescribe`` gate was asked about, empty otherwise; ``order`` says how it was written.
    ``due`` is what an open gate leaves to be done later; the decisions hold the same duties with their sources.
    ``asked`` is what the decisions were told, to ask them again: ``facts``, and ``on``, each topic's instant.
    """

    gate: str
    open: bool
    asked_at: datetime
    decisions: Mapping[str, JSON]
    reasons: Sequence[JSON] = ()
    subject: str = ""
    order: OrderVersion | None = None
    due: Sequence[DutyDue] = ()
    asked: JSON | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderVersion:
    """Which writing of an order is meant: its version, from 1, and the digest of what it says."""

    version: int
    digest: str


class OrderChanged(Exception):
    """An order is not, or no longer, the draft that its gate judged; carries its id. Nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PaymentDue:
    """What a visit costs and the token of the card it goes to (from the processor, never a card number).

    ``method`` is an opaque id of that card at this visit: another card has another one.
    """

    amount_cents: int
    currency: str
    method_token: str
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPlace:
    """Where a visit's room is open: the node's endpoint and the room's id."""

    room: str
    node: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitStanding:
    """What a clinic's terms ask about a visit: its start, its price, how often the patient moved it, and its zone.

    ``moves`` are all its moves; those that were taken back at once do not count in ``moved``.
    """

    starts_at: datetime
    price_cents: int
    moved: int
    time_zone: str
    moves: tuple[TimeMoved, ...] = ()


class VisitRecords(Protocol):
    """What the visit's activities need from records; every call is audited in the same transaction."""

    def dossier(self, ref: VisitRef, order: str | None = None, provider: str = "") -> Dossier:
        """What is known about the visit; with ``provider`` as if that clinician had it."""
        ...

    def record_gate(self, effect: Effect, gate: GateRecord) -> str:
        """Keeps the decisions and an audit entry (action ``refused`` when shut); returns the gate record's id."""
        ...

    def hold_slot(self, effect: Effect, until: datetime) -> bool:
        """Takes the visit's slot for it; False when another visit has it, and a draft is then closed."""
        ...

    def release_slot(self, effect: Effect) -> None: ...
    def standing(self, ref: VisitRef) -> VisitStanding: ...
    def move_slot(self, effect: Effect, starts_at: datetime, provider: str = "") -> bool:
        """Gives the visit's time back and takes another, both or neither; with another clinician where one is named.

        False, and nothing changed, when another visit has a part of it. The place that was attested for the old time
        no longer counts. A clinician who loses the visit by it gets a notice (``visit_left``).
        """
        ...

    def issue_requests(self, effect: Effect, kind: str) -> int:
        """Issues what stands written of a kind (``referral``, ``test_request``) with the signed note; how many."""
        ...

    def offer_visit(self, effect: Effect, handoff: str, until: datetime) -> None:
        """Offers the visit to the colleague whom the hand-off names, or to all of them, and tells them."""
        ...

    def hand_over(self, effect: Effect, handoff: str) -> str:
        """Gives the visit to the clinician of the effect; empty when it is theirs now, else a code of why not."""
        ...

    def change(self, effect: Effect, change: VisitChange) -> None: ...
    def payment_due(self, ref: VisitRef) -> PaymentDue: ...
    def record_payment(self, effect: Effect, receipt: PaymentReceipt) -> None: ...
    def payment_reference(self, ref: VisitRef) -> str | None:
        """The processor's id of the open authorisation, None when there is none."""
        ...

    def prescription(self, ref: VisitRef, order: str) -> PrescriptionOrder: ...
    def order_version(self, ref: VisitRef, order: str) -> OrderVersion: ...
    def begin_dispatch(self, effect: Effect, order: str, version: int) -> PrescriptionOrder:
        """Sets a draft to ``sending`` before the network is asked, so that nobody changes it meanwhile.

        Raises:
            OrderChanged: it is no draft of that version whose newest gate is open, or the visit is over.
        """
        ...

    def is_dispatched(self, effect: Effect) -> bool:
        """Whether an order was handed to the network by this effect."""
        ...

    def record_dispatch(self, effect: Effect, order: str, receipt: DispatchReceipt) -> None: ...
    def unsent_orders(self, ref: VisitRef) -> Sequence[str]: ...
    def sign_note(self, effect: Effect, note: str) -> None:
        """Signs the note's newest version with the actor of the effect and the gate's decisions."""
        ...

    def issue_join_link(self, effect: Effect, participant: str, until: datetime) -> str:
        """Creates a single-use join link for a participant; returns its id."""
        ...

    def place_room(self, effect: Effect, place: RoomPlace) -> None: ...
    def write_summary(self, effect: Effect) -> str:
        """Composes the after-visit summary from signed note, prescriptions and follow-up; returns its document id."""
        ...

    def queue_message(self, effect: Effect, template: str, audience: str) -> None:
        """Queues a notice for ``patient`` or ``provider``: template names only, texts carry no PHI."""
        ...

    def raise_alert(self, effect: Effect, kind: str, subject: str = "") -> str:
        """Opens a task for the clinicians (``red_flag``, ``sign_overdue``, ``duty_due``, ``review``); returns its id.

        ``subject`` is a code; an open task of the same kind and subject is that same task.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """Something that was said and recorded, waiting to be told to the visit's workflow."""

    id: str
    ref: VisitRef
    kind: str
    subject: str


class Outbox(Protocol):
    """The announcements that records wrote in the same transaction as what they announce, oldest first."""

    def pending(self, limit: int, without: Collection[str] = ()) -> Sequence[OutboxItem]:
        """What waits to be told, but for drafts (nobody hears them yet) and the visits in ``without``."""
        ...

    def done(self, item: OutboxItem) -> None: ...
    def is_over(self, ref: VisitRef) -> bool:
        """Whether records hold a final stage for the visit: nobody will ever hear what is told to it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedNote:
    """A note that is signed on record while its visit is still being documented, and who signed it."""

    id: str
    ref: VisitRef
    by: str


class SignedNotes(Protocol):
    """The notes that are signed on record and whose visits have not gone on since."""

    def signed_notes(self) -> Sequence[SignedNote]: ...


class VisitCensus(Protocol):
    """Which visits records believe to be running, to be compared with the workflows that do run."""

    def open_visits(self) -> Sequence[VisitRef]: ...
    def drafts_before(self, at: datetime) -> Sequence[VisitRef]:
        """The visits drafted before an instant of which nothing has come yet."""
        ...

    def kept_stages(self, visits: Collection[str]) -> Mapping[str, str]:
        """The stage of each of these visits that is on record, by its id."""
        ...


# --- decisions -----------------------------------------------------------------------------------------------------


class GateKeeper(Protocol):
    """Asks a gate's topics of both engines and says whether it opens."""

    def ask(self, dossier: Dossier, gate: str, at: datetime) -> GateRecord:
        """The verdict of ``gate`` (book, join, prescribe, sign) asked at the aware instant ``at``.

        The keeper knows which instant each topic is about (the slot's start, the encounter, now). Any error is the
        caller's to turn into a shut gate.
        """
        ...


class ControlledDrugs(Protocol):
    """Knows the drug base's schedules."""

    def is_controlled(self, drug: JSON) -> bool:
        """True when the drug is scheduled, and when it is not known at all: unknown fails closed."""
        ...


# --- networks outside ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReceipt:
    """The processor's answer: ``state`` authorised | declined | captured | voided; reference, code if declined."""

    state: str
    reference: str
    amount_cents: int
    currency: str
    code: str = ""
    simulated: bool = False


class PaymentProcessor(Protocol):
    """A card processor; amounts in cents, every call idempotent by key. Network trouble raises ``PortUnavailable``."""

    def authorise(self, key: str, due: PaymentDue) -> PaymentReceipt: ...
    def capture(self, key: str, reference: str, amount_cents: int) -> PaymentReceipt: ...
    def void(self, key: str, reference: str) -> PaymentReceipt: ...
    def withdraw(self, key: str) -> PaymentReceipt:
        """Ends the authorisation asked for with ``key`` when nobody knows whether it was made.

        ``voided`` with its reference when it was, without one when it was not; an authorisation that comes with this
        key later is declined. One that is captured is declined, as by ``void``.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PrescriptionOrder:
    """A prescription as written, with what NCPDP SCRIPT NewRx needs about patient, prescriber and pharmacy."""

    order: str
    drug: JSON
    sig: str
    quantity: str
    quantity_unit: str
    days_supply: int
    refills: int
    substitutions_allowed: bool
    note_to_pharmacy: str
    patient: JSON
    prescriber: JSON
    pharmacy: JSON
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchReceipt:
    """The network's answer to a message: ``state`` accepted | rejected | verified | cancelled; ids and a code."""

    state: str
    message_id: str
    relates_to: str = ""
    code: str = ""
    simulated: bool = False


class PrescriptionNetwork(Protocol):
    """An e-prescribing network (NCPDP SCRIPT); idempotent by key. Network trouble raises ``PortUnavailable``."""

    def send_new(self, key: str, order: PrescriptionOrder) -> DispatchReceipt: ...
    def cancel(self, key: str, order: PrescriptionOrder, message_id: str) -> DispatchReceipt: ...
    def withdraw(self, key: str, order: PrescriptionOrder) -> DispatchReceipt:
        """Takes back what ``send_new`` sent by this key, though its answer may never have been heard.

        ``cancelled`` also when the network never had it or had refused it; from then on it takes no such message.
        ``rejected``, relating to the message, when it is too late. The answer's key is one of its own.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlace:
    """What a network address suggests: an ISO 3166-1 country in lower case and, where one of ours, the state's code."""

    country: str
    state: str | None = None

    def doubts(self, country: str, state: str) -> bool:
        """Whether this speaks against being there."""
        return self.country != country or (self.state is not None and self.state != state)


class GeoLocator(Protocol):
    """Suggests where a network address is: evidence, never proof."""

    def locate(self, address: str) -> NetworkPlace | None:
        """None where nothing is known of the address."""
        ...


class Scanner(Protocol):
    """Looks for what is known to be harmful in a file, as it goes by."""

    def is_harmful(self, pieces: Iterable[bytes]) -> bool:
        """Raises `PortUnavailable` when nobody can say; the file then waits."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MailLetter:
    """The words of a mail, and what goes with them: a calendar entry (RFC 5545), the same words as a page (HTML), and
    the picture (PNG) that the page shows."""

    subject: str
    body: str
    calendar: str = ""
    page: str = ""
    picture: bytes = b""


class Notifier(Protocol):
    """Sends one notice (mail, text); the text is composed by the caller and carries no PHI.

    Both raise `NoticeRefused` for what can never be sent, `NoticeDelayed` for what this address does not take now, and
    `PortUnavailable` where nothing can be sent now.
    """

    def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None: ...
    def send_letter(self, key: str, address: str, letter: MailLetter) -> None:
        """A mail that is more than its words."""
        ...


class Trace(Protocol):
    """One span under way; what is put on it are codes and route templates, never an id or a person's word."""

    def rename(self, name: str) -> None: ...
    def put(self, name: str, value: str | int) -> None: ...


class Tracing(Protocol):
    """Begins spans (OpenTelemetry)."""

    def span(self, name: str) -> AbstractContextManager[Trace]: ...


class NoticeRefused(Exception):
    """Nobody will ever take this notice for its address; carries a code, never the address. Do not retry."""


class NoticeDelayed(Exception):
    """This address takes nothing now, others may; carries a code, never the address. Retry much later."""


class PortUnavailable(Exception):
    """A network outside did not answer; carries the port's name and a code, never a person's data. Retry later."""


# --- keys ----------------------------------------------------------------------------------------------------------


class KeyProvider(Protocol):
    """Wraps and unwraps data keys under a master key that never leaves it (a key file, or a key service).

    A master key has versions: new data keys are wrapped by the newest one, older ones go on unwrapping what they
    wrapped. ``context`` is bound to what is wrapped and is no secret.
    """

    @property
    def key_id(self) -> str:
        """The id of the master key's version that wraps new data keys."""
        ...

    @property
    def simulated(self) -> bool:
        """Whether this only stands in for a key service."""
        ...

    @property
    def folder(self) -> Path:
        """The folder apart from the data for what must not lie with it: anchors of the audit, patients' shares."""
        ...

    @property
    def shares_url(self) -> str:
        """Where patients' shares are kept instead, as a database address; empty: in the folder."""
        ...

    def wrap(self, data_key: bytes, context: str) -> bytes: ...
    def unwrap(self, wrapped: bytes, context: str) -> bytes: ...
    def wrapped_by(self, wrapped: bytes) -> str:
        """The id of the version that wrapped it; nothing is opened."""
        ...

    def rotate(self) -> str:
        """Adds a version that wraps from now on; returns its id."""
        ...
