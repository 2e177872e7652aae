"""Questions that the API's own description makes up, sent by different people, and what is wrong with the answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from engine.rulebook import LawPack
from portals.api import routes
from portals.api.limits import Rate, RateLimiter
from tests.portals.helpers_clinic import build_clinic
from tests.portals.helpers_crawl import MINE, OTHER, Crawl, crawl_of, two_clinics
from tests.rules.helpers_cases import examples, nested, started

DESCRIPTION = "/api/v1/openapi.json"
ASKERS = ("nobody", "the patient", "the clinician", "provider elsewhere")
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
DECIDE = "POST /api/v1/decisions"
INSTANTS = (
    "2026-12-01T10:00:00-05:00",
    "2026-12-01",
    "1999-01-01T00:00:00Z",
    "2026-11-01T01:30:00-04:00",
    "9999-12-31",
)
LIKELY = ("FL", "2026-02-30", "2026-01-01", "P1D", "schedule_ii", "0001-01-01T00:00:00Z", "1e400", "\x00")
NO_LIMIT = Rate(burst=10**9, per_second=10**9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The program with two clinics, and every operation that it says it has."""

    crawl: Crawl
    operations: Mapping[str, Any]
    law: LawPack

    def ask(self, name: str, case: Any) -> httpx.Response:
        """Sends a made-up case as somebody; raises where the answer is not one that the description allows."""
        browser = self.crawl.browser_of(next(one for one in self.crawl.askers if one.name == name))
        sent = case.as_transport_kwargs(base_url="http://api")
        for kept in ("url", "cookies", "timeout", "verify"):
            sent.pop(kept, None)
        if "data" in sent:
            sent["content"] = sent.pop("data")
        if "json" in sent:  # as careless programs write it: the client would refuse what is no number
            sent["content"] = json.dumps(sent.pop("json")).encode()
        answer: httpx.Response = browser.request(url=case.formatted_path, follow_redirects=False, **sent)
        case.validate_response(answer, checks=list(CHECKS))
        return answer


def opened(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The program and its description; the limit of calls for each caller is off."""
    patch.setattr(routes, "limiter", RateLimiter(NO_LIMIT))
    library = two_clinics()
    clinic = build_clinic(folder, several=library)
    crawl = crawl_of(clinic)
    described = clinic.browser().get(DESCRIPTION).json()
    schema: Any = schemathesis.openapi.from_dict(described)
    operations = {one.label: one for one in (found.ok() for found in schema.get_all_operations())}
    yield Api(crawl=crawl, operations=operations, law=library.law)
    clinic.database.close()


def cases(api: Api, label: str) -> st.SearchStrategy[Any]:
    """What the description allows, what it does not, and, of the law, questions that are nearly sensible."""
    operation, modes = api.operations[label], schemathesis.GenerationMode
    allowed, refused = (operation.as_strategy(generation_mode=mode) for mode in (modes.POSITIVE, modes.NEGATIVE))
    if label != DECIDE:
        return st.one_of(allowed, refused)
    sensible = st.builds(_with_body, allowed, questions(api.law))
    named = st.builds(_with_clinic, allowed, st.sampled_from((MINE, OTHER, "nowhere")))
    return st.one_of(allowed, refused, named, sensible, sensible)


def questions(law: LawPack) -> st.SearchStrategy[dict[str, Any]]:
    """A case that the law's own tests start from, some of its facts replaced by anything at all."""
    known, paths = examples(), sorted(law.vocabulary.tellable())
    values = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=12),
        st.sampled_from(LIKELY),
    )
    changes = st.dictionaries(st.sampled_from(paths), st.one_of(values, st.lists(values, max_size=3)), max_size=2)
    facts = st.builds(
        lambda name, changed: nested(started(name, known) | changed), st.sampled_from(sorted(known)), changes
    )
    return st.fixed_dictionaries(
        {"topic": st.sampled_from(sorted(law.topics.topics)), "on": st.sampled_from(INSTANTS), "facts": facts},
        optional={"clinic": st.sampled_from((None, MINE, OTHER))},
    )


def _with_body(case: Any, body: dict[str, Any]) -> Any:
    case.body = body
    return case


def _with_clinic(case: Any, clinic: str) -> Any:
    return _with_body(case, {**case.body, "clinic": clinic}) if isinstance(case.body, dict) else case
