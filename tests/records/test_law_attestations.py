"""An officer vouches for law: signed, kept, audited, withdrawn by another word, and never for another clinic."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from records.access import Role
from records.database import Database
from records.errors import AccessRefused, AlreadyDone, NotFound
from records.law_attestations import LawAttestationDraft, LawAttestationView
from records.vouched_law import RecordsVouchedLaw
from records.work import Actor
from tests.records.helpers import World

pytestmark = pytest.mark.slow
CLINIC, OTHER = "palmetto", "saguaro"
OFFICER = Actor(person="prs_officer", role=Role.COMPLIANCE)
DRAFT = LawAttestationDraft(
    name="Ida Marsh",
    value="consent.age",
    jurisdiction="us/nj",
    told=18,
    on="2026-11-22",
    until="2027-11-22",
    source="N.J.S.A. 9:17B-1, read in the state's own edition",
    url="https://lis.njleg.state.nj.us/",
)


def attest(database: Database, draft: LawAttestationDraft = DRAFT, actor: Actor = OFFICER, clinic: str = CLINIC) -> str:
    with database.scope(clinic, actor) as scope:
        return scope.law_attestations.attest(draft)


def listed(database: Database) -> tuple[LawAttestationView, ...]:
    with database.scope(CLINIC, OFFICER) as scope:
        return scope.law_attestations.listed()


def test_it_is_kept_with_who_said_it_and_its_signature_is_ours(world: World) -> None:
    made = attest(world.database)
    [view] = listed(world.database)
    assert (view.id, view.by, view.genuine, view.counts) == (made, "prs_officer", True, True)
    assert view.told == {
        "id": made,
        "value": "consent.age",
        "jurisdiction": "us/nj",
        "is": 18,
        "by": "Ida Marsh",
        "on": "2026-11-22",
        "until": "2027-11-22",
        "source": DRAFT.source,
        "url": DRAFT.url,
    }


def test_a_withdrawal_ends_it_for_good_and_names_who_withdrew(world: World) -> None:
    made = attest(world.database)
    other = Actor(person="prs_second", role=Role.COMPLIANCE)
    with world.database.scope(CLINIC, other) as scope:
        scope.law_attestations.withdraw(made)
    [view] = listed(world.database)
    assert (view.counts, view.withdrawn_by) == (False, "prs_second")
    with pytest.raises(AlreadyDone), world.database.scope(CLINIC, OFFICER) as scope:
        scope.law_attestations.withdraw(made)


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.CLINIC_ADMIN, Role.CLINICAL_OPS, Role.SUPPORT, Role.PATIENT])
def test_nobody_but_an_officer_attests_or_withdraws(world: World, role: str) -> None:
    made = attest(world.database)
    actor = Actor(person="prs_other", role=role)
    with pytest.raises(AccessRefused):
        attest(world.database, actor=actor)
    with pytest.raises(AccessRefused), world.database.scope(CLINIC, actor) as scope:
        scope.law_attestations.withdraw(made)


def test_another_clinic_neither_sees_nor_withdraws_it(world: World) -> None:
    made = attest(world.database)
    with world.database.scope(OTHER, OFFICER) as scope:
        assert scope.law_attestations.listed() == ()
    with pytest.raises(NotFound), world.database.scope(OTHER, OFFICER) as scope:
        scope.law_attestations.withdraw(made)


def test_what_was_changed_in_the_database_attests_nothing(world: World) -> None:
    attest(world.database)
    with world.database.writing() as session:
        trigger = "law_attestations_no_update"
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text(f"DROP TRIGGER {trigger}"))
        else:
            session.execute(text("ALTER TABLE law_attestations DISABLE TRIGGER USER"))
        session.execute(text("UPDATE law_attestations SET actor = 'prs_another'"))
        session.commit()
    [view] = listed(world.database)
    assert (view.genuine, view.counts) == (False, False)
    assert RecordsVouchedLaw(world.database)([CLINIC]) == {CLINIC: ()}


def test_programs_see_what_counts_now_for_each_clinic(world: World) -> None:
    vouched = RecordsVouchedLaw(world.database)
    assert vouched([CLINIC, OTHER]) == {CLINIC: (), OTHER: ()}
    made = attest(world.database)
    [node] = vouched([CLINIC, OTHER])[CLINIC]
    assert (node.text("id"), node["is"].plain(), node.text("on")) == (made, 18, "2026-11-22")
    assert vouched([CLINIC, OTHER])[OTHER] == ()
    with world.database.scope(CLINIC, OFFICER) as scope:
        scope.law_attestations.withdraw(made)
    assert vouched([CLINIC])[CLINIC] == ()


def test_what_was_read_has_to_be_said(world: World) -> None:
    with pytest.raises(ValueError, match="nothing that can be looked up"):
        attest(world.database, replace(DRAFT, source=" "))
