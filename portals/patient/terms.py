"""What canceling, coming late and not coming mean, in one line of the clinic's own terms, before anything is paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from engine.clinic_terms import Terms
from engine.plans import VisitPlan
from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.base.requests import deps_of
from portals.base.visitor import visitor

USD = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """What is booked: the kind of visit, its price in cents, and when it starts; None where no time is chosen."""

    plan: VisitPlan
    price_cents: int
    currency: str = USD
    starts_at: datetime | None = None


def terms_line(request: Request, priced: Priced | None = None) -> str:
    """The line for what is booked; without it what holds for every visit of the clinic."""
    who = visitor(request)
    terms = deps_of(request).content().clinic(who.here.slug).terms
    said = [_late(request, terms, priced, who.language) or _canceling(terms, priced, who.language)]
    late = _patience(priced.plan) if priced is not None else 0
    if late:
        said.append(translator(who.language)("terms.late", time=Formats(who.language).lasting(late)))
    return " ".join(said)


def _late(request: Request, terms: Terms, priced: Priced | None, language: str) -> str:
    """The line for a time that is too near to be moved the moment it is booked; empty for any other."""
    if priced is None or priced.starts_at is None or priced.plan.answer_within_seconds:
        return ""
    change = terms.change(priced.starts_at, deps_of(request).clock.now(), price_cents=priced.price_cents)
    if change.moves_left or not terms.free_until_seconds:
        return ""
    t, fee = translator(language), Formats(language).money(change.fee_cents, priced.currency)
    return t("terms.soon_fee", fee=fee) if change.fee_cents else t("terms.soon")


def _canceling(terms: Terms, priced: Priced | None, language: str) -> str:
    t, fmt = translator(language), Formats(language)
    fee = terms.late_fee_cents if priced is None else min(terms.late_fee_cents, priced.price_cents)
    currency = priced.currency if priced else USD
    is_case = priced is not None and priced.plan.answer_within_seconds > 0
    before = fmt.lasting(terms.free_until_seconds) if terms.free_until_seconds else ""
    if is_case:
        return t("terms.case")
    if not before:
        return t("terms.free")
    if not fee:
        return t("terms.free_before", time=before)
    return t("terms.fee", time=before, fee=fmt.money(fee, currency))


def _patience(plan: VisitPlan) -> int:
    """How long after its start a visit waits for the patient, in seconds; 0 where nobody waits."""
    wait = next((step for step in plan.steps if step.kind == "wait"), None)
    return int(wait.settings.get("no_show_seconds", 0)) if wait is not None else 0
