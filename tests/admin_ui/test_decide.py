"""`clinic decide`: only answers on standard output, and an exit status that machines can trust."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from engine.releases import known_now
from engine.settings import HOME
from tests.admin_ui.helpers_cli import CASE, ON, Cli

pytestmark = pytest.mark.slow

KEYS = {
    "topic", "outcome", "permits", "forbids", "duties", "limits", "advice", "review", "missing", "presumed", "tried",
    "law_time", "known_time", "law", "overlay", "rulebook", "sources",
}  # fmt: skip


@pytest.fixture
def facts(tmp_path: Path) -> str:
    return written(tmp_path, CASE)


def written(folder: Path, facts: Any) -> str:
    path = folder / "facts.json"
    path.write_text(facts if isinstance(facts, str) else json.dumps(facts), encoding="utf-8")
    return str(path)


def question(**changed: Any) -> str:
    return json.dumps({"topic": "licensing", "on": ON, "known_at": None, "clinic": None, "facts": CASE, **changed})


def test_an_answer_has_every_key_of_the_interface(cli: Cli, facts: str) -> None:
    said = cli("decide", "licensing", "--facts", facts, "--on", ON, "--json")
    assert said.status == 0 and said.err == ""
    answer = json.loads(said.out)
    assert set(answer) == KEYS
    assert (answer["topic"], answer["law_time"], answer["overlay"]) == ("licensing", "2026-03-05", None)
    known = known_now(HOME, answer["law"])
    assert answer["known_time"] == (known.at if known else None)


def test_the_same_question_gives_the_same_bytes(cli: Cli, facts: str) -> None:
    words = ("decide", "consent", "--facts", facts, "--on", ON, "--json")
    assert cli(*words).out == cli(*words).out != ""


def test_forbidden_is_an_answer_like_any_other(cli: Cli, tmp_path: Path) -> None:
    expired = json.loads(json.dumps(CASE))
    expired["provider"]["licenses"][0]["expires"] = "2026-03-04"
    expired["provider"] |= {"dea": [], "federal_employment": False}
    said = cli("decide", "licensing", "--facts", written(tmp_path, expired), "--on", ON, "--json")
    assert said.status == 0
    assert json.loads(said.out)["outcome"] == "forbidden"


def test_without_json_a_person_reads_a_card(cli: Cli, facts: str) -> None:
    said = cli("decide", "licensing", "--facts", facts, "--on", ON)
    assert said.status == 0
    assert said.out.startswith("licensing: ") and "(law of 2026-03-05)" in said.out and "Sources:" in said.out


def test_a_clinic_adds_its_overlay(cli: Cli, facts: str) -> None:
    plain = json.loads(cli("decide", "licensing", "--facts", facts, "--on", ON, "--json").out)
    said = cli("decide", "licensing", "--facts", facts, "--on", ON, "--clinic", "no-such-clinic", "--json")
    assert said.status == 2 and said.out == "" and "ASK003" in said.err
    assert plain["overlay"] is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[]", "ASK003"),
        ("{", "ASK001"),
        ('{"patient": {}, "patient": {}}', "ASK001"),
        ('{"patient": {"birth_date": NaN}}', "ASK001"),
        ('{"patient": {"loaction": {}}}', "VOC"),
        ('{"patient": {"location": {"state": "ZZ"}}}', ""),
        ("[" * 100_000, "ASK001"),
        ('{"a":' * 600 + "1" + "}" * 600, "ASK006"),
        ('{"drug": {"name": "a\\u001b[31m"}}', "ASK006"),
        ('{"prescription": {"refills": 0.5}}', "VOC002"),
    ],
)
def test_broken_facts_are_refused_with_a_numbered_diagnostic(cli: Cli, tmp_path: Path, text: str, code: str) -> None:
    said = cli("decide", "licensing", "--facts", written(tmp_path, text), "--on", ON, "--json")
    assert (said.status, said.out) == (2, "")
    assert f"error {code}" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ("no-such-topic", "--on", ON),
        ("licensing", "--on", "yesterday"),
        ("licensing", "--on", ON, "--known-at", ON),
        ("--on", ON),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(cli: Cli, facts: str, words: tuple[str, ...]) -> None:
    said = cli("decide", *words, "--facts", facts, "--json")
    assert (said.status, said.out) == (2, "") and said.err


def test_a_file_that_cannot_be_read_is_one_message(cli: Cli) -> None:
    said = cli("decide", "licensing", "--facts", "missing.json")
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("missing.json: error READ006: the file cannot be opened: ")
    assert "No such file or directory" in said.err


def test_a_path_that_was_not_nested_is_told_how_to_nest_it(cli: Cli, tmp_path: Path) -> None:
    facts = written(tmp_path, '{"patient.location.state": "FL"}')
    said = cli("decide", "licensing", "--facts", facts, "--on", ON, "--json")
    assert (said.status, "error VOC002" in said.err) == (2, True)
    assert 'fix: write {"patient": {"location": {"state": ...}}}' in said.err


def test_a_batch_answers_line_by_line_in_order(cli: Cli, tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text(question() + "\n" + question(topic="consent") + "\n", encoding="utf-8")
    said = cli("decide", "--batch", str(batch))
    assert said.status == 0 and said.err == ""
    assert [json.loads(line)["topic"] for line in said.out.splitlines()] == ["licensing", "consent"]


def test_a_broken_line_gets_an_error_in_its_place_and_the_rest_is_answered(cli: Cli, tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    lines = [question(), "{", "", question(topic="nonsense"), question(topic="consent")]
    batch.write_text("\n".join(lines), encoding="utf-8")
    said = cli("decide", "--batch", str(batch))
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert said.status == 2
    assert ["error" in answer for answer in answers] == [False, True, True, True, False]
    places = [answer["error"]["diagnostics"][0]["location"]["line"] for answer in answers[1:4]]
    assert places == [2, 3, 4]


def test_a_batch_may_come_from_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(question().encode() + b"\n")))
    said = cli("decide", "--batch", "-")
    assert said.status == 0 and len(said.out.splitlines()) == 1


@pytest.mark.parametrize("source", ["file", "standard input"])
def test_a_line_that_is_not_utf_8_is_refused_and_the_others_are_answered(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    content = b"\n".join([question().encode(), b'{"topic": "licens\xe9"}', question(topic="consent").encode()])
    (tmp_path / "batch.jsonl").write_bytes(content)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    said = cli("decide", "--batch", str(tmp_path / "batch.jsonl") if source == "file" else "-")
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert (said.status, ["error" in answer for answer in answers]) == (2, [False, True, False])
    assert "it is not UTF-8" in answers[1]["error"]["what"]


def test_a_batch_refuses_what_each_line_says_itself(cli: Cli) -> None:
    said = cli("decide", "licensing", "--batch", "b.jsonl", "--on", ON)
    assert said.status == 2 and said.err.startswith("clinic: TOPIC, --on: each line")
