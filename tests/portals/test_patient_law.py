"""The patient's law card: what decided first, other ways folded away, and never a stop without a source."""

from __future__ import annotations

from typing import Any

from portals.patient.asked_by import layer
from portals.patient.law_view import law_view
from portals.patient.names import same_name
from tests.portals.helpers_law import decision

SOURCES = {
    key: {"law": f"{key} 1", "title": f"About {key}", "url": f"https://example.org/{key}", "checked": "2026-11-21"}
    for key in ("own", "veterans", "nurses")
}


def test_a_missing_licence_cites_the_nearest_path_and_folds_the_others_away() -> None:
    tried = [{"path": key, "law": f"{key} code", "cite": [key]} for key in ("own", "veterans", "nurses")]
    card = law_view("book", False, {"licensing": _refused(tried=tried)}, "en", "FL")
    assert [(cite.law, cite.title) for cite in card.citations] == [("own code", "About own")]
    assert [cite.law for cite in card.others] == ["veterans code", "nurses code"]


def test_what_forbids_is_cited_alone() -> None:
    forbids = [{"act": "practise", "rule": "us/fl/x", "law": "own code", "cite": ["own"]}]
    tried = [{"path": "nurses", "cite": ["nurses"]}]
    card = law_view("book", False, {"licensing": _refused(forbids=forbids, tried=tried)}, "en", "FL")
    assert [cite.law for cite in card.citations] == ["own code"]
    assert card.others == ()


def test_a_stop_shows_a_source_whenever_the_decision_has_one() -> None:
    for parts in ({}, {"tried": [{"path": "own", "cite": []}, {"path": "nurses", "cite": ["nurses"]}]}):
        for outcome in ("forbidden", "incomplete", "review"):
            card = law_view("book", False, {"licensing": {**_refused(**parts), "outcome": outcome}}, "en", "FL")
            assert len(card.citations) == 1


def test_a_statute_is_cited_once_by_a_source_that_can_be_opened() -> None:
    sources = {**SOURCES, "known": {"law": "own 1", "title": "General knowledge", "url": None}}
    tried = [{"path": "own", "law": "own code", "cite": ["known", "own"]}]
    card = law_view("book", False, {"licensing": {**_refused(tried=tried), "sources": sources}}, "en", "FL")
    assert [cite.url for cite in card.citations] == ["https://example.org/own"]


def test_a_rules_id_tells_the_layer_that_asks() -> None:
    assert layer("clinic/consent/telehealth-in-writing") == "clinic"
    assert layer("us/common/consent/informed@us/fl") == "state"
    assert layer("us/fl/consent/telehealth") == "state"
    assert layer("us/privacy/notice") == "federal"


def test_a_name_is_the_same_without_case_accents_and_spacing() -> None:
    assert same_name("maría-josé  DEL río", "Maria Jose del Rio")
    assert not same_name("Maria Rio", "Maria Jose del Rio")
    assert not same_name(" - ", "!")


def _refused(**parts: Any) -> dict[str, Any]:
    return {**decision("licensing", "forbidden", **parts), "sources": SOURCES}
