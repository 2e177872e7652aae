"""Answers and submissions: every answer is a new version, written once for each of the client's keys, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from records.access import permitted
from records.acts import Act
from records.codes import as_code, new_id
from records.course import append_event, raise_alert, tell
from records.errors import AlreadyDone, Conflict, PhotosGone
from records.shots import gone, shots_in
from records.standing import standing_at
from records.tables.clinical import AnswerRow, SubmissionRow
from records.tables.visits import AlertRow, Visit
from records.work import Repository

RED_FLAG = "red_flag"
MOST_EARLIER = 6
"""How many forms of earlier visits are looked at for what the patient told last."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AnswerDraft:
    """An answer to be saved. ``version`` is the one the page showed (0: none yet), ``key`` the client's own id of this
    save: the same key again is the same save. ``value`` is any JSON value."""

    visit: str
    form: str
    item: str
    value: Any
    version: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAnswer:
    """The version now kept, when it was written, and whether an earlier call with the same key had written it."""

    version: int
    at: datetime
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AnswerView:
    """The newest version of an answer."""

    value: Any
    version: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Submission:
    """A form handed in: the items shown (hidden answers leave every decision), and the facts that they fill."""

    visit: str
    form: str
    form_digest: str
    shown: tuple[str, ...]
    fills: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SubmissionView:
    """A form as it was handed in."""

    id: str
    form: str
    form_digest: str
    at: datetime
    answers: Mapping[str, Any]
    fills: Mapping[str, Any]


class Forms(Repository):
    """A visit's forms."""

    def save_answer(self, draft: AnswerDraft) -> SavedAnswer:
        """Writes a new version.

        Raises:
            Conflict: somebody saved another version since the page was shown.
            AlreadyDone: the form was handed in.
            PhotosGone: the answer newly names a file that is not kept with the visit.
            ValueError: form, item or key is not a code, or the key saved another answer before.
        """
        visit = self._work.visit(draft.visit, Act.ANSWER_SAVED, audited=False)
        known = self._by_key(draft)
        if known is not None:
            return SavedAnswer(version=known.version, at=known.at, repeated=True)
        current = self._current_version(draft)
        if current != draft.version:
            raise Conflict("answer", current)
        if self._submission_id(draft.visit, draft.form) is not None:
            raise AlreadyDone("form")
        self._refuse_gone(draft.visit, draft.item, self._new_shots(draft))
        return self._write(visit, draft)

    def flag(self, visit: str, form: str, item: str, flag: str, *, stops: bool) -> None:
        """An answer raised a red flag: opens the clinicians' task, once for each flag of a form.

        ``stops`` says that the flag ends the visit; any other is announced to the visit's workflow as ``flag_raised``,
        for a form that is only asked then.
        """
        row = self._work.visit(visit, Act.FLAG_RAISED)
        subject = as_code(f"{form}:{flag}")
        raised = select(AlertRow.id).where(
            AlertRow.visit == visit, AlertRow.kind == RED_FLAG, AlertRow.subject == subject
        )
        if self._session.scalar(raised) is not None:
            return
        raise_alert(self._work, visit, RED_FLAG, subject)
        append_event(self._work, row, RED_FLAG, detail={"form": form, "item": as_code(item), "flag": flag})
        tell(self._work, visit, RED_FLAG if stops else "flag_raised", subject)

    def answers(self, visit: str, form: str) -> Mapping[str, AnswerView]:
        """The newest version of every answer of a form, by item; one query."""
        self._work.visit(visit, Act.ANSWERS_VIEWED)
        return {row.item: self._view(row) for row in self._newest(visit, form)}

    def submit(self, submission: Submission) -> str:
        """Hands the form in and announces it; handed in again it is the same submission. Returns its id.

        Raises:
            PhotosGone: an answer names photos that were removed, or refused by their check.
        """
        visit = self._work.visit(submission.visit, Act.FORM_SUBMITTED)
        known = self._submission_id(submission.visit, submission.form)
        if known is not None:
            return known
        row_id, shown = new_id("sub"), set(submission.shown)
        newest = self._newest(submission.visit, submission.form)
        answers = {row.item: self._view(row).value for row in newest if row.item in shown}
        for item, value in answers.items():
            self._refuse_gone(submission.visit, item, shots_in(value))
        content = {"answers": answers, "fills": dict(submission.fills)}
        row = SubmissionRow(
            id=row_id,
            clinic=self._work.clinic,
            visit=submission.visit,
            form=as_code(submission.form),
            form_digest=submission.form_digest,
            at=self._work.at,
            content=self._work.seal(("submissions", "content", row_id), content, visit.patient),
        )
        self._session.add(row)
        append_event(self._work, visit, "form_submitted", detail={"form": submission.form})
        tell(self._work, submission.visit, "intake_submitted", submission.form)
        return row_id

    def submitted(self, visit: str) -> tuple[SubmissionView, ...]:
        """The forms handed in, in their order."""
        self._work.visit(visit, Act.ANSWERS_VIEWED)
        query = select(SubmissionRow).where(SubmissionRow.visit == visit).order_by(SubmissionRow.at, SubmissionRow.id)
        return tuple(self._submission(row) for row in self._session.scalars(query))

    def earlier(self, visit: str) -> tuple[SubmissionView, ...]:
        """What the same patient handed in at other visits, newest first, at most `MOST_EARLIER`.

        Visits that the actor may not read are left out; each that is read is audited.
        """
        own = self._work.visit(visit, Act.ANSWERS_VIEWED)
        query = (
            select(SubmissionRow, Visit)
            .join(Visit, Visit.id == SubmissionRow.visit)
            .where(Visit.clinic == self._work.clinic, Visit.patient == own.patient, Visit.id != visit)
            .order_by(SubmissionRow.at.desc(), SubmissionRow.id)
            .limit(MOST_EARLIER)
        )
        rows = [
            (row, other)
            for row, other in self._session.execute(query)
            if permitted(standing_at(self._work, other), Act.ANSWERS_VIEWED)
        ]
        for other in dict.fromkeys(other.id for _, other in rows):
            self._work.visit(other, Act.ANSWERS_VIEWED)
        return tuple(self._submission(row) for row, _ in rows)

    def _write(self, visit: Visit, draft: AnswerDraft) -> SavedAnswer:
        row_id, version = new_id("ans"), draft.version + 1
        row = AnswerRow(
            id=row_id,
            clinic=self._work.clinic,
            visit=visit.id,
            form=as_code(draft.form),
            item=as_code(draft.item),
            version=version,
            client_key=as_code(draft.key),
            at=self._work.at,
            actor=self._work.actor.person,
            value=self._work.seal(("answers", "value", row_id), draft.value, visit.patient),
        )
        self._session.add(row)
        self._work.note(Act.ANSWER_SAVED, row_id, visit.id, form=draft.form, item=draft.item, version=version)
        self._session.flush()
        return SavedAnswer(version=version, at=row.at, repeated=False)

    def _new_shots(self, draft: AnswerDraft) -> dict[str, str]:
        """What this answer names and the one before it did not."""
        shots = shots_in(draft.value)
        before = (row for row in self._newest(draft.visit, draft.form) if row.item == draft.item) if shots else ()
        known = {blob for row in before for blob in shots_in(self._view(row).value).values()}
        return {shot: blob for shot, blob in shots.items() if blob not in known}

    def _refuse_gone(self, visit: str, item: str, shots: Mapping[str, str]) -> None:
        lost = gone(self._work, visit, shots.values())
        if lost:
            raise PhotosGone(item, tuple(shot for shot, blob in shots.items() if blob in lost))

    def _by_key(self, draft: AnswerDraft) -> AnswerRow | None:
        query = select(AnswerRow).where(AnswerRow.visit == draft.visit, AnswerRow.client_key == draft.key)
        row = self._session.scalars(query).first()
        if row is not None and (row.form, row.item) != (draft.form, draft.item):
            raise ValueError("the client's key was used for another answer")
        return row

    def _current_version(self, draft: AnswerDraft) -> int:
        query = select(func.max(AnswerRow.version)).where(
            AnswerRow.visit == draft.visit, AnswerRow.form == draft.form, AnswerRow.item == draft.item
        )
        return self._session.scalar(query) or 0

    def _submission_id(self, visit: str, form: str) -> str | None:
        query = select(SubmissionRow.id).where(SubmissionRow.visit == visit, SubmissionRow.form == form)
        return self._session.scalar(query)

    def _newest(self, visit: str, form: str) -> Iterable[AnswerRow]:
        query = select(AnswerRow).where(AnswerRow.visit == visit, AnswerRow.form == form).order_by(AnswerRow.version)
        return {row.item: row for row in self._session.scalars(query)}.values()

    def _view(self, row: AnswerRow) -> AnswerView:
        value = self._work.open(("answers", "value", row.id), row.value)
        return AnswerView(value=value, version=row.version, at=row.at)

    def _submission(self, row: SubmissionRow) -> SubmissionView:
        content = self._work.open(("submissions", "content", row.id), row.content)
        return SubmissionView(
            id=row.id,
            form=row.form,
            form_digest=row.form_digest,
            at=row.at,
            answers=content["answers"],
            fills=content["fills"],
        )
