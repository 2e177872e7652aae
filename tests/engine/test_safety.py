"""What speaks against a drug, by cases over the base that ships: interactions, duplicates, allergies that reach on."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.diagnostics import BrokenInput
from engine.safety import EMPTY, INTERACTION, Taken, allergic_to, allergy_meant, findings
from engine.safety_file import load_safety
from tests.engine.helpers_safety import base, names, words

ROOT = Path(__file__).parents[2]


def takes(name: str) -> Taken:
    """A drug of the base, or a kind of medicine of which nobody said which it is."""
    drug = names().drugs.get(name)
    if drug is None:
        return Taken(name=name, classes=base().groups[name], origin="patient", known=False)
    return Taken(name=drug.name, classes=drug.classes, origin="patient")


def found(drug: str, taken: tuple[str, ...], allergies: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    meant = [allergy_meant(one, words().read(one), base()) for one in allergies]
    looked = findings(names().drugs[drug], [takes(one) for one in taken], meant, base())
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
    [
        ("cephalexin", "penicillin", "serious"),
        ("cefdinir", "penicillin", "moderate"),
        ("cephalexin", "amoxicillin", "serious"),
    ],
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
    assert sorted(drug.name.lower() for drug in words().read(text)) == [one.lower() for one in drugs]


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


@pytest.mark.parametrize(
    ("drug", "taken"),
    [
        ("naloxone", "oxycodone"),
        ("oxycodone", "naloxone"),
        ("naloxone", "methadone"),
        ("naloxone", "buprenorphine-naloxone"),
        ("buprenorphine-naloxone", "naloxone"),
        ("naloxone", "opioid"),
        ("aspirin", "lithium"),
    ],
)
def test_what_is_the_standard_of_care_together_is_no_warning(drug: str, taken: str) -> None:
    assert found(drug, (taken,)) == []


@pytest.mark.parametrize(
    ("one", "other", "severity"),
    [
        ("naltrexone", "oxycodone", "contraindicated"),
        ("naltrexone", "buprenorphine-naloxone", "contraindicated"),
        ("naltrexone-bupropion", "methadone", "contraindicated"),
        ("ketoconazole", "simvastatin", "contraindicated"),
        ("ketoconazole", "colchicine", "contraindicated"),
        ("alprazolam", "nirmatrelvir-ritonavir", "contraindicated"),
        ("alprazolam", "ketoconazole", "contraindicated"),
        ("warfarin", "clopidogrel", "serious"),
        ("apixaban", "clopidogrel", "serious"),
        ("apixaban", "ketoconazole", "serious"),
        ("warfarin", "carbamazepine", "serious"),
        ("warfarin", "duloxetine", "serious"),
        ("methotrexate", "trimethoprim", "serious"),
        ("lisinopril", "trimethoprim", "serious"),
        ("spironolactone", "trimethoprim", "serious"),
        ("tramadol", "amitriptyline", "serious"),
        ("tramadol", "mirtazapine", "serious"),
        ("phenelzine", "methadone", "contraindicated"),
        ("phenelzine", "epinephrine", "moderate"),
        ("sertraline", "vortioxetine", "serious"),
        ("metoprolol", "propranolol", "serious"),
        ("prednisone", "methylprednisolone", "serious"),
    ],
)
def test_pairs_that_a_pharmacist_would_stop_are_found_in_both_directions(one: str, other: str, severity: str) -> None:
    assert ("interaction", other, severity) in found(one, (other,))
    assert ("interaction", one, severity) in found(other, (one,))


@pytest.mark.parametrize(
    ("told", "drug", "reacts"),
    [
        ("aspirin", "ibuprofen", True),
        ("Advil", "naproxen", True),
        ("azithromycin", "clarithromycin", True),
        ("minocycline", "doxycycline", True),
        ("amoxicillin", "penicillin v", True),
        ("Augmentin", "amoxicillin", True),
        ("Bactrim", "sulfamethoxazole-trimethoprim", True),
        ("Bactrim", "trimethoprim", True),
        ("sulfa drugs", "sulfamethoxazole-trimethoprim", True),
        ("codeine", "acetaminophen-codeine", True),
        ("Lisinopril 10 mg", "lisinopril", True),
        ("amoxicillin", "cephalexin", False),
        ("acetaminophen", "ibuprofen", False),
        ("pen", "penicillin v", False),
        ("latex", "lisinopril", False),
    ],
)
def test_an_allergy_is_to_the_drug_its_ingredients_and_its_family(told: str, drug: str, reacts: bool) -> None:
    assert allergic_to(names().drugs[drug], allergy_meant(told, words().read(told), base()), base()) is reacts


@pytest.mark.parametrize(
    ("text", "drugs"),
    [
        ("Zoloft 50 mg, Xanax", ["alprazolam", "sertraline"]),
        ("Adderall XR 20 mg", ["amphetamine-dextroamphetamine"]),
        ("Plan B y aspirina", ["aspirin", "levonorgestrel"]),
    ],
)
def test_brands_and_spanish_names_are_read(text: str, drugs: list[str]) -> None:
    assert sorted(drug.name for drug in words().read(text)) == drugs


def test_what_no_drug_could_be_read_from_is_named_with_the_nearest_spelling() -> None:
    unread = words().unread("sertralin 50 mg, Zoloft and Fenbrix; Coumadn, none")
    assert [(one.told, one.near) for one in unread] == [
        ("sertralin 50 mg", "sertraline"),
        ("Fenbrix", ""),
        ("Coumadn", "warfarin"),
    ]


def test_every_brand_is_one_drug_of_the_base_and_no_drug_of_its_own() -> None:
    drugs = names().drugs
    assert {generic for generic in base().brands.values() if generic not in drugs} == set()
    assert {brand for brand in base().brands if brand in drugs or brand != brand.lower()} == set()


def test_the_terms_of_families_and_of_what_is_spared_are_of_the_base() -> None:
    classes = {tag for drug in names().drugs.values() for tag in drug.classes} | {"anticonvulsant_aromatic"}
    families = base().allergies.values()
    reaches = [term for one in families for term in (*one.own, *one.members, *one.serious, *one.moderate)]
    terms = [*reaches, *(term for pair in base().spared for term in pair)]
    known = {f"class:{tag}" for tag in classes} | set(names().drugs)
    assert set(terms) <= known
    assert {code for code, one in base().allergies.items() if not one.own and not one.members} <= classes


def advice(drug: str, taken: str, effect: str) -> tuple[str, str]:
    """How what may happen comes about between two, and what to do."""
    looked = findings(names().drugs[drug], [takes(taken)], [], base())
    return next((one.mechanism, one.action) for one in looked if one.kind == INTERACTION and one.effect == effect)


def test_what_is_said_of_a_drug_goes_before_what_is_said_of_its_class() -> None:
    for one, other in (("fluoxetine", "phenelzine"), ("phenelzine", "fluoxetine")):
        assert advice(one, other, "serotonin") == ("serotonin_syndrome", "avoid_35_day_washout_after_fluoxetine")
    assert advice("sertraline", "phenelzine", "serotonin") == ("serotonin_syndrome", "avoid_14_day_washout")
    assert advice("alprazolam", "clarithromycin", "raised") == ("cyp3a4_inhibition", "avoid_azoles")


def test_of_a_kind_of_medicine_nothing_is_advised_before_it_is_known_which_it_is() -> None:
    assert advice("phenelzine", "antidepressant", "serotonin") == ("", "")


def test_an_allergy_says_on_what_basis_it_reaches_the_drug() -> None:
    def reason(drug: str, told: str) -> list[tuple[str, str]]:
        meant = [allergy_meant(told, words().read(told), base())]
        return [(one.mechanism, one.action) for one in findings(names().drugs[drug], [], meant, base())]

    assert reason("cephalexin", "amoxicillin") == [("shared_r1_side_chain", "warn_similar_side_chain")]
    assert reason("cefdinir", "penicillin") == [("beta_lactam_ring", "block_same_class")]
    assert reason("acetaminophen", "lisinopril") == []


@pytest.mark.parametrize("wrong", ["mechanism: serotonin_sindrome", "action: halve_doze"])
def test_a_pair_of_which_a_code_has_no_words_is_refused(tmp_path: Path, wrong: str) -> None:
    text = (ROOT / "rules/us/safety.yaml").read_text(encoding="utf-8")
    key = wrong.partition(":")[0]
    first = text.index(f"{key}: ", text.index("\ninteractions:"))
    end = min(text.index(",", first), text.index("}", first))
    (tmp_path / "rules/us").mkdir(parents=True)
    (tmp_path / "rules/us/safety.yaml").write_text(text[:first] + wrong + text[end:], encoding="utf-8")
    with pytest.raises(BrokenInput, match="SHAPE004"):
        load_safety(tmp_path)
