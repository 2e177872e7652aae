"""A clinic is one file: what is wrong stands on its line, colours are made readable, days may be relative."""

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.brand import TEXT_CONTRAST, brand_of, contrast
from engine.clinics import ClinicFile, DateRule
from engine.clinics_compile import Offering, compile_clinic
from engine.diagnostics import Problems
from engine.prices import Price
from engine.slots import Opening
from tests.engine.helpers_content import ROOT, content, parsed, vocabulary

CLINIC = (ROOT / "clinics" / "marigold.yaml").read_text(encoding="utf-8")


def compiled(
    text: str, slug: str = "marigold", beside: Path | None = None, usual: Price | None = None
) -> tuple[ClinicFile | None, Problems]:
    problems = Problems()
    carried = frozenset({"CA", "FL", "GA"})
    specialties = dict(content().specialties)
    if usual is not None:
        urgent = specialties["urgent_care"]
        kinds = {name: replace(one, price=usual) for name, one in urgent.visit_types.items()}
        specialties["urgent_care"] = replace(urgent, visit_types=kinds)
    offering = Offering(specialties=specialties, vocabulary=vocabulary(), carried=carried, beside=beside)
    return compile_clinic(parsed(text), slug, offering, problems), problems


FAULTS = [
    ("specialties: [urgent_care,", "specialties: [urgent_car,", "CLINIC001"),
    ("  urgent_care/video_visit: {", "  urgent_care/video: {", "CLINIC003"),
    ("every_day: 00:00-24:00", "every_day: 9-17", "CLINIC004"),
    ("every_day: 00:00-24:00", "every_day: 17:00-09:00", "CLINIC004"),
    ("time_zone: America/New_York", "time_zone: America/Tampa", "CLINIC005"),
    ("colour: '#9c4a12'", "colour: '#ffcc88'", "CLINIC006"),
    ("colour: '#9c4a12'", "colour: orange", "SHAPE005"),
    ("- id: tomas_ibarra", "- id: rosalind_achebe", "CLINIC007"),
    ("states: [FL]", "states: [FL, GA, NV]", "CLINIC008"),
    ("expires: today-1d", "expires: yesterday", "CLINIC009"),
    ("birth_date: 1988-07-14", "birth_date: 1988-02-30", "SHAPE005"),
    ("postal_code: '33132'\n    phone", "postal_code: '90210'\n    phone", "CLINIC010"),
    ("profession: NP\n", "profession: NPX\n", "SHAPE004"),
    ("kind: registration", "kind: registered", "SHAPE004"),
    ("autonomous: false", "autonom: false", "VOC001"),
    ("autonomous: false", "autonomous: maybe", "VOC002"),
    ("npi: '1900000013'", "npi: 1900000013", "SHAPE003"),
    ("pharmacies:", "pharmacy:", "SHAPE001"),
    ("colour: '#9c4a12'", "colour: '#fdf6ee'", "CLINIC012"),
    ("logo_text: Marigold Quay", "logo_text: Marigold Quay Health of the Whole Coast", "CLINIC013"),
    ("  promise:\n", "  promises:\n", "CLINIC014"),
    ("states: [FL]", "states: [FL, NV]", "CLINIC015"),
    ("states: [FL]", "states: [FL, NV]", "CLINIC016"),
]


@pytest.mark.parametrize(("old", "new", "code"), FAULTS)
def test_a_fault_is_reported_on_its_line(old: str, new: str, code: str) -> None:
    assert CLINIC.count(old) >= 1
    _, problems = compiled(CLINIC.replace(old, new, 1))
    line = CLINIC[: CLINIC.index(old)].count("\n") + 1
    assert (code, line) in [(d.code, d.location.line) for d in problems]


@pytest.mark.parametrize(
    ("colour", "code"),
    [("#1f6f54", ""), ("#ffaa00", "CLINIC006"), ("#ffe680", "CLINIC012"), ("#ffff00", "CLINIC012")],
)
def test_a_colour_is_taken_repaired_or_refused_and_never_two_of_them(colour: str, code: str) -> None:
    _, problems = compiled(CLINIC.replace("#9c4a12", colour, 1))
    assert [one.code for one in problems if one.code in ("CLINIC006", "CLINIC012")] == ([code] if code else [])
    assert not [one for one in problems if "white" in one.what and "nearly" in one.what]


@pytest.mark.parametrize(("line", "discreet"), [("", False), ("mail: {discreet: true}\n", True), ("mail: {}\n", False)])
def test_a_clinic_may_keep_its_name_out_of_mails_about_visits(line: str, discreet: bool) -> None:
    clinic, _ = compiled(CLINIC.replace("pharmacies:", f"{line}pharmacies:", 1))
    assert clinic is not None and clinic.discreet_mail is discreet


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (None, "CLINIC019"),
        (b"<svg" + b" " * 24_000, "CLINIC020"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script/></svg>', "CLINIC021"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 18 9"/>', ""),
    ],
)
def test_a_logo_is_shown_or_told_why_not(tmp_path: Path, picture: bytes | None, code: str) -> None:
    if picture is not None:
        (tmp_path / "quay.svg").write_bytes(picture)
    logo = "  logo_text: Marigold Quay\n  logo: {file: quay.svg, has_name: true}\n"
    clinic, problems = compiled(CLINIC.replace("  logo_text: Marigold Quay\n", logo), beside=tmp_path)
    assert [one.code for one in problems if "logo" in one.what] == ([code] if code else [])
    shown = clinic.brand.logo if clinic else None
    assert (shown.ratio, shown.alt, shown.has_name) == (2.0, "Marigold Quay", True) if shown else code


def test_directions_that_a_language_of_the_clinic_lacks_are_told_with_the_drug() -> None:
    """The boutique's first drug loses its Spanish."""
    specialties = dict(content().specialties)
    urgent = specialties["urgent_care"]
    assert urgent.formulary is not None
    first = urgent.formulary.drugs[0]
    english = replace(first, sigs=tuple(replace(one, text={"en": one.text["en"]}) for one in first.sigs))
    bare = replace(urgent.formulary, drugs=(english, *urgent.formulary.drugs[1:]))
    for offered, told in ((urgent, []), (replace(urgent, formulary=bare), [first.name])):
        problems, specialties["urgent_care"] = Problems(), offered
        offering = Offering(specialties=specialties, vocabulary=vocabulary(), carried=frozenset({"FL"}))
        compile_clinic(parsed(CLINIC), "marigold", offering, problems)
        found = [one for one in problems if one.code == "CLINIC022"]
        assert [one.what.split("`")[3] for one in found] == told and not problems.errors


def test_a_clinic_that_prescribes_and_names_no_pharmacy_is_told() -> None:
    start, end = CLINIC.index("pharmacies:\n"), CLINIC.index("policy:")
    for text, told in ((CLINIC, []), (CLINIC[:start] + CLINIC[end:], content().clinic("marigold").specialties)):
        _, problems = compiled(text)
        found = [one.what.split("`")[1] for one in problems if one.code == "CLINIC023"]
        assert found == [name for name in told if content().specialties[name].formulary is not None]
        assert bool(found) is (text != CLINIC) and not problems.errors


def test_a_visit_that_nobody_there_could_hold_and_a_clinician_who_could_hold_none_are_told() -> None:
    """The boutique moves to a state where nobody of it is licensed: every visit and every clinician is idle."""
    moved = CLINIC.replace("states: [FL]", "states: [CA]", 1)
    clinic, problems = compiled(moved)
    assert clinic is not None
    told = [one.code for one in problems]
    assert told.count("CLINIC017") == len(clinic.prices)
    assert told.count("CLINIC018") == len(clinic.people.providers)
    assert not problems.errors


def test_who_practises_something_else_holds_no_visit() -> None:
    """The professions of all clinicians change to one that practises none of the visits."""
    others = CLINIC.replace("      profession: MD\n", "      profession: RD\n").replace(
        "      profession: NP\n", "      profession: RD\n"
    )
    _, problems = compiled(others)
    assert "CLINIC017" in [one.code for one in problems]


def test_a_clinic_cannot_speak_what_its_specialty_does_not() -> None:
    _, problems = compiled(CLINIC.replace("languages: [en, es]", "languages: [en, fr]", 1))
    assert {"CLINIC011", "TEXT001"} == {d.code for d in problems}


def test_a_visit_type_without_a_price_is_reported() -> None:
    _, problems = compiled(CLINIC.replace("  urgent_care/video_visit: {", "  urgent_care/video: {"))
    assert "CLINIC002" in [d.code for d in problems]


def test_a_visit_type_that_brings_its_price_needs_none_of_the_clinic_and_the_clinics_own_goes_before_it() -> None:
    usual = Price(cents=4900, currency="USD")
    unpriced = "\n".join(line for line in CLINIC.splitlines() if "urgent_care/video_visit: {" not in line)
    for text, cents in ((unpriced, 4900), (CLINIC, 7900)):
        clinic, problems = compiled(text, usual=usual)
        assert clinic is not None, problems.found
        assert clinic.prices["urgent_care/video_visit"].cents == cents


def test_a_clinic_lies_in_the_file_of_its_name() -> None:
    assert [d.code for d in compiled(CLINIC, "other")[1]] == ["FORM012"]


def test_the_demonstration_clinic_is_always_open_and_sells_its_visit() -> None:
    clinic, problems = compiled(CLINIC)
    assert clinic is not None
    assert not list(problems)
    assert clinic.hours.by_weekday[6] == (Opening(time(), None),)
    assert clinic.hours_words[0] == "00:00-24:00"
    assert clinic.prices["urgent_care/video_visit"].cents == 7900
    assert clinic.policy is not None


def test_what_is_law_to_a_clinic_goes_on_with_its_states_and_its_compliance_officers() -> None:
    own = "guidance: [us/fl/consent/position]\nattestations: []\nfacts: {encounter.licensed_program: none}\n"
    clinic, problems = compiled(CLINIC + own)
    assert clinic is not None, list(problems)
    assert (clinic.own_law.states, clinic.own_law.officers) == (frozenset({"FL"}), frozenset({"compliance"}))
    assert {"policy", "guidance", "facts"} == set(clinic.own_law.plain())


def test_the_people_start_with_licences_counted_from_today() -> None:
    clinic, _ = compiled(CLINIC)
    assert clinic is not None
    today = date(2026, 3, 1)
    providers = {provider.id: provider for provider in clinic.people.providers}
    assert providers["emeric_lindqvist"].licenses[0].on(today).expires == date(2026, 2, 28)
    assert providers["rosalind_achebe"].licenses[0].on(today).issued == date(2014, 6, 2)
    assert providers["rosalind_achebe"].dea[0].on(today).schedules == ("II", "III", "IV", "V")
    assert providers["wilhelmina_okafor"].location_state == "GA"
    assert providers["tomas_ibarra"].facts == {"supervision.agreement": True, "autonomous": False}
    assert providers["tomas_ibarra"].display_name == "Tomás Ibarra, APRN"


def test_a_day_rule_is_a_day_or_a_distance() -> None:
    assert DateRule(day=date(2026, 1, 2)).on(date(2030, 1, 1)) == date(2026, 1, 2)
    assert DateRule(offset_days=-1).on(date(2030, 1, 1)) == date(2029, 12, 31)


def test_people_are_no_part_of_the_tenant_pack_and_colours_are() -> None:
    clinic, _ = compiled(CLINIC)
    renamed, _ = compiled(CLINIC.replace("given: Rosalind", "given: Rosamund"))
    recoloured, _ = compiled(CLINIC.replace("#9c4a12", "#1f5f8b"))
    assert clinic
    assert renamed
    assert recoloured
    assert clinic.digest == renamed.digest != recoloured.digest


def test_hours_of_one_day_stand_above_those_of_every_day() -> None:
    hours = 'hours:\n  every_day: ["08:00-12:00", "13:00-18:30"]\n  sunday: []\n  closed: [2026-12-25]\n'
    clinic, problems = compiled(CLINIC.replace("hours:\n  every_day: 00:00-24:00\n", hours))
    assert clinic is not None, list(problems)
    assert clinic.hours_words[0] == "08:00-12:00, 13:00-18:30"
    assert clinic.hours_words[6] == ""
    assert clinic.hours.on(date(2026, 12, 25)) == ()


def test_contrast_is_that_of_the_guideline() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@given(st.integers(0, 0xFFFFFF))
def test_every_colour_becomes_a_readable_brand(number: int) -> None:
    brand = brand_of(f"#{number:06x}", "Test")
    assert contrast(brand.accent, brand.on_accent) >= TEXT_CONTRAST
    assert contrast(brand.accent, brand.tint) >= TEXT_CONTRAST
    assert contrast(brand.accent_dark, "#17191c") >= TEXT_CONTRAST


def test_a_readable_colour_stays_as_it_is() -> None:
    assert brand_of("#1F5F8B", "Test").accent == "#1f5f8b"


FIRST_LICENSE = "        - {state: FL, profession: MD,"


def test_one_entry_writes_a_credential_in_each_state_of_its_list() -> None:
    one = "        - {state: [FL, GA], kind: full, status: active, number: '{state}-7'}\n"
    assert FIRST_LICENSE in CLINIC
    clinic, problems = compiled(CLINIC.replace(FIRST_LICENSE, one + FIRST_LICENSE, 1))
    assert clinic is not None, list(problems)
    added = [one for one in clinic.people.providers[0].licenses if (one.number or "").endswith("-7")]
    assert [(one.state, one.profession, one.number) for one in added] == [("FL", "MD", "FL-7"), ("GA", "MD", "GA-7")]


def test_an_unknown_state_in_a_list_is_told_where_it_stands() -> None:
    _, problems = compiled(CLINIC.replace(FIRST_LICENSE, "        - {state: [FL, XX], profession: MD,", 1))
    assert [one.code for one in problems.errors] == ["SHAPE004"]
