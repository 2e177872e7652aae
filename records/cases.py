"""Cases without a call: what a clinician asked the patient for, what they replied, and on whom it waits until when.

What was said is kept with the visit's papers, sealed under the patient's key. A reply is announced to the visit's
workflow; a question is asked of it (`ask_more`), and names what was kept here. It may refuse: a question was asked once
the visit stands at `MORE_ASKED` after it was kept, and until then its patient is shown none of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from records.acts import Act
from records.codes import new_id
from records.course import append_event, tell
from records.errors import AlreadyDone
from records.stages import IN_REVIEW, MORE_ASKED
from records.tables.clinical import DocumentRow
from records.tables.visits import Visit, VisitEventRow
from records.work import Repository

QUESTION, REPLY = "case_question", "case_reply"
KEPT_QUESTION = "question_kept"
CLOCK, ON_CLINICIAN = "answer_clock", "clinician"
LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CaseMessage:
    """One thing said: by the clinician (a question) or the patient (a reply); ``asked`` is False of a question that the
    visit has not taken up, or refused."""

    id: str
    by_patient: bool
    text: str
    at: datetime
    asked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClock:
    """When the answer is due; `paused` and None while the case waits on the patient."""

    paused: bool
    due: datetime | None


class Cases(Repository):
    """The clinic's cases."""

    def thread(self, visit: str, *, unasked: bool = False) -> tuple[CaseMessage, ...]:
        """What was asked and replied, the oldest first; ``unasked``: and questions that never were, for the desk."""
        self._work.visit(visit, Act.CASE_VIEWED)
        never = self._unasked(visit)
        return tuple(self._message(row, never) for row in self._rows(visit) if unasked or row.id not in never)

    def ask(self, visit: str, text: str, key: str) -> str:
        """Keeps a question to the patient; returns its id. The same key again is the same question.

        Raises:
            AlreadyDone: nobody has opened the case, or it was answered.
        """
        row = self._work.visit(visit, Act.CASE_ASKED)
        known = self._known(visit, key)
        if known and (row.stage != IN_REVIEW or known not in self._unasked(visit)):
            return known
        if row.stage != IN_REVIEW:
            raise AlreadyDone("case")
        question = known or self._keep(row, QUESTION, text, key)
        append_event(self._work, row, KEPT_QUESTION, detail={"subject": question})
        return question

    def reply(self, visit: str, text: str, key: str) -> str:
        """Keeps the patient's reply and announces it; returns its id. The same key again is the same reply.

        Raises:
            AlreadyDone: nothing is asked.
        """
        row = self._work.visit(visit, Act.CASE_REPLIED)
        known = self._known(visit, key)
        if known:
            return known
        if row.stage != MORE_ASKED or self._is_replied(visit):
            raise AlreadyDone("case")
        reply = self._keep(row, REPLY, text, key)
        append_event(self._work, row, "case_replied", detail={"subject": reply})
        tell(self._work, visit, "case_replied", reply)
        return reply

    def clock(self, visit: str) -> CaseClock | None:
        """The newest word of the workflow about the case's clock, None where there is none. Not audited: no PHI."""
        self._work.visit(visit, Act.VISIT_VIEWED, audited=False)
        query = select(VisitEventRow.detail).where(VisitEventRow.visit == visit, VisitEventRow.event == CLOCK)
        detail = self._session.scalar(query.order_by(VisitEventRow.sequence.desc()).limit(1))
        if detail is None:
            return None
        due = datetime.fromisoformat(detail["due"]) if detail.get("due") else None
        return CaseClock(paused=detail.get("code") != ON_CLINICIAN, due=due)

    def _is_replied(self, visit: str) -> bool:
        """Whether the newest question has its reply, which the workflow may not have heard yet."""
        rows = self._rows(visit)
        return bool(rows) and rows[-1].kind == REPLY

    def _rows(self, visit: str) -> list[DocumentRow]:
        query = select(DocumentRow).where(DocumentRow.visit == visit, DocumentRow.kind.in_((QUESTION, REPLY)))
        return list(self._session.scalars(query.order_by(DocumentRow.at, DocumentRow.id)))

    def _unasked(self, visit: str) -> set[str]:
        """Questions that the visit did not stand at `MORE_ASKED` for: that stage is of the one kept last before it."""
        query = select(VisitEventRow).where(
            VisitEventRow.visit == visit,
            or_(VisitEventRow.event == KEPT_QUESTION, VisitEventRow.stage == MORE_ASKED),
        )
        unasked: set[str] = set()
        newest = ""
        for event in self._session.scalars(query.order_by(VisitEventRow.sequence)):
            if event.event == KEPT_QUESTION:
                newest = event.detail["subject"]
                unasked.add(newest)
            else:
                unasked.discard(newest)
        return unasked

    def _known(self, visit: str, key: str) -> str:
        return next((row.id for row in self._rows(visit) if self._content(row)["key"] == key), "")

    def _keep(self, visit: Visit, kind: str, text: str, key: str) -> str:
        row_id = new_id("doc")
        said = {"text": text[:LONGEST], "key": key}
        sealed = self._work.seal(("documents", "content", row_id), said, visit.patient)
        row = DocumentRow(
            id=row_id,
            clinic=self._work.clinic,
            visit=visit.id,
            patient=visit.patient,
            kind=kind,
            content=sealed,
            at=self._work.at,
        )
        self._session.add(row)
        self._session.flush()
        return row_id

    def _content(self, row: DocumentRow) -> dict[str, str]:
        found: dict[str, str] = self._work.open(("documents", "content", row.id), row.content)
        return found

    def _message(self, row: DocumentRow, unasked: Collection[str]) -> CaseMessage:
        return CaseMessage(
            id=row.id,
            by_patient=row.kind == REPLY,
            text=self._content(row)["text"],
            at=row.at,
            asked=row.id not in unasked,
        )
