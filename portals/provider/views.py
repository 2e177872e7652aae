"""What the clinician's pages show: frozen values, already in words, with nothing of the database in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.pharmacy import CANCEL_HELD, CANCEL_REFUSED, CANCEL_UNANSWERED, CANCELLING
from portals.provider.drug_choice import DrugChoice
from portals.provider.law import LawCard, Statute
from portals.provider.told_words import NOTHING_TOLD, Told
from records.conversation_rows import ConversationView

# The queue's groups in the order they are worked: who needs somebody first.
GROUPS = ("waiting", "in_call", "to_sign", "booked", "stopped")
GROUP_OF_STAGE: Mapping[str, str] = {
    "waiting": "waiting",
    "away": "waiting",
    "called_back": "waiting",
    "in_call": "in_call",
    "documenting": "to_sign",
    "booked": "booked",
    "preparing": "booked",
    "ready": "booked",
    "blocked": "stopped",
    "escalated": "stopped",
}
ENDED = frozenset({"cancelled", "rejected", CANCEL_HELD, CANCELLING, CANCEL_REFUSED, CANCEL_UNANSWERED})
STOPPED = frozenset({"escalated", "cancelled", "no_show", "refused", "expired"})


_COUNT = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeing:
    """``mark`` now | not_now (asked this moment) | fits | shut (what a gate said) | unasked; ``why`` the law's reason
    with its statutes, where it keeps the clinician from it."""

    mark: str
    why: str = ""
    statutes: tuple[Statute, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether nothing is known to keep the clinician from it."""
        return self.mark in ("now", "fits")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class QueueRow:
    """One visit in the queue. ``acuity`` emergent | urgent | soon | red | flagged | routine.

    ``seeing`` says whether the clinician may see the patient now, ``told`` why the patient comes.
    """

    visit: str
    group: str
    stage: str
    patient: str
    age: int | None
    visit_type: str
    language: str
    language_code: str
    state: str
    starts: str
    acuity: str
    flags: int
    seeing: Seeing
    told: Told = NOTHING_TOLD
    waiting_since: datetime | None = None
    position: int | None = None

    def waited(self, now: datetime) -> int:
        """Whole minutes in the waiting room."""
        return max(0, int((now - self.waiting_since).total_seconds() // 60)) if self.waiting_since else 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DutyForm:
    """A duty that may be marked as done: what it asks for, the ways (code and words), and until when it can have been.

    ``latest`` is now on the clinician's clock, as a browser's field for date and time writes it; ``zone`` its zone.
    """

    visit: str
    topic: str
    duty: str
    order: str
    text: str
    ways: tuple[tuple[str, str], ...]
    zone: str
    latest: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Topic, duty and order."""
        return self.topic, self.duty, self.order

    @property
    def name(self) -> str:
        """A name for the form's parts on a page."""
        return "-".join(filter(None, self.key)).replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DutyMade:
    """A duty that was marked as done: in which way, when, by whom; all in words."""

    text: str
    way: str
    at: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AlertView:
    """A task that cannot wait, shown above everything until somebody says they have seen it.

    ``text`` is what it is about, ``todo`` what to do now, ``part`` the part of the visit's screen where that is done;
    ``others`` are the ids of further tasks that it stands for, ``count`` how many things they are about, ``duties`` the
    forms to mark as done what they call for.
    """

    id: str
    visit: str
    kind: str
    patient: str
    raised: str
    title: str = ""
    text: tuple[str, ...] = ()
    todo: str = ""
    part: str = ""
    others: tuple[str, ...] = ()
    count: int = 0
    duties: tuple[DutyForm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """The whole queue page; ``groups`` in working order, empty ones included; ``hidden`` of those who wait are left out
    by the filter."""

    groups: Mapping[str, tuple[QueueRow, ...]]
    alerts: tuple[AlertView, ...]
    licences: tuple[str, ...] = ()
    offers: tuple[Any, ...] = ()
    hidden: int = 0

    @property
    def waiting(self) -> int:
        """How many wait, shown or not."""
        return len(self.groups["waiting"]) + self.hidden

    @property
    def rows(self) -> tuple[QueueRow, ...]:
        """All visits, in working order."""
        return tuple(row for rows in self.groups.values() for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChartLine:
    """One answer in words, with the question's own text; ``flag`` red | noted | ""."""

    question: str
    answer: str
    flag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ScoreLine:
    """A score that the patient's answers make, or how many of them it still waits for; ``band`` in words or empty."""

    title: str
    total: str
    band: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    """A photo or paper of the visit: what it is, where it opens (empty: it cannot be opened yet), its pixels.

    ``judged`` is what the patient's browser and the patient said of it, in words.
    """

    title: str
    path: str
    state: str
    sent: str
    shown: bool = False
    width: int = 0
    height: int = 0
    judged: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChartView:
    """What is known of the patient for this visit. None means untold, an empty tuple told to be none."""

    name: str
    initials: str
    age: int | None
    birth_date: str
    language: str
    place: str
    place_note: str
    place_matches: bool
    local_time: str
    time_zone: str
    lines: tuple[ChartLine, ...]
    scores: tuple[ScoreLine, ...]
    allergies: tuple[str, ...] | None
    medications: tuple[str, ...] | None
    conditions: tuple[str, ...] | None
    pregnancy: str = ""
    phone: str = ""
    address: tuple[str, ...] = ()
    files: tuple[FileLine, ...] = ()

    @property
    def flags(self) -> tuple[ChartLine, ...]:
        return tuple(line for line in self.lines if line.flag)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FieldView:
    """One field of the note: ``type`` line | text | choice | flag | number, its words, and what is in it."""

    name: str
    label: str
    help: str
    type: str
    required: bool
    value: str
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def is_wrong(self) -> bool:
        """Whether a number is asked for and something else stands there: a count of minutes is never negative."""
        return self.type == "number" and bool(self.value.strip()) and not _COUNT.fullmatch(self.value.strip())

    @property
    def shown(self) -> str:
        """What is in it as a person reads it: a choice by its words."""
        return dict(self.choices).get(self.value, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteVersion:
    """A version of the note as listed: its number, when, by whom."""

    number: int
    at: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView:
    """The note with its template's sections. ``conflict`` holds text of one's own that met a newer version.

    ``signed_by`` is a name, ``signer`` the person's id.
    """

    id: str
    version: int
    sections: tuple[tuple[str, tuple[FieldView, ...]], ...]
    saved: str = ""
    signed: str = ""
    signed_by: str = ""
    signer: str = ""
    missing: tuple[FieldView, ...] = ()
    versions: tuple[NoteVersion, ...] = ()
    addenda: tuple[tuple[str, str, str], ...] = ()
    conflict: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OrderView:
    """One prescription: what was written, its state in words, and the law's card once the gate was asked.

    ``notes`` says what was stated and gone past, ``allergies`` which ones nobody answered, in sentences.
    """

    id: str
    title: str
    sig: str
    detail: str
    pharmacy: str
    state: str
    tone: str
    may_send: bool
    may_change: bool
    may_discard: bool
    card: LawCard | None = None
    code: str = ""
    notes: tuple[str, ...] = ()
    allergies: tuple[str, ...] = ()
    cards: tuple[SafetyCard, ...] = ()
    course: tuple[str, ...] = ()
    may_cancel: bool = False
    may_undo: bool = False
    written: str = ""

    @property
    def is_ended(self) -> bool:
        """Whether it is, or is to be, no prescription any more: what happened counts then, not what was allowed."""
        return self.code in ENDED


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SafetyCard:
    """A warning in words: how grave, against what, what may happen, who says that it is taken, why, and what to do."""

    code: str
    severity: str
    tone: str
    title: str
    effect: str
    origin: str
    mechanism: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PrescribeView:
    """The prescribing part: search, the form with what was typed, its problems, pharmacies, orders so far.

    ``never`` is why the specialty does not prescribe the chosen drug; ``asks`` are the statements the law asks of the
    prescriber (pdmp | exception | indication), ``place`` the state whose monitoring programme counts,
    ``looked`` who looked at it when through the network, where that was done. ``not_compared`` names what could not be
    compared with any drug, ``from_where`` where the warnings come from; ``amounts`` says where the form's directions,
    quantity and days do not agree. ``pharmacies`` are in titled groups, each with its ids and texts.
    """

    query: str
    found: tuple[DrugChoice, ...]
    form: Mapping[str, str]
    problems: Mapping[str, str]
    pharmacies: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    orders: tuple[OrderView, ...]
    allergy_warnings: tuple[str, ...] = ()
    allergy_lines: tuple[str, ...] = ()
    never: str = ""
    asks: tuple[str, ...] = ()
    place: str = ""
    looked: str = ""
    cards: tuple[SafetyCard, ...] = ()
    amounts: tuple[str, ...] = ()
    not_compared: str = ""
    from_where: str = ""
    earlier: tuple[OrderView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TaskView:
    """One step of the visit or task of the clinicians: ``done``, open (``now``), not yet (``later``), ``skipped``."""

    text: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallView:
    """The call part of the screen: what can be done now.

    ``act`` is admit | join | enter | wait | away | called | blocked | over (there was a call) | never (there was
    none). ``check`` says how the patient's device did when it was tried, ``until`` until when who was called back is
    waited for, ``recordable`` whether calls of this kind may be recorded.
    """

    act: str
    link: str = ""
    participant: str = ""
    entered: bool = False
    check: str = ""
    until: str = ""
    recordable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CaseLine:
    """One thing said about a case, in the order it was said; ``asked`` is False of a question its patient never saw."""

    by_patient: bool
    text: str
    at: str
    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CaseView:
    """A case without a call: when its answer is due (empty: it waits on the patient), what was asked and replied."""

    due: str
    late: bool
    thread: tuple[CaseLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MonitoringLine:
    """One dispensed drug in words."""

    filled: str
    drug: str
    schedule: str
    quantity: str
    days: int
    prescriber: str
    pharmacy: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MonitoringPanel:
    """The panel: the program by name, what came of the newest question, rows, what stands out, and what can be done.

    ``counts`` says whether it is a look that the law's question finds; ``asking`` that an answer is still to come.
    """

    program: str
    state: str
    outcome: str = ""
    tone: str = ""
    said: str = ""
    asked: str = ""
    rows: tuple[MonitoringLine, ...] = ()
    concerns: tuple[str, ...] = ()
    digest: str = ""
    simulated: bool = True
    counts: bool = False
    asking: bool = False
    may_ask: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ListLine:
    """One medicine or allergy: its code or name, in words, who says so, and whether it may be taken off the list."""

    kind: str
    name: str
    shown: str
    origin: str
    may_stop: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ListsView:
    """The lists as they stand, and who said what about them, the newest first."""

    medications: tuple[ListLine, ...]
    allergies: tuple[ListLine, ...]
    history: tuple[str, ...]
    may_change: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VisitView:
    """Everything about one visit on one screen. ``unfinished``: the note is signed and the visit did not take it up."""

    id: str
    stage: str
    visit_type: str
    starts: str
    chart: ChartView
    call: CallView
    law: tuple[LawCard, ...]
    note: NoteView
    prescribe: PrescribeView
    tasks: tuple[TaskView, ...]
    alerts: tuple[AlertView, ...]
    will_happen: tuple[str, ...]
    revision: str
    duties: tuple[DutyForm, ...] = ()
    duties_made: tuple[DutyMade, ...] = ()
    acted: str = field(default="", repr=False)
    case: CaseView | None = None
    monitoring: MonitoringPanel | None = None
    lists: ListsView | None = None
    handed: Any = field(default=None, repr=False)
    may_hand_off: bool = False
    has_requests: bool = False
    unfinished: bool = False
    messages: tuple[ConversationView, ...] = ()

    @property
    def is_stopped(self) -> bool:
        """Whether the visit ended without care: there is nothing to write or to prescribe any more."""
        return self.stage in STOPPED

    @property
    def may_prescribe(self) -> bool:
        """Whether prescriptions may still be written: not once the note is signed, never in a stopped visit."""
        return not self.note.signed and not self.is_stopped and self.stage != "blocked"

    @property
    def sign_is_shut(self) -> bool:
        """Whether the law was asked at signing and said no."""
        return any(card.gate == "sign" and card.record and not card.open for card in self.law)
