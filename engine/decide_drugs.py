"""What must a decision about a drug say of the drug itself: is it known, and does the state schedule it?"""

from dataclasses import replace

from engine.decide_compose import cited
from engine.decisions import DATE_UNCERTAIN, UNKNOWN_DRUG, Decision, Json, Outcome
from engine.law import LawValue
from engine.periods import Certainty
from engine.questions import Asked
from engine.rulebook import Sources
from engine.schedules import DRUG, FEDERAL, Scheduled


def about_the_drug(decision: Decision, asked: Asked, day: str, sources: Sources) -> Decision:
    """Nothing is permitted for a drug without a name, nor by the law alone for one that the drug base does not hold.

    Where the state schedules the drug itself the answer says so; where that is unsure on the day, a person decides.
    """
    for one in asked.scheduled:
        sure, unsure = one.on(day, Certainty.SURE), one.on(day, Certainty.PERHAPS)
        if sure is not None:
            decision = _advised(decision, one, sure, sources)
        if unsure is not None and unsure.value != asked.facts.get(FEDERAL):
            review = {"why": DATE_UNCERTAIN, **_words(one, unsure)}
            decision = _for_a_person(replace(decision, sources=_with(decision, unsure, sources)), review)
    if asked.unknown_drug:
        return _for_a_person(_without_the_name(decision), {"why": UNKNOWN_DRUG, "rule": "", "cite": []})
    if DRUG not in asked.facts and decision.outcome not in (Outcome.FORBIDDEN, Outcome.REVIEW):
        return replace(decision, outcome=Outcome.INCOMPLETE, missing=tuple(sorted({*decision.missing, DRUG})))
    return decision


def _without_the_name(decision: Decision) -> Decision:
    """The rules of a named drug stay open, yet the name was told: where no other fact is missing, a person decides."""
    missing = tuple(path for path in decision.missing if path != DRUG)
    settled = decision.outcome is Outcome.INCOMPLETE and not missing
    return replace(decision, outcome=Outcome.REVIEW if settled else decision.outcome, missing=missing)


def _for_a_person(decision: Decision, review: Json) -> Decision:
    outcome = Outcome.REVIEW if decision.passes else decision.outcome
    return replace(decision, outcome=outcome, review=(*decision.review, review))


def _advised(decision: Decision, one: Scheduled, entry: LawValue, sources: Sources) -> Decision:
    advice = {"advice": f"This state schedules the drug itself: {entry.value}.", **_words(one, entry)}
    return replace(decision, advice=(*decision.advice, advice), sources=_with(decision, entry, sources))


def _words(one: Scheduled, entry: LawValue) -> Json:
    words = {
        "rule": f"{one.jurisdiction}/{one.topic}/schedules/{entry.name}",
        "title": f"The state's own schedule of {entry.name}",
        "law": entry.cited.law,
        "cite": list(entry.cited.sources),
    }
    return words if entry.cited.confidence == "high" else {**words, "confidence": entry.cited.confidence}


def _with(decision: Decision, entry: LawValue, sources: Sources) -> Json:
    return dict(sorted({**cited([entry.cited], sources), **decision.sources}.items()))
