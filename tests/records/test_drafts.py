"""A visit that is only a draft takes nothing a patient says: no answer, place or signature; it may be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.pinned import Document
from engine.ports import VisitChange, VisitRef
from records.acts import Act, needs_begun
from records.errors import AlreadyDone, NotYetBegun
from records.forms import Submission
from records.scope import Scope
from tests.records.helpers import PLACE, PLAN, START, World, draft_of
from tests.records.helpers_journey import FORM, answer_of, consent_of

LATER = START + timedelta(minutes=15)
SAID: dict[str, Callable[[Scope, str], object]] = {
    "answer": lambda scope, visit: scope.forms.save_answer(answer_of(visit)),
    "flag": lambda scope, visit: scope.forms.flag(visit, FORM, "symptom", "chest_pain", stops=True),
    "submission": lambda scope, visit: scope.forms.submit(
        Submission(visit=visit, form=FORM, form_digest="sha256:f", shown=(), fills={})
    ),
    "place": lambda scope, visit: scope.visits.attest_place(visit, PLACE),
    "consent": lambda scope, visit: scope.consents.sign(consent_of(visit)),
}


@pytest.mark.parametrize("said", SAID)
def test_what_a_patient_says_waits_until_the_visit_has_begun(world: World, said: str) -> None:
    with pytest.raises(NotYetBegun) as refused, world.database.scope(world.clinic, world.as_patient) as scope:
        SAID[said](scope, world.visit)
    assert isinstance(refused.value, AlreadyDone)
    assert refused.value.code == "not_begun"
    world.begin()
    with world.database.scope(world.clinic, world.as_patient) as scope:
        SAID[said](scope, world.visit)


def test_the_rule_is_the_clinics_own_work_too(world: World) -> None:
    with pytest.raises(NotYetBegun), world.database.scope(world.clinic, world.as_system) as scope:
        scope.visits.attest_place(world.visit, PLACE)


def test_a_draft_may_be_read(world: World) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert scope.visits.get(world.visit).stage == "draft"
        assert scope.forms.answers(world.visit, FORM) == {}
        assert scope.consents.for_visit(world.visit) == ()
        assert scope.visits.dossier(world.visit).visit == world.visit


def test_a_visit_keeps_the_texts_its_plan_names_and_gives_no_others(world: World) -> None:
    form = Document(digest="sha256:f", kind="form", text='{"form":"area/form"}')
    plan = replace(PLAN, pins={"area/form": form.digest})
    changes = {"plan": plan, "documents": (form,), "starts_at": START + timedelta(hours=2)}
    with world.database.scope(world.clinic, world.as_patient) as scope:
        visit = scope.visits.draft(draft_of(world.patient, world.provider, **changes))
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert scope.visits.plan(visit) == plan
        assert scope.visits.document(visit, form.digest) == form.text
        assert scope.visits.document(visit, plan.digest) is None
        assert scope.visits.document(world.visit, form.digest) is None


def test_only_what_adds_to_a_visit_waits_for_it() -> None:
    waiting = {act for act in Act if needs_begun(act)}
    assert waiting == {
        Act.ANSWER_SAVED,
        Act.FLAG_RAISED,
        Act.FORM_SUBMITTED,
        Act.FILE_ADDED,
        Act.PLACE_ATTESTED,
        Act.CONSENT_SIGNED,
        Act.DUTY_STATED,
        Act.CHECK_KEPT,
        Act.PHOTO_JUDGED,
    }


def test_a_draft_whose_time_somebody_else_took_is_closed_with_an_event(world: World) -> None:
    with world.database.scope(world.clinic, world.as_system) as scope:
        other = scope.visits.draft(draft_of(world.patient, world.provider))
    world.store.hold_slot(world.effect(), LATER)
    late = replace(world.effect(), ref=VisitRef(clinic=world.clinic, visit=other))
    assert not world.store.hold_slot(late, LATER)
    with world.database.scope(world.clinic, world.as_system) as scope:
        events = [(event.event, event.stage) for event in scope.visits.events(other)]
    assert events == [("drafted", "draft"), ("slot_taken", "refused")]
    assert world.store.is_over(late.ref)


def test_a_visit_that_has_ended_stays_as_it_ended(world: World) -> None:
    for stage in ("refused", "expired"):
        world.store.change(world.effect(), VisitChange(event=stage, stage=stage))
    with world.database.scope(world.clinic, world.as_system) as scope:
        assert scope.visits.get(world.visit).stage == "refused"
        assert [event.event for event in scope.visits.events(world.visit)] == ["drafted", "refused", "expired"]


def test_a_visit_that_began_is_not_closed_by_time_it_does_not_get(world: World) -> None:
    with world.database.scope(world.clinic, world.as_system) as scope:
        other = scope.visits.draft(draft_of(world.patient, world.provider))
    world.store.hold_slot(world.effect(), LATER)
    late = replace(world.effect(), ref=VisitRef(clinic=world.clinic, visit=other))
    world.store.change(late, VisitChange(event="held", stage="held"))
    assert not world.store.hold_slot(replace(late, key="again"), LATER)
    with world.database.scope(world.clinic, world.as_system) as scope:
        assert scope.visits.get(other).stage == "held"
