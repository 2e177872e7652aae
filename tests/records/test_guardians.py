"""What a guardian must say, no patient says in their place: not by a signature, not in a form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.consent_text import GUARDIAN
from records.forms import Submission
from tests.records.helpers import World
from tests.records.helpers_journey import consent_of


@pytest.fixture
def begun(world: World) -> World:
    world.begin()
    return world


def test_a_guardians_consent_is_none_unless_a_guardian_signed_it(begun: World) -> None:
    for actor in (begun.as_patient, begun.as_system):
        with begun.database.scope(begun.clinic, actor) as scope:
            draft = replace(consent_of(begun.visit), kind=GUARDIAN, text=f"I agree, {actor.role}")
            scope.consents.sign(draft)
        assert begun.store.dossier(begun.ref).consents == ()


def test_a_form_that_says_a_guardian_is_there_is_not_believed(begun: World) -> None:
    fills = {"patient.guardian_present": True}
    with begun.database.scope(begun.clinic, begun.as_patient) as scope:
        scope.forms.submit(Submission(visit=begun.visit, form="a/b", form_digest="d", shown=(), fills=fills))
    assert begun.store.dossier(begun.ref).patient.guardian_present is None
