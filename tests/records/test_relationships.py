"""Who acts for a patient does so within the scopes of a relationship that holds, and every act says for whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.consent_text import GUARDIAN
from engine.ports import VisitChange, VisitRef
from engine.rooms import RoomClaims, RoomRole
from records.access import Role
from records.acting import of_age
from records.audit_trail import AuditQuery
from records.consents import ConsentDraft
from records.database import Database
from records.errors import AccessRefused, AlreadyDone, NotFound
from records.errors_identity import TokenRefused
from records.mails import MailDraft
from records.relationships import (
    MOST_OPEN,
    Compose,
    NotAMinor,
    RelationshipDraft,
    Relationships,
    TooManyInvitations,
)
from records.room_tokens import RoomTokens
from records.scope import Scope
from records.tables.relationships import RelationshipRow
from records.work import Actor
from tests.records.helpers import PATIENT, PLACE, HandClock, World, draft_of
from tests.records.helpers_journey import answer_of, consent_of

LEO = replace(PATIENT, given="Leo", family="Reyes", birth_date=date(2015, 6, 1), email="", phone="", sex="male")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Ana, her son Leo, and his visit that she booked."""

    world: World
    leo: str
    relationship: str
    visit: str

    @property
    def database(self) -> Database:
        return self.world.database

    @property
    def ana(self) -> Actor:
        return self.world.as_patient

    def begin(self) -> None:
        effect = replace(self.world.effect(), ref=VisitRef(clinic=self.world.clinic, visit=self.visit))
        self.world.store.change(effect, VisitChange(event="held", stage="held"))


@pytest.fixture
def family(world: World) -> Family:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        relationship = scope.relationships.add_child(LEO, "parent")
        leo = scope.relationships.ward(relationship).patient
        visit = scope.visits.draft(draft_of(leo, world.provider))
    return Family(world=world, leo=leo, relationship=relationship, visit=visit)


def adult(world: World, given: str, email: str) -> Actor:
    """Another grown-up with a log-in."""
    with world.database.scope(world.clinic, world.as_system) as scope:
        person = scope.people.create_patient(replace(PATIENT, given=given, email=email))
        scope.accounts.create(person, email, "no hash", [Role.PATIENT])
    return Actor(person=person, role=Role.PATIENT)


def helper_of(
    family: Family, patient: str, kind: str, scopes: tuple[str, ...], until: datetime | None = None
) -> tuple[Actor, str]:
    """Olga, who accepted what Ana granted her for that patient."""
    tokens: list[str] = []
    world = family.world
    draft = RelationshipDraft(
        patient=patient,
        email="olga@example.org",
        name="Olga",
        relation="grandparent",
        kind=kind,
        scopes=scopes,
        until=until,
    )

    def compose(token: str, address: str) -> MailDraft:
        tokens.append(token)
        return MailDraft(template="acting", language="en", address=address, subject="s", body=token)

    with world.database.scope(world.clinic, family.ana) as scope:
        scope.relationships.grant(draft, compose)
    olga = adult(world, "Olga", "olga@example.org")
    with world.database.scope(world.clinic, olga) as scope:
        assert scope.relationships.peek(tokens[0]).patient.endswith("Reyes")
        return olga, scope.relationships.accept(tokens[0])


def guardians_consent(visit: str) -> ConsentDraft:
    return replace(consent_of(visit), kind=GUARDIAN, text="I agree for Leo", signature="Ana Reyes")


def test_a_guardian_does_for_the_child_what_a_patient_does_for_themselves(family: Family) -> None:
    family.begin()
    with family.database.scope(family.world.clinic, family.ana) as scope:
        scope.visits.attest_place(family.visit, PLACE)
        scope.forms.save_answer(answer_of(family.visit))
        consent = scope.consents.sign(guardians_consent(family.visit))
        scope.parts.asks(family.visit, "arrive")
        assert scope.people.patient(family.leo).given == "Leo"
        assert [one.visit for one in scope.visits.for_patient(family.leo)] == [family.visit]
        signer = scope.consents.signed_for(consent)
    assert signer is not None
    assert (signer.name, signer.kind, signer.relation) == ("Ana Reyes", "guardian", "parent")


def test_every_act_says_for_whom_and_under_what(family: Family) -> None:
    with family.database.scope(family.world.clinic, family.ana) as scope:
        scope.visits.get(family.visit)
    with family.database.scope(family.world.clinic, family.world.as_system) as scope:
        seen = scope.audit.search(AuditQuery(visit=family.visit, actor=family.ana.person, act="visits:visit:viewed"))
    assert json.loads(seen[0].detail) == {"for": family.leo, "relationship": family.relationship}


def test_what_one_does_for_oneself_is_marked_for_nobody(family: Family) -> None:
    with family.database.scope(family.world.clinic, family.ana) as scope:
        scope.visits.get(family.world.visit)
    with family.database.scope(family.world.clinic, family.world.as_system) as scope:
        seen = scope.audit.search(AuditQuery(visit=family.world.visit, act="visits:visit:viewed"))
    assert json.loads(seen[0].detail) == {}


def test_the_gates_are_told_of_a_guardian_and_of_a_guardians_consent(family: Family) -> None:
    family.begin()
    ref = VisitRef(clinic=family.world.clinic, visit=family.visit)
    with family.database.scope(family.world.clinic, family.ana) as scope:
        scope.consents.sign(guardians_consent(family.visit))
    told = family.world.store.dossier(ref)
    assert told.patient.guardian_present is True
    assert [one.kind for one in told.consents] == [GUARDIAN]
    with family.database.scope(family.world.clinic, family.ana) as scope:
        scope.relationships.end(family.relationship)
    assert family.world.store.dossier(ref).patient.guardian_present is False


def test_nobody_tells_that_an_adult_has_a_guardian(family: Family) -> None:
    assert family.world.store.dossier(family.world.ref).patient.guardian_present is None


def test_a_grandmother_who_may_book_neither_consents_nor_answers_nor_reads_nor_joins(family: Family) -> None:
    olga, _ = helper_of(family, family.leo, "caregiver", ("schedule",))
    family.begin()
    clinic = family.world.clinic
    with family.database.scope(clinic, olga) as scope:
        assert scope.visits.get(family.visit).reason == ""
        theirs = scope.visits.draft(draft_of(family.leo, family.world.provider))
        scope.parts.asks(family.visit, "cancel")
    with family.database.scope(clinic, family.ana) as scope:
        assert scope.visits.participant_of(theirs, family.ana.person).role == "caregiver"
        with pytest.raises(NotFound):
            scope.visits.participant_of(theirs, olga.person)
    acts: tuple[Callable[[Scope], object], ...] = (
        lambda scope: scope.consents.sign(guardians_consent(family.visit)),
        lambda scope: scope.forms.save_answer(answer_of(family.visit)),
        lambda scope: scope.people.patient(family.leo),
        lambda scope: scope.parts.asks(family.visit, "join"),
        lambda scope: scope.documents.for_visit(family.visit),
        lambda scope: scope.relationships.about(family.leo),
        lambda scope: scope.relationships.end(family.relationship),
    )
    for act in acts:
        with pytest.raises(AccessRefused), family.database.scope(clinic, olga) as scope:
            act(scope)


def test_nobody_else_than_a_guardian_gets_what_is_a_guardians(family: Family) -> None:
    for kind, scopes in (("caregiver", ("join",)), ("caregiver", ("consent",)), ("proxy", ("share",)), ("king", ())):
        draft = RelationshipDraft(
            patient=family.leo, email="x@example.org", name="X", relation="friend", kind=kind, scopes=scopes
        )
        with pytest.raises(ValueError, match="nobody can act"), _as(family, family.ana) as scope:
            scope.relationships.grant(draft, _no_mail)


def test_an_adult_lets_a_proxy_read_and_ends_it_at_once(family: Family) -> None:
    olga, relationship = helper_of(family, family.ana.person, "proxy", ("see_record", "join"))
    clinic = family.world.clinic
    with family.database.scope(clinic, olga) as scope:
        assert scope.people.patient(family.ana.person).given == "Ana"
        assert scope.visits.get(family.world.visit).reason == "sore throat"
    with family.database.scope(clinic, family.ana) as scope:
        assert [(one.name, one.state) for one in scope.relationships.about(family.ana.person)] == [
            ("Olga Reyes", "active")
        ]
        scope.relationships.end(relationship)
    with pytest.raises(AccessRefused), family.database.scope(clinic, olga) as scope:
        scope.visits.get(family.world.visit)
    with pytest.raises(AlreadyDone), family.database.scope(clinic, family.ana) as scope:
        scope.relationships.end(relationship)


def test_who_acts_no_longer_is_in_the_call_no_longer(family: Family, clock: HandClock) -> None:
    olga, relationship = helper_of(family, family.ana.person, "caregiver", ("join",))
    clinic, visit, tokens = family.world.clinic, family.world.visit, RoomTokens(family.database)
    with _as(family, olga) as scope:
        part = scope.parts.part_in(visit, "join")
    claims = RoomClaims(
        clinic=clinic,
        visit_id=visit,
        room_id="r",
        participant_id=part,
        role=RoomRole.CAREGIVER,
        expires_at=family.database.now() + timedelta(hours=4),
    )
    token = tokens.sign(claims)
    assert tokens.verify(token) is not None
    assert tokens.admits(claims)
    with _as(family, family.ana) as scope:
        scope.relationships.end(relationship)
    assert tokens.verify(token) is None
    assert not tokens.admits(claims)
    for role in (Role.PATIENT, Role.CAREGIVER):
        with pytest.raises(AccessRefused), _as(family, replace(olga, role=role)) as scope:
            scope.parts.asks(visit, "join")


def test_who_only_answers_reaches_no_answers_and_files_of_a_visit_that_ended_before(
    family: Family, clock: HandClock
) -> None:
    world, clinic = family.world, family.world.clinic
    clock.at = draft_of(world.patient, world.provider).starts_at + timedelta(days=1)
    world.store.change(world.effect(), _completed())
    with _as(family, family.ana) as scope:
        now = scope.visits.draft(
            replace(draft_of(world.patient, world.provider), starts_at=clock.at + timedelta(days=1))
        )
    olga, _ = helper_of(family, world.patient, "caregiver", ("intake",))
    with _as(family, olga) as scope:
        assert [one.visit for one in scope.visits.for_patient(world.patient)] == [now]
        assert scope.forms.answers(now, "f") is not None
    reads: tuple[Callable[[Scope], object], ...] = (
        lambda scope: scope.forms.answers(world.visit, "f"),
        lambda scope: scope.blobs.for_visit(world.visit),
        lambda scope: scope.visits.get(world.visit),
    )
    for read in reads:
        with pytest.raises(AccessRefused), _as(family, olga) as scope:
            read(scope)
    world.store.change(replace(world.effect(), ref=VisitRef(clinic=clinic, visit=now)), _completed())
    with _as(family, olga) as scope:
        assert scope.forms.answers(now, "f") is not None, "it was of their own time"


def test_who_reads_the_record_reads_what_ended_before(family: Family, clock: HandClock) -> None:
    clock.at = draft_of(family.world.patient, family.world.provider).starts_at + timedelta(days=1)
    family.world.store.change(family.world.effect(), _completed())
    olga, _ = helper_of(family, family.ana.person, "proxy", ("intake", "see_record"))
    with _as(family, olga) as scope:
        assert scope.forms.answers(family.world.visit, "f") is not None


def test_who_only_gets_notices_sees_when_a_visit_is_and_not_what_for(family: Family) -> None:
    world = family.world
    olga, _ = helper_of(family, world.patient, "caregiver", ("messages",))
    with _as(family, olga) as scope:
        listed = scope.visits.for_patient(world.patient)
        seen, told = scope.visits.get(world.visit), scope.parts.given(world.visit)
        assert scope.visits.glimpse(world.visit) == seen
    assert [one.visit for one in listed] == [world.visit]
    assert (seen.specialty, seen.visit_type, seen.provider, seen.encounter_kind, seen.reason) == ("", "", "", "", "")
    assert seen.starts_at == draft_of(world.patient, world.provider).starts_at
    assert (told.forms, told.consents, told.acting_for) == (frozenset(), frozenset(), "Ana Reyes")
    with pytest.raises(AccessRefused), _as(family, olga) as scope:
        scope.visits.plan(world.visit)
    with _as(family, family.ana) as scope:
        assert scope.visits.glimpse(world.visit) is None


@pytest.mark.parametrize(("scopes", "flags"), [(("schedule",), set()), (("schedule", "intake"), {"f:low_mood"})])
def test_who_may_not_answer_is_not_told_which_flags_were_raised(
    family: Family, scopes: tuple[str, ...], flags: set[str]
) -> None:
    world = family.world
    world.begin()
    with _as(family, family.ana) as scope:
        scope.forms.flag(world.visit, "f", "item", "low_mood", stops=False)
    helper, _ = helper_of(family, world.patient, "caregiver", scopes)
    with _as(family, helper) as scope:
        assert scope.parts.given(world.visit).flags == flags


def test_who_saw_my_record_names_who_acts_for_me(family: Family) -> None:
    olga, _ = helper_of(family, family.ana.person, "proxy", ("see_record",))
    with family.database.scope(family.world.clinic, olga) as scope:
        scope.people.patient(family.ana.person)
    with family.database.scope(family.world.clinic, family.ana) as scope:
        seen = scope.audit.who_saw(family.ana.person)
    assert {(one.name, one.role) for one in seen if one.actor == olga.person} == {("Olga Reyes", "proxy")}


def test_a_relationship_ends_on_its_day_and_may_be_given_up(family: Family, clock: HandClock) -> None:
    olga, relationship = helper_of(
        family, family.ana.person, "proxy", ("see_record",), until=clock.at + timedelta(days=1)
    )
    with family.database.scope(family.world.clinic, olga) as scope:
        assert len(scope.relationships.mine()) == 1
    clock.move(days=1)
    with family.database.scope(family.world.clinic, olga) as scope:
        assert scope.relationships.mine() == ()
        with pytest.raises(NotFound):
            scope.relationships.ward(relationship)
        scope.relationships.end(relationship)


def test_on_the_eighteenth_birthday_where_the_child_lives_the_guardian_is_one_no_more(
    family: Family, clock: HandClock
) -> None:
    family.begin()
    clinic, ref = family.world.clinic, VisitRef(clinic=family.world.clinic, visit=family.visit)
    with family.database.scope(clinic, family.ana) as scope:
        scope.consents.sign(consent_of(family.visit))
    clock.at = datetime(2033, 6, 1, 3, 59, tzinfo=UTC)  # the evening before in Florida
    assert len(family.world.store.dossier(ref).consents) == 1
    with family.database.scope(clinic, family.ana) as scope:
        assert scope.visits.get(family.visit).patient == family.leo
    clock.move(minutes=1)
    with pytest.raises(AccessRefused), family.database.scope(clinic, family.ana) as scope:
        scope.parts.asks(family.visit, "join")
    told = family.world.store.dossier(ref)
    assert (told.patient.guardian_present, told.consents) == (None, ())


def test_a_postal_code_that_names_no_place_rather_ends_a_day_early() -> None:
    birthday = datetime(2033, 6, 1, tzinfo=UTC)
    assert not of_age(LEO.birth_date, "33101", birthday)
    assert of_age(LEO.birth_date, "00000", birthday - timedelta(hours=13))


def test_what_a_minor_arranged_alone_stays_out_of_the_guardians_sight(family: Family) -> None:
    with family.database.scope(family.world.clinic, family.world.as_system) as scope:
        alone = scope.visits.draft(draft_of(family.leo, family.world.provider))
    with pytest.raises(AccessRefused), family.database.scope(family.world.clinic, family.ana) as scope:
        scope.visits.get(alone)
    with family.database.scope(family.world.clinic, family.ana) as scope:
        assert [one.visit for one in scope.visits.for_patient(family.leo)] == [family.visit]


def test_an_adult_is_no_child_and_a_friend_no_guardian(family: Family) -> None:
    with pytest.raises(NotAMinor), _as(family, family.ana) as scope:
        scope.relationships.add_child(PATIENT, "parent")
    with pytest.raises(ValueError, match="guardian"), _as(family, family.ana) as scope:
        scope.relationships.add_child(LEO, "friend")


def test_an_invitation_is_used_once_by_who_reads_that_address(family: Family, clock: HandClock) -> None:
    tokens: list[str] = []

    def compose(token: str, address: str) -> MailDraft:
        tokens.append(token)
        return MailDraft(template="acting", language="en", address=address, subject="s", body=token)

    draft = RelationshipDraft(
        patient=family.ana.person, email="Olga@example.org", name="O", relation="child", kind="proxy", scopes=("join",)
    )
    with _as(family, family.ana) as scope:
        for _ in range(2):
            scope.relationships.grant(draft, compose)
    stranger, olga = (adult(family.world, name, f"{name}@example.org") for name in ("ivo", "olga"))
    for who, token in ((stranger, tokens[0]), (olga, "none"), (family.ana, tokens[0])):
        with pytest.raises(TokenRefused), _as(family, who) as scope:
            scope.relationships.peek(token)
    with _as(family, olga) as scope:
        scope.relationships.accept(tokens[0])
    with pytest.raises(TokenRefused), _as(family, olga) as scope:
        scope.relationships.accept(tokens[0])
    clock.move(days=8)
    with pytest.raises(TokenRefused), _as(family, olga) as scope:
        scope.relationships.accept(tokens[1])


def test_the_invitation_of_who_may_share_no_longer_is_over(family: Family) -> None:
    tokens: list[str] = []
    with _as(family, family.ana) as scope:
        scope.relationships.grant(_invitation(family.leo), _mail_of(tokens))
    olga = adult(family.world, "Olga", "olga@example.org")
    with _as(family, olga) as scope:
        scope.relationships.peek(tokens[0])
    with family.database.work(family.world.clinic, family.world.as_system) as work:  # as if nothing else ended with it
        work.row(RelationshipRow, family.relationship).revoked_at = work.now
    for look in (Relationships.peek, Relationships.accept):
        with pytest.raises(TokenRefused), _as(family, olga) as scope:
            look(scope.relationships, tokens[0])


def test_what_a_guardian_granted_ends_with_the_guardian_and_the_audit_tells_it(family: Family) -> None:
    olga, granted = helper_of(family, family.leo, "caregiver", ("schedule",))
    tokens: list[str] = []
    with _as(family, family.ana) as scope:
        waiting = scope.relationships.grant(_invitation(family.leo, "ivo@example.org"), _mail_of(tokens))
    with _as(family, family.world.as_system) as scope:
        scope.relationships.end(family.relationship)
    with _as(family, olga) as scope:
        assert scope.relationships.mine() == ()
    with _as(family, family.world.as_system) as scope:
        ended = scope.audit.search(AuditQuery(patient=family.leo, act="people:relationship:deleted"))
        assert {one.state for one in scope.relationships.about(family.leo)} == {"ended"}
    told = [json.loads(one.detail) for one in ended]
    assert {one["relationship"] for one in told} == {family.relationship, granted, waiting}
    assert [one.get("granted_under") for one in told].count(family.relationship) == 2
    ivo = adult(family.world, "Ivo", "ivo@example.org")
    with pytest.raises(TokenRefused), _as(family, ivo) as scope:
        scope.relationships.accept(tokens[0])


def test_only_a_few_invitations_wait_and_no_letter_box_is_filled(family: Family, clock: HandClock) -> None:
    patient, made = family.ana.person, []
    with _as(family, family.ana) as scope:
        for number in range(MOST_OPEN):
            made.append(
                scope.relationships.grant(_invitation(patient, f"friend{number % 2}@example.org"), _mail_of([]))
            )
        with pytest.raises(TooManyInvitations, match="open"):
            scope.relationships.grant(_invitation(patient, "other@example.org"), _no_mail)
    for number in range(MOST_OPEN):
        with _as(family, family.ana) as scope:
            scope.relationships.end(made.pop())
            if number < 3:
                made.insert(0, scope.relationships.grant(_invitation(patient, "friend1@example.org"), _mail_of([])))
    with pytest.raises(TooManyInvitations, match="address"), _as(family, family.ana) as scope:
        scope.relationships.grant(_invitation(patient, "Friend1@example.org"), _no_mail)
    clock.move(hours=1)
    with _as(family, family.ana) as scope:
        scope.relationships.grant(_invitation(patient, "friend1@example.org"), _mail_of([]))


def test_notices_about_a_child_go_to_who_gets_its_messages(family: Family) -> None:
    effect = replace(family.world.effect(), ref=VisitRef(clinic=family.world.clinic, visit=family.visit))
    family.world.store.queue_message(effect, "visit_booked", "patient")
    with family.database.scope(family.world.clinic, family.world.as_system) as scope:
        assert [one.address for one in scope.messages.outbox() if one.visit == family.visit] == [PATIENT.email]


def test_another_clinic_knows_nothing_of_it(family: Family) -> None:
    with family.database.scope("cedar", family.ana) as scope:
        assert scope.relationships.mine() == ()
    with pytest.raises((AccessRefused, NotFound)), family.database.scope("cedar", family.ana) as scope:
        scope.visits.get(family.visit)


def _invitation(patient: str, email: str = "olga@example.org") -> RelationshipDraft:
    return RelationshipDraft(
        patient=patient, email=email, name="O", relation="friend", kind="caregiver", scopes=("schedule",)
    )


def _mail_of(tokens: list[str]) -> Compose:
    def compose(token: str, address: str) -> MailDraft:
        tokens.append(token)
        return MailDraft(template="acting", language="en", address=address, subject="s", body="b")

    return compose


def _completed() -> VisitChange:
    return VisitChange(event="completed", stage="completed")


def _as(family: Family, who: Actor):  # type: ignore[no-untyped-def]
    return family.database.scope(family.world.clinic, who)


def _no_mail(token: str, address: str) -> MailDraft:
    raise AssertionError("nothing is mailed")
