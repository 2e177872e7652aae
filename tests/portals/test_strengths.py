"""A drug can be prescribed in each strength that the drug base holds, not only in the first."""

from portals.provider.drug_choice import DrugChoice
from portals.provider.formulary import BaseDrug, base_choices, pick, search
from portals.provider.rx_prefill import _key

DRUG = BaseDrug(
    name="sertraline", schedule="", strengths=(("tablet", "25 mg"), ("tablet", "50 mg"), ("tablet", "100 mg"))
)
BASE = {"sertraline": DRUG}
LISTED = DrugChoice(
    key="list:0:0",
    name="sertraline",
    strength="50 mg",
    dose_form="tablet",
    schedule="",
    on_formulary=True,
    refills_most=2,
)


def test_a_search_by_name_shows_every_strength_once() -> None:
    assert [one.strength for one in search("sertra", [LISTED], BASE)] == ["50 mg", "25 mg", "100 mg"]
    assert [one.strength for one in search("sertra", [], BASE)] == ["25 mg", "50 mg", "100 mg"]


def test_a_short_search_shows_a_drug_once() -> None:
    assert [one.strength for one in search("ser", [], BASE)] == ["25 mg"]


def test_a_chosen_strength_is_found_again_under_the_limit_of_the_list() -> None:
    [_, _, strongest] = search("sertraline", [LISTED], BASE)
    found = pick(strongest.key, [LISTED], BASE)
    assert found is not None
    assert (found.strength, found.refills_most, found.on_formulary) == ("100 mg", 2, True)
    assert pick("base:sertraline:9", [LISTED], BASE) is None


def test_an_order_that_is_changed_keeps_its_strength() -> None:
    drug = {"name": "sertraline", "strength": "100 mg", "form": "tablet"}
    assert _key(drug, [LISTED, *base_choices(DRUG)]) == "base:sertraline:2"
