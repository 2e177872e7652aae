"""Credentials in versions: what a source says is kept beside what was said before, and gates go by the newest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from engine.credentials import DEA, LICENSE, Claim, SourceAnswer
from records.access import Role
from records.acts import Act
from records.agreements import AgreementDraft
from records.audit import verify
from records.audit_trail import AuditQuery
from records.credential_book import RecordsCredentialBook
from records.credentials import CredentialView
from records.errors import AccessRefused, AlreadyDone, Conflict, NoLicense
from records.expiries import RecordsExpiryBook
from records.people import CLINIC_FILE, StaffDraft
from records.work import Actor
from tests.records.helpers import PROVIDER, START, HandClock, World

DAY = timedelta(days=1)
LAST_DAY = date(2027, 1, 31)  # of the licence


@pytest.fixture
def book(world: World) -> RecordsCredentialBook:
    return RecordsCredentialBook(world.database)


def claim_of(world: World, book: RecordsCredentialBook, kind: str = LICENSE) -> Claim:
    (claim,) = (one for one in book.claims(world.clinic, (world.provider,)) if one.kind == kind)
    return claim


def answer_of(claim: Claim, **changes: object) -> SourceAnswer:
    answer = SourceAnswer(
        source="board", as_of=START, found=True, status="active", issued=claim.issued, expires=claim.expires,
        schedules=claim.schedules,
    )  # fmt: skip
    return replace(answer, **changes)  # type: ignore[arg-type]


def held(world: World, kind: str = LICENSE) -> CredentialView:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        (view,) = (one for one in scope.credentials.of_person(world.provider) if one.kind == kind)
    return view


def test_what_the_clinic_file_said_is_the_first_version_and_no_answer_of_a_source(
    world: World, book: RecordsCredentialBook
) -> None:
    view = held(world)
    assert (view.source, view.version, view.verified_at, view.outcome) == (CLINIC_FILE, 1, START, "")
    assert claim_of(world, book).verified_at is None


def test_a_changed_answer_is_a_new_version_beside_the_old_one(world: World, book: RecordsCredentialBook) -> None:
    claim = claim_of(world, book)
    book.answered(world.clinic, claim, answer_of(claim))
    book.answered(world.clinic, claim, answer_of(claim, status="suspended", disciplined=True))
    view = held(world)
    assert (view.status, view.version, view.source, view.outcome) == ("suspended", 3, "board", "changed")
    with world.database.scope(world.clinic, world.as_provider) as scope:
        versions = [one for one in scope.credentials.history(world.provider) if one.kind == LICENSE]
    assert [(one.version, one.status, one.replaced_at is None) for one in versions] == [
        (3, "suspended", True),
        (2, "active", False),
        (1, "active", False),
    ]
    dossier = world.store.dossier(world.ref)
    assert [(one.status, one.disciplined) for one in dossier.provider.licenses] == [("suspended", True)]


def test_the_same_answer_again_only_moves_its_instant(
    world: World, book: RecordsCredentialBook, clock: HandClock
) -> None:
    claim = claim_of(world, book)
    book.answered(world.clinic, claim, answer_of(claim))
    clock.move(days=1)
    book.answered(world.clinic, claim, answer_of(claim, as_of=START + DAY))
    view = held(world)
    assert (view.version, view.verified_at, view.outcome) == (2, START + DAY, "same")


def test_an_answer_that_leaves_out_the_last_day_does_not_take_it_away(
    world: World, book: RecordsCredentialBook
) -> None:
    claim = claim_of(world, book)
    book.answered(world.clinic, claim, answer_of(claim, issued=None, expires=None))
    assert (held(world).expires, held(world).issued) == (claim.expires, claim.issued)
    book.answered(world.clinic, claim, answer_of(claim, expires=None, status="suspended"))
    assert (held(world).expires, held(world).status) == (claim.expires, "suspended")


def test_an_answer_older_than_what_is_held_changes_nothing(
    world: World, book: RecordsCredentialBook, clock: HandClock
) -> None:
    claim = claim_of(world, book)
    clock.move(days=1)
    book.answered(world.clinic, claim, answer_of(claim, status="suspended", as_of=START + DAY))
    book.answered(world.clinic, claim, answer_of(claim, as_of=START))
    assert (held(world).status, held(world).outcome) == ("suspended", "late")


def test_what_the_source_does_not_know_is_not_active(world: World, book: RecordsCredentialBook) -> None:
    claim = claim_of(world, book, DEA)
    book.answered(world.clinic, claim, SourceAnswer(source="board", as_of=START, found=False))
    view = held(world, DEA)
    assert (view.status, view.outcome, view.schedules) == ("inactive", "unknown", ("II", "III"))
    assert [one.status for one in world.store.dossier(world.ref).provider.dea] == ["inactive"]


def test_a_silent_source_leaves_the_credential_as_it_was_and_is_noted(
    world: World, book: RecordsCredentialBook
) -> None:
    book.unanswered(world.clinic, claim_of(world, book), "no_answer")
    assert (held(world).version, held(world).outcome) == (1, "silent")
    assert verify(world.database, world.clinic).ok


def test_a_clinician_sees_their_own_and_nobody_elses(world: World) -> None:
    other = colleague(world)
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, world.as_provider) as scope:
        scope.credentials.of_person(other)
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, world.as_provider) as scope:
        scope.credentials.everybody()
    with world.database.scope(world.clinic, admin()) as scope:
        assert {one.person for one in scope.credentials.everybody()} == {world.provider, other}


# --- agreements ---


def colleague(world: World, **changes: object) -> str:
    staff = StaffDraft(given="Ike", family="Ode", email="")
    with world.database.scope(world.clinic, world.as_system) as scope:
        return scope.people.create_provider(replace(PROVIDER, staff=staff, **changes))  # type: ignore[arg-type]


def admin() -> Actor:
    return Actor(person="per_admin", role=Role.CLINIC_ADMIN)


def draft(world: World, supervisor: str, **changes: object) -> AgreementDraft:
    made = AgreementDraft(
        supervisee=world.provider, supervisor=supervisor, state="FL", kind="collaboration", since=START.date()
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_an_agreement_ends_by_a_last_day_and_the_ending_can_be_taken_back(world: World) -> None:
    made = draft(world, colleague(world))
    with world.database.scope(world.clinic, admin()) as scope:
        agreement = scope.agreements.add(made)
        scope.agreements.end(agreement, START.date() + DAY, 1)
        (ended,) = scope.agreements.everybody()
        scope.agreements.undo(agreement, 2)
        (again,) = scope.agreements.everybody()
    assert (ended.until, ended.can_undo, ended.holds_on(START.date() + 2 * DAY)) == (START.date() + DAY, True, False)
    assert (again.until, again.version) == (None, 3)
    (fact,) = world.store.dossier(world.ref).provider.agreements or ()
    assert (fact.state, fact.until, [one.state for one in fact.licenses]) == ("FL", None, ["FL"])


def test_nobody_supervises_without_an_active_licence_in_the_state(world: World) -> None:
    unlicensed = colleague(world, licenses=())
    expired = colleague(world, licenses=(replace(PROVIDER.licenses[0], expires=START.date() - DAY),))
    for supervisor in (unlicensed, expired):
        with pytest.raises(NoLicense), world.database.scope(world.clinic, admin()) as scope:
            scope.agreements.add(draft(world, supervisor))
    elsewhere = colleague(world)
    with pytest.raises(NoLicense), world.database.scope(world.clinic, admin()) as scope:
        scope.agreements.add(draft(world, elsewhere, state="GA"))


def test_odd_agreements_are_refused(world: World) -> None:
    other = colleague(world)
    for odd in (
        draft(world, world.provider),
        draft(world, other, kind="friendship"),
        draft(world, other, until=START.date() - DAY),
    ):
        with pytest.raises(ValueError, match="no agreement"), world.database.scope(world.clinic, admin()) as scope:
            scope.agreements.add(odd)


def test_two_administrators_do_not_overwrite_each_other_and_a_clinician_changes_nothing(world: World) -> None:
    other = colleague(world)
    with world.database.scope(world.clinic, admin()) as scope:
        agreement = scope.agreements.add(draft(world, other))
        scope.agreements.end(agreement, START.date() + DAY, 1)
    with pytest.raises(Conflict), world.database.scope(world.clinic, admin()) as scope:
        scope.agreements.end(agreement, START.date() + DAY, 1)
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, world.as_provider) as scope:
        scope.agreements.end(agreement, START.date() + DAY, 2)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        assert [one.agreement for one in scope.agreements.of_person(world.provider)] == [agreement]


def test_there_is_nothing_to_take_back_of_an_agreement_that_never_changed(world: World) -> None:
    other = colleague(world)
    with world.database.scope(world.clinic, admin()) as scope:
        agreement = scope.agreements.add(draft(world, other))
    with pytest.raises(AlreadyDone), world.database.scope(world.clinic, admin()) as scope:
        scope.agreements.undo(agreement, 1)


# --- what runs out ---


@pytest.mark.parametrize(
    ("days_before", "threshold"),
    [(91, None), (90, 90), (61, 90), (60, 60), (30, 30), (1, 30), (0, 0), (-1, -1), (-40, -1)],
)
def test_each_threshold_is_passed_on_its_day(world: World, days_before: int, threshold: int | None) -> None:
    due = RecordsExpiryBook(world.database).due(world.clinic, LAST_DAY - days_before * DAY)
    assert [one.threshold for one in due if one.kind == LICENSE] == ([] if threshold is None else [threshold])


def test_everybody_is_told_once_of_each_threshold_and_again_of_the_next(world: World) -> None:
    expiries = RecordsExpiryBook(world.database)
    for _ in range(2):
        for one in expiries.due(world.clinic, LAST_DAY - 90 * DAY):
            for reader in one.readers:
                expiries.tell(world.clinic, one, reader, ("subject", "body"))
                expiries.tell(world.clinic, one, reader, ("subject", "body"))
    (later,) = expiries.due(world.clinic, LAST_DAY - 60 * DAY)
    assert (later.threshold, [one.person for one in later.readers]) == (60, [world.provider])
    with world.database.scope(world.clinic, world.as_system) as scope:
        assert [mail.address for mail in scope.mails.outbox()] == [PROVIDER.staff.email]


def test_a_renewed_licence_begins_anew_and_a_suspended_one_is_not_told_of(
    world: World, book: RecordsCredentialBook
) -> None:
    expiries, claim = RecordsExpiryBook(world.database), claim_of(world, book)
    book.answered(world.clinic, claim, answer_of(claim, expires=LAST_DAY + 365 * DAY))
    assert expiries.due(world.clinic, LAST_DAY) == ()
    assert [one.threshold for one in expiries.due(world.clinic, LAST_DAY + 335 * DAY) if one.kind == LICENSE] == [30]
    book.answered(world.clinic, claim, answer_of(claim, status="suspended"))
    assert [one for one in expiries.due(world.clinic, LAST_DAY) if one.kind == LICENSE] == []


def test_an_administrator_is_told_of_everybodys(world: World) -> None:
    with world.database.scope(world.clinic, world.as_system) as scope:
        person = scope.people.create_staff(StaffDraft(given="Ola", family="Pru", email="ola@clinic.example"))
        scope.accounts.create(person, "ola@clinic.example", "not a hash", [Role.CLINIC_ADMIN])
    (due,) = RecordsExpiryBook(world.database).due(world.clinic, LAST_DAY)
    assert {one.address for one in due.readers} == {PROVIDER.staff.email, "ola@clinic.example"}


def test_every_look_and_change_is_in_the_audit(world: World, book: RecordsCredentialBook) -> None:
    claim = claim_of(world, book)
    book.answered(world.clinic, claim, answer_of(claim))
    held(world)
    with world.database.scope(world.clinic, world.as_system) as scope:
        acts = {entry.act for entry in scope.audit.search(AuditQuery())}
    assert {Act.CREDENTIAL_CHANGED, Act.CREDENTIAL_CHECKED, Act.CREDENTIALS_VIEWED} <= acts
