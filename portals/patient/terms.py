"""What canceling, coming late and not coming mean, in one line of the clinic's own terms, before anything is paid."""

from __future__ import annotations

from starlette.requests import Request

from engine.clinic_terms import Terms
from engine.plans import VisitPlan
from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.base.requests import deps_of
from portals.base.visitor import visitor

USD = "USD"


def terms_line(
    request: Request, plan: VisitPlan | None = None, price_cents: int | None = None, currency: str = USD
) -> str:
    """The line for a kind of visit and its price; without a plan what holds for every visit of the clinic."""
    who = visitor(request)
    terms = deps_of(request).content().clinic(who.here.slug).terms
    fee = terms.late_fee_cents if price_cents is None else min(terms.late_fee_cents, price_cents)
    said = [_canceling(terms, fee, currency, who.language, is_case=plan is not None and plan.answer_within_seconds > 0)]
    late = _patience(plan) if plan is not None else 0
    if late:
        said.append(translator(who.language)("terms.late", time=Formats(who.language).lasting(late)))
    return " ".join(said)


def _canceling(terms: Terms, fee: int, currency: str, language: str, *, is_case: bool) -> str:
    t, fmt = translator(language), Formats(language)
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
