"""What the law said, in words for patients: verdict, reason, statute with the day it was checked, and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portals.base.i18n import has_message, translator

JSON = Mapping[str, Any]
WORST_FIRST = ("forbidden", "incomplete", "review", "permitted_with_duties", "permitted")
MOST_CITATIONS, MOST_OTHERS = 6, 12


@dataclass(frozen=True, slots=True)
class Citation:
    """A source: the statute, link (empty: none), the day it was checked, how sure we are, the linked page's title."""

    law: str
    url: str
    checked: str
    confidence: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawView:
    """One gate for the law card; ``final`` means that no person can still open it.

    ``citations`` are what decided; ``others`` the further ways the law knows, which did not apply either.
    """

    open: bool
    final: bool
    verdict: str
    reasons: tuple[str, ...]
    citations: tuple[Citation, ...]
    remedies: tuple[str, ...]
    others: tuple[Citation, ...] = ()


def law_view(gate: str, is_open: bool, decisions: Mapping[str, JSON], language: str, state: str = "") -> LawView:
    """The card of a gate that was asked; ``state`` is the place it was asked for, as a USPS code."""
    say = _Words(language, state)
    outcome = worst_outcome(decisions.values())
    shut = [(topic, decision) for topic, decision in sorted(decisions.items()) if _holds_shut(decision)]
    asked = shut if not is_open and shut else sorted(decisions.items())
    reasons = (reason for topic, decision in asked for reason in say.reasons(topic, decision))
    deciding = _one_each(one for _, decision in asked for one in _citations(decision))
    known = _one_each(one for _, decision in asked for one in _other_ways(decision))
    others = tuple(one for one in known if one.law not in {own.law for own in deciding})
    return LawView(
        open=is_open,
        final=outcome == "forbidden",
        verdict=say.first(f"statute.verdict.{gate}.{'open' if is_open else outcome}", "statute.verdict.other"),
        reasons=tuple(dict.fromkeys(reasons)),
        citations=deciding[:MOST_CITATIONS],
        remedies=() if is_open else tuple(say.remedies(gate, outcome)),
        others=others[:MOST_OTHERS],
    )


def worst_outcome(decisions: Iterable[JSON]) -> str:
    """The outcome that decides a gate of several topics; no decision counts as ``review``."""
    outcomes = {_outcome(decision) for decision in decisions} or {"review"}
    return next((outcome for outcome in WORST_FIRST if outcome in outcomes), "review")


def _outcome(decision: JSON) -> str:
    return str(decision.get("outcome", "review"))


def _holds_shut(decision: JSON) -> bool:
    return not _outcome(decision).startswith("permitted")


def citations_of(decision: JSON, cites: Iterable[str], law: str = "") -> Iterable[Citation]:
    """The sources a decision names by key; ``law`` is the statute of the rule that cites them, when it says one."""
    sources = decision.get("sources", {})
    for cite in cites:
        source = sources.get(cite)
        if source:
            yield Citation(
                law or str(source.get("law", cite)),
                str(source.get("url") or ""),
                str(source.get("checked") or ""),
                str(source.get("confidence") or ""),
                str(source.get("title") or ""),
            )


def _citations(decision: JSON) -> tuple[Citation, ...]:
    """What a decision rests on: what forbids or needs review; where no path held, the one that failed nearest.

    A decision that shuts a gate and names nothing there shows any source it has.
    """
    parts = ("forbids", "review") if _holds_shut(decision) else ("permits",)
    entries = [entry for part in parts for entry in decision.get(part, ())]
    if not decision.get("forbids") and _holds_shut(decision):
        entries += [*decision.get("tried", ())][:1]
    found = tuple(one for entry in entries for one in _of_entry(decision, entry))
    if found or not _holds_shut(decision):
        return found
    return (*_other_ways(decision), *citations_of(decision, decision.get("sources", {})))[:1]


def _other_ways(decision: JSON) -> tuple[Citation, ...]:
    """The paths of authority that were tried beyond the nearest."""
    if not _holds_shut(decision) or decision.get("forbids"):
        return ()
    return tuple(one for entry in [*decision.get("tried", ())][1:] for one in _of_entry(decision, entry))


def _of_entry(decision: JSON, entry: JSON) -> Iterable[Citation]:
    return citations_of(decision, entry.get("cite", ()), str(entry.get("law") or ""))


def _one_each(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    """One citation for each statute, one that can be opened before one that cannot."""
    found: dict[str, Citation] = {}
    for one in citations:
        if one.law not in found or (one.url and not found[one.law].url):
            found[one.law] = one
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Words:
    language: str
    state: str

    def first(self, key: str, otherwise: str) -> str:
        found = key if has_message(self.language, key) else otherwise
        return translator(self.language)(found, state=self._place())

    def reasons(self, topic: str, decision: JSON) -> Iterable[str]:
        """The known reasons for a review in words of their own, else the topic's sentence for this outcome."""
        keys = [f"statute.review.{entry.get('why', '')}" for entry in decision.get("review", ())]
        known = [key for key in keys if has_message(self.language, key)]
        if _outcome(decision) == "review" and known:
            return [self.first(key, key) for key in known]
        return [self.first(f"statute.topic.{topic}.{_outcome(decision)}", "statute.topic.other")]

    def remedies(self, gate: str, outcome: str) -> Iterable[str]:
        for number in (1, 2, 3):
            key = f"statute.remedies.{gate}.{outcome}.{number}"
            if has_message(self.language, key):
                yield translator(self.language)(key)

    def _place(self) -> str:
        key = f"state.{self.state}"
        return translator(self.language)(key if has_message(self.language, key) else "statute.this_place")
