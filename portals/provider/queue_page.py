"""Which visits wait for this clinician, in the order they are worked, and what cannot wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.texts import text_in
from portals.base.formats import Formats
from portals.base.i18n import Translate, has_message
from portals.provider.chart import age_on, language_name
from portals.provider.views import GROUP_OF_STAGE, GROUPS, AlertView, QueueRow, QueueView
from records.scope import Scope

OPEN_OUTCOMES = ("permitted", "permitted_with_duties")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the clinician's pages are read with: the scope of the request, the content, language, zone and instant."""

    scope: Scope
    content: Any
    person: str
    t: Translate
    fmt: Formats
    zone: str
    now: datetime


def queue_view(desk: Desk) -> QueueView:
    """The whole queue of the signed-in clinician."""
    entries = desk.scope.visits.queue(desk.person)
    rows = [_row(desk, entry) for entry in entries if entry.visit.stage in GROUP_OF_STAGE]
    names = {entry.visit.visit: entry.patient_name for entry in entries}
    groups = {group: tuple(row for row in rows if row.group == group) for group in GROUPS}
    alerts = [alert for alert in desk.scope.alerts.open() if alert.visit in names]
    return QueueView(groups=groups, alerts=tuple(alert_view(desk, alert, names) for alert in alerts))


def alert_view(desk: Desk, alert: Any, names: Mapping[str, str]) -> AlertView:
    """An open alert in words."""
    kind = alert.kind if has_message(desk.fmt.language, f"provider.alert.{alert.kind}") else "other"
    return AlertView(
        id=alert.id,
        visit=alert.visit,
        kind=kind,
        patient=names.get(alert.visit, ""),
        raised=desk.fmt.time(alert.at, desk.zone),
    )


def licence_mark(gates: Iterable[Any]) -> str:
    """What the newest gate that asked about the licence said: fits | shut | unasked."""
    asked = [gate for gate in gates if "licensing" in gate.decisions]
    if not asked:
        return "unasked"
    newest = max(asked, key=lambda gate: gate.asked_at)
    return "fits" if newest.decisions["licensing"].get("outcome") in OPEN_OUTCOMES else "shut"


def visit_type_title(content: Any, visit: Any, language: str) -> str:
    """A visit type's own title; its code when the content no longer has it."""
    name = visit.visit_type if "/" in visit.visit_type else f"{visit.specialty}/{visit.visit_type}"
    try:
        return text_in(content.visit_type(name).title, language)
    except KeyError:
        return name


def _row(desk: Desk, entry: Any) -> QueueRow:
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
        state=(place.state or "") if place else "",
        starts=desk.fmt.time(visit.starts_at, desk.zone) if visit.starts_at else "",
        acuity=_acuity(entry.alerts),
        flags=len(entry.alerts),
        licence=licence_mark(desk.scope.gates.for_visit(visit.visit)),
        waiting_since=visit.arrived_at if visit.stage == "waiting" else None,
        position=entry.position,
    )


def _acuity(alerts: Iterable[str]) -> str:
    kinds = set(alerts)
    if "red_flag" in kinds:
        return "red"
    return "flagged" if kinds else "routine"
