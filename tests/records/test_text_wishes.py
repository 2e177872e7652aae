"""Texts go to whom they are wanted by, to the number they were wanted at, and stop by a word."""

from __future__ import annotations

import pytest

from records.messages import MessageQueue
from records.people import PatientDraft
from records.text_wishes import answered
from tests.records.helpers import PATIENT, World

pytestmark = pytest.mark.slow  # each builds a clinic


def ask(world: World, wanted: bool = True) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.texts.ask(world.patient, wanted)


def remind(world: World) -> list[tuple[str, str]]:
    for audience in ("patient", "patient_text"):
        world.store.queue_message(world.effect(), "visit_tomorrow", audience)
    return [(one.channel, one.address) for one in MessageQueue(world.database).pending(10)]


def wanted(world: World) -> bool:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        return scope.texts.of_person(world.patient).wanted


def test_nobody_gets_texts_who_did_not_ask_for_them(world: World) -> None:
    assert remind(world) == [("mail", PATIENT.email)]


def test_who_asked_gets_the_text_beside_the_mail_until_they_end_it(world: World) -> None:
    ask(world)
    assert remind(world) == [("mail", PATIENT.email), ("text", PATIENT.phone)]
    ask(world, wanted=False)
    assert not wanted(world)


ENDING = (" Stop ", "ALTO", "STOP.", "Opt-out!", "opt out", "REVOKE", "¡Alto!")


@pytest.mark.parametrize(
    ("word", "left"),
    [*((word, False) for word in ENDING), *((word, True) for word in ("thanks", "please stop by", "start", ""))],
)
def test_a_word_from_the_phone_ends_the_texts_even_those_that_wait(world: World, word: str, left: bool) -> None:
    ask(world)
    remind(world)
    answered(world.database, world.clinic, "+1 (305) 555-0100", word)
    assert wanted(world) is left
    (text,) = [one for one in MessageQueue(world.database).pending(10) if one.channel == "text"]
    assert bool(text.address) is left


def test_start_brings_the_texts_back_and_another_clinic_s_numbers_are_left_alone(world: World) -> None:
    ask(world)
    assert answered(world.database, "cedar", PATIENT.phone, "STOP") == 0
    assert answered(world.database, world.clinic, PATIENT.phone, "STOP") == 1
    assert answered(world.database, world.clinic, PATIENT.phone, "START") == 1
    assert wanted(world)


def test_a_wish_counts_for_the_number_it_was_made_with(world: World) -> None:
    ask(world)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        known = scope.people.patient(world.patient)
        changed = {field: getattr(known, field) for field in PatientDraft.__dataclass_fields__}
        draft = PatientDraft(**{**changed, "phone": "+13055550199"})
        scope.people.update_patient(world.patient, draft, known.version)
    assert not wanted(world)
