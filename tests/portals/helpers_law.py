"""Decisions as the engine answers them, for the tests of pages that show the law."""

from collections.abc import Mapping
from typing import Any

SOURCES = {
    "fla-456.47-2c": {
        "law": "Fla. Stat. 456.47(2)(c)",
        "url": "http://www.leg.state.fl.us/statutes/456.47",
        "checked": "2026-11-21",
        "confidence": "high",
    },
    "fla-456.47-4": {"law": "Fla. Stat. 456.47(4)", "url": None, "checked": "2026-11-21", "confidence": "high"},
}


def decision(topic: str, outcome: str, **parts: Any) -> dict[str, Any]:
    """An answer of DESIGN's shape with the parts a test cares for."""
    return {
        "topic": topic,
        "outcome": outcome,
        "permits": [],
        "forbids": [],
        "duties": [],
        "limits": [],
        "advice": [],
        "review": [],
        "missing": [],
        "presumed": {},
        "tried": [],
        "law_time": "2026-03-05",
        "known_time": None,
        "law": "sha256:1",
        "overlay": None,
        "rulebook": "sha256:2",
        "sources": SOURCES,
        **parts,
    }


class Words:
    """The words of a rulebook of three ids."""

    def rule_title(self, rule: str) -> str | None:
        return {"us/fl/prescribing/schedule-ii": "Schedule II by telehealth only for psychiatric treatment"}.get(rule)

    def duty_sentence(self, duty: str) -> str | None:
        return {"pdmp_check": "Check the prescription monitoring record"}.get(duty)

    def fact_sentence(self, path: str) -> str | None:
        return {"drug.schedule": "Schedule of the drug", "treatment.purpose": "Purpose of the treatment"}.get(path)

    def of_decision(self, decision: Mapping[str, Any]) -> Mapping[str, Any]:
        return decision

    def ways_done(self, topic: str, duty: str) -> tuple[str, ...]:
        return ()

    def limit_sentence(self, limit: str) -> str | None:
        return {"days_supply": "Days of supply."}.get(limit)


def say(key: str, otherwise: str | None = None, **values: object) -> str:
    """A catalogue that answers with the key and its values, so that a test sees what was asked for."""
    if otherwise is not None:
        return otherwise
    return key + "".join(f" [{value}]" for value in values.values())
