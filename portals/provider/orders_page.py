"""What has been prescribed in a visit and what may still be: each order with its state and its own verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.ports import JSON
from engine.safety import Finding
from portals.base.dose_units import counted, unit_code
from portals.base.formats import Formats
from portals.provider.drug_choice import DrugChoice
from portals.provider.drug_safety import Pharmacist, refuses
from portals.provider.formulary import BaseDrug, base_choices, formulary_choices, pick, search
from portals.provider.held import Day, Say
from portals.provider.law import GateView, LawCard, LawWords, law_card
from portals.provider.prescription_form import TypedPrescription
from portals.provider.rx_amounts import form_warnings
from portals.provider.rx_prefill import changed_form, near_and_far, usual_form
from portals.provider.safety import asked_statements, never_reason, stated_words, unread_allergies
from portals.provider.views import ENDED, OrderView, PrescribeView, SafetyCard
from portals.provider.words import day_in, order_course, order_state, order_title

TONES: Mapping[str, str] = {
    "drafted": "idle",
    "sending": "idle",
    "sent": "success",
    "dispensed": "success",
    "partly_dispensed": "warning",
    "not_dispensed": "warning",
    "transferred": "idle",
    "cancel_held": "warning",
    "cancelling": "warning",
    "cancel_refused": "danger",
    "cancel_unanswered": "danger",
    "verified": "success",
    "rejected": "danger",
    "cancelled": "idle",
    "discarded": "idle",
}
NEEDS_EPCS = "needs_epcs"
UNREAD = "unread"
REFUSED = "contraindicated"
_STATE_TONES: Mapping[str, str] = {
    NEEDS_EPCS: "warning",
    "held": "warning",
    UNREAD: "warning",
    REFUSED: "danger",
    "shut": "danger",
}
_NOT_SENT = frozenset({NEEDS_EPCS, UNREAD, REFUSED, "shut"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RxSource:
    """What the prescribing part is made of.

    ``query``, ``pick`` and ``change`` come from the address, ``form`` from a post; ``allergy_words`` are the intake
    form's words for allergies; ``care`` says whether anything may be sent now, ``lifts`` which facts lift a rule.
    ``not_compared`` and ``from_where`` are sentences about the warnings.
    """

    formulary: Any
    base: Mapping[str, BaseDrug]
    pharmacies: Sequence[Any]
    orders: Sequence[Any]
    gates: Sequence[GateView]
    allergy_words: Mapping[str, str]
    care: bool
    place: str
    pharmacist: Pharmacist
    cards: Callable[[Sequence[Finding]], tuple[SafetyCard, ...]]
    lifts: Callable[[str], Sequence[str]] = lambda _rule: ()
    not_compared: str = ""
    from_where: str = ""
    looked: str = ""
    earlier: Sequence[Any] = ()
    moment: Callable[[datetime], str] = str
    name: Callable[[str], str] = str
    query: str = ""
    pick: str = ""
    change: str = ""
    form: Mapping[str, str] | None = None
    problems: Mapping[str, str] | None = None


def prescribe_view(source: RxSource, words: LawWords, say: Say, fmt: Formats) -> PrescribeView:
    """The prescribing part of the screen."""
    listed = formulary_choices(source.formulary, source.base)
    form = dict(source.form or {})
    changed = _changed(source, form)
    if changed and not source.form:
        written = source.base.get(str(changed.draft.drug.get("name", "")).lower())
        form = changed_form(changed, [*listed, *base_choices(written)])
    chosen = pick(source.pick or form.get("drug", ""), listed, source.base)
    if chosen and not form:
        form = usual_form(chosen, source.pharmacies, source.place)
    form["title"] = chosen.title if chosen else ""
    if chosen is None:
        form.pop("drug", None)
    tongue = _Tongue(say, day_in(fmt), fmt)
    drug = source.base.get(chosen.name.lower()) if chosen else None
    hits = source.pharmacist.allergic(chosen.name) if chosen else ()
    gate = _gate_of(source, changed.order) if changed else None
    return PrescribeView(
        query=source.query,
        found=search(source.query, listed, source.base),
        form=form,
        problems=source.problems or {},
        pharmacies=_pharmacies(source, say),
        orders=tuple(_order(order, source, words, tongue) for order in source.orders if order.state != "discarded"),
        allergy_warnings=tuple(source.allergy_words.get(code, code) for code in hits),
        allergy_lines=_allergy_lines(hits, source, say),
        never=never_reason(source.formulary, drug, chosen.name, fmt.language) if chosen else "",
        asks=asked_statements(drug, gate.decisions.values() if gate else (), source.lifts, form) if chosen else (),
        place=source.place,
        looked=source.looked,
        not_compared=source.not_compared,
        from_where=source.from_where,
        cards=source.cards(source.pharmacist.look(chosen.name, changed.order if changed else "")) if chosen else (),
        amounts=form_warnings(form, fmt.language) if chosen else (),
        earlier=tuple(_sent_before(order, source, tongue) for order in source.earlier),
    )


def _pharmacies(source: RxSource, say: Say) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The pharmacies in groups, those of the patient's state first; one group has no title."""
    near, far = near_and_far(source.pharmacies, source.place)
    titled = bool(near and far)
    groups = (
        (say("pharmacy.near", state=say(f"state.{source.place}", otherwise=source.place)), near),
        (say("pharmacy.elsewhere"), far),
    )
    return tuple((title if titled else "", tuple(map(_choice, group))) for title, group in groups if group)


def _choice(pharmacy: Any) -> tuple[str, str]:
    return pharmacy.id, f"{pharmacy.name}, {pharmacy.city}, {pharmacy.state}"


def chosen_drug(formulary: Any, base: Mapping[str, BaseDrug], key: str) -> DrugChoice | None:
    """The drug that a form's key names; None when there is no such drug any more."""
    return pick(key, formulary_choices(formulary, base), base)


def order_values(visit: str, typed: TypedPrescription, drug: DrugChoice, pharmacies: Sequence[Any]) -> dict[str, Any]:
    """The values of a records order draft: the drug by name, the pharmacy as it is today."""
    pharmacy = next((one for one in pharmacies if one.id == typed.pharmacy), None)
    return {
        "visit": visit,
        "drug": drug_json(drug),
        "sig": typed.sig,
        "directions": dict(drug.directions) if typed.sig.strip() == drug.sig.strip() else {},
        "quantity": typed.quantity,
        "quantity_unit": unit_code(typed.unit) or typed.unit,
        "days_supply": typed.days,
        "refills": typed.refills,
        "substitutions_allowed": typed.substitutions,
        "note_to_pharmacy": typed.note,
        "pharmacy": _pharmacy_json(pharmacy),
        "purpose": typed.purpose,
        "statements": typed.statements,
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


@dataclass(frozen=True, slots=True)
class _Tongue:
    """How sentences and days are said."""

    say: Say
    day: Day
    fmt: Formats


def _changed(source: RxSource, form: Mapping[str, str]) -> Any:
    """The drafted order that the form changes, if there is one."""
    wanted = source.change or form.get("replaces", "")
    return next((one for one in source.orders if one.order == wanted and one.state == "drafted"), None)


def _gate_of(source: RxSource, order: str) -> GateView | None:
    return next((one for one in reversed(source.gates) if one.order == order), None)


def _allergy_lines(hits: Iterable[str], source: RxSource, say: Say) -> tuple[str, ...]:
    """Each allergy to a drug in a sentence that says who named it."""
    keys = ((code, "allergy_added" if code in source.pharmacist.added else "allergy") for code in hits)
    return tuple(say(f"provider.rx.{key}", allergy=source.allergy_words.get(code, code)) for code, key in keys)


def _order(order: Any, source: RxSource, words: LawWords, tongue: _Tongue) -> OrderView:
    say, draft = tongue.say, order.draft
    gate = _gate_of(source, order.order)
    card = law_card(gate, words, say, tongue.day) if gate else None
    state = _shown_state(order, card, source)
    drafted = order.state == "drafted"
    return OrderView(
        id=order.order,
        title=order_title(draft),
        sig=draft.sig,
        detail=_detail(draft, tongue),
        pharmacy=str(draft.pharmacy.get("name", "")),
        state=say(f"provider.rx.state.{state}") if state in _STATE_TONES else order_state(order, say),
        tone=_STATE_TONES.get(state, TONES.get(order.stands, "idle")),
        may_send=drafted and source.care and state not in _NOT_SENT,
        may_change=drafted and source.care,
        may_discard=drafted,
        card=None if state in ENDED else card,
        code=state,
        allergies=_unanswered(order, source, say) if drafted else (),
        notes=stated_words(draft, source.allergy_words, say),
        cards=source.cards(source.pharmacist.look(str(draft.drug.get("name", "")), order.order)) if drafted else (),
        course=order_course(order, say, source.moment, source.name),
        may_cancel=order.may_cancel,
        may_undo=order.may_undo,
    )


def _unanswered(order: Any, source: RxSource, say: Say) -> tuple[str, ...]:
    hits = source.pharmacist.allergic(str(order.draft.drug.get("name", "")))
    return _allergy_lines(unread_allergies(order.draft, hits), source, say)


def _sent_before(order: Any, source: RxSource, tongue: _Tongue) -> OrderView:
    """A prescription of another visit: what it says and where it stands, to be cancelled if need be."""
    return OrderView(
        id=order.order,
        title=order_title(order.draft),
        sig=order.draft.sig,
        detail=_detail(order.draft, tongue),
        pharmacy=str(order.draft.pharmacy.get("name", "")),
        state=order_state(order, tongue.say),
        tone=TONES.get(order.stands, "idle"),
        may_send=False,
        may_change=False,
        may_discard=False,
        code=order.stands,
        course=order_course(order, tongue.say, source.moment, source.name),
        may_cancel=order.may_cancel,
        may_undo=order.may_undo,
        written=source.moment(order.written_at),
    )


def _detail(draft: Any, tongue: _Tongue) -> str:
    language = tongue.fmt.language
    return tongue.say(
        "provider.rx.detail",
        amount=tongue.fmt.amount(draft.quantity, draft.quantity_unit),
        days=counted("days", draft.days_supply, language),
        refills=counted("refills", draft.refills, language),
    )


def _shown_state(order: Any, card: LawCard | None, source: RxSource) -> str:
    """The order's state as a person needs it: what the law, EPCS or an unread warning makes of a draft."""
    state = _state(order, card)
    if order.state != "drafted" or state == "shut":
        return state
    open_findings = source.pharmacist.unread(order)
    if any(refuses(one) for one in open_findings):
        return REFUSED
    if open_findings or unread_allergies(
        order.draft, source.pharmacist.allergic(str(order.draft.drug.get("name", "")))
    ):
        return UNREAD
    lawful = card is not None and card.open
    return NEEDS_EPCS if lawful and _is_controlled(order.draft, source.base) else state


def _is_controlled(draft: Any, base: Mapping[str, BaseDrug]) -> bool:
    """Whether the drug base or the order itself puts the drug on a schedule."""
    known = base.get(str(draft.drug.get("name", "")).lower())
    return bool(draft.drug.get("schedule") or (known and known.schedule))


def _state(order: Any, card: LawCard | None) -> str:
    """A draft whose gate stayed shut is forbidden (``shut``) or waits for a fact, a duty or a person (``held``)."""
    if order.state != "drafted" or card is None or card.open:
        return str(order.stands)
    return "shut" if card.tone == "danger" else "held"
