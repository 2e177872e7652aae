"""Who came of age takes over the record a guardian kept: identified and recorded, by a mail, a birth date, once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import pytest

from records.access import Role
from records.audit_trail import AuditQuery
from records.devices import Browser
from records.erasure import erase
from records.errors import AccessRefused, AlreadyDone, EmailTaken
from records.errors_identity import TokenRefused
from records.invitation_answers import peek_invitation
from records.mails import MailDraft, MailQueue
from records.second_step import Step
from records.sign_in import SignedIn
from records.takeover_answers import MOST_WRONG, TakeoverAnswer, accept_takeover, takeover_is_open
from records.takeovers import NotIdentified, OwnInvitation, TakeoverDraft
from records.work import Actor
from tests.records.helpers import PATIENT, HandClock, World
from tests.records.test_relationships import LEO, Family, family  # noqa: F401

pytestmark = pytest.mark.slow
ADULT = datetime(2033, 6, 2, 12, tzinfo=UTC)
STEP = Step(clinic="palmetto", portal="patient", browser=Browser(secret="a browser"), origin="ip:127.0.0.1")
DRAFT = TakeoverDraft(
    known_by=PATIENT.email,
    given="LÉO ",
    family="Reyes",
    birth_date=LEO.birth_date,
    way="document_by_video",
    email="leo@example.org",
)


@dataclass
class Post:
    """What a mail would have carried."""

    tokens: list[str] = field(default_factory=list)

    def __call__(self, token: str, address: str, language: str) -> MailDraft:
        self.tokens.append(token)
        return MailDraft(template="takeover", language=language, address=address, subject="s", body="b")


def admin(world: World) -> Actor:
    return Actor(person="per_admin", role=Role.CLINIC_ADMIN)


OFFICER = Actor(person="per_officer", role=Role.COMPLIANCE)


def asked(address: str, language: str) -> MailDraft:
    return MailDraft(template="takeover_asked", language=language, address=address, subject="s", body="b")


def taken(address: str, language: str) -> MailDraft:
    return replace(asked(address, language), template="taken_over")


def ask(family: Family, draft: TakeoverDraft = DRAFT) -> str:  # noqa: F811
    with family.world.database.scope(family.world.clinic, admin(family.world)) as scope:
        return scope.takeovers.invite(draft, asked)


def release(family: Family, invitation: str, by: Actor = OFFICER) -> str:  # noqa: F811
    post = Post()
    with family.world.database.scope(family.world.clinic, by) as scope:
        scope.takeovers.release(invitation, post)
    return post.tokens[0]


def invite(family: Family, draft: TakeoverDraft = DRAFT) -> str:  # noqa: F811
    return release(family, ask(family, draft))


def accept(world: World, answer: TakeoverAnswer) -> SignedIn | None:
    return accept_takeover(world.database, STEP, answer, taken)


def answered(token: str, born: date = LEO.birth_date) -> TakeoverAnswer:
    return TakeoverAnswer(token=token, birth_date=born, password="four quiet words")


def test_an_adult_child_takes_the_record_over_and_the_mother_is_out(
    family: Family,  # noqa: F811
    clock: HandClock,
) -> None:
    world = family.world
    with pytest.raises(NotIdentified):
        invite(family)
    clock.at = ADULT
    token = invite(family)
    with pytest.raises(TokenRefused):
        peek_invitation(world.database, STEP, token)  # it is nobody's way into the staff's pages
    assert accept(world, answered(token, date(2015, 6, 2))) is None
    signed = accept(world, answered(token))
    assert signed is not None and signed.session.person == family.leo
    leo = Actor(person=family.leo, role=Role.PATIENT)
    with world.database.scope(world.clinic, leo) as scope:
        assert scope.people.patient(family.leo).email == "leo@example.org"
        assert scope.visits.get(family.visit).patient == family.leo
        assert [one.state for one in scope.relationships.about(family.leo)] == ["ended"]
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, family.ana) as scope:
        scope.people.patient(family.leo)
    with pytest.raises(TokenRefused):
        accept(world, answered(token))
    with pytest.raises(NotIdentified):
        invite(family, replace(DRAFT, email="leos.other@example.org"))
    with world.database.scope(world.clinic, world.as_system) as scope:
        (kept,) = scope.audit.search(AuditQuery(act="people:takeover:created"))
    assert (kept.subject, kept.actor, "document_by_video" in kept.detail) == (family.leo, "per_admin", True)


WRONG: tuple[dict[str, object], ...] = (
    {"given": "Lea"},
    {"family": "Ray"},
    {"birth_date": date(2015, 1, 6)},
    {"known_by": "nobody@example.org"},
    {"known_by": "per_nobody"},
)


def test_whoever_the_document_does_not_name_is_not_invited_and_nothing_says_why(
    family: Family,  # noqa: F811
    clock: HandClock,
) -> None:
    clock.at = ADULT
    for changed in WRONG:
        with pytest.raises(NotIdentified):
            invite(family, replace(DRAFT, **changed))  # type: ignore[arg-type]
    with family.world.database.scope(family.world.clinic, family.world.as_system) as scope:
        refused = scope.audit.search(AuditQuery(act="people:takeover:refused"))
    assert [one.actor for one in refused] == ["per_admin"] * len(WRONG)


def refusals(world: World) -> list[tuple[str, str]]:
    """What the audit says of each refusal: whom it was about, and its code."""
    with world.database.scope(world.clinic, world.as_system) as scope:
        found = scope.audit.search(AuditQuery(act="people:takeover:refused"))
    return sorted((one.subject, json.loads(one.detail)["code"]) for one in found)


def test_whoever_tries_to_learn_about_somebody_hears_one_answer_and_stands_in_the_audit(
    family: Family,  # noqa: F811
    clock: HandClock,
) -> None:
    world = family.world
    ana = replace(DRAFT, known_by=world.patient, given=PATIENT.given, family=PATIENT.family)
    told = [replace(DRAFT, known_by=family.leo), replace(ana, birth_date=PATIENT.birth_date), ana]
    answers = []
    for draft in told:
        with pytest.raises(NotIdentified) as refused:
            invite(family, draft)
        answers.append((type(refused.value), str(refused.value)))
    with pytest.raises(EmailTaken):  # whoever it is about: the address is looked at first
        invite(family, replace(ana, email=PATIENT.email))
    assert len(set(answers)) == 1
    by_nobody = [(world.clinic, "not_identified"), (world.clinic, "address_taken")]
    assert refusals(world) == sorted([(family.leo, "minor"), (world.patient, "has_login"), *by_nobody])


def test_the_record_is_found_by_its_number_too_and_a_taken_address_is_none(
    family: Family,  # noqa: F811
    clock: HandClock,
) -> None:
    clock.at = ADULT
    by_number = replace(DRAFT, known_by=family.leo)
    with pytest.raises(EmailTaken):
        invite(family, replace(by_number, email=PATIENT.email))
    first, second = invite(family, by_number), invite(family, by_number)
    assert [takeover_is_open(family.world.database, STEP, one) for one in (first, second)] == [False, True]


def test_wrong_birth_dates_end_the_link(family: Family, clock: HandClock) -> None:  # noqa: F811
    clock.at = ADULT
    token = invite(family)
    for _ in range(MOST_WRONG):
        assert accept(family.world, answered(token, date(2000, 1, 1))) is None
    with pytest.raises(TokenRefused):
        accept(family.world, answered(token))


def test_nobody_alone_takes_a_record_and_whoever_kept_it_is_told(family: Family, clock: HandClock) -> None:  # noqa: F811
    clock.at, world = ADULT, family.world
    invitation = ask(family)
    for by, error in ((admin(world), OwnInvitation), (Actor(person="p", role=Role.SUPPORT), AccessRefused)):
        with pytest.raises(error):
            release(family, invitation, by)
    with world.database.scope(world.clinic, OFFICER) as scope:
        assert [(one.state, one.asked_by) for one in scope.takeovers.listed()] == [("waiting", "per_admin")]
    token = release(family, invitation)
    with pytest.raises(AlreadyDone):
        release(family, invitation)
    assert accept(world, answered(token)) is not None
    told = [(one.template, one.address) for one in MailQueue(world.database).pending(10)]
    assert told == [("takeover_asked", PATIENT.email), ("takeover", DRAFT.email), ("taken_over", PATIENT.email)]
    assert refusals(world) == [(family.leo, "own")]
    with world.database.scope(world.clinic, world.as_system) as scope:
        (entry,) = scope.audit.search(AuditQuery(act="people:takeover_release:modified"))
    assert (entry.actor, entry.subject) == ("per_officer", family.leo)


def test_the_clinics_word_that_somebody_is_known_is_no_way(family: Family, clock: HandClock) -> None:  # noqa: F811
    clock.at = ADULT
    with pytest.raises(ValueError, match="like this"):
        ask(family, replace(DRAFT, way="known_to_clinic"))


def test_who_is_erased_is_nobodys_to_take_over(family: Family, clock: HandClock) -> None:  # noqa: F811
    clock.at = ADULT
    token, world = invite(family), family.world
    with world.database.work(world.clinic, world.as_system) as work:
        erase(work, family.leo, {"reason": "asked"})
    assert not takeover_is_open(world.database, STEP, token)
    with world.database.scope(world.clinic, admin(world)) as scope:
        assert [one.state for one in scope.takeovers.listed()] == ["revoked"]


STRANGERS = (Role.SUPPORT, Role.CLINICAL_OPS, Role.COMPLIANCE, Role.PROVIDER, Role.PATIENT)


def test_only_the_clinics_administrator_identifies_somebody(family: Family) -> None:  # noqa: F811
    for role in STRANGERS:
        asking = Actor(person="p", role=role)
        with pytest.raises(AccessRefused), family.world.database.scope(family.world.clinic, asking) as scope:
            scope.takeovers.invite(DRAFT, asked)
