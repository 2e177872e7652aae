"""What moves a visit along, for repositories and adapters alike: events, announcements, alerts, notices, effects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from engine.ports import Effect
from records.acting import is_active, rows_of, scopes_of
from records.acts import Act
from records.codes import as_code, new_id
from records.matters import put_task, settle_task
from records.tables.visits import AlertRow, EffectRow, MessageRow, OutboxRow, Visit, VisitEventRow
from records.text_wishes import wants_texts
from records.work import Work

MAIL, TEXT = "mail", "text"
TEXT_AUDIENCE = "patient_text"


def append_event(
    work: Work, visit: Visit, event: str, stage: str | None = None, detail: Mapping[str, Any] | None = None
) -> None:
    """Appends an event; with ``stage`` moves the visit's row. ``detail`` holds ids and codes."""
    newest = work.session.scalar(select(func.max(VisitEventRow.sequence)).where(VisitEventRow.visit == visit.id))
    work.session.add(
        VisitEventRow(
            id=new_id("evt"),
            clinic=work.clinic,
            visit=visit.id,
            sequence=(newest or 0) + 1,
            at=work.at,
            event=as_code(event),
            stage=stage,
            actor=work.actor.person,
            detail=dict(detail or {}),
        )
    )
    if stage is not None:
        visit.stage = as_code(stage)
        visit.version += 1
    work.session.flush()


def tell(work: Work, visit: str, kind: str, subject: str = "") -> None:
    """Writes an announcement for the visit's workflow, in the transaction of what it announces."""
    row = OutboxRow(
        id=new_id("out"),
        clinic=work.clinic,
        visit=visit,
        kind=kind,
        subject=as_code(subject) if subject else "",
        at=work.now,
    )
    work.session.add(row)
    work.session.flush()


def raise_alert(work: Work, visit: str, kind: str, subject: str = "", cause: tuple[str, str] = ("", "")) -> str:
    """Opens a task; the same kind and subject that is still open is that same task. Returns its id.

    Where the clinic has to know of it, it comes before its people, too; ``cause`` is the effect's step and key.
    """
    query = select(AlertRow.id).where(
        AlertRow.visit == visit, AlertRow.kind == kind, AlertRow.subject == subject, AlertRow.state == "open"
    )
    known = work.session.scalar(query)
    if known is not None:
        return known
    row = AlertRow(
        id=new_id("alr"),
        clinic=work.clinic,
        visit=visit,
        kind=as_code(kind),
        subject=subject,
        state="open",
        at=work.at,
    )
    work.session.add(row)
    work.session.flush()
    put_task(work, visit, row.id, kind, cause)
    return row.id


def settle_alert(work: Work, visit: str, kind: str, subject: str) -> None:
    """Closes an open task of this kind and subject, which settled itself."""
    query = select(AlertRow).where(
        AlertRow.visit == visit, AlertRow.kind == kind, AlertRow.subject == subject, AlertRow.state == "open"
    )
    for row in work.session.scalars(query).all():
        row.state, row.closed_at, row.closed_by = "closed", work.at, work.actor.person
        work.note(Act.ALERT_CLOSED, row.id, visit)
        settle_task(work, row.id)


def queue_message(work: Work, visit: Visit, template: str, audience: str) -> str:
    """Queues a notice by mail for the visit's patient or provider; returns its id.

    Who gets the patient's notices gets it, too; a child that others act for has no address of its own.
    """
    if audience == TEXT_AUDIENCE:
        return _queue_texts(work, visit, template)
    if audience != "patient":
        return queue_one(work, visit, (template, audience), visit.provider)
    queued = [queue_one(work, visit, (template, audience), person) for person in _reached(work, visit)]
    return queued[0] if queued else ""


def _queue_texts(work: Work, visit: Visit, template: str) -> str:
    """The same notice as a text, for each of them who asked for texts."""
    people = [person for person in _reached(work, visit) if wants_texts(work, person)]
    queued = [queue_one(work, visit, (template, "patient"), person, TEXT) for person in people]
    return queued[0] if queued else ""


def _reached(work: Work, visit: Visit) -> tuple[str, ...]:
    """Who gets the patient's notices."""
    active = [row for row in rows_of(work, visit.patient) if is_active(work, row)]
    holders = {row.person for row in active if row.person and "messages" in scopes_of(row)}
    own = () if any(row.for_minor for row in active) else (visit.patient,)
    return (*own, *sorted(holders))


def queue_one(work: Work, visit: Visit, what: tuple[str, str], person: str, channel: str = MAIL) -> str:
    """Queues a notice (its template and audience) for one person; returns its id."""
    template, audience = what
    row = MessageRow(
        id=new_id("msg"),
        clinic=work.clinic,
        visit=visit.id,
        person=person,
        audience=as_code(audience),
        channel=channel,
        template=as_code(template),
        state="queued",
        at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    work.note(Act.MESSAGE_QUEUED, row.id, visit.id, template=template)
    return row.id


def tell_once(work: Work, visit: Visit, template: str, after: datetime | None = None) -> None:
    """Queues a notice for the patient's side by mail; while one of the same kind waits, that one tells of this, too.

    It goes out once ``after`` has come; what waits for a morning goes at once when something urgent joins it.
    """
    waiting = select(MessageRow).where(
        MessageRow.visit == visit.id, MessageRow.template == template, MessageRow.state == "queued"
    )
    told = {row.person: row for row in work.session.scalars(waiting)}
    for person in _reached(work, visit):
        if person not in told:
            queued = queue_one(work, visit, (template, "patient"), person)
            work.session.scalars(select(MessageRow).where(MessageRow.id == queued)).one().not_before = after
        elif after is None:
            told[person].not_before = None
    work.session.flush()


def done_before(work: Work, effect: Effect, kind: str) -> Mapping[str, Any] | None:
    """What the effect returned when it was made, None when it was not made yet."""
    row = work.session.get(EffectRow, (effect.ref.visit, effect.step, effect.key, kind))
    return row.result if row is not None and row.clinic == work.clinic else None


def keep_effect(work: Work, effect: Effect, kind: str, result: Mapping[str, Any]) -> None:
    row = EffectRow(
        visit=effect.ref.visit,
        step=effect.step,
        key=effect.key,
        kind=kind,
        clinic=work.clinic,
        result=dict(result),
        at=work.now,
        attempt=effect.attempt,
    )
    work.session.add(row)
    work.session.flush()
