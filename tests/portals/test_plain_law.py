"""A law's verdict is said in plain words wherever it is shown: as a no, with what is wrong with the licence."""

from __future__ import annotations

from datetime import date

import pytest

from engine.decide import decide
from engine.decisions import Question
from engine.dossier import License
from engine.evaluators import ClosuresOnly
from engine.rulebook import load_rulebook
from portals.base.formats import Formats
from portals.law.plain import PlainLaw
from portals.provider.held import Held
from portals.provider.law import GateView, LawCard, law_card
from portals.provider.words import day_in, say_in
from tests.rules.helpers_cases import ROOT

pytestmark = pytest.mark.slow  # reads the law of the country
MACHINE = ("at least one of ", "licenses where", "state is state", "not (issued", "_")
ENDED = License(
    state="GA", profession="MD", kind="full", status="active", issued=date(2020, 1, 1), expires=date(2026, 11, 21)
)


def card_of(language: str, *held: License) -> LawCard:
    """The card of a call's gate for a clinician whose licence of the state ended the day before."""
    rulebook = load_rulebook(ROOT)
    row = {
        "state": "GA",
        "profession": "MD",
        "kind": "full",
        "status": "active",
        "issued": "2020-01-01",
        "expires": "2026-11-21",
    }
    facts = {
        "patient": {"location": {"country": "us", "state": "GA", "attested": True}},
        "provider": {"profession": "MD", "licenses": [row]},
    }
    asked = Question(topic="licensing", on="2026-11-22T10:00:00-05:00", facts=facts)
    decision = decide(rulebook, asked, ClosuresOnly()).as_json()
    whose = Held(profession="MD", licenses=held) if held else None
    gate = GateView(record="", gate="join", open=False, decisions={"licensing": decision}, held=whose)
    return law_card(gate, PlainLaw(rulebook, language), say_in(language), day_in(Formats(language)))


def test_a_licence_that_ended_is_the_reason_and_no_word_of_the_engines_is_shown() -> None:
    card = card_of("en", ENDED)
    [reason] = card.reasons
    assert reason.text == "No full, active license in Georgia: it ended on November 21, 2026."
    said = [reason.text, *reason.lacks, *(text for other in card.others for text in (other.text, *other.lacks))]
    assert not [text for text in said for word in MACHINE if word in text]


def test_whoever_may_not_see_licences_reads_which_one_is_lacking_in_their_language() -> None:
    [reason] = card_of("es").reasons
    assert reason.text == "No hay una licencia completa y activa en Georgia."
    assert not [word for word in MACHINE for text in reason.lacks if word in text]


def test_a_licence_renewed_since_is_not_said_to_be_wrong() -> None:
    renewed = License(state="GA", profession="MD", kind="full", status="active", expires=date(2028, 1, 1))
    [reason] = card_of("en", renewed).reasons
    assert reason.text == "No full, active license in Georgia."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "FL"}, "none is on file there"),
        ({"status": "suspended", "expires": None}, "it is not active (Suspended)"),
        ({"issued": date(2027, 1, 1), "expires": None}, "it begins on January 1, 2027"),
        ({"kind": "telehealth_registration"}, "the one there is of another kind"),
    ],
)
def test_what_is_wrong_with_the_nearest_licence(changes: dict[str, object], said: str) -> None:
    row = {"state": "GA", "profession": "MD", "kind": "full", "status": "active", "expires": date(2028, 1, 1)}
    [reason] = card_of("en", License(**{**row, **changes})).reasons  # type: ignore[arg-type]
    assert said in reason.text
