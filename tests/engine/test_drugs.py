"""Which drug a written name means, and that a question can only add to what the drug base holds."""

import pytest

from engine.drugs import stricter
from engine.rulebook import load_law
from tests.rules.helpers_cases import ROOT

NAMES = load_law(ROOT).drug_names


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("mifepristone", "mifepristone"),
        ("  MIFEPRISTONE  ", "mifepristone"),
        ("Mifepristone 200 mg", "mifepristone"),
        ("mifepristone 200mg tablet", "mifepristone"),
        ("oxycodone hydrochloride", "oxycodone"),
        ("Penicillin V potassium (500 mg)", "penicillin v"),
    ],
)
def test_case_strength_salt_and_form_do_not_make_another_drug(written: str, name: str) -> None:
    drug = NAMES.find(written)
    assert drug is not None
    assert drug.name == name


@pytest.mark.parametrize(
    "written", ["Mifeprex", "Adderall", "heroin", "amoxicillin and heroin", "oxycodone-heroin", ""]
)
def test_any_other_word_is_an_unknown_drug(written: str) -> None:
    assert NAMES.find(written) is None


def test_the_stricter_schedule_counts() -> None:
    assert stricter("V", "II") == stricter("II", "V") == stricter("II", None) == stricter(None, "II") == "II"
    assert stricter(None, None) is None
