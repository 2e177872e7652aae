"""What must be read or stated before a prescription goes out, and what the sign box and the steps say of the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.dossier import Dossier
from engine.facts import may_be_stated
from engine.plans import Step
from engine.visits import Never
from portals.provider.formulary import BaseDrug
from portals.provider.prescription_form import read_prescription
from portals.provider.safety import asked_statements, stated_words
from records.orders import OrderView
from records.visits import Visits
from tests.portals.helpers_law import decision
from tests.portals.helpers_provider import FORMULARY, NOTE, OneSpecialty, Portal, build_portal, shut, text_of
from tests.portals.test_provider_pages import RX, draft, note
from tests.records.helpers import PLAN, HandClock, build_world, open_database
from workflows.contracts import Answer

pytestmark = pytest.mark.slow

BASE_RX = {**RX, "drug": "base:oxycodone", "unit": "tablet", "purpose": "acute_pain"}


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    clock = HandClock()
    database = open_database(tmp_path, clock)
    made = build_portal(build_world(database), clock, tmp_path)
    made.sign_in()
    made.move("documenting")
    yield made
    database.close()


@pytest.fixture
def allergic(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patient has named an allergy to penicillin."""
    told = Visits.dossier

    def dossier(self: Visits, *given: Any, **more: Any) -> Dossier:
        found = told(self, *given, **more)
        return replace(found, patient=replace(found.patient, allergies=("penicillin",)))

    monkeypatch.setattr(Visits, "dossier", dossier)


def orders(portal: Portal) -> tuple[OrderView, ...]:
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        return scope.orders.for_visit(portal.world.visit)


def drafted(portal: Portal) -> list[OrderView]:
    return [one for one in orders(portal) if one.state == "drafted"]


def refused(portal: Portal, order: str) -> str:
    portal.visits.gates["prescribe"] = shut()
    portal.visits.answers["prescribe"] = Answer(done=False, code="gate_shut")
    return str(portal.post(f"{portal.at}/orders/{order}/send").text)


def test_a_forbidden_prescription_offers_change_and_discard_and_the_sign_box_leaves_it_out(portal: Portal) -> None:
    oxycodone, amoxicillin = draft(portal, "oxycodone"), draft(portal, "amoxicillin")
    page = refused(portal, oxycodone)
    assert f"{oxycodone}/send" not in page and f"change={oxycodone}" in page and f"{oxycodone}/discard" in page
    assert f"{amoxicillin}/send" in page
    words = text_of(page)
    assert "One prescription not sent yet goes to the pharmacy, if the law allows it." in words
    assert "One prescription is not sent; it says why." in words


def test_after_signing_nothing_is_offered_for_sending(portal: Portal) -> None:
    order = draft(portal, "amoxicillin")
    note(portal, 0, "Sore throat")
    portal.visits.gates["sign"] = shut("licensing")
    page = portal.post(f"{portal.at}/sign").text
    assert f"{order}/send" not in page and f"change={order}" not in page and f"{order}/discard" in page


def test_the_step_is_not_done_while_a_prescription_waits(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Step(id="rx", kind="prescribe", after=(), gate=None, settings={})
    plan = replace(PLAN, steps=(step,))
    monkeypatch.setattr(Visits, "plan", lambda *_: plan)

    async def status(_ref: object) -> Any:
        return SimpleNamespace(finished=("rx",), open=(), signed="")

    monkeypatch.setattr(portal.visits, "status", status)
    assert "Done Prescriptions" in text_of(portal.client.get(portal.at).text)
    draft(portal, "amoxicillin")
    assert "Now Prescriptions (1 not sent)" in text_of(portal.client.get(portal.at).text)


def test_a_device_that_nobody_tried_is_skipped_and_not_done(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Step(id="check", kind="tech_check", after=(), gate=None, settings={})
    plan = replace(PLAN, steps=(step,))
    monkeypatch.setattr(Visits, "plan", lambda *_: plan)

    async def status(_ref: object) -> Any:
        return SimpleNamespace(finished=("check",), open=(), signed="")

    monkeypatch.setattr(portal.visits, "status", status)
    assert "Skipped Device check" in text_of(portal.client.get(portal.at).text)


def test_a_changed_prescription_takes_the_place_of_the_old_one(portal: Portal) -> None:
    order = draft(portal, "amoxicillin")
    page = portal.client.get(f"{portal.at}?change={order}").text
    assert f'name="replaces" value="{order}"' in page and "Take 1</textarea>" in page
    for _ in range(2):
        portal.post(f"{portal.at}/orders", **RX, replaces=order, request="a" * 24)
    [new] = drafted(portal)
    assert new.order != order and new.draft.sig == RX["sig"]


def test_what_the_prescriber_states_is_kept_with_the_order_and_reaches_its_dossier(portal: Portal) -> None:
    page = portal.client.get(f"{portal.at}?pick=base:oxycodone").text
    assert "Prescription monitoring program of FL" in page and "acute pain is needed" in page
    form = {**BASE_RX, "pdmp": "checked", "exception_asked": "1", "exception": "1", "indication": "Broken wrist"}
    page = text_of(portal.post(f"{portal.at}/orders", **form).text)
    assert "Monitoring program of FL looked at" in page and "Treats: Broken wrist" in page
    [kept] = drafted(portal)
    facts = portal.world.store.dossier(portal.world.ref, kept.order).order
    assert facts is not None and facts.stated_at is not None
    assert facts.statements == {
        "pdmp.checked": True,
        "pdmp.available": True,
        "pdmp.state": "FL",
        "prescription.acute_pain_exception": True,
        "treatment.indication": "Broken wrist",
    }


def test_what_was_not_said_is_not_stated(portal: Portal) -> None:
    portal.post(f"{portal.at}/orders", **{**BASE_RX, "exception_asked": "1"})
    [kept] = drafted(portal)
    assert kept.draft.statements == {"prescription.acute_pain_exception": False}


def test_a_decision_that_waits_for_a_statement_makes_the_form_ask_for_it() -> None:
    duty = {"duty": "pdmp_check", "met": False}
    waiting = decision("prescribing", "incomplete", duties=[duty], missing=["prescription.acute_pain_exception"])
    plain = BaseDrug(name="amoxicillin", schedule="")
    assert asked_statements(plain, [waiting]) == ("pdmp", "exception")
    assert asked_statements(plain, []) == ()


def test_what_an_opioid_is_for_and_how_strong_it_is_are_stated_and_kept(portal: Portal) -> None:
    form = {**BASE_RX, "mme": "22.5", "doses": "15", "circumstance": "after_surgery"}
    page = text_of(portal.post(f"{portal.at}/orders", **form).text)
    assert "Morphine milligram equivalents of a day: 22.5" in page and "After surgery" in page
    [kept] = drafted(portal)
    facts = portal.world.store.dossier(portal.world.ref, kept.order).order
    assert facts is not None and facts.quantity == float(BASE_RX["quantity"])
    assert facts.statements == {
        "prescription.mme_per_day": 22.5,
        "prescription.doses": 15,
        "treatment.circumstances": ["after_surgery"],
    }
    changed = portal.client.get(f"{portal.at}?change={kept.order}").text
    assert 'name="mme" inputmode="decimal" value="22.5"' in changed
    assert '<option value="after_surgery" selected>' in changed


@pytest.mark.parametrize(
    ("field", "said", "told"),
    [
        ("circumstance", "none", {"treatment.circumstances": []}),
        ("circumstance", "anything", {}),
        ("mme", "", {}),
        ("doses", "20", {"prescription.doses": 20}),
    ],
)
def test_what_nobody_said_of_an_opioid_is_not_stated(field: str, said: str, told: dict[str, object]) -> None:
    typed = read_prescription({**BASE_RX, field: said}).typed
    assert typed is not None and typed.statements == told


@pytest.mark.parametrize(("field", "said"), [("mme", "strong"), ("mme", "-1"), ("doses", "1.5"), ("doses", "0")])
def test_what_is_no_amount_is_a_problem_of_its_field(field: str, said: str) -> None:
    assert read_prescription({**BASE_RX, field: said}).problems == {field: field}


def test_a_limit_that_waits_for_strength_or_doses_makes_the_form_ask_for_them() -> None:
    missing = ["prescription.mme_total", "prescription.doses"]
    waiting = decision("prescribing", "incomplete", missing=missing)
    assert asked_statements(BaseDrug(name="tramadol", schedule=""), [waiting]) == ("mme", "doses")


@pytest.mark.parametrize(("said", "told"), [("yes", True), ("no", False), ("", None), ("maybe", None)])
def test_what_a_drug_is_for_is_asked_where_a_standard_for_weight_loss_is_open(said: str, told: bool | None) -> None:
    waiting = decision("prescribing", "permitted_with_duties", duties=[{"duty": "weight_loss_workup", "met": False}])
    assert asked_statements(BaseDrug(name="semaglutide", schedule=""), [waiting]) == ("weight_loss",)
    typed = read_prescription({**BASE_RX, "weight_loss": said}).typed
    assert typed is not None
    assert typed.statements.get("prescription.for_weight_loss") is told
    assert may_be_stated("prescription.for_weight_loss")
    draft = SimpleNamespace(statements=typed.statements, acknowledged={})
    expected = () if told is None else (f"provider.rx.stated.weight_loss_{said}",)
    assert stated_words(draft, {}, lambda key, **_: key) == expected


@pytest.mark.usefixtures("allergic")
def test_a_drug_the_patient_is_allergic_to_needs_a_reason(portal: Portal) -> None:
    assert "I have read the allergy" in portal.client.get(f"{portal.at}?pick=list:0:0").text
    for more in ({}, {"allergy_seen": "1"}, {"allergy_reason": "Tolerated it last year"}):
        page = portal.post(f"{portal.at}/orders", **RX, **more)
        assert page.status_code == 422 and "say why this drug is safe to give" in page.text
    assert not orders(portal)
    page = portal.post(f"{portal.at}/orders", **RX, allergy_seen="1", allergy_reason="Tolerated it last year")
    assert "Allergy acknowledged" in page.text and "Tolerated it last year" in page.text
    [kept] = drafted(portal)
    assert kept.draft.acknowledged == {"allergies": ["penicillin"], "reason": "Tolerated it last year"}
    assert "Sent to the simulated" in portal.post(f"{portal.at}/orders/{kept.order}/send").text


@pytest.mark.usefixtures("allergic")
def test_a_draft_whose_allergy_nobody_acknowledged_is_neither_sent_nor_signed_out(portal: Portal) -> None:
    order = draft(portal, "amoxicillin")
    note(portal, 0, "Sore throat")
    for act in (f"orders/{order}/send", "sign"):
        page = portal.post(f"{portal.at}/{act}").text
        assert "nothing was sent" in page and f"{order}/send" not in page and f"change={order}" in page
    assert not portal.visits.asked


def test_what_the_specialty_never_prescribes_is_said_with_its_reason(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = Never(names=(), classes=("opioid",), schedules=(), reason={"en": "Refer to care in person."})
    listed = SimpleNamespace(note=NOTE, formulary=replace(FORMULARY, never=(never,)))
    monkeypatch.setattr(OneSpecialty, "specialties", {"urgent_care": listed})
    page = portal.client.get(f"{portal.at}?pick=base:oxycodone").text
    assert "This specialty does not prescribe this drug:" in page and "Refer to care in person." in page
    assert "This specialty" not in portal.client.get(f"{portal.at}?pick=list:0:0").text


def test_a_prescription_of_another_visit_cannot_be_replaced(portal: Portal) -> None:
    page = portal.post(f"{portal.at}/orders", **RX, replaces="ord_000000000000000000000000")
    assert page.status_code == 404 and not re.search("data-order", page.text) and not orders(portal)


def test_a_draft_says_which_allergy_stops_it_and_that_a_clinician_added_it(portal: Portal) -> None:
    portal.post(f"{portal.at}/orders", **RX)
    assert "added by a clinician" not in portal.client.get(portal.at).text
    portal.post(f"{portal.at}/lists", kind="allergy", act="added", name="penicillin", request="one")
    page = portal.client.get(portal.at).text
    assert "On the allergy list, added by a clinician: " in page.partition("data-allergy")[2][:900]
    assert "The patient named this allergy" not in page
