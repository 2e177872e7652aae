"""What the prescription monitoring panel shows: what the program of the patient's state reported, and what stands out.

A report counts for the law when the program answered the visit's own clinician about the state where the patient is;
nothing here decides that (`engine.facts` does), it is only said in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.monitoring import ASKED, AWAY, LOOKED, NOT_CONNECTED, Concern, DispensedDrug, concerns
from portals.base.i18n import has_message
from portals.provider.desk import Desk
from portals.provider.formulary import BaseDrug
from portals.provider.views import MonitoringLine, MonitoringPanel
from records.monitoring import MonitoringView

_TONES = {"found": "info", "nothing": "success", ASKED: "info"}


def monitoring_panel(desk: Desk, visit: str, place: str, base: Mapping[str, BaseDrug], care: bool) -> MonitoringPanel:
    """The panel of a visit whose patient is in ``place`` (a state's code, empty while nobody said)."""
    reports = desk.scope.monitoring.for_visit(visit)
    newest = next((one for one in reports if one.state == place), None)
    if newest is not None and newest.outcome not in LOOKED:  # an older look still counts, and is what is shown
        newest = next((one for one in reports if one.state == place and one.outcome in LOOKED), newest)
    program = program_name(desk, place)
    if newest is None:
        return MonitoringPanel(program=program, state=place, may_ask=care and bool(place))
    return MonitoringPanel(
        program=program,
        state=place,
        outcome=newest.outcome,
        tone=_TONES.get(newest.outcome, "warning"),
        said=desk.t(f"pdmp.outcome.{newest.outcome}", program=program),
        asked=_asked(desk, newest),
        rows=tuple(_line(desk, one) for one in newest.rows),
        concerns=tuple(_concern(desk, one) for one in _found(desk, newest, base)),
        digest=newest.digest.removeprefix("sha256:")[:12],
        simulated=newest.simulated or newest.outcome not in LOOKED,
        counts=newest.outcome in LOOKED,
        asking=newest.outcome == ASKED,
        may_ask=care,
    )


def could_not_be_asked(reports: Sequence[MonitoringView], place: str) -> bool:
    """Whether an attempt to reach the program of the place is on record that nobody answered."""
    return any(one.state == place and one.outcome in (*AWAY, NOT_CONNECTED) for one in reports)


def program_name(desk: Desk, state: str) -> str:
    """What a state's program is called; the state's code where the catalogue has no name."""
    key = f"pdmp.program.{state}"
    name = desk.t(key) if state and has_message(desk.fmt.language, key) else desk.t("pdmp.program.other")
    return f"{state} {name}".strip()


def _asked(desk: Desk, report: MonitoringView) -> str:
    at = report.answered_at or report.asked_at
    name = desk.scope.people.name(report.asked_by)
    return desk.t("pdmp.asked_by", name=name, time=desk.fmt.moment(at, desk.zone))


def _found(desk: Desk, report: MonitoringView, base: Mapping[str, BaseDrug]) -> Sequence[Concern]:
    def classes_of(drug: str) -> tuple[str, ...]:
        known = base.get(drug.lower())
        return known.classes if known else ()

    return concerns(report.rows, desk.now.date(), classes_of)


def _concern(desk: Desk, one: Concern) -> str:
    if one.kind == "prescribers":
        return desk.t("pdmp.concern.prescribers", count=one.count)
    return desk.t("pdmp.concern.opioid_benzodiazepine", first=one.drugs[0], second=one.drugs[1])


def _line(desk: Desk, told: DispensedDrug) -> MonitoringLine:
    return MonitoringLine(
        filled=desk.fmt.short_date(told.filled_on),
        drug=told.drug,
        schedule=told.schedule,
        quantity=desk.fmt.amount(str(told.quantity), told.unit),
        days=told.days_supply,
        prescriber=told.prescriber,
        pharmacy=told.pharmacy,
    )
