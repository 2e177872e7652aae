"""Who keeps the machine sees a patient's circle by number, and ends what the people concerned cannot."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import select

from records.audit_trail import AuditQuery
from records.database import Database
from records.keys import FileKeyProvider
from records.tables.relationships import RelationshipRow
from records.work import Actor
from tests.admin_ui.helpers_cli import Cli

CLINIC = "marigold"


def test_a_guardian_is_ended_by_number_and_what_they_granted_with_them(cli: Cli, data: Path) -> None:
    patient, guardian, helper = _circle(data)
    asked = ("relationships", CLINIC, patient, "--as", "dana", "--data", str(data))
    before = cli(*asked)
    assert f"{guardian} active guardian since" in before.out
    assert "June" not in before.out
    after = cli(*asked, "--end", guardian, "--json")
    states = {one["id"]: one["state"] for one in map(json.loads, after.out.splitlines())}
    assert (after.status, states[guardian], states[helper]) == (0, "ended", "ended")
    again = cli(*asked, "--end", guardian)
    assert (again.status, again.out, "has ended already" in again.err) == (2, "", True)
    with _opened(data).scope(CLINIC, Actor.system("tests")) as scope:
        told = scope.audit.search(AuditQuery(actor="dana", act="people:relationship:deleted"))
    assert {json.loads(one.detail)["relationship"] for one in told} >= {guardian, helper}


def test_nothing_is_ended_for_a_clinic_a_patient_or_a_number_that_is_not_there(cli: Cli, data: Path) -> None:
    patient, _, _ = _circle(data)
    for clinic, whose in (("elsewhere", patient), (CLINIC, patient)):
        said = cli("relationships", clinic, whose, "--end", "rel_none", "--as", "dana", "--data", str(data))
        assert (said.status, said.out) == (2, "")


def _circle(data: Path) -> tuple[str, str, str]:
    """The demonstration's child, their guardian's relationship, and that of a helper whom the guardian let help."""
    with _opened(data).work(CLINIC, Actor.system("tests")) as work:
        rows = work.session.scalars(select(RelationshipRow).where(RelationshipRow.clinic == CLINIC)).all()
        guardian = next(row for row in rows if row.kind == "guardian")
        helper = next(row for row in rows if row.patient == guardian.patient and row.kind != "guardian")
        assert guardian.person is not None
        helper.granted_by = guardian.person
        return guardian.patient, guardian.id, helper.id


def _opened(data: Path) -> Database:
    return Database(f"sqlite:///{data / 'records.sqlite3'}", FileKeyProvider(data.with_name(f"{data.name}.keys")))
