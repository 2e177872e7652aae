"""What speaks against a drug, by cases over the base that ships: interactions, duplicates, allergies that reach on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from engine.diagnostics import BrokenInput, Problems
from engine.drugs import DrugNames, read_drugs
from engine.reading import read_file
from engine.safety import EMPTY, SafetyBase, Taken, findings, taken_by_words
from engine.safety_file import load_safety

ROOT = Path(__file__).parents[2]


@cache
def names() -> DrugNames:
    node = read_file(ROOT / "rules/us/drugs.yaml", ROOT, Problems())
    assert node is not None
    return DrugNames(read_drugs(node, Problems()))


@cache
def base() -> SafetyBase:
    return load_safety(ROOT)


def takes(name: str) -> Taken:
    """A drug of the base, or a kind of medicine of which nobody said which it is."""
    drug = names().drugs.get(name)
    if drug is None:
        return Taken(name=name, classes=base().groups[name], origin="patient", known=False)
    return Taken(name=drug.name, classes=drug.classes, origin="patient")


def found(drug: str, taken: tuple[str, ...], allergies: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    looked = findings(names().drugs[drug], [takes(one) for one in taken], allergies, base())
    return [(one.kind, one.other, one.severity) for one in looked]


@pytest.mark.parametrize(
    ("drug", "taken", "severity"),
    [
        ("ibuprofen", "warfarin", "serious"),
        ("warfarin", "ibuprofen", "serious"),
        ("sertraline", "phenelzine", "contraindicated"),
        ("sildenafil", "nitroglycerin", "contraindicated"),
        ("oxycodone", "alprazolam", "serious"),
        ("alprazolam", "opioid", "serious"),
        ("sumatriptan", "sertraline", "moderate"),
        ("tramadol", "antidepressant", "serious"),
        ("ibuprofen", "blood_thinner", "serious"),
    ],
)
def test_two_that_do_not_go_together_are_found_whichever_is_prescribed(drug: str, taken: str, severity: str) -> None:
    assert ("interaction", taken, severity) in found(drug, (taken,))


def test_a_kind_of_medicine_never_refuses_for_nobody_knows_which_it_is() -> None:
    assert [severity for _, _, severity in found("phenelzine", ("antidepressant",))].count("contraindicated") == 0
    assert ("interaction", "antidepressant", "serious") in found("phenelzine", ("antidepressant",))


@pytest.mark.parametrize(
    ("drug", "taken", "severity"),
    [
        ("amoxicillin", "amoxicillin", "serious"),
        ("amoxicillin-clavulanate", "amoxicillin", "serious"),
        ("naproxen", "ibuprofen", "serious"),
        ("fluoxetine", "sertraline", "moderate"),
    ],
)
def test_the_same_ingredient_or_a_class_of_which_one_is_enough_is_the_same_thing_twice(
    drug: str, taken: str, severity: str
) -> None:
    assert ("duplicate", taken, severity) in found(drug, (taken,))


def test_what_has_nothing_in_common_is_no_warning() -> None:
    assert found("amoxicillin", ("lisinopril",)) == []
    assert found("amoxicillin", ()) == []


@pytest.mark.parametrize(
    ("drug", "allergy", "severity"),
    [("cephalexin", "penicillin", "serious"), ("cefdinir", "penicillin", "moderate"), ("aspirin", "nsaid", "serious")],
)
def test_an_allergy_reaches_what_may_cross_react(drug: str, allergy: str, severity: str) -> None:
    assert ("allergy", allergy, severity) in found(drug, (), (allergy,))


def test_the_gravest_comes_first_and_each_thing_once() -> None:
    severities = [severity for _, _, severity in found("sertraline", ("phenelzine", "ibuprofen", "fluoxetine"))]
    assert severities == sorted(severities, key=("contraindicated", "serious", "moderate").index)
    codes = [one.code for one in findings(names().drugs["ibuprofen"], [takes("warfarin")] * 2, (), base())]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("text", "drugs"),
    [
        ("Warfarin 5 mg, ibuprofen", ["ibuprofen", "warfarin"]),
        ("penicillin V for my teeth", ["penicillin V"]),
        ("tomo sertraline.", ["sertraline"]),
        ("vitamins and herbs", []),
    ],
)
def test_names_in_free_words_are_read(text: str, drugs: list[str]) -> None:
    assert sorted(drug.name.lower() for drug in taken_by_words(text, names())) == [one.lower() for one in drugs]


def test_every_term_of_the_base_is_a_drug_a_class_or_something_taken_beside() -> None:
    beside = {"alcohol", "antacid_or_iron", "ergot_alkaloid", "iodinated_contrast", "potassium", "tranexamic_acid"}
    classes = {tag for drug in names().drugs.values() for tag in drug.classes}
    terms = {term for pair in base().pairs for term in (pair.a, pair.b)}
    unknown = {
        term
        for term in terms
        if not (term.removeprefix("class:") in classes if term.startswith("class:") else term in names().drugs)
    }
    assert unknown == beside | {"vitamin_a"}
    assert {tag for group in (*base().groups.values(), *base().duplicates.values()) for tag in group} <= classes


def test_a_pair_with_an_effect_nobody_named_is_refused(tmp_path: Path) -> None:
    text = (ROOT / "rules/us/safety.yaml").read_text()
    file = tmp_path / "rules/us/safety.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text.replace("effect: bleeding}", "effect: bleading}", 1))
    with pytest.raises(BrokenInput):
        load_safety(tmp_path)


def test_without_a_base_only_the_same_ingredient_is_found(tmp_path: Path) -> None:
    assert load_safety(tmp_path) == EMPTY
    looked = findings(names().drugs["naproxen"], [takes("ibuprofen"), takes("naproxen")], (), EMPTY)
    assert [(one.kind, one.other) for one in looked] == [("duplicate", "naproxen")]
