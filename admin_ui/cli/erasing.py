"""May this patient's record be destroyed, says the law of every state they were served in, and who agrees?"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from admin_ui.cli.questions import Rulebooks
from engine.decisions import Decision
from engine.evaluator_pool import EvaluatorPool
from engine.retention import FORBIDDEN, PERMITTED, Kept, Service, decisions_on, together
from engine.settings import Settings, SettingsError
from records.database import Database
from records.key_ring import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Whose record is to be destroyed, by whom, why, and who else agrees."""

    clinic: str
    person: str
    actor: str
    reason: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the law of every state said together: ``outcome`` permitted, forbidden or review, and the lines to show."""

    outcome: str
    law: str
    lines: tuple[str, ...]


def ask_the_law(settings: Settings, clinic: str, kept: Kept, now: datetime) -> Verdict:
    """One question for each state. A place that cannot be told, or has no law carried, is for people to decide."""
    if not kept.services:
        return Verdict(outcome=PERMITTED, law="", lines=("no service was given: no law on keeping records asks",))
    rulebook = Rulebooks(settings).of(clinic)
    with EvaluatorPool(1) as evaluator:
        decisions = decisions_on(rulebook, kept, now, evaluator)
    outcomes = {str(decision.outcome) for _, decision in decisions}
    untold = len(kept.services) - len(decisions)
    lines = tuple(line for service, decision in decisions for line in _lines(service, decision))
    if untold:
        lines += ("a visit whose state cannot be told: a person decides",)
    return Verdict(outcome=together(outcomes, untold), law=decisions[0][1].law if decisions else "", lines=lines)


def confirmation(database: Database, wish: Wish, verdict: Verdict, now: datetime) -> str:
    """The code that the second step has to repeat: good for this very wish and verdict, today (UTC)."""
    secret = database.secret(wish.clinic, Purpose.SESSIONS)
    parts = (wish.person, wish.actor, wish.reason, wish.second, verdict.outcome, f"{now.astimezone(UTC):%Y-%m-%d}")
    return hmac.new(secret.value, "|".join(("erase", *parts)).encode(), hashlib.sha256).hexdigest()[:12]


def grounds(wish: Wish, verdict: Verdict) -> dict[str, str]:
    """What the audit keeps of it: codes only."""
    law = verdict.law.replace(":", "-")
    return {"reason": wish.reason, "outcome": verdict.outcome, "law": law, "second": wish.second}


def refuse_unlawful(wish: Wish, verdict: Verdict) -> None:
    """Raises `SettingsError` when the law forbids it, or leaves it to two people and there is one."""
    if verdict.outcome == FORBIDDEN:
        raise SettingsError(["the law forbids it; nothing was destroyed", *verdict.lines])
    if verdict.outcome != PERMITTED and (not wish.second or wish.second == wish.actor):
        problem = "the law leaves it to people: --second names another one who agrees; nothing was destroyed"
        raise SettingsError([problem, *verdict.lines])


def _lines(service: Service, decision: Decision) -> Sequence[str]:
    answer = decision.as_json()
    where = f"{service.country}/{service.state.lower()}, last service {service.last:%Y-%m-%d}: {decision.outcome}"
    rules = [f"  {forbid['rule']} ({', '.join(forbid['cite'])})" for forbid in answer["forbids"]]
    return [where, *rules, *(f"  review: {review['why']}" for review in answer["review"])]
