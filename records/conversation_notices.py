"""Who hears that a message waits: by mail and, where they asked, by text; never in their night, never its words.

One notice tells of everything that came since its reader last looked.
"""

from __future__ import annotations

from datetime import datetime

from engine.clinic_terms import QuietHours
from records.acting import is_active, rows_of, scopes_of
from records.acts import Act
from records.codes import new_id
from records.conversation_rows import Reached
from records.course import MAIL, TEXT
from records.nights import morning
from records.tables.visits import MessageRow
from records.text_wishes import wants_texts
from records.work import Work

TEMPLATE = "message_waiting"
WRITES = "write"


def tell_patient_side(work: Work, reached: Reached, night: QuietHours) -> None:
    """The patient, and whoever writes for them; a child that others act for has no address of its own."""
    after = morning(work, reached.visit, night)
    for person in _reached(work, reached.row.patient):
        _queue(work, reached, ("patient", MAIL), person, after)
        if wants_texts(work, person):
            _queue(work, reached, ("patient", TEXT), person, after)


def tell_team(work: Work, reached: Reached, night: QuietHours) -> None:
    """Who answers, by mail: the clinician's own hours are theirs to keep."""
    _queue(work, reached, ("provider", MAIL), reached.row.clinician, None)


def _reached(work: Work, patient: str) -> tuple[str, ...]:
    active = [row for row in rows_of(work, patient) if is_active(work, row)]
    holders = {row.person for row in active if row.person and WRITES in scopes_of(row)}
    own = () if any(row.for_minor for row in active) else (patient,)
    return (*own, *sorted(holders))


def _queue(work: Work, reached: Reached, way: tuple[str, str], person: str, after: datetime | None) -> None:
    audience, channel = way
    row = MessageRow(
        id=new_id("msg"),
        clinic=work.clinic,
        visit=reached.visit.id,
        person=person,
        audience=audience,
        channel=channel,
        template=TEMPLATE,
        state="queued",
        at=work.now,
        not_before=after,
    )
    work.session.add(row)
    work.session.flush()
    work.record(Act.MESSAGE_QUEUED, row.id, reached.visit.id, template=TEMPLATE)
