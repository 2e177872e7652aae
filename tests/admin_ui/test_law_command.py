"""`clinic law report` says on a terminal, or to a program, what is known of the law, and fails where it falls short."""

import json

import pytest

from tests.admin_ui.helpers_cli import Cli
from tests.rules.helpers_cases import ROOT

ON = ("--on", "2026-12-01")
FLORIDA = ("law", "report", *ON, "--state", "fl")
pytestmark = pytest.mark.slow


def test_a_state_is_reported_with_counts_dates_and_how_sure_it_is(cli: Cli) -> None:
    said = cli(*FLORIDA)
    assert said.status == 0, said.err
    assert "The law on 2026-12-01: 1 states" in said.out
    assert "MD         passes every gate in 1 states: FL" in said.out
    assert "2027-" in said.out.splitlines()[-1]


def test_the_same_as_json(cli: Cli) -> None:
    told = json.loads(cli(*FLORIDA, "--topic", "licensing", "--json").out)
    [row] = told["coverage"]
    assert (row["jurisdiction"], row["topic"], row["carried"]) == ("us/fl", "licensing", True)
    assert {"confidence", "least_sure", "checked", "review_by", "due"} <= row.keys()
    assert told["ordinary_visits"][0]["passes_in"] == ["FL"]
    assert {one["gate"] for one in told["passages"]} == {"book", "join", "prescribe", "sign"}


def test_every_topic_that_has_a_file_is_in_the_table_and_may_be_asked_for(cli: Cli) -> None:
    said = cli("law", "report", *ON, "--state", "KS", "--state", "AZ")
    [head] = [line for line in said.out.splitlines() if line.endswith("next review")]
    topics = {path.stem for path in (ROOT / "rules" / "us").glob("??/*.yaml")}
    assert "privacy" in topics and topics <= set(head.split())
    rows = json.loads(cli("law", "report", *ON, "--topic", "privacy", "--json").out)["coverage"]
    told = {row["jurisdiction"]: (row["carried"], row.get("by_country", False)) for row in rows}
    assert (told["us"], told["us/ks"], told["us/az"]) == ((True, False), (True, False), (False, True))
    assert len(told) == 52


def test_it_fails_where_fewer_states_pass_than_asked_for_and_where_law_is_due(cli: Cli) -> None:
    said = cli(*FLORIDA, "--at-least", "2")
    assert (said.status, said.err) == (1, "clinic: an ordinary visit passes in 1 of 2 states\n")
    assert cli(*FLORIDA, "--at-least", "1", "--fail-when-due").status == 0
    late = cli("law", "report", "--on", "2040-01-01", "--state", "FL", "--topic", "recording", "--fail-when-due")
    assert (late.status, late.err) == (1, "clinic: 1 files are due for review\n")
    assert "1 due for review: us/fl/recording" in late.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--state", "zz"), "--state: there is no `ZZ`"),
        (("--topic", "consnet"), "did you mean `consent`?"),
        (("--on", "soon"), "`soon` is no day"),
    ],
)
def test_what_is_not_there_is_wrong_input(cli: Cli, words: tuple[str, ...], told: str) -> None:
    said = cli("law", "report", *words)
    assert said.status == 2 and told in said.err and not said.out
