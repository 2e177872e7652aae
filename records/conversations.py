"""Conversations of patients with their care team: begun, typed, sent, read, handed over and closed.

A message is no encounter: nothing here moves a visit along. What is said is sealed under the patient's key and can only
be added to. Whoever writes for a patient does so under a relationship with the scope ``write``, and is named with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update

from engine.clinic_terms import USUAL_NIGHT, QuietHours
from records.access import permitted
from records.acting import held_for
from records.acts import Act
from records.codes import new_id
from records.conversation_notices import tell_patient_side, tell_team
from records.conversation_rows import (
    BEGUN,
    CLOSED,
    DROPPED,
    OPEN,
    PATIENT_SIDE,
    TEAM_SIDE,
    ConversationView,
    CoverView,
    Reached,
    SaidView,
    Typed,
    content,
    cover_view,
    draft_of,
    hidden_from,
    place_of,
    reach,
    said,
    side_of,
    standing_in,
    typed,
    view,
)
from records.conversation_writing import add_message, mark_read, newest_in
from records.errors import AlreadyDone, Erased, NoLicense, NotYetBegun, RecordsError
from records.people import HOLDS
from records.stages import DRAFT
from records.tables.conversations import (
    ConversationDraftRow,
    ConversationMessageRow,
    ConversationReadRow,
    ConversationRow,
)
from records.tables.people import LicenseRow, Provider
from records.tables.relationships import RelationshipRow
from records.tables.visits import Visit
from records.work import Repository, Work

LONGEST, LONGEST_SUBJECT = 4000, 120
MOST_AN_HOUR, MOST_BEGUN = 20, 10
# Nobody was or will be seen at such a visit, so there is nothing to write about.
SILENT = frozenset({DRAFT, "held", "refused", "expired"})
_LISTED = 100


class TooManyMessages(RecordsError):
    """Enough for now: ``code`` is ``hour`` (messages of this hour) or ``begun`` (conversations that were begun)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MessageDraft:
    """A message about to be sent; ``key`` is the client's own id of it, ``subject`` is asked for with the first.

    ``answer_seconds`` is how soon the clinic says that it answers, ``night`` when nobody is sent anything.
    """

    conversation: str
    text: str
    key: str
    subject: str = ""
    answer_seconds: int = 172_800
    night: QuietHours = USUAL_NIGHT


class Conversations(Repository):
    """The clinic's conversations."""

    def begin(self, visit: str, *, about_visit: bool = True) -> str:
        """A conversation in which nothing was sent yet; one's own of the same kind that is there already is that one.

        Raises:
            NotYetBegun: nobody is or was to be seen at the visit.
            TooManyMessages: ``begun``.
        """
        work, row = self._work, self._work.row(Visit, visit)
        row = work.visit(visit, Act.CONVERSATION_BEGUN, audited=False)
        if row.stage in SILENT:
            raise NotYetBegun(visit)
        known = self._begun(visit, about_visit)
        if known is not None:
            return known
        self._refuse_many_begun(row.patient)
        made, held = new_id("cnv"), held_for(work, row.patient)
        sealed = work.seal(("conversations", "content", made), {"subject": ""}, row.patient)
        fresh = ConversationRow(
            id=made,
            clinic=work.clinic,
            patient=row.patient,
            visit=visit,
            about_visit=about_visit,
            clinician=work.actor.person if side_of(work) == TEAM_SIDE else row.provider,
            begun_by=work.actor.person,
            relationship=held.relationship if held else None,
            state=BEGUN,
            content=sealed,
            began_at=work.at,
            changed_at=work.at,
        )
        self._session.add(fresh)
        self._session.flush()
        work.note(Act.CONVERSATION_BEGUN, made, visit)
        return made

    def of_patient(self, patient: str) -> tuple[ConversationView, ...]:
        """Every conversation of the patient that the actor may see, the newest first."""
        self._work.patient(patient, Act.CONVERSATIONS_LISTED)
        self._work.note(Act.CONVERSATIONS_LISTED, patient)
        query = select(ConversationRow).where(
            ConversationRow.clinic == self._work.clinic, ConversationRow.patient == patient
        )
        return self._seen(query)

    def at_visit(self, visit: str) -> tuple[ConversationView, ...]:
        """Those that belong to a visit, the newest first."""
        self._work.visit(visit, Act.CONVERSATIONS_LISTED)
        query = select(ConversationRow).where(
            ConversationRow.clinic == self._work.clinic, ConversationRow.visit == visit
        )
        return self._seen(query)

    def inbox(self) -> tuple[ConversationView, ...]:
        """A clinician's: what waits for an answer first, by when it is due; then the rest, the newest first."""
        work, me = self._work, self._work.actor.person
        work.note(Act.CONVERSATIONS_LISTED, work.clinic)
        mine = select(Visit.id).where(Visit.clinic == work.clinic, Visit.provider == me)
        query = select(ConversationRow).where(
            ConversationRow.clinic == work.clinic,
            or_(ConversationRow.clinician == me, ConversationRow.visit.in_(mine)),
        )
        found = self._seen(query)
        waits = sorted((one for one in found if one.due_at), key=lambda one: one.due_at or one.changed_at)
        return (*waits, *(one for one in found if not one.due_at))

    def get(self, conversation: str) -> ConversationView:
        """One conversation, without its messages."""
        reached = self._reach(conversation, Act.CONVERSATION_VIEWED)
        return view(self._work, reached.row, reached.visit)

    def messages(self, conversation: str) -> tuple[SaidView, ...]:
        """What was said, the oldest first."""
        return said(self._work, self._reach(conversation, Act.CONVERSATION_VIEWED).row)

    def read(self, conversation: str) -> None:
        """The actor was shown everything that is there now."""
        reached = self._reach(conversation, Act.CONVERSATION_VIEWED)
        mark_read(self._work, reached, newest_in(self._work, conversation))

    def typed(self, conversation: str) -> Typed:
        """What the actor typed and has not sent."""
        self._reach(conversation, Act.CONVERSATION_VIEWED)
        return typed(self._work, conversation)

    def type(self, conversation: str, subject: str, text: str) -> None:
        """Keeps what the actor has typed so far. Raises `AlreadyDone` where nothing can be sent any more."""
        reached = self._reach(conversation, Act.CONVERSATION_DRAFTED)
        if reached.row.state == CLOSED:
            raise AlreadyDone("conversation")
        kept, fresh = {"subject": subject[:LONGEST_SUBJECT], "text": text[:LONGEST]}, new_id("cdr")
        row = draft_of(self._work, conversation) or ConversationDraftRow(
            id=fresh, conversation=conversation, person=self._work.actor.person, clinic=self._work.clinic
        )
        row.content = self._work.seal(("conversation_drafts", "content", row.id), kept, reached.row.patient)
        row.at = self._work.at
        self._session.add(row)
        self._session.flush()

    def send(self, draft: MessageDraft) -> str:
        """Sends it with the actor's files; returns the message's id. The same key again is the same message.

        Raises:
            AlreadyDone: the conversation is closed.
            TooManyMessages: ``hour``.
            ValueError: there are no words, or no subject where one is asked for.
        """
        reached = self._reach(draft.conversation, Act.CONVERSATION_WRITTEN)
        known = self._sent_before(draft)
        if known is not None:
            self._forget_typed(draft)
            return known
        if reached.row.state not in (BEGUN, OPEN):
            raise AlreadyDone("conversation")
        if not draft.text.strip() or (reached.row.state == BEGUN and not draft.subject.strip()):
            raise ValueError("a message has words, and a new conversation a subject")
        self._refuse_many_sent(reached)
        untold = self._is_told_nothing(reached)
        message = add_message(self._work, reached, draft.text[:LONGEST], draft.key)
        self._go_on(reached, draft)
        if untold:
            tell = tell_team if reached.side == PATIENT_SIDE else tell_patient_side
            tell(self._work, reached, draft.night)
        return message

    def close(self, conversation: str) -> None:
        """Ends it; it stays readable. A second time changes nothing."""
        row = self._reach(conversation, Act.CONVERSATION_CLOSED).row
        if row.state != OPEN:
            return
        row.state, row.closed_at, row.closed_by = CLOSED, self._work.at, self._work.actor.person
        row.waiting_since = row.due_at = None
        row.changed_at = self._work.at
        self._session.execute(delete(ConversationDraftRow).where(ConversationDraftRow.conversation == conversation))

    def drop(self, conversation: str) -> None:
        """Lets go what was begun and never sent. Raises `AlreadyDone` once something was."""
        row = self._reach(conversation, Act.CONVERSATION_DROPPED).row
        if row.state != BEGUN:
            raise AlreadyDone("conversation")
        row.state, row.changed_at = DROPPED, self._work.at
        self._session.execute(delete(ConversationDraftRow).where(ConversationDraftRow.conversation == conversation))

    def hand_over(self, conversation: str, clinician: str) -> None:
        """A colleague answers from now on; whose visit it is still reads it.

        Raises:
            NoLicense: they hold no active licence where the patient said they are.
        """
        reached = self._reach(conversation, Act.CONVERSATION_HANDED)
        if reached.row.state != OPEN:
            raise AlreadyDone("conversation")
        self._give(reached, clinician)

    def overdue(self) -> tuple[CoverView, ...]:
        """What other clinicians' patients wait for longer than they were told, where the actor is licensed."""
        work = self._work
        work.whole_clinic(Act.CONVERSATIONS_OVERDUE)
        work.note(Act.CONVERSATIONS_OVERDUE, work.clinic)
        query = select(ConversationRow).where(
            ConversationRow.clinic == work.clinic,
            ConversationRow.state == OPEN,
            ConversationRow.due_at < work.at,
            ConversationRow.clinician != work.actor.person,
        )
        rows = work.session.scalars(query.order_by(ConversationRow.due_at).limit(_LISTED))
        found = [cover_view(work, row, row.due_at) for row in rows if row.due_at is not None]
        return tuple(one for one in found if _is_licensed(work, work.actor.person, one.place_state))

    def take(self, conversation: str) -> None:
        """Takes over what waits too long; from now on the actor answers, and reads it.

        Raises:
            AlreadyDone: it does not wait too long any more.
            NoLicense: as for `hand_over`.
        """
        work = self._work
        work.whole_clinic(Act.CONVERSATION_TAKEN)
        row = work.row(ConversationRow, conversation)
        work.lock(Visit, row.visit)
        row = work.row(ConversationRow, conversation)
        if row.state != OPEN or row.due_at is None or row.due_at >= work.at:
            raise AlreadyDone("conversation")
        work.note(Act.CONVERSATION_TAKEN, conversation, row.visit)
        self._give(Reached(row=row, visit=work.row(Visit, row.visit)), work.actor.person)

    def unread(self) -> int:
        """How many conversations hold something new for the actor; a number, and nothing of whom or what."""
        work, me = self._work, self._work.actor.person
        work.allow(Act.CONVERSATIONS_LISTED)
        visits = select(Visit.id).where(Visit.clinic == work.clinic, Visit.provider == me)
        acts_for = select(RelationshipRow.patient).where(
            RelationshipRow.clinic == work.clinic, RelationshipRow.person == me, RelationshipRow.revoked_at.is_(None)
        )
        mine = or_(ConversationRow.clinician == me, ConversationRow.visit.in_(visits))
        theirs = or_(ConversationRow.patient == me, ConversationRow.patient.in_(acts_for))
        side = side_of(work)
        read = (ConversationReadRow.conversation == ConversationRow.id) & (ConversationReadRow.person == me)
        query = (
            select(ConversationRow)
            .join(ConversationMessageRow, ConversationMessageRow.conversation == ConversationRow.id)
            .outerjoin(ConversationReadRow, read)
            .where(
                ConversationRow.clinic == work.clinic,
                mine if side == TEAM_SIDE else theirs,
                ConversationMessageRow.side != side,
                ConversationMessageRow.number > func.coalesce(ConversationReadRow.number, 0),
            )
            .distinct()
        )
        rows = work.session.scalars(query)
        return sum(self._may_see(row, work.row(Visit, row.visit)) for row in rows)

    def _reach(self, conversation: str, act: Act) -> Reached:
        reached = reach(self._work, conversation, act)
        self._work.note(act, conversation, reached.visit.id)
        return reached

    def _may_see(self, row: ConversationRow, visit: Visit) -> bool:
        unsent = row.state == DROPPED or (row.state == BEGUN and row.begun_by != self._work.actor.person)
        if unsent or (side_of(self._work) == PATIENT_SIDE and hidden_from(self._work, row, visit)):
            return False
        return permitted(standing_in(self._work, row, visit), Act.CONVERSATION_VIEWED)

    def _seen(self, query: object) -> tuple[ConversationView, ...]:
        rows: Iterable[ConversationRow] = self._session.scalars(
            query.order_by(ConversationRow.changed_at.desc(), ConversationRow.id).limit(_LISTED)  # type: ignore[attr-defined]
        ).all()
        found = []
        for row in rows:
            visit = self._work.row(Visit, row.visit)
            if self._may_see(row, visit):
                with suppress(Erased):
                    found.append(view(self._work, row, visit))
        return tuple(found)

    def _begun(self, visit: str, about_visit: bool) -> str | None:
        query = select(ConversationRow.id).where(
            ConversationRow.visit == visit,
            ConversationRow.about_visit.is_(about_visit),
            ConversationRow.begun_by == self._work.actor.person,
            ConversationRow.state == BEGUN,
        )
        return self._session.scalar(query.limit(1))

    def _sent_before(self, draft: MessageDraft) -> str | None:
        query = select(ConversationMessageRow.id).where(
            ConversationMessageRow.conversation == draft.conversation, ConversationMessageRow.client_key == draft.key
        )
        return self._session.scalar(query)

    def _forget_typed(self, draft: MessageDraft) -> None:
        """What was sent before and came again, as from a page gone back to, is not typed for another time."""
        row = draft_of(self._work, draft.conversation)
        if row is not None and typed(self._work, draft.conversation).text == draft.text:
            self._session.delete(row)
            self._session.flush()

    def _refuse_many_begun(self, patient: str) -> None:
        query = select(func.count()).where(
            ConversationRow.clinic == self._work.clinic,
            ConversationRow.patient == patient,
            ConversationRow.state.in_((BEGUN, OPEN)),
            ConversationRow.begun_by == self._work.actor.person,
        )
        if side_of(self._work) == PATIENT_SIDE and (self._session.scalar(query) or 0) >= MOST_BEGUN:
            raise TooManyMessages("begun")

    def _refuse_many_sent(self, reached: Reached) -> None:
        query = select(func.count()).where(
            ConversationMessageRow.clinic == self._work.clinic,
            ConversationMessageRow.author == self._work.actor.person,
            ConversationMessageRow.at > self._work.at - timedelta(hours=1),
        )
        if reached.side == PATIENT_SIDE and (self._session.scalar(query) or 0) >= MOST_AN_HOUR:
            raise TooManyMessages("hour")

    def _is_told_nothing(self, reached: Reached) -> bool:
        """Whether the other side has read everything so far, so that one notice tells it that there is more."""
        query = select(func.max(ConversationMessageRow.number)).where(
            ConversationMessageRow.conversation == reached.row.id, ConversationMessageRow.side == reached.side
        )
        newest = self._session.scalar(query) or 0
        read = select(func.max(ConversationReadRow.number)).where(
            ConversationReadRow.conversation == reached.row.id, ConversationReadRow.side != reached.side
        )
        return (self._session.scalar(read) or 0) >= newest

    def _go_on(self, reached: Reached, draft: MessageDraft) -> None:
        """The conversation after the message: whom it waits for, and until when."""
        row, work = reached.row, self._work
        if row.state == BEGUN:
            kept = {**content(work, row), "subject": draft.subject.strip()[:LONGEST_SUBJECT]}
            row.content = work.seal(("conversations", "content", row.id), kept, row.patient)
        row.state, row.changed_at = OPEN, work.at
        if reached.side == TEAM_SIDE:
            row.waiting_since = row.due_at = None
        elif row.waiting_since is None:
            row.waiting_since = work.at
            row.due_at = work.at + timedelta(seconds=draft.answer_seconds)
        mine = (ConversationDraftRow.conversation == row.id, ConversationDraftRow.person == work.actor.person)
        self._session.execute(delete(ConversationDraftRow).where(*mine))
        self._session.flush()

    def _give(self, reached: Reached, clinician: str) -> None:
        work, state = self._work, str(place_of(self._work, reached.visit).get("state") or "")
        provider = work.row(Provider, clinician)
        if not provider.active or not _is_licensed(work, clinician, state):
            raise NoLicense(clinician)
        if reached.row.clinician == clinician:
            return
        reached.row.clinician, reached.row.changed_at = clinician, work.at
        self._session.flush()
        if clinician != work.actor.person:
            tell_team(work, reached, USUAL_NIGHT)


def end_conversations(work: Work, person: str) -> None:
    """Ends those of a person who is being erased; what was said is unreadable with their key, and nothing waits."""
    own = (ConversationRow.clinic == work.clinic, ConversationRow.patient == person)
    ids = select(ConversationRow.id).where(*own)
    work.session.execute(delete(ConversationDraftRow).where(ConversationDraftRow.conversation.in_(ids)))
    ended = {"state": CLOSED, "closed_at": work.at, "waiting_since": None, "due_at": None}
    work.session.execute(update(ConversationRow).where(*own, ConversationRow.state != CLOSED).values(**ended))


def _is_licensed(work: Work, person: str, state: str) -> bool:
    """Whether they hold a licence that counts in the state today; nowhere is nobody licensed."""
    today = work.at.date()
    query = select(LicenseRow).where(
        LicenseRow.clinic == work.clinic, LicenseRow.person == person, LicenseRow.state == state, HOLDS
    )
    rows = work.session.scalars(query).all() if state else ()
    return any(row.status == "active" and (row.expires is None or row.expires >= today) for row in rows)


def is_over(conversation: ConversationView, now: datetime) -> bool:
    """Whether the time is over within which an answer was promised."""
    return conversation.due_at is not None and conversation.due_at < now
