"""Signing in: the right password opens a session, a wrong one waits, and nobody can lock somebody else out."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from records.access import Role
from records.database import Database
from records.devices import Browser
from records.errors import AccessRefused, EmailTaken, SignInRefused
from records.errors_identity import SecondFactorNeeded, TokenRefused
from records.invitation_answers import accept_invitation
from records.invitations import InvitationDraft
from records.mails import MailDraft
from records.people import StaffDraft
from records.second_step import Step
from records.sessions import PATIENT_PORTAL, STAFF_PORTAL, SessionView
from records.sign_in import FREE_FAILURES, Credentials, SignedIn, SignUp, sign_in, sign_up
from records.work import Actor
from tests.records.helpers import PATIENT, PROVIDER, HandClock, build_world

HOME, ELSEWHERE = "ip:192.0.2.1", "ip:198.51.100.9"
PASSWORD = "correct horse battery"


@pytest.fixture
def signed_up(database: Database) -> SignedIn:
    return sign_up(database, SignUp(clinic="palmetto", patient=PATIENT, password=PASSWORD, origin=HOME))


def tried(
    password: str = PASSWORD, origin: str = HOME, email: str = PATIENT.email, portal: str = "patient"
) -> Credentials:
    return Credentials(clinic="palmetto", email=email, password=password, portal=portal, origin=origin)


def test_signing_up_makes_a_patient_who_is_signed_in(database: Database, signed_up: SignedIn) -> None:
    session = database.sessions.resolve("palmetto", signed_up.token, PATIENT_PORTAL)
    assert session is not None
    assert (session.role, session.person, session.csrf) == ("patient", signed_up.session.person, signed_up.session.csrf)
    with database.scope("palmetto", session.actor(HOME)) as scope:
        assert scope.people.patient(session.person).name == "Ana Reyes"


def test_the_address_counts_whatever_its_case(database: Database, signed_up: SignedIn) -> None:
    assert sign_in(database, tried(email=" ANA@Example.org ")).session.person == signed_up.session.person


def test_an_address_is_taken_once_in_each_clinic(database: Database, signed_up: SignedIn) -> None:
    with pytest.raises(EmailTaken):
        sign_up(database, SignUp(clinic="palmetto", patient=PATIENT, password="x" * 12))
    sign_up(database, SignUp(clinic="cedar", patient=PATIENT, password="x" * 12))


@pytest.mark.parametrize(
    "wrong",
    [tried(password="wrong"), tried(email="nobody@example.org"), tried(portal=STAFF_PORTAL)],
    ids=["password", "address", "portal"],
)
def test_every_wrong_pair_gets_the_same_answer(database: Database, signed_up: SignedIn, wrong: Credentials) -> None:
    with pytest.raises(SignInRefused) as refused:
        sign_in(database, wrong)
    assert refused.value.code == "wrong"


def fail(database: Database, times: int, origin: str = ELSEWHERE) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            sign_in(database, tried(password="wrong", origin=origin))


def test_a_stranger_elsewhere_is_blocked_and_the_owner_is_not(database: Database, signed_up: SignedIn) -> None:
    fail(database, FREE_FAILURES)
    with pytest.raises(SignInRefused) as refused:
        sign_in(database, tried(origin=ELSEWHERE))
    assert (refused.value.code, refused.value.retry_after_seconds > 0) == ("blocked", True)
    assert sign_in(database, tried(origin=HOME))


def test_a_block_ends_and_a_success_clears_the_count(database: Database, signed_up: SignedIn, clock: HandClock) -> None:
    fail(database, FREE_FAILURES, HOME)
    clock.move(seconds=6)
    assert sign_in(database, tried())
    fail(database, FREE_FAILURES - 1, HOME)
    assert sign_in(database, tried())


def test_failures_are_audited_without_the_address(database: Database, signed_up: SignedIn) -> None:
    fail(database, 1)
    with database.scope("palmetto", Actor.system()) as scope:
        newest = next(entry for entry in scope.audit.entries() if entry.act == "accounts:session:refused")
    assert newest.detail == '{"code":"wrong","portal":"patient"}'


def resolve(
    database: Database, signed_up: SignedIn, portal: str = PATIENT_PORTAL, clinic: str = "palmetto"
) -> SessionView | None:
    return database.sessions.resolve(clinic, signed_up.token, portal)


def test_a_session_is_of_one_portal_and_one_clinic(database: Database, signed_up: SignedIn) -> None:
    build_world(database, "cedar")
    assert resolve(database, signed_up, STAFF_PORTAL) is None
    assert resolve(database, signed_up, clinic="cedar") is None
    assert database.sessions.resolve("palmetto", signed_up.token + "x", PATIENT_PORTAL) is None


def test_an_idle_session_ends_and_a_used_one_goes_on(database: Database, signed_up: SignedIn, clock: HandClock) -> None:
    for _ in range(4):
        clock.move(minutes=50)
        assert resolve(database, signed_up) is not None
    clock.move(minutes=61)
    assert resolve(database, signed_up) is None


def test_no_session_outlives_its_absolute_end(database: Database, signed_up: SignedIn, clock: HandClock) -> None:
    for _ in range(14):
        clock.move(minutes=50)
        resolve(database, signed_up)
    clock.move(minutes=30)
    assert resolve(database, signed_up) is None


def test_signing_out_ends_one_session_or_all(database: Database, signed_up: SignedIn) -> None:
    second = sign_in(database, tried())
    with database.scope("palmetto", signed_up.session.actor()) as scope:
        scope.sessions.close(signed_up.session.id)
    assert resolve(database, signed_up) is None
    assert resolve(database, second) is not None
    with database.scope("palmetto", second.session.actor()) as scope:
        assert scope.sessions.close_all(second.session.account) == 1
    assert resolve(database, second) is None


def test_neither_token_nor_password_is_in_the_database(database: Database, signed_up: SignedIn) -> None:
    with database.engine.connect() as connection:
        dump = [
            tuple(row)
            for table in ("sessions", "accounts")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]
    assert signed_up.token not in str(dump)
    assert signed_up.session.csrf not in str(dump)
    assert PASSWORD not in str(dump)


def test_a_visitor_cannot_make_a_provider_of_themselves(database: Database) -> None:
    with pytest.raises(AccessRefused), database.scope("palmetto", Actor.visitor()) as scope:
        person = scope.people.create_patient(PATIENT)
        scope.accounts.create(person, "x@example.org", "h", [Role.PATIENT, Role.PROVIDER])
    with pytest.raises(AccessRefused), database.scope("palmetto", Actor.visitor()) as scope:
        scope.people.create_provider(PROVIDER)


def test_a_visitor_cannot_make_a_login_for_somebody_who_is_there(database: Database, signed_up: SignedIn) -> None:
    with pytest.raises(AccessRefused), database.scope("palmetto", Actor.visitor()) as scope:
        scope.accounts.create(signed_up.session.person, "thief@example.org", "h", [Role.PATIENT])


def test_nobody_gets_a_second_log_in_by_a_second_invitation(database: Database) -> None:
    world, tokens = build_world(database), list[str]()

    def compose(token: str, address: str) -> MailDraft:
        tokens.append(token)
        return MailDraft(template="invitation", language="en", address=address, subject="s", body="b")

    with database.scope("palmetto", world.as_system) as scope:
        new = scope.people.create_staff(StaffDraft(given="Ines", family="Moreau", email="ines@clinic.example"))
        for address in ("ines@clinic.example", "ines@elsewhere.example"):
            scope.invitations.invite(InvitationDraft(email=address, role="support", person=new), compose)
    step = Step(clinic="palmetto", portal=STAFF_PORTAL, browser=Browser(secret="guest"))
    with pytest.raises(SecondFactorNeeded):
        accept_invitation(database, step, tokens[0], PASSWORD)
    with pytest.raises(TokenRefused):
        accept_invitation(database, step, tokens[1], PASSWORD)
    with pytest.raises(EmailTaken), database.scope("palmetto", world.as_system) as scope:
        scope.invitations.invite(InvitationDraft(email="third@clinic.example", role="support", person=new), compose)


def test_a_real_hash_is_argon2id_at_the_cost_of_rfc_9106(real_hasher: PasswordHasher) -> None:
    assert real_hasher.hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_no_text_form_shows_a_secret(signed_up: SignedIn) -> None:
    shown = (
        repr(tried()) + repr(signed_up) + repr(SignUp(clinic="c", patient=PATIENT, password=PASSWORD)) + repr(PATIENT)
    )
    assert not any(secret in shown for secret in (PASSWORD, signed_up.token, PATIENT.email, PATIENT.family))
