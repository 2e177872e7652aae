"""Who may reach a conversation, and what a reader sees of it; every repository and store of conversations asks here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from engine.access import Relation, Standing
from records.access import Role, only_by, permitted
from records.acting import content_of, held_at
from records.acts import Act, changes
from records.blobs import BlobView, view_of
from records.errors import Erased, NotFound, RecordsError
from records.standing import standing_at
from records.tables.blobs import BlobRow
from records.tables.conversations import (
    ConversationDraftRow,
    ConversationMessageRow,
    ConversationReadRow,
    ConversationRow,
)
from records.tables.people import Person, Provider
from records.tables.relationships import RelationshipRow
from records.tables.visits import Visit
from records.work import Work

PATIENT_SIDE, TEAM_SIDE = "patient", "team"
BEGUN, OPEN, CLOSED, DROPPED = "begun", "open", "closed", "dropped"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConversationView:
    """A conversation as a list shows it. ``state`` is begun (nothing was sent yet) | open | closed.

    ``clinician`` is who answers, ``unread`` how many messages its reader has not seen, ``place_state`` where the
    patient said last that they are (a code, for the team only), ``waiting_since`` and ``due_at`` None while nothing
    waits for the team.
    """

    id: str
    patient: str
    patient_name: str
    visit: str
    about_visit: bool
    specialty: str
    visit_type: str
    starts_at: datetime
    time_zone: str
    place_state: str
    clinician: str
    clinician_name: str
    subject: str
    state: str
    unread: int
    began_at: datetime
    changed_at: datetime
    waiting_since: datetime | None
    due_at: datetime | None
    closed_at: datetime | None
    by_team: bool
    """Whether the team closed it; only where it is closed."""
    treats: bool
    """Whether the visit itself is its reader's, too; not where a colleague handed them the conversation alone."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SaidView:
    """One message: its side, the writer's name, for whom they wrote (empty: themselves), words and files.

    ``read_at`` is when the other side was first shown it or a later one, None while it was not.
    """

    id: str
    number: int
    side: str
    author: str
    name: str
    acted_for: str
    text: str
    files: tuple[BlobView, ...]
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Typed:
    """What a person has typed and not sent; files are those they added to it."""

    subject: str = ""
    text: str = ""
    files: tuple[BlobView, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CoverView:
    """A conversation that waits too long, as a colleague may know of it: no name and no word."""

    id: str
    specialty: str
    clinician_name: str
    place_state: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A conversation that the actor may do an act to, its visit, and on which side they are."""

    row: ConversationRow
    visit: Visit
    side: str = field(default=PATIENT_SIDE)


def reach(work: Work, conversation: str, act: Act) -> Reached:
    """The conversation, when the actor may do the act to it; not audited. An act that changes it has it alone.

    Raises:
        NotFound, AccessRefused: as for every row; also for one that its beginner has not sent or has dropped.
    """
    work.allow(act, conversation)
    row = work.row(ConversationRow, conversation)
    if changes(act):
        work.lock(Visit, row.visit)
        work.lock(ConversationRow, conversation)
        row = work.row(ConversationRow, conversation)
    visit = work.row(Visit, row.visit)
    standing = standing_in(work, row, visit)
    if not permitted(standing, act):
        work.refuse(act, conversation, visit.id)
    if row.state == DROPPED or (row.state == BEGUN and row.begun_by != work.actor.person):
        raise NotFound(f"conversations {conversation[:40]}")
    if only_by(standing, act, Relation.PROXY):
        work.acts_for(conversation, row.patient)
    return Reached(row=row, visit=visit, side=side_of(work))


def standing_in(work: Work, row: ConversationRow, visit: Visit) -> Standing:
    """As at its visit; whoever it was handed to treats the patient in it, and in nothing else of theirs."""
    standing = standing_at(work, visit)
    if work.actor.role == Role.PROVIDER and work.actor.person == row.clinician:
        return Standing(role=standing.role, relations=standing.relations | {Relation.TREATING}, scopes=standing.scopes)
    return standing


def side_of(work: Work) -> str:
    return TEAM_SIDE if work.actor.role == Role.PROVIDER else PATIENT_SIDE


def view(work: Work, row: ConversationRow, visit: Visit) -> ConversationView:
    """The conversation as the actor's lists show it. Raises `Erased` once the patient is."""
    team = side_of(work) == TEAM_SIDE
    place = place_of(work, visit)
    return ConversationView(
        id=row.id,
        patient=row.patient,
        patient_name=name_of(work, row.patient),
        visit=row.visit,
        about_visit=row.about_visit,
        specialty=visit.specialty,
        visit_type=visit.visit_type,
        starts_at=visit.starts_at,
        time_zone=str(place.get("time_zone") or ""),
        place_state=str(place.get("state") or "") if team else "",
        clinician=row.clinician,
        clinician_name=work.row(Provider, row.clinician).display_name,
        subject=str(content(work, row)["subject"]),
        state=row.state,
        unread=unread_in(work, row.id),
        began_at=row.began_at,
        changed_at=row.changed_at,
        waiting_since=row.waiting_since,
        due_at=row.due_at,
        closed_at=row.closed_at,
        by_team=row.closed_by is not None and work.session.get(Provider, row.closed_by) is not None,
        treats=permitted(standing_at(work, visit), Act.VISIT_VIEWED),
    )


def cover_view(work: Work, row: ConversationRow, due_at: datetime) -> CoverView:
    visit = work.row(Visit, row.visit)
    return CoverView(
        id=row.id,
        specialty=visit.specialty,
        clinician_name=work.row(Provider, row.clinician).display_name,
        place_state=str(place_of(work, visit).get("state") or ""),
        due_at=due_at,
    )


def content(work: Work, row: ConversationRow) -> dict[str, Any]:
    found: dict[str, Any] = work.open(("conversations", "content", row.id), row.content)
    return found


def said(work: Work, row: ConversationRow) -> tuple[SaidView, ...]:
    """Every message, the oldest first."""
    query = select(ConversationMessageRow).where(ConversationMessageRow.conversation == row.id)
    rows = work.session.scalars(query.order_by(ConversationMessageRow.number)).all()
    reads = work.session.scalars(select(ConversationReadRow).where(ConversationReadRow.conversation == row.id)).all()
    files = files_of(work, row.id)
    return tuple(_said(work, one, reads, files) for one in rows)


def files_of(work: Work, conversation: str) -> Mapping[str, BlobView]:
    """Every file of the conversation, by id, the oldest first."""
    query = select(BlobRow).where(BlobRow.conversation == conversation).order_by(BlobRow.at, BlobRow.id)
    return {row.id: view_of(row) for row in work.session.scalars(query)}


def sent_files(work: Work, conversation: str) -> frozenset[str]:
    """The files that go with a message of it."""
    query = select(ConversationMessageRow).where(ConversationMessageRow.conversation == conversation)
    return frozenset(one for row in work.session.scalars(query) for one in words_of(work, row)["files"])


def pending_files(work: Work, conversation: str) -> tuple[BlobView, ...]:
    """What the actor added and has not sent."""
    sent = sent_files(work, conversation)
    query = select(BlobRow).where(
        BlobRow.conversation == conversation,
        BlobRow.actor == work.actor.person,
        BlobRow.state.in_(("quarantined", "clean", "refused")),
    )
    rows = work.session.scalars(query.order_by(BlobRow.at, BlobRow.id))
    return tuple(view_of(row) for row in rows if row.id not in sent)


def typed(work: Work, conversation: str) -> Typed:
    """What the actor has typed in it."""
    files = pending_files(work, conversation)
    row = draft_of(work, conversation)
    if row is None:
        return Typed(files=files)
    kept = work.open(("conversation_drafts", "content", row.id), row.content)
    return Typed(subject=str(kept["subject"]), text=str(kept["text"]), files=files, at=row.at)


def draft_of(work: Work, conversation: str) -> ConversationDraftRow | None:
    """The row of what the actor has typed in it."""
    query = select(ConversationDraftRow).where(
        ConversationDraftRow.conversation == conversation, ConversationDraftRow.person == work.actor.person
    )
    return work.session.scalars(query).first()


def unread_in(work: Work, conversation: str) -> int:
    """How many messages of the other side the actor has not been shown."""
    read = work.session.get(ConversationReadRow, (conversation, work.actor.person))
    query = select(func.count()).where(
        ConversationMessageRow.conversation == conversation,
        ConversationMessageRow.number > (read.number if read is not None else 0),
        ConversationMessageRow.side != side_of(work),
    )
    return work.session.scalar(query) or 0


def place_of(work: Work, visit: Visit) -> Mapping[str, Any]:
    """The place that the patient named last for the visit; empty when nobody can read it."""
    for column in ("attested_place", "booked_place"):
        sealed = getattr(visit, column)
        if sealed:
            try:
                found: Mapping[str, Any] = work.open(("visits", column, visit.id), sealed)
            except Erased:
                return {}
            return found
    return {}


def name_of(work: Work, person: str) -> str:
    """What somebody of the conversation is called; empty for an erased person."""
    try:
        contact = work.open(("persons", "contact", person), work.row(Person, person).contact)
    except RecordsError:
        return ""
    return f"{contact['given']} {contact['family']}".strip()


def words_of(work: Work, row: ConversationMessageRow) -> dict[str, Any]:
    """``text``, and ``files`` by their ids."""
    found: dict[str, Any] = work.open(("conversation_messages", "content", row.id), row.content)
    return found


def hidden_from(work: Work, row: ConversationRow, visit: Visit) -> bool:
    """Whether somebody who acts for the patient sees nothing of it: what a minor arranged alone stays the minor's."""
    own = work.actor.person == row.patient
    return not own and held_at(work, visit) is None


def _said(
    work: Work,
    row: ConversationMessageRow,
    reads: Iterable[ConversationReadRow],
    files: Mapping[str, BlobView],
) -> SaidView:
    kept = words_of(work, row)
    seen = [one.at for one in reads if one.side != row.side and one.number >= row.number]
    under = work.session.get(RelationshipRow, row.relationship) if row.relationship else None
    team = work.session.get(Provider, row.author) if row.side == TEAM_SIDE else None
    return SaidView(
        id=row.id,
        number=row.number,
        side=row.side,
        author=row.author,
        name=team.display_name if team else name_of(work, row.author) or _told_name(work, under),
        acted_for=name_of(work, under.patient) if under is not None else "",
        text=str(kept["text"]),
        files=tuple(files[one] for one in kept["files"] if one in files),
        at=row.at,
        read_at=min(seen) if seen else None,
    )


def _told_name(work: Work, under: RelationshipRow | None) -> str:
    return str(content_of(work, under)["name"]) if under is not None else ""
