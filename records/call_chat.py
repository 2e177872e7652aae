"""What is written to each other during a call: a conversation of the visit that both sides find among their messages.

It is sealed and kept as every conversation, and goes on there after the call. Nothing written while both are there
waits for an answer or sends a notice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select

from records.acting import held_for
from records.acts import Act
from records.codes import new_id
from records.conversation_rows import OPEN, Reached, SaidView, content, pending_files, reach, said
from records.conversation_writing import add_message, mark_read, newest_in
from records.conversations import LONGEST, TooManyMessages
from records.errors import AlreadyDone
from records.stages import IN_CALL
from records.tables.conversations import ConversationMessageRow, ConversationRow
from records.tables.visits import Visit
from records.work import Repository

MOST_AN_HOUR = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLine:
    """Something to be said in the call; ``key`` is the client's own id of it."""

    conversation: str
    text: str = field(repr=False)
    key: str


class CallChat(Repository):
    """The chat of the clinic's calls."""

    def read(self, visit: str) -> tuple[str, tuple[SaidView, ...]]:
        """The conversation's id and what was said, the oldest first; empty while nobody wrote. It is then read."""
        self._work.visit(visit, Act.CONVERSATIONS_LISTED)
        found = self._of(visit)
        if found is None:
            return "", ()
        reached = reach(self._work, found, Act.CONVERSATION_VIEWED)
        mark_read(self._work, reached, newest_in(self._work, found))
        return found, said(self._work, reached.row)

    def open(self, visit: str, subject: str) -> str:
        """The conversation of the call that is on, begun when there is none. Raises `AlreadyDone` without a call."""
        work = self._work
        row = work.visit(visit, Act.CONVERSATION_BEGUN, audited=False)
        if row.stage != IN_CALL:
            raise AlreadyDone(visit)
        known = self._of(visit)
        return known if known is not None else self._begin(row, subject)

    def say(self, line: ChatLine) -> str:
        """Keeps a line with the files its writer added; returns its id. The same key again is the same line.

        Raises:
            AlreadyDone: the call is over.
            TooManyMessages: ``hour``.
            ValueError: there is nothing in it.
        """
        reached = reach(self._work, line.conversation, Act.CONVERSATION_WRITTEN)
        known = self._said_before(line)
        if known is not None:
            return known
        if reached.row.state != OPEN or reached.visit.stage != IN_CALL:
            raise AlreadyDone("conversation")
        if not line.text.strip() and not pending_files(self._work, line.conversation):
            raise ValueError("a line has words or a file")
        self._refuse_many(reached)
        message = add_message(self._work, reached, line.text.strip()[:LONGEST], line.key)
        reached.row.changed_at = self._work.at
        self._work.note(Act.CONVERSATION_WRITTEN, message, reached.visit.id)
        return message

    def _begin(self, row: Visit, subject: str) -> str:
        work, made, held = self._work, new_id("cnv"), held_for(self._work, row.patient)
        sealed = work.seal(("conversations", "content", made), {"subject": subject, "call": True}, row.patient)
        self._session.add(
            ConversationRow(
                id=made,
                clinic=work.clinic,
                patient=row.patient,
                visit=row.id,
                about_visit=True,
                clinician=row.provider,
                begun_by=work.actor.person,
                relationship=held.relationship if held else None,
                state=OPEN,
                content=sealed,
                began_at=work.at,
                changed_at=work.at,
            )
        )
        self._session.flush()
        work.note(Act.CONVERSATION_BEGUN, made, row.id)
        return made

    def _of(self, visit: str) -> str | None:
        query = select(ConversationRow).where(
            ConversationRow.clinic == self._work.clinic,
            ConversationRow.visit == visit,
            ConversationRow.about_visit.is_(True),
        )
        rows = self._session.scalars(query.order_by(ConversationRow.began_at.desc(), ConversationRow.id))
        return next((row.id for row in rows if content(self._work, row).get("call")), None)

    def _said_before(self, line: ChatLine) -> str | None:
        query = select(ConversationMessageRow.id).where(
            ConversationMessageRow.conversation == line.conversation, ConversationMessageRow.client_key == line.key
        )
        return self._session.scalar(query)

    def _refuse_many(self, reached: Reached) -> None:
        query = select(func.count()).where(
            ConversationMessageRow.conversation == reached.row.id,
            ConversationMessageRow.author == self._work.actor.person,
            ConversationMessageRow.at > self._work.at - timedelta(hours=1),
        )
        if (self._session.scalar(query) or 0) >= MOST_AN_HOUR:
            raise TooManyMessages("hour")
