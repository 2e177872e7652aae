"""What has been prescribed in a visit and what may still be: each order with its state and its own verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.ports import JSON
from portals.base.formats import Formats
from portals.provider.formulary import BaseDrug, allergy_warnings, formulary_choices, pick, search
from portals.provider.law import Day, GateView, LawCard, LawWords, Say, law_card
from portals.provider.prescription_form import TypedPrescription
from portals.provider.views import DrugChoice, OrderView, PrescribeView
from portals.provider.words import day_in

TONES: Mapping[str, str] = {
    "drafted": "idle",
    "sent": "success",
    "verified": "success",
    "rejected": "danger",
    "cancelled": "idle",
    "discarded": "idle",
}
NEEDS_EPCS = "needs_epcs"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RxSource:
    """What the prescribing part is made of; ``query`` and ``pick`` come from the address, ``form`` from a post."""

    formulary: Any
    base: Mapping[str, BaseDrug]
    pharmacies: Sequence[Any]
    orders: Sequence[Any]
    gates: Sequence[GateView]
    allergies: Sequence[str] | None
    query: str = ""
    pick: str = ""
    form: Mapping[str, str] | None = None
    problems: Mapping[str, str] | None = None


def prescribe_view(source: RxSource, words: LawWords, say: Say, fmt: Formats) -> PrescribeView:
    """The prescribing part of the screen."""
    listed = formulary_choices(source.formulary, source.base, fmt.language)
    form = dict(source.form or {})
    chosen = pick(source.pick or form.get("drug", ""), listed, source.base)
    if chosen and not source.form:
        form = _prefilled(chosen, source.pharmacies)
    form["title"] = chosen.title if chosen else ""
    if chosen is None:
        form.pop("drug", None)
    tongue = _Tongue(say, day_in(fmt))
    shown = [order for order in source.orders if order.state != "discarded"]
    return PrescribeView(
        query=source.query,
        found=search(source.query, listed, source.base),
        form=form,
        problems=source.problems or {},
        pharmacies=tuple((one.id, f"{one.name}, {one.city}") for one in source.pharmacies),
        orders=tuple(_order(order, source, words, tongue) for order in shown),
        allergy_warnings=allergy_warnings(source.allergies, source.base.get(chosen.name.lower())) if chosen else (),
    )


def chosen_drug(formulary: Any, base: Mapping[str, BaseDrug], key: str, language: str) -> DrugChoice | None:
    """The drug that a form's key names; None when there is no such drug any more."""
    return pick(key, formulary_choices(formulary, base, language), base)


def order_values(visit: str, typed: TypedPrescription, drug: DrugChoice, pharmacies: Sequence[Any]) -> dict[str, Any]:
    """The values of a records order draft: the drug by name, the pharmacy as it is today."""
    pharmacy = next((one for one in pharmacies if one.id == typed.pharmacy), None)
    return {
        "visit": visit,
        "drug": drug_json(drug),
        "sig": typed.sig,
        "quantity": typed.quantity,
        "quantity_unit": typed.unit,
        "days_supply": typed.days,
        "refills": typed.refills,
        "substitutions_allowed": typed.substitutions,
        "note_to_pharmacy": typed.note,
        "pharmacy": _pharmacy_json(pharmacy),
        "purpose": typed.purpose,
    }


def drug_json(drug: DrugChoice) -> JSON:
    """A drug as an order keeps it; law and classes come from the drug base by its name."""
    return {
        "name": drug.name,
        "strength": drug.strength,
        "form": drug.dose_form,
        **({"schedule": drug.schedule} if drug.schedule else {}),
    }


def _pharmacy_json(pharmacy: Any) -> JSON:
    names = ("id", "name", "address", "city", "state", "postal_code", "phone")
    return {name: str(getattr(pharmacy, name)) for name in names} if pharmacy is not None else {}


def _prefilled(drug: DrugChoice, pharmacies: Sequence[Any]) -> dict[str, str]:
    return {
        "drug": drug.key,
        "sig": drug.sig,
        "quantity": drug.quantity,
        "unit": drug.unit,
        "days": str(drug.days or ""),
        "refills": "0",
        "purpose": drug.purpose,
        "pharmacy": pharmacies[0].id if len(pharmacies) == 1 else "",
        "note": "",
        "substitutions": "1",
    }


@dataclass(frozen=True, slots=True)
class _Tongue:
    """How sentences and days are said."""

    say: Say
    day: Day


def _order(order: Any, source: RxSource, words: LawWords, tongue: _Tongue) -> OrderView:
    say = tongue.say
    draft = order.draft
    gate = next((one for one in reversed(source.gates) if one.order == order.order), None)
    card = law_card(gate, words, say, tongue.day) if gate else None
    lawful_only = order.state == "drafted" and card is not None and card.open and _is_controlled(draft, source.base)
    state = NEEDS_EPCS if lawful_only else _state(order, card)
    return OrderView(
        id=order.order,
        title=" ".join(str(draft.drug.get(name, "")) for name in ("name", "strength", "form")).strip(),
        sig=draft.sig,
        detail=say(
            "provider.rx.detail",
            quantity=draft.quantity,
            unit=draft.quantity_unit,
            days=draft.days_supply,
            refills=draft.refills,
        ),
        pharmacy=str(draft.pharmacy.get("name", "")),
        state=say(f"provider.rx.state.{state}"),
        tone={NEEDS_EPCS: "warning", "held": "warning", "shut": "danger"}.get(state, TONES.get(order.state, "idle")),
        may_send=order.state == "drafted" and state not in (NEEDS_EPCS, "shut"),
        may_discard=order.state == "drafted",
        card=card,
        code=state,
    )


def _is_controlled(draft: Any, base: Mapping[str, BaseDrug]) -> bool:
    """Whether the drug base or the order itself puts the drug on a schedule."""
    known = base.get(str(draft.drug.get("name", "")).lower())
    return bool(draft.drug.get("schedule") or (known and known.schedule))


def _state(order: Any, card: LawCard | None) -> str:
    """A draft whose gate stayed shut is forbidden (``shut``) or waits for a fact, a duty or a person (``held``)."""
    if order.state != "drafted" or card is None or card.open:
        return str(order.state)
    return "shut" if card.tone == "danger" else "held"
