"""The book behind questions to a monitoring program: `engine.monitoring.MonitoringBook` over records."""

from __future__ import annotations

from datetime import date, timedelta

from engine.monitoring import ASKED, AWAY, LOOKED, MonitoringQuestion, MonitoringReport, report_digest, row_json
from engine.ports import VisitRef
from records.acts import Act
from records.codes import as_code
from records.course import append_event
from records.database import Database
from records.tables.monitoring import MonitoringRow
from records.tables.people import Patient, Person, Provider
from records.tables.visits import Visit
from records.work import Actor, Work

LOOKS_BACK = timedelta(days=365)
_ACTOR = Actor.system("monitoring")


class RecordsMonitoringBook:
    """Every answer is audited; what it says is sealed with the patient's own keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def question(self, ref: VisitRef, report: str) -> MonitoringQuestion | None:
        with self._database.work(ref.clinic, _ACTOR) as work:
            visit = work.visit(ref.visit, Act.MONITORING_VIEWED)
            row = work.row(MonitoringRow, report)
            return _question(work, visit, row) if row.outcome == ASKED else None

    def answered(self, ref: VisitRef, report: str, answer: MonitoringReport) -> str:
        with self._database.work(ref.clinic, _ACTOR) as work:
            visit, row = _held(work, ref, report)
            if row.outcome != ASKED and row.outcome not in AWAY:
                return row.outcome
            row.outcome, row.sender, row.simulated = as_code(answer.outcome), as_code(answer.sender), answer.simulated
            row.answered_at = work.at
            if answer.outcome in LOOKED:
                rows = [row_json(one) for one in answer.rows]
                row.content = work.seal(("monitoring_reports", "content", row.id), rows, visit.patient)
                row.digest = report_digest(answer.rows)
            return _came(work, visit, row)

    def unanswered(self, ref: VisitRef, report: str, code: str) -> str:
        with self._database.work(ref.clinic, _ACTOR) as work:
            visit, row = _held(work, ref, report)
            if row.outcome != ASKED:
                return row.outcome
            row.outcome = as_code(code)
            return _came(work, visit, row)


def _held(work: Work, ref: VisitRef, report: str) -> tuple[Visit, MonitoringRow]:
    return work.visit(ref.visit, Act.MONITORING_ANSWERED, audited=False), work.row(MonitoringRow, report)


def _came(work: Work, visit: Visit, row: MonitoringRow) -> str:
    """Audits the outcome and lets open pages know; codes and ids only."""
    work.note(Act.MONITORING_ANSWERED, row.id, visit.id, outcome=row.outcome)
    append_event(work, visit, "monitoring_answered", detail={"report": row.id, "outcome": row.outcome})
    return row.outcome


def _question(work: Work, visit: Visit, row: MonitoringRow) -> MonitoringQuestion:
    asker = work.open(("persons", "contact", row.asked_by), work.row(Person, row.asked_by).contact)
    contact = work.open(("persons", "contact", visit.patient), work.row(Person, visit.patient).contact)
    profile = work.open(("patients", "profile", visit.patient), work.row(Patient, visit.patient).profile)
    today = work.at.date()
    return MonitoringQuestion(
        key=row.id,
        state=row.state,
        since=today - LOOKS_BACK,
        until=today,
        patient={
            "given": contact["given"],
            "family": contact["family"],
            "birth_date": date.fromisoformat(profile["birth_date"]).isoformat(),
            "postal_code": profile.get("postal_code", ""),
        },
        prescriber={
            "given": asker["given"],
            "family": asker["family"],
            "npi": work.row(Provider, row.asked_by).npi,
        },
    )
