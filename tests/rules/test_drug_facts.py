"""Every drug, pair and family of allergies of the researched facts is carried whole, but for what is named here."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.drugs import Drug
from engine.safety import ALLERGY, INTERACTION, Taken, allergic_to, allergy_meant, findings
from tests.engine.helpers_safety import base, names, words
from tests.rules.helpers_drug_facts import LIST, drug_digest, written
from tests.rules.helpers_facts import ROOT

FACTS: Mapping[str, Any] = json.loads(LIST.read_text(encoding="utf-8"))
SHARED = ROOT.parent / "shared" / "facts" / "us"
GRADES = ("", "moderate", "serious", "contraindicated", "the allergy itself")
OF_A_PAIR = {"moderate": "moderate", "major": "serious", "contraindicated": "contraindicated"}
OF_A_RISK = {"negligible": "", "low": "moderate", "moderate": "moderate", "high": "serious"}
SPARED = {("opioid", "naloxone"): "rescue beside an opioid", ("lithium", "aspirin"): "it does not raise lithium"}
"""Pairs of the facts' classes that go together all the same, each with the reason."""
NOT_IN_THE_BASE = {
    "ceftazidime_aztreonam",
    "carbapenems",
    "monobactams",
    "sulfites",
    "cox2_selective",
    "opioids_phenylpiperidine",
    "local_anesthetic_esters",
    "local_anesthetic_amides",
    "latex_stoppers",
}
"""Families of which the drug base holds no drug, so that nothing could be warned of."""


def held(name: str) -> Any:
    """What a file of the country's rules holds."""
    return yaml.load((ROOT / "rules" / "us" / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def drugs_of(term: str) -> list[Drug]:
    """The drugs of the base that a word of the facts means: a drug, a class, an ingredient, a family of allergies."""
    known = names().drugs
    if term in known:
        return [known[term]]
    if term.startswith("class:"):
        return [drug for drug in known.values() if term.removeprefix("class:") in drug.classes]
    members = FACTS["allergy_classes"].get(term, [[]])[0]
    if members:
        return [drug for member in members for drug in drugs_of(member)]
    return [drug for name, drug in known.items() if term in name.split("-")]


def worst(drug: Drug, taken: Iterable[Drug] = (), allergy: str = "") -> str:
    """How grave what speaks against a drug is beside others, or for somebody with an allergy."""
    meant = [allergy_meant(allergy, words().read(allergy), base())] if allergy else []
    if any(allergic_to(drug, one, base()) for one in meant):
        return GRADES[-1]
    beside = [Taken(name=one.name, classes=one.classes, origin="patient") for one in taken]
    found = [one for one in findings(drug, beside, meant, base()) if one.kind in (INTERACTION, ALLERGY)]
    return found[0].severity if found else ""


def milder(found: str, asked: str) -> bool:
    return GRADES.index(found) < GRADES.index(asked)


def is_spared(one: Drug, other: Drug) -> bool:
    return any(
        {a, b} <= {one.name, other.name, *one.classes, *other.classes} and b in (one.name, other.name)
        for a, b in SPARED
    )


def test_every_drug_is_carried_whole() -> None:
    assert {drug["name"]: drug_digest(drug) for drug in held("drugs.yaml")["drugs"]} == FACTS["drugs"]


def test_every_drug_loads_with_its_number_what_checked_it_and_its_flags() -> None:
    carried = {str(drug["name"]).lower(): drug for drug in held("drugs.yaml")["drugs"]}
    loaded = {
        drug.name: (drug.rxcui, drug.rxcui_source, drug.categories, dict(drug.ingredients), drug.flags)
        for drug in names().drugs.values()
    }
    assert loaded == {
        name: (
            drug.get("rxcui", ""),
            drug.get("rxcui_source", ""),
            tuple(drug.get("categories", ())),
            {one["name"]: one["rxcui"] or "" for one in drug.get("ingredients", ())},
            drug.get("flags", {}),
        )
        for name, drug in carried.items()
    }
    assert sum(bool(drug.rxcui_source) for drug in names().drugs.values()) == 189


def test_every_pair_has_its_mechanism_its_action_and_its_gravity() -> None:
    told = {(a, b): (OF_A_PAIR[severity], how, do) for a, b, severity, how, do in FACTS["interactions"]}
    loaded = {(one.a, one.b): (one.severity, one.mechanism, one.action) for one in base().pairs if one.action}
    assert len(told) == len(FACTS["interactions"]) == 197
    assert loaded == told
    assert [one for one in base().pairs if one.mechanism and not one.action] == []


def test_every_family_of_allergies_has_its_members_what_reacts_the_basis_and_the_action() -> None:
    told = {
        family: (tuple(members), dict(cross), basis, action)
        for family, (members, cross, basis, action) in FACTS["allergy_classes"].items()
    }
    loaded = {one.id: (one.members, one.reaches, one.basis, one.action) for one in base().allergy_classes.values()}
    assert loaded == told and len(told) == 45


def test_the_sources_and_how_sure_each_part_is_are_those_of_the_facts() -> None:
    drugs, warnings = held("drugs.yaml"), held("safety.yaml")
    of_warnings = ("interactions", "allergy_classes")
    for key, facts in (("source_by_group", FACTS["sources"]), ("confidence", FACTS["confidence"])):
        assert drugs[key] == {name: told for name, told in facts.items() if name not in of_warnings}
    assert list(warnings["sources"]) == warnings["cite"] == sorted({FACTS["sources"][part] for part in of_warnings})
    assert {warnings["sources"]["background"]["confidence"]} == {FACTS["confidence"][part] for part in of_warnings}
    assert list(base().beside) == FACTS["beside"]["terms"]


def test_every_mechanism_basis_and_action_has_words_in_both_languages_and_none_is_left_over() -> None:
    pairs, families = FACTS["interactions"], FACTS["allergy_classes"].values()
    used = {
        "mechanisms": {how for *_, how, _ in pairs},
        "bases": {basis for *_, basis, _ in families},
        "actions": {do for *_, do in (*pairs, *families)},
    }
    assert [len(codes) for codes in used.values()] == [88, 36, 93]
    for kind, codes in used.items():
        words = getattr(base(), kind)
        assert set(words) == codes
        assert [code for code in codes if set(words[code]) != {"en", "es"} or not all(words[code].values())] == []


@pytest.mark.slow
def test_a_drug_that_a_state_schedules_is_scheduled_there_and_nowhere_else() -> None:
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "rules" / "us").glob("??/prescribing.yaml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for drug, entries in content.get("schedules", {}).items():
            found.setdefault(drug, [entries[0]["is"]]).append(path.parent.name.upper())
    assert found == FACTS["state_schedules"]


@pytest.mark.slow
def test_every_pair_is_as_grave_as_the_facts_say() -> None:
    too_mild = [
        (one.name, other.name, severity)
        for a, b, severity, *_ in FACTS["interactions"]
        for one in drugs_of(a)
        for other in drugs_of(b)
        if one is not other and not is_spared(one, other) and milder(worst(one, [other]), OF_A_PAIR[severity])
    ]
    assert too_mild == []


@pytest.mark.slow
def test_every_family_of_allergies_reaches_what_may_cross_react() -> None:
    too_mild = [
        (family, told.name, reached.name, risk)
        for family, (members, cross, *_) in FACTS["allergy_classes"].items()
        for told in (drug for member in members for drug in drugs_of(member))
        for other, risk in cross
        for reached in drugs_of(other)
        if told is not reached and milder(worst(reached, allergy=told.name), OF_A_RISK[risk])
    ]
    assert too_mild == []


def test_a_family_without_a_drug_of_the_base_is_named() -> None:
    assert {family for family in FACTS["allergy_classes"] if not drugs_of(family)} == NOT_IN_THE_BASE


def test_who_is_allergic_to_a_drug_is_asked_about_it() -> None:
    members = {drug.name for family in FACTS["allergy_classes"] for drug in drugs_of(family)}
    assert [name for name in members if worst(names().drugs[name], allergy=name) != GRADES[-1]] == []


def test_what_is_too_mild_or_changed_is_found() -> None:
    one, other = names().drugs["sertraline"], names().drugs["phenelzine"]
    assert worst(one, [other]) == "contraindicated" and not milder("contraindicated", "serious")
    assert milder("", "moderate") and milder("moderate", "serious") and not milder("moderate", "")
    assert drug_digest({"classes": ["a"]}) != drug_digest({"classes": ["b"]})
    assert drug_digest({"dea_schedule": "II", "atc": ["X"]}) == drug_digest({"schedule": "II", "flags": {}})
    assert is_spared(names().drugs["oxycodone"], names().drugs["naloxone"])
    assert not is_spared(names().drugs["oxycodone"], names().drugs["naltrexone"])


@pytest.mark.skipif(not SHARED.is_dir(), reason="the facts do not lie beside this folder")
def test_the_list_is_that_of_the_facts_where_they_lie() -> None:
    assert Path(LIST).read_text(encoding="utf-8") == written(SHARED)
