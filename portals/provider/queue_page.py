"""Which visits wait for this clinician, in the order they are worked, and what cannot wait."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from engine.dossier import License
from engine.ports import GateKeeper
from portals.provider.alerts import alert_views
from portals.provider.chart import age_on, language_name
from portals.provider.desk import Desk, visit_type_title
from portals.provider.law import LawWords
from portals.provider.offers import offer_rows
from portals.provider.seeing import seeing
from portals.provider.told import told
from portals.provider.views import GROUP_OF_STAGE, GROUPS, QueueRow, QueueView
from records.stages import IN_LINE
from records.urgency import ROUTINE


def queue_view(desk: Desk, law: tuple[GateKeeper, LawWords]) -> QueueView:
    """The whole queue of the signed-in clinician."""
    entries = desk.scope.visits.queue(desk.person)
    rows = [_row(desk, entry, law) for entry in entries if entry.visit.stage in GROUP_OF_STAGE]
    reached = {entry.visit.visit for entry in entries}
    groups = {group: tuple(row for row in rows if row.group == group) for group in GROUPS}
    alerts = [alert for alert in desk.scope.alerts.open() if alert.visit in reached]
    return QueueView(
        groups=groups,
        alerts=alert_views(desk, alerts, law[1]),
        licences=licence_notices(desk),
        offers=offer_rows(desk),
    )


def licence_notices(desk: Desk) -> tuple[str, ...]:
    """A sentence for each of the clinician's licences that does not count today."""
    today = desk.now.astimezone(ZoneInfo(desk.zone)).date()
    held = desk.scope.people.provider(desk.person).licenses
    counting = {one.state for one in held if _counts(one, today)}
    return tuple(
        _licence_sentence(desk, one, today) for one in held if not _counts(one, today) and one.state not in counting
    )


def _counts(licence: License, today: date) -> bool:
    return licence.status == "active" and (licence.expires is None or licence.expires >= today)


def _licence_sentence(desk: Desk, licence: License, today: date) -> str:
    state = desk.t(f"state.{licence.state}")
    if licence.expires is not None and licence.expires < today:
        return desk.t("provider.queue.licence_ended", state=state, date=desk.fmt.date(licence.expires))
    return desk.t("provider.queue.licence_inactive", state=state)


def _row(desk: Desk, entry: Any, law: tuple[GateKeeper, LawWords]) -> QueueRow:
    visit = entry.visit
    place = visit.attested_place or visit.booked_place
    patient = desk.scope.people.patient(visit.patient)
    return QueueRow(
        visit=visit.visit,
        group=GROUP_OF_STAGE[visit.stage],
        stage=visit.stage,
        patient=entry.patient_name,
        age=age_on(entry.patient_birth_date, desk.now.date()),
        visit_type=visit_type_title(desk.content, visit, desk.fmt.language),
        language=language_name(patient.language, desk.fmt.language),
        language_code=patient.language,
        state=(place.state or "") if place else "",
        starts=desk.fmt.time(visit.starts_at, desk.zone) if visit.starts_at else "",
        acuity=acuity_of(entry.alerts, entry.urgency),
        flags=len(entry.alerts),
        seeing=seeing(desk, visit, law),
        told=told(desk, visit.visit),
        waiting_since=visit.arrived_at if visit.stage in IN_LINE else None,
        position=entry.position,
    )


def acuity_of(alerts: Iterable[str], urgency: str = ROUTINE) -> str:
    """How urgent its triage and its open tasks make a visit: emergent | urgent | soon | red | flagged | routine."""
    kinds = set(alerts)
    if urgency != ROUTINE:
        return urgency
    if "red_flag" in kinds:
        return "red"
    return "flagged" if kinds else "routine"
