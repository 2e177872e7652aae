"""`clinic keys` says how old keys are, changes them, and does neither without a name for the audit."""

import json
from pathlib import Path

import pytest

from tests.admin_ui.helpers_cli import Cli


def said(cli: Cli, data: Path, *words: str) -> list[str]:
    answer = cli("keys", *words, "--as", "dana", "--data", str(data), "--json")
    assert (answer.status, answer.err) == (0, "")
    lines: list[str] = json.loads(answer.out)["lines"]
    return lines


def test_status_tells_every_purpose_its_age_and_the_patients(cli: Cli, data: Path) -> None:
    lines = said(cli, data, "status", "--clinic", "marigold")
    purposes = ("audit", "blind", "fields", "links", "payloads", "recordings", "sessions")
    assert [line.split(": ")[1] for line in lines] == [*purposes, "patients"]
    assert all("generation 1 of" in line for line in lines[:-1])
    assert "waiting" not in lines[-1]


def test_a_rotation_is_seen_in_the_status_and_in_the_audit(cli: Cli, data: Path) -> None:
    before = json.loads(cli("keys", "status", "--as", "dana", "--data", str(data), "--json").out)["master"]
    assert "marigold: keys wrapped anew: 7" in said(cli, data, "rotate")
    assert "patients' keys wrapped anew" in said(cli, data, "rotate", "--purpose", "fields", "--reseal")[1]
    after = cli("keys", "status", "--as", "dana", "--data", str(data), "--clinic", "marigold")
    assert before not in after.out
    assert "fields: generation 2 of" in after.out and "2 kept" in after.out
    verified = cli("audit", "verify", "--as", "dana", "--data", str(data))
    assert verified.status == 0


def test_resuming_makes_no_new_key(cli: Cli, data: Path) -> None:
    said(cli, data, "rotate", "--purpose", "fields", "--resume")
    assert "fields: generation 1" in "\n".join(said(cli, data, "status"))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["rotate", "--purpose", "links", "--reseal"], "--reseal goes with"),
        (["status", "--clinic", "marigod"], "did you mean `marigold`?"),
        (["rotate", "--purpose", "blind"], "invalid choice"),
    ],
)
def test_what_cannot_be_done_is_wrong_input(cli: Cli, data: Path, words: list[str], problem: str) -> None:
    answer = cli("keys", *words, "--as", "dana", "--data", str(data))
    assert answer.status == 2
    assert problem in answer.err


def test_nobody_does_it_without_a_name_and_no_key_folder_is_made(cli: Cli, data: Path, tmp_path: Path) -> None:
    assert cli("keys", "status", "--data", str(data)).status == 2
    (tmp_path / "empty").mkdir()
    assert cli("keys", "status", "--as", "dana", "--data", str(tmp_path / "empty")).status == 2
    assert not (tmp_path / "empty.keys").exists()
