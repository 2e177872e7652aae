"""How a line gets into a conversation: numbered, sealed under the patient's key, with the files its writer added."""

from __future__ import annotations

from sqlalchemy import func, select

from records.acting import held_for
from records.codes import new_id
from records.conversation_rows import Reached, pending_files
from records.tables.conversations import ConversationMessageRow, ConversationReadRow
from records.work import Work


def add_message(work: Work, reached: Reached, text: str, key: str) -> str:
    """Adds it as the newest, read by whoever wrote it; returns its id."""
    conversation, patient = reached.row.id, reached.row.patient
    made, number, held = new_id("cmg"), newest_in(work, conversation) + 1, held_for(work, patient)
    files = [one.id for one in pending_files(work, conversation) if one.state != "refused"]
    work.session.add(
        ConversationMessageRow(
            id=made,
            clinic=work.clinic,
            conversation=conversation,
            number=number,
            side=reached.side,
            author=work.actor.person,
            relationship=held.relationship if held else None,
            client_key=key,
            content=work.seal(("conversation_messages", "content", made), {"text": text, "files": files}, patient),
            at=work.at,
        )
    )
    work.session.flush()
    mark_read(work, reached, number)
    return made


def mark_read(work: Work, reached: Reached, number: int) -> None:
    """The actor was shown everything up to that number."""
    row = work.session.get(ConversationReadRow, (reached.row.id, work.actor.person))
    if row is None:
        row = ConversationReadRow(
            conversation=reached.row.id, person=work.actor.person, clinic=work.clinic, side=reached.side, number=0
        )
    if number > row.number:
        row.number, row.at = number, work.at
        work.session.add(row)
        work.session.flush()


def newest_in(work: Work, conversation: str) -> int:
    """The number of its newest message, 0 without one."""
    query = select(func.max(ConversationMessageRow.number)).where(ConversationMessageRow.conversation == conversation)
    return work.session.scalar(query) or 0
