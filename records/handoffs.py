"""Hand-offs: why a clinician gives a visit to a colleague, to whom it is offered, and the moment it changes hands.

What was said is kept with the visit's papers, sealed under the patient's key; what became of it are events of the
visit. A colleague is shown why, which kind of visit it is, how far it is and in which state its patient is; nothing
else before they have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from engine.visits_asynchronous import WITHOUT_A_CALL
from records import slots
from records.access import Role
from records.acts import Act
from records.codes import new_id
from records.course import append_event, queue_one
from records.errors import AlreadyDone, Erased, NotFound
from records.places import place_from_json
from records.stages import CASES, HANDED, IN_CALL, WAITING
from records.tables.clinical import DocumentRow
from records.tables.people import Person, Provider
from records.tables.visits import ParticipantRow, Visit, VisitEventRow
from records.work import Repository, Work

HANDOFF = "handoff"
OFFERED, ENDED = "handoff_offered", "handoff_ended"
OPEN, UNANSWERED, ACCEPTED = "open", "unanswered", "accepted"
LONGEST = 1000
_NEVER = "written"  # kept, but its visit has not taken it up


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HandoffDraft:
    """A hand-off as written; ``to`` is a colleague's person id, empty for whoever takes it first."""

    visit: str
    to: str
    text: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HandoffView:
    """A hand-off. ``state`` written | open | unanswered | accepted | declined | kept; ``due`` while it is open."""

    id: str
    visit: str
    sender: str
    to: str
    text: str
    state: str
    at: datetime
    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VisitOffer:
    """A visit that the actor may take: why, and no more of it than is needed to say yes or no."""

    handoff: HandoffView
    specialty: str
    visit_type: str
    stage: str
    starts_at: datetime
    arrived_at: datetime | None
    state: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a clinician is at: in a call or not, how many wait for them, how many cases they have open."""

    in_call: bool = False
    waiting: int = 0
    cases: int = 0


class Handoffs(Repository):
    """The clinic's hand-offs."""

    def write(self, draft: HandoffDraft) -> str:
        """Keeps a hand-off; returns its id. The same key again is the same one. It is offered by the visit's workflow.

        Raises:
            AlreadyDone: the visit is not one that can be handed over now.
            NotFound: there is no such colleague.
        """
        visit = self._work.visit(draft.visit, Act.HANDOFF_WRITTEN)
        for row in self._rows(visit.id):
            if self._content(row)["key"] == draft.key:
                return row.id
        if visit.stage not in HANDED:
            raise AlreadyDone(HANDOFF)
        if draft.to and (draft.to == visit.provider or not self._work.row(Provider, draft.to).active):
            raise NotFound(f"providers {draft.to[:40]}")
        row_id = new_id("doc")
        said = {"to": draft.to, "from": self._work.actor.person, "text": draft.text[:LONGEST], "key": draft.key}
        self._session.add(
            DocumentRow(
                id=row_id,
                clinic=self._work.clinic,
                visit=visit.id,
                patient=visit.patient,
                kind=HANDOFF,
                content=self._work.seal(("documents", "content", row_id), said, visit.patient),
                at=self._work.at,
            )
        )
        self._session.flush()
        return row_id

    def of_visit(self, visit: str) -> HandoffView | None:
        """The visit's newest hand-off that its workflow took up, for whoever has the visit."""
        self._work.visit(visit, Act.HANDOFF_VIEWED)
        states = _states(self._events([visit]))
        rows = [row for row in self._rows(visit) if row.id in states]
        return self._view(rows[-1], states) if rows else None

    def loads(self, visit: str) -> Mapping[str, Load]:
        """What the clinic's clinicians are at, for whoever looks for a colleague for the visit; counts only."""
        self._work.visit(visit, Act.HANDOFF_WRITTEN, audited=False)
        self._work.note(Act.HANDOFFS_VIEWED, visit, visit)
        query = select(Visit.provider, Visit.stage, func.count()).where(
            Visit.clinic == self._work.clinic, Visit.stage.in_((IN_CALL, WAITING, *CASES))
        )
        counts: dict[str, dict[str, int]] = {}
        for provider, stage, count in self._session.execute(query.group_by(Visit.provider, Visit.stage)):
            counts.setdefault(provider, {})[stage] = count
        return {
            person: Load(
                in_call=bool(one.get(IN_CALL)),
                waiting=one.get(WAITING, 0),
                cases=sum(one.get(stage, 0) for stage in CASES),
            )
            for person, one in counts.items()
        }

    def offered(self) -> tuple[VisitOffer, ...]:
        """What the actor may take now: offered to them, offered to all, or answered by nobody; the oldest first."""
        self._work.note(Act.HANDOFFS_VIEWED, self._work.actor.person)
        query = (
            select(Visit)
            .join(DocumentRow, DocumentRow.visit == Visit.id)
            .where(
                Visit.clinic == self._work.clinic,
                Visit.stage.in_(HANDED),
                Visit.provider != self._work.actor.person,
                DocumentRow.kind == HANDOFF,
            )
        )
        visits = {row.id: row for row in self._session.scalars(query)}
        states = _states(self._events(visits))
        rows = (row for visit in visits for row in self._rows(visit) if row.id in states)
        found = [(self._view(row, states), visits[row.visit]) for row in rows]
        reached = [self._offer(one, visit) for one, visit in found if self._reaches(one)]
        return tuple(sorted((one for one in reached if one is not None), key=lambda one: one.handoff.at))

    def offer(self, handoff: str) -> VisitOffer | None:
        """One of them; None for what is not offered to the actor now."""
        return next((one for one in self.offered() if one.handoff.id == handoff), None)

    def _reaches(self, handoff: HandoffView) -> bool:
        mine = handoff.to in ("", self._work.actor.person)
        return handoff.state == UNANSWERED or (handoff.state == OPEN and mine)

    def _offer(self, handoff: HandoffView, visit: Visit) -> VisitOffer | None:
        column = "attested_place" if visit.attested_place is not None else "booked_place"
        try:
            place = place_from_json(self._work.open(("visits", column, visit.id), getattr(visit, column)))
            contact = self._work.open(("persons", "contact", visit.patient), self._contact(visit.patient))
        except Erased:
            return None
        return VisitOffer(
            handoff=handoff,
            specialty=visit.specialty,
            visit_type=visit.visit_type,
            stage=visit.stage,
            starts_at=visit.starts_at,
            arrived_at=visit.arrived_at,
            state=place.state or "",
            language=contact.get("language", "en"),
        )

    def _contact(self, person: str) -> bytes:
        return self._work.row(Person, person).contact

    def _events(self, visits: Iterable[str]) -> list[VisitEventRow]:
        query = select(VisitEventRow).where(
            VisitEventRow.visit.in_(tuple(visits)), VisitEventRow.event.in_((OFFERED, ENDED))
        )
        return list(self._session.scalars(query.order_by(VisitEventRow.visit, VisitEventRow.sequence)))

    def _rows(self, visit: str) -> list[DocumentRow]:
        query = select(DocumentRow).where(DocumentRow.visit == visit, DocumentRow.kind == HANDOFF)
        return list(self._session.scalars(query.order_by(DocumentRow.at, DocumentRow.id)))

    def _content(self, row: DocumentRow) -> Mapping[str, str]:
        return _content(self._work, row)

    def _view(self, row: DocumentRow, states: Mapping[str, tuple[str, str]]) -> HandoffView:
        said, (state, due) = self._content(row), states.get(row.id, (_NEVER, ""))
        return HandoffView(
            id=row.id,
            visit=row.visit,
            sender=said["from"],
            to=said["to"],
            text=said["text"],
            state=state,
            at=row.at,
            due=datetime.fromisoformat(due) if due and state == OPEN else None,
        )


def offer_visit(work: Work, visit: Visit, handoff: str, until: datetime) -> None:
    """The visit takes a hand-off up: from now on it is offered. A colleague who is named gets a notice."""
    said = _content(work, _row(work, visit, handoff))
    append_event(work, visit, OFFERED, detail={"subject": handoff, "due": until.isoformat()})
    work.note(Act.VISIT_OFFERED, handoff, visit.id)
    if said["to"]:
        queue_one(work, visit, ("handoff_offered", "provider"), said["to"])


def hand_over(work: Work, visit: Visit, handoff: str, person: str) -> str:
    """The colleague has the visit from now on; empty, or the code of why not, and then nothing has changed."""
    said = _content(work, _row(work, visit, handoff))
    events = select(VisitEventRow).where(VisitEventRow.visit == visit.id, VisitEventRow.event.in_((OFFERED, ENDED)))
    rows = work.session.scalars(events.order_by(VisitEventRow.sequence))
    state = _states(rows).get(handoff, (_NEVER, ""))[0]
    if visit.stage not in HANDED:
        return "too_late"
    mine = state == UNANSWERED or (state == OPEN and said["to"] in ("", person))
    if not mine or person == visit.provider or not work.row(Provider, person).active:
        return "not_offered"
    before = visit.provider
    if not _give(work, visit, person):
        return "slot_taken"
    change_parts(work, visit, before, person)
    detail = {"subject": handoff, "code": ACCEPTED, "from": before, "to": person}
    append_event(work, visit, ENDED, detail=detail)
    work.note(Act.VISIT_HANDED_OVER, visit.id, visit.id, **{"handoff": handoff, "from": before, "to": person})
    return ""


def _give(work: Work, visit: Visit, person: str) -> bool:
    """Changes the clinician, with the time that the visit takes of theirs; one whose time has come takes none."""
    before = visit.provider
    if visit.modality in WITHOUT_A_CALL:
        visit.provider = person
    elif visit.starts_at <= work.at:
        slots.release(work, visit)
        visit.provider = person
    else:
        try:
            with work.session.begin_nested():
                slots.give(work, visit, person)
        except IntegrityError:
            visit.provider = before
            work.session.flush()
            work.record(Act.SLOT_REFUSED, person, visit.id)
            return False
    visit.version += 1
    work.session.flush()
    return True


def change_parts(work: Work, visit: Visit, before: str, after: str) -> None:
    """A colleague takes the part of the clinician; one who was in the visit already keeps one part."""
    query = select(ParticipantRow).where(ParticipantRow.visit == visit.id)
    parts = {part.person: part for part in work.session.scalars(query)}
    if after in parts:
        parts[after].role = Role.PROVIDER
        parts[before].role = "former"
    else:
        parts[before].person = after
    work.session.flush()


def _row(work: Work, visit: Visit, handoff: str) -> DocumentRow:
    row = work.row(DocumentRow, handoff)
    if row.visit != visit.id or row.kind != HANDOFF:
        raise NotFound(f"handoffs {handoff[:40]}")
    return row


def _content(work: Work, row: DocumentRow) -> Mapping[str, str]:
    opened: Mapping[str, str] = work.open(("documents", "content", row.id), row.content)
    return opened


def _states(events: Iterable[VisitEventRow]) -> dict[str, tuple[str, str]]:
    """Where each hand-off stands, and until when it is to be answered; the events are each visit's in their order."""
    found: dict[str, tuple[str, str]] = {}
    for event in events:
        detail: Mapping[str, Any] = event.detail
        handoff = str(detail["subject"])
        if event.event == OFFERED:
            found[handoff] = (OPEN, str(detail["due"]))
        else:
            found[handoff] = (str(detail["code"]), "")
    return found
