"""What must a prescriber have read or stated before a prescription may go out?

Warnings come from what the patient named as allergies and from the specialty's own list; statements are what the law
asks of the prescriber (the monitoring programme, an exception, the diagnosis). Nothing here decides the law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from engine.texts import text_in
from engine.visits import Formulary
from portals.provider.formulary import BaseDrug
from portals.provider.held import Say
from portals.provider.law import JSON
from portals.provider.prescription_form import CHOICES, FLAGS

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
    "prescription.route": "route",
    "treatment.diagnosis": "diagnosis",
    "prescription.physician_approved": "approved",
    "prescription.physician_began": "began",
}
"""Which statement a duty or a missing fact asks for."""
_ORDERED = (
    "pdmp",
    "exception",
    "circumstance",
    "mme",
    "doses",
    "weight_loss",
    "route",
    "diagnosis",
    "approved",
    "began",
    "indication",
)


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


def asked_statements(
    drug: BaseDrug | None,
    decisions: Iterable[JSON],
    lifts: Callable[[str], Iterable[str]] = lambda _rule: (),
    said: Mapping[str, str] = MappingProxyType({}),
) -> tuple[str, ...]:
    """The statements to ask for: those that go with a controlled drug, and those that a decision waits for.

    Args:
        lifts: by rule, the facts that would lift what it forbids.
        said: the form; what was stated before stays to be seen and changed.
    """
    asked = {name for name in _ORDERED if said.get(name)}
    if drug and drug.schedule:
        asked |= {"pdmp", "indication"}
        asked |= {"exception", "circumstance", "mme"} if "opioid" in drug.classes else set()
    for decision in decisions:
        open_duties = [duty.get("duty") for duty in decision.get("duties", ()) if not duty.get("met")]
        lifting = [path for forbid in decision.get("forbids", ()) for path in lifts(str(forbid.get("rule", "")))]
        wanted = (*open_duties, *decision.get("missing", ()), *lifting)
        asked |= {_ASKED_BY[str(one)] for one in wanted if one in _ASKED_BY}
    return tuple(one for one in _ORDERED if one in asked)


def stated_words(draft: Any, words: Mapping[str, str], say: Say) -> tuple[str, ...]:
    """What was stated and acknowledged with a prescription, in sentences."""
    return (*_stated_yes_or_no(draft.statements, say), *_stated_more(draft.statements, say), *_read(draft, words, say))


def _stated_yes_or_no(told: Mapping[str, Any], say: Say) -> Iterable[str]:
    if "pdmp.checked" in told:
        key = "pdmp_checked" if told["pdmp.checked"] else "pdmp_unavailable"
        yield say(f"provider.rx.stated.{key}", state=str(told.get("pdmp.state", "")))
    if told.get("prescription.acute_pain_exception"):
        yield say("provider.rx.stated.exception")
    for name, path in FLAGS.items():
        if path in told:
            words = "provider.rx.stated" if name == "weight_loss" else "rx_states.stated"
            yield say(f"{words}.{name}_{'yes' if told[path] else 'no'}")


def _stated_more(told: Mapping[str, Any], say: Say) -> Iterable[str]:
    for name, (path, _) in CHOICES.items():
        if path in told:
            yield say(f"rx_states.stated.{name}", value=say(f"ask.value.{told[path]}"))
    if "prescription.mme_per_day" in told:
        yield say("provider.rx.stated.mme", count=f"{told['prescription.mme_per_day']:g}")
    if "prescription.doses" in told:
        yield say("provider.rx.stated.doses", count=told["prescription.doses"])
    yield from (say(f"provider.rx.circumstance_is.{code}") for code in told.get("treatment.circumstances", ()))
    if told.get("treatment.indication"):
        yield say("provider.rx.stated.indication", text=str(told["treatment.indication"]))


def _read(draft: Any, words: Mapping[str, str], say: Say) -> Iterable[str]:
    """Which warnings were read, and why they do not hold."""
    said = draft.acknowledged
    if said.get("reason"):
        named = ", ".join(words.get(str(code), str(code)) for code in said.get("allergies", ()))
        yield say("provider.rx.stated.allergy", allergy=named, reason=str(said["reason"]))
    for key, sentence in (("findings_reason", "safety.stated"), ("amounts_reason", "rx_amounts.stated")):
        if said.get(key):
            yield say(sentence, reason=str(said[key]))
