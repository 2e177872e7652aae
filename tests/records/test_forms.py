"""Answers: every save is a version, a repeated save is the same save, an old page is told so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from engine.ports import VisitChange, VisitRef
from records.access import Role
from records.acts import Act
from records.errors import AccessRefused, AlreadyDone, Conflict
from records.forms import Submission
from records.tables.vault import AuditEntry
from records.work import Actor
from tests.records.helpers import PATIENT, World, draft_of
from tests.records.helpers_journey import FORM, answer_of


@pytest.fixture(autouse=True)
def _begun(world: World) -> None:
    world.begin()


def submission(world: World) -> Submission:
    fills = {"patient.allergies": ["penicillin"], "patient.pregnant": False, "patient.since": 3}
    return Submission(visit=world.visit, form=FORM, form_digest="sha256:f", shown=("fever",), fills=fills)


def test_answers_are_kept_in_versions_and_the_newest_counts(world: World) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        first = scope.forms.save_answer(answer_of(world.visit, "fever", True, 0))
        second = scope.forms.save_answer(answer_of(world.visit, "fever", False, 1))
        newest = scope.forms.answers(world.visit, FORM)["fever"]
    assert (first.version, second.version, newest.version, newest.value) == (1, 2, 2, False)


def test_the_same_key_again_is_the_same_save(world: World) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.forms.save_answer(answer_of(world.visit, "fever", True, 0, "k"))
    with world.database.scope(world.clinic, world.as_patient) as scope:
        again = scope.forms.save_answer(answer_of(world.visit, "fever", True, 0, "k"))
        assert (again.version, again.repeated) == (1, True)
        with pytest.raises(ValueError, match="key"):
            scope.forms.save_answer(answer_of(world.visit, "cough", True, 0, "k"))


def test_an_old_page_is_told_the_current_version(world: World) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.forms.save_answer(answer_of(world.visit, "fever", True, 0, "tab-a"))
        with pytest.raises(Conflict) as conflict:
            scope.forms.save_answer(answer_of(world.visit, "fever", False, 0, "tab-b"))
    assert conflict.value.current == 1


@pytest.mark.parametrize("name", ["I have a fever", "", "x" * 200, "a\nb"])
def test_a_sentence_never_becomes_an_items_name(world: World, name: str) -> None:
    with (
        pytest.raises(ValueError, match="not a code"),
        world.database.scope(world.clinic, world.as_patient) as scope,
    ):
        scope.forms.save_answer(answer_of(world.visit, name, True, 0, "k"))


def test_handing_in_keeps_what_was_shown_and_announces_it_once(world: World) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.forms.save_answer(answer_of(world.visit, "fever", True))
        scope.forms.save_answer(answer_of(world.visit, "hidden", "old"))
        first = scope.forms.submit(submission(world))
        assert scope.forms.submit(submission(world)) == first
        with pytest.raises(AlreadyDone):
            scope.forms.save_answer(answer_of(world.visit, "fever", False, 1))
        kept = scope.forms.submitted(world.visit)[0]
    assert dict(kept.answers) == {"fever": True}
    told = [(item.kind, item.subject) for item in world.store.pending(10)]
    assert told == [("intake_submitted", FORM)]


def test_what_answers_fill_reaches_the_dossier(world: World) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.forms.save_answer(answer_of(world.visit, "fever", True))
        scope.forms.submit(submission(world))
    dossier = world.store.dossier(world.ref)
    assert (dossier.patient.allergies, dossier.patient.pregnant, dossier.patient.conditions) == (
        ("penicillin",),
        False,
        None,
    )
    assert dict(dossier.answers) == {"patient.since": 3, "form.intake.fever": True}


def test_a_red_flag_opens_one_task_and_is_announced_once(world: World) -> None:
    for _ in range(2):
        with world.database.scope(world.clinic, world.as_patient) as scope:
            scope.forms.flag(world.visit, FORM, "symptom", "chest_pain", stops=True)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        assert [alert.kind for alert in scope.alerts.open()] == ["red_flag"]
        assert [entry.alerts for entry in scope.visits.queue(world.provider)] == [("red_flag",)]
    assert [item.kind for item in world.store.pending(10)] == ["red_flag"]


def test_a_flag_that_ends_nothing_is_told_to_the_visit_and_to_who_answers(world: World) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.forms.flag(world.visit, FORM, "symptom", "low_mood", stops=False)
        assert scope.parts.given(world.visit).flags == {f"{FORM}:low_mood"}
    assert [(item.kind, item.subject) for item in world.store.pending(10)] == [("flag_raised", f"{FORM}:low_mood")]


def test_a_provider_reads_answers_and_writes_none(world: World) -> None:
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, world.as_provider) as scope:
        scope.forms.save_answer(answer_of(world.visit))
    with (
        pytest.raises(AccessRefused),
        world.database.scope(world.clinic, Actor(person="s", role=Role.SUPPORT)) as scope,
    ):
        scope.forms.answers(world.visit, FORM)


def later_visit(world: World) -> str:
    """Another visit of the same patient, begun."""
    with world.database.scope(world.clinic, world.as_system) as scope:
        visit = scope.visits.draft(draft_of(world.patient, world.provider))
    effect = replace(world.effect(), ref=VisitRef(clinic=world.clinic, visit=visit))
    world.store.change(effect, VisitChange(event="held", stage="held"))
    return visit


def test_what_was_handed_in_at_an_earlier_visit_is_found_and_its_reading_is_audited(world: World) -> None:
    visit = later_visit(world)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.forms.save_answer(answer_of(world.visit, "fever", True))
        assert scope.forms.earlier(visit) == ()
        scope.forms.submit(submission(world))
    before = looks(world)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        (found,) = scope.forms.earlier(visit)
    assert (dict(found.answers), found.fills["patient.allergies"]) == ({"fever": True}, ["penicillin"])
    assert looks(world) == before + 1


def looks(world: World) -> int:
    """How often the audit says that the world's visit's answers were read."""
    with world.database.reading() as session:
        query = select(func.count()).where(AuditEntry.visit == world.visit, AuditEntry.act == Act.ANSWERS_VIEWED)
        return session.scalar(query) or 0


def test_nobody_elses_answers_are_found(world: World) -> None:
    with world.database.scope(world.clinic, world.as_system) as scope:
        other = scope.people.create_patient(replace(PATIENT, email="other@example.org"))
        theirs = scope.visits.draft(draft_of(other, world.provider))
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.forms.submit(submission(world))
    with world.database.scope(world.clinic, Actor(person=other, role=Role.PATIENT)) as scope:
        assert scope.forms.earlier(theirs) == ()
        with pytest.raises(AccessRefused):
            scope.forms.earlier(world.visit)
