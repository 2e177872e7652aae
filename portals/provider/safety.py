"""What must a prescriber have read or stated before a prescription may go out?

Warnings come from what the patient named as allergies and from the specialty's own list; statements are what the law
asks of the prescriber (the monitoring programme, an exception, the diagnosis). Nothing here decides the law.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.texts import text_in
from engine.visits import Formulary
from portals.provider.formulary import BaseDrug
from portals.provider.held import Say
from portals.provider.law import JSON

_ASKED_BY = {
    "pdmp_check": "pdmp",
    "document_pdmp_review": "pdmp",
    "pdmp.checked": "pdmp",
    "pdmp.available": "pdmp",
    "pdmp.state": "pdmp",
    "prescription.acute_pain_exception": "exception",
    "treatment.indication": "indication",
    "prescription.mme_per_day": "mme",
    "prescription.mme_total": "mme",
    "prescription.doses": "doses",
    "weight_loss_workup": "weight_loss",
    "prescription.for_weight_loss": "weight_loss",
}
"""Which statement a duty or a missing fact asks for."""
_ORDERED = ("pdmp", "exception", "circumstance", "mme", "doses", "weight_loss", "indication")


def unread_allergies(draft: Any, hits: Sequence[str]) -> tuple[str, ...]:
    """The allergies to the drug that nobody has acknowledged with a reason: such a prescription is not sent."""
    known = draft.acknowledged
    read = known.get("allergies", ()) if known.get("reason") else ()
    return tuple(code for code in hits if code not in read)


def never_reason(formulary: Formulary | None, drug: BaseDrug | None, name: str, language: str) -> str:
    """Why the specialty does not prescribe a drug; empty where it says nothing against it."""
    if formulary is None:
        return ""
    found = formulary.refusal(name, drug.classes if drug else (), (drug.schedule or None) if drug else None)
    return text_in(found.reason, language) if found else ""


def asked_statements(drug: BaseDrug | None, decisions: Iterable[JSON]) -> tuple[str, ...]:
    """The statements to ask for: those that go with a controlled drug, and those that a decision waits for."""
    asked: set[str] = set()
    if drug and drug.schedule:
        asked |= {"pdmp", "indication"}
        asked |= {"exception", "circumstance", "mme"} if "opioid" in drug.classes else set()
    for decision in decisions:
        open_duties = [duty.get("duty") for duty in decision.get("duties", ()) if not duty.get("met")]
        asked |= {_ASKED_BY[str(one)] for one in (*open_duties, *decision.get("missing", ())) if one in _ASKED_BY}
    return tuple(one for one in _ORDERED if one in asked)


def stated_words(draft: Any, words: Mapping[str, str], say: Say) -> tuple[str, ...]:
    """What was stated and acknowledged with a prescription, in sentences."""
    told, lines = draft.statements, []
    if "pdmp.checked" in told:
        key = "pdmp_checked" if told["pdmp.checked"] else "pdmp_unavailable"
        lines.append(say(f"provider.rx.stated.{key}", state=str(told.get("pdmp.state", ""))))
    if told.get("prescription.acute_pain_exception"):
        lines.append(say("provider.rx.stated.exception"))
    if "prescription.for_weight_loss" in told:
        lines.append(say(f"provider.rx.stated.weight_loss_{'yes' if told['prescription.for_weight_loss'] else 'no'}"))
    if "prescription.mme_per_day" in told:
        lines.append(say("provider.rx.stated.mme", count=f"{told['prescription.mme_per_day']:g}"))
    if "prescription.doses" in told:
        lines.append(say("provider.rx.stated.doses", count=told["prescription.doses"]))
    lines += [say(f"provider.rx.circumstance_is.{code}") for code in told.get("treatment.circumstances", ())]
    if told.get("treatment.indication"):
        lines.append(say("provider.rx.stated.indication", text=str(told["treatment.indication"])))
    if draft.acknowledged.get("reason"):
        named = ", ".join(words.get(str(code), str(code)) for code in draft.acknowledged.get("allergies", ()))
        lines.append(say("provider.rx.stated.allergy", allergy=named, reason=str(draft.acknowledged["reason"])))
    if draft.acknowledged.get("findings_reason"):
        lines.append(say("safety.stated", reason=str(draft.acknowledged["findings_reason"])))
    if draft.acknowledged.get("amounts_reason"):
        lines.append(say("rx_amounts.stated", reason=str(draft.acknowledged["amounts_reason"])))
    return tuple(lines)
