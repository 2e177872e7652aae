"""Whatever the API's description makes up, whoever sends it: no crash, and every answer is one it describes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from tests.fuzz.helpers_openapi import ASKERS, DECIDE, Api, cases, opened, questions
from tests.fuzz.helpers_settings import few, many
from tests.portals.helpers_crawl import MINE

pytestmark = pytest.mark.slow

FEW, MANY = few(25), many(3000)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with pytest.MonkeyPatch.context() as patch:
        yield from opened(tmp_path_factory.mktemp("api"), patch)


def ask_all(api: Api, asker: str, some: settings) -> Counter[int]:
    """Asks made-up questions of every operation; how often each status was answered."""
    answers: Counter[int] = Counter()
    for label in api.operations:

        @some
        @given(case=cases(api, label))
        def ask(case: object) -> None:
            answers[api.ask(asker, case).status_code] += 1

        ask()
    return answers


@pytest.mark.parametrize("asker", ASKERS)
def test_no_made_up_request_crashes_the_api_or_gets_an_undescribed_answer(api: Api, asker: str) -> None:
    answers = ask_all(api, asker, FEW)
    assert answers[200] and answers[422], "the questions were all of one kind"


@pytest.mark.soak
@pytest.mark.parametrize("asker", ASKERS)
def test_nor_do_thousands_of_them(api: Api, asker: str) -> None:
    assert ask_all(api, asker, MANY).total() >= MANY.max_examples


@pytest.mark.parametrize("asker", ["nobody", "the patient", "provider elsewhere"])
def test_a_clinics_own_policy_is_told_to_nobody_else(api: Api, asker: str) -> None:
    @FEW
    @given(case=cases(api, DECIDE), question=questions(api.law))
    def ask(case: Any, question: dict[str, Any]) -> None:
        case.body = {**question, "clinic": MINE}
        assert api.ask(asker, case).status_code == 401

    ask()
