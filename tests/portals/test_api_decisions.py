"""The API answers with the decision of the engine, numbers what is broken, and knows who may ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.decide import decide
from engine.rete import ReteEvaluator
from engine.rulebook import LawPack, join, load_law
from portals.api import routes
from portals.api.limits import RateLimiter
from tests.engine.helpers_releases import FIRST, SECOND, two_releases
from tests.engine.test_releases import BEFORE, FACTS
from tests.portals.helpers_provider import Portal, build_portal
from tests.records.helpers import HandClock, build_world, open_database
from tests.rules.helpers_cases import examples, nested, started

ROOT = Path(__file__).parents[2]
PATH = "/api/v1/decisions"


@pytest.fixture(scope="module")
def law() -> LawPack:
    return load_law(ROOT)


@pytest.fixture
def portal(tmp_path: Path, law: LawPack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    clock = HandClock()
    database = open_database(tmp_path, clock)
    made = build_portal(build_world(database), clock, tmp_path)
    library: Any = SimpleNamespace(law=law, rulebooks={made.world.clinic: join(law)})
    made.app.state.deps = replace(made.app.state.deps, library=lambda: library, evaluator=ReteEvaluator())
    monkeypatch.setattr(routes, "limiter", RateLimiter(routes.RATE))
    yield made
    database.close()


def question(**changes: Any) -> dict[str, Any]:
    facts = nested(started("ordinary_visit", examples()))
    return {"topic": "licensing", "on": "2026-12-01T10:00:00-05:00", "facts": facts, **changes}


def test_the_answer_is_the_engines_byte_for_byte(portal: Portal, law: LawPack) -> None:
    asked = question()
    answer = portal.client.post(PATH, json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.content == decide(join(law), asked, ReteEvaluator()).canonical()
    assert answer.json()["outcome"] in ("permitted", "permitted_with_duties")


def test_a_missing_fact_is_an_answer_not_an_error(portal: Portal) -> None:
    asked = question()
    del asked["facts"]["patient"]["location"]["state"]
    answer = portal.client.post(PATH, json=asked)
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "incomplete" and answer.json()["missing"] == ["patient.location.state"]


def test_broken_input_comes_back_as_numbered_diagnostics(portal: Portal) -> None:
    answer = portal.client.post(PATH, json={"topic": "licencing", "on": "2026-12-01", "facts": {}, "extra": 1})
    assert answer.status_code == 422
    problems = answer.json()["error"]["diagnostics"]
    assert "ASK002" in {problem["code"] for problem in problems}
    assert all(problem["what"] and problem["fix"] for problem in problems)


TOO_MUCH: list[tuple[str, str, object, str, str]] = [
    ("prescription", "refills", 1.5, "VOC002", "prescription.refills"),
    ("prescription", "days_supply", 30.5, "VOC002", "prescription.days_supply"),
    ("prescription", "days_supply", -1, "VOC002", "prescription.days_supply"),
    ("drug", "name", "amoxi\x00cillin", "ASK006", "facts.drug.name"),
    ("drug", "name", "a" * 4001, "ASK006", "facts.drug.name"),
    ("patient", "conditions", ["x"] * 1001, "ASK006", "facts.patient.conditions"),
    ("patient", "conditions", json.loads("[" * 600 + "]" * 600), "ASK006", "facts.patient.conditions" + ".0" * 9),
]


def test_a_fact_of_no_sensible_size_is_named_by_its_path_alone(portal: Portal) -> None:
    for folder, key, value, code, path in TOO_MUCH:
        asked = question(topic="prescribing")
        asked["facts"].setdefault(folder, {})[key] = value
        answer = portal.client.post(PATH, json=asked)
        assert answer.status_code == 422
        (problem,) = answer.json()["error"]["diagnostics"]
        assert (problem["code"], problem["location"]["path"]) == (code, path)
        assert "amoxi" not in answer.text


@pytest.mark.parametrize("body", ["", "{", "[NaN]", "[" * 5000, '"text"', "null"])
def test_what_is_no_question_is_refused_with_a_number(portal: Portal, body: str) -> None:
    answer = portal.client.post(PATH, content=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["diagnostics"][0]["code"].startswith("ASK")


@pytest.mark.parametrize(
    "body", ['{"topic": "consent", "topic": "licensing"}', '{"facts": {"a": 1, "a": 2}}', b'{"a": "\xe9"}']
)
def test_a_question_is_read_as_strictly_as_by_the_command(portal: Portal, body: str | bytes) -> None:
    answer = portal.client.post(PATH, content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["diagnostics"][0]["code"]) == (422, "ASK001")
    assert error["what"] == error["diagnostics"][0]["what"]


def test_the_api_says_what_may_be_null(portal: Portal) -> None:
    described = portal.client.get("/api/v1/openapi.json").json()
    body = described["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]["schema"]
    for name in ("known_at", "clinic"):
        assert body["properties"][name]["anyOf"] == [{"type": "string"}, {"type": "null"}]


def test_a_question_that_is_too_long_is_not_read(portal: Portal) -> None:
    assert portal.client.post(PATH, content=b"x" * (routes.LONGEST_QUESTION + 1)).status_code == 413


def test_a_clinics_policy_takes_a_staff_session_of_that_clinic(portal: Portal) -> None:
    asked = question(clinic=portal.world.clinic)
    assert portal.client.post(PATH, json=asked).status_code == 401
    portal.sign_in()
    assert portal.client.post(PATH, json=asked).status_code == 200
    assert portal.client.post(PATH, json=question(clinic="another")).status_code == 401


def test_beyond_this_machine_even_the_law_alone_takes_a_session(portal: Portal) -> None:
    far = TestClient(portal.app, base_url=str(portal.client.base_url), client=("192.0.2.7", 50000))
    assert far.post(PATH, json=question()).status_code == 401


def test_who_asks_too_often_is_told_when_to_come_back(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "limiter", RateLimiter(routes.RATE, now=lambda: 0.0))
    answers = [portal.client.post(PATH, content="{") for _ in range(routes.RATE.burst + 5)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late and int(late[0].headers["retry-after"]) >= 1


def test_the_api_describes_itself(portal: Portal) -> None:
    document = portal.client.get("/api/v1/openapi.json").json()
    operation = document["paths"][PATH]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["topic", "on", "facts"]
    assert set(operation["responses"]) >= {"200", "401", "422", "429"}
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(answer["required"]) == set(portal.client.post(PATH, json=question()).json())


def test_alive_is_not_the_same_as_ready(portal: Portal) -> None:
    assert portal.client.get("/health").json() == {"status": "ok"}
    assert portal.client.get("/ready").json()["status"] == "ready"
    portal.world.database.close()
    portal.app.state.deps = replace(portal.app.state.deps, database=None)
    answer = portal.client.get("/ready")
    assert answer.status_code == 503 and answer.json()["parts"]["records"] == "down"
    assert portal.client.get("/health").status_code == 200


def test_counters_hold_counts_and_no_person_host_or_id(portal: Portal) -> None:
    portal.sign_in()
    portal.client.get(portal.at)
    portal.client.post(PATH, json=question())
    page = portal.client.get("/metrics").text
    assert 'clinic_decisions_total{outcome="' in page
    for private in (portal.world.visit, portal.world.patient, portal.world.clinic, "Reyes", "localhost"):
        assert private not in page
    assert json.dumps("licensing") in page
    assert 'route="/staff/visits/{visit}"' in page


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7", "somewhere"])
def test_counters_are_for_this_machine_alone(portal: Portal, address: str) -> None:
    elsewhere = TestClient(portal.app, base_url=str(portal.client.base_url), client=(address, 40000))
    assert elsewhere.get("/metrics").status_code == 404
    assert elsewhere.get("/health").status_code == 200


def test_what_was_known_at_an_instant_is_what_had_been_released_by_then(portal: Portal, tmp_path: Path) -> None:
    root = two_releases(tmp_path / "law")
    deps = portal.app.state.deps
    library: Any = SimpleNamespace(law=load_law(root), rulebooks={})
    settings = replace(deps.settings, root=root)
    portal.app.state.deps = replace(deps, settings=settings, library=lambda: library)
    asked = {"topic": "prescribing", "on": "2026-02-01", "facts": FACTS, "clinic": None}
    found = {at: portal.client.post(PATH, json={**asked, "known_at": at}) for at in (None, FIRST, BEFORE)}
    assert [found[at].json()["known_time"] for at in (None, FIRST)] == [SECOND, FIRST]
    assert [found[at].json()["limits"][0]["max"] for at in (None, FIRST)] == [5, 14]
    assert found[BEFORE].status_code == 422
    assert found[BEFORE].json()["error"]["diagnostics"][0]["code"] == "ASK004"
