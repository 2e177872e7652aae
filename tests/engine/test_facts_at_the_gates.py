"""The demonstration clinic's people, as facts, before the real law: who may book, join, prescribe and sign."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest

from engine.consent_text import ConsentAbout, ConsentText, assemble_consent
from engine.dossier import ConsentFact, Dossier, OrderFacts, PatientFacts, Place, ProviderFacts
from engine.evaluators import ClosuresOnly
from engine.facts import gather_facts
from engine.gates import GateQuestion, GateVerdict, gate
from engine.library import Library, load_library
from tests.engine.helpers_content import ROOT

NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)
TODAY = NOW.astimezone(ZoneInfo("America/New_York")).date()
HERE = Place(country="us", state="FL", postal_code="33132", attested=True, at=NOW)


@lru_cache
def library() -> Library:
    return load_library(ROOT)


def provider(name: str) -> ProviderFacts:
    people = library().content.clinic("marigold").people.providers
    seed = next(person for person in people if person.id == name)
    return ProviderFacts(
        person=seed.id,
        profession=seed.profession,
        home_state=seed.home_state,
        place=Place(country="us", state=seed.location_state, at=NOW),
        licenses=tuple(replace(entry.on(TODAY), verified_at=NOW) for entry in seed.licenses),
        dea=tuple(replace(entry.on(TODAY), verified_at=NOW) for entry in seed.dea),
        extra=seed.facts,
    )


def dossier(name: str, place: Place = HERE, **more: object) -> Dossier:
    patient = PatientFacts(
        person="p",
        birth_date=date(1988, 7, 14),
        residence_state="FL",
        booked_place=replace(place, attested=False),
        attested_place=place,
        setting="home",
    )
    base = Dossier(
        clinic="marigold",
        visit="v",
        specialty="urgent_care",
        visit_type="video_visit",
        modality="audio_video",
        encounter_kind="new",
        payer="self_pay",
        recording=False,
        starts_at=NOW + timedelta(hours=1),
        encounter_at=None,
        patient=patient,
        provider=provider(name),
        consents=(),
        established=False,
        established_via=None,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def asked(visit: Dossier, name: str, at: datetime = NOW) -> GateVerdict:
    facts = gather_facts(visit, name, at).facts
    slot = visit.starts_at.isoformat() if visit.starts_at else None
    question = GateQuestion(facts=facts, now=at.isoformat(), slot=slot)
    return gate(library().rulebooks["marigold"], name, question, ClosuresOnly())


def consent_text(verdict: GateVerdict) -> ConsentText:
    decisions: Mapping[str, Mapping[str, object]] = {t: d.as_json() for t, d in verdict.decisions.items()}
    clinic = library().content.clinic("marigold")
    about = ConsentAbout(language="en", jurisdiction="us/fl", clinic=clinic)
    return assemble_consent(decisions, library().content.clauses, about)


def signed(text: ConsentText, jurisdiction: str = "us/fl") -> tuple[ConsentFact, ...]:
    return tuple(
        ConsentFact(kind=kind, form=text.form, at=NOW, jurisdiction=jurisdiction, clauses=text.refs_of(kind))
        for kind in text.kinds
    )


def order(drug: str, purpose: str, days: int = 5) -> OrderFacts:
    return OrderFacts(
        order="o", drug_name=drug, days_supply=days, refills=0, kind="new", electronic=True, purpose=purpose
    )


@pytest.mark.parametrize("name", ["rosalind_achebe", "tomas_ibarra", "wilhelmina_okafor"])
def test_a_licensed_clinician_can_be_booked(name: str) -> None:
    verdict = asked(dossier(name), "book")
    assert verdict.open, verdict.reasons


def test_a_licence_that_ran_out_yesterday_keeps_the_slot_shut_and_says_so() -> None:
    verdict = asked(dossier("emeric_lindqvist"), "book")
    assert not verdict.open
    assert verdict.reasons[0].topic == "licensing"


def test_nobody_can_be_booked_for_another_state() -> None:
    elsewhere = replace(HERE, state="GA", postal_code="30301")
    assert not asked(dossier("rosalind_achebe", elsewhere), "book").open


def test_the_consent_asked_for_opens_the_room_and_for_another_state_it_does_not() -> None:
    before = asked(dossier("rosalind_achebe"), "join")
    assert not before.open
    text = consent_text(before)
    assert set(text.kinds) == {"privacy", "treatment", "telehealth"}
    after = asked(dossier("rosalind_achebe", consents=signed(text)), "join")
    assert after.open, after.reasons
    foreign = asked(dossier("rosalind_achebe", consents=signed(text, "us/ga")), "join")
    assert not foreign.open


def test_a_verbal_consent_is_not_enough_for_this_clinic() -> None:
    text = consent_text(asked(dossier("rosalind_achebe"), "join"))
    spoken = tuple(replace(consent, form="verbal") for consent in signed(text))
    assert not asked(dossier("rosalind_achebe", consents=spoken), "join").open


def test_a_common_drug_can_be_sent_and_a_schedule_ii_drug_for_pain_cannot() -> None:
    amoxicillin = asked(dossier("rosalind_achebe", order=order("amoxicillin", "other", 10)), "prescribe")
    assert amoxicillin.open, amoxicillin.reasons
    oxycodone = asked(dossier("rosalind_achebe", order=order("oxycodone", "acute_pain", 3)), "prescribe")
    assert not oxycodone.open
    assert any("456.47" in reason.law for reason in oxycodone.reasons), oxycodone.reasons


def test_the_clinics_own_limit_stands_beside_the_law() -> None:
    assert not asked(dossier("rosalind_achebe", order=order("amoxicillin", "other", 15)), "prescribe").open


@pytest.mark.parametrize("drug", library().content.specialties["urgent_care"].formulary.drugs)  # type: ignore[union-attr]
def test_everything_of_the_formulary_can_be_sent(drug: object) -> None:
    name, days = drug.name, drug.sigs[0].days_supply  # type: ignore[attr-defined]
    verdict = asked(dossier("rosalind_achebe", order=order(name, "other", days)), "prescribe")
    assert verdict.open, verdict.reasons


def test_signing_asks_for_authority_where_the_encounter_was() -> None:
    visit = dossier("rosalind_achebe", encounter_at=NOW)
    assert asked(visit, "sign", NOW + timedelta(days=2)).open
    assert not asked(dossier("emeric_lindqvist", encounter_at=NOW), "sign").open
