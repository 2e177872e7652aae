"""What officers attested in records counts whenever a clinic's rulebook is asked, about what was known then as well."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from admin_ui.cli.questions import Rulebooks
from admin_ui.cli.typed_settings import settings_with
from engine.library import Vouched
from engine.rulebook import Rulebook
from records.comparisons import Compared, Comparisons
from records.vouched_law import as_node
from tests.admin_ui.helpers_cli import CASE, Cli
from tests.engine.helpers_releases import FIRST, two_releases

pytestmark = pytest.mark.slow
OFFICER = ("--clinic", "marigold", "--as", "compliance")
READ = ("--state", "WY", "--law", "relationship.establish_via", "--source", "Rules, ch. 1", "--name", "Ida Marsh")
ATTESTED = {
    "id": "att_one",
    "rule": "us/fl/prescribing/look",
    "title": "One looks first",
    "by": "Ida Marsh",
    "on": "2026-01-02",
    "until": "2026-12-31",
    "source": "The act",
}


def attested(rulebook: Rulebook) -> list[str]:
    return [one.rule for one in rulebook.overlay.attested] if rulebook.overlay else []


@pytest.mark.parametrize("known_at", [None, FIRST])
def test_a_clinics_rulebook_of_then_and_of_now_has_what_its_officers_attested(
    tmp_path: Path, known_at: str | None
) -> None:
    vouched: Vouched = {"elm": (as_node(ATTESTED),)}
    settings = settings_with(typed={"CLINIC_ROOT": str(two_releases(tmp_path))})
    rulebooks = Rulebooks(settings, lambda _: vouched)
    assert attested(rulebooks.of("elm", known_at)) == ["us/fl/prescribing/look"]
    assert attested(rulebooks.of(None, known_at)) == attested(Rulebooks(settings).of("elm", known_at)) == []
    assert rulebooks.of("elm", FIRST) is rulebooks.of("elm", FIRST)


def test_an_answer_on_the_command_line_goes_by_what_is_attested_and_past_decisions_are_asked_with_it(
    cli: Cli, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps(CASE))
    asked = ("decide", "licensing", "--facts", str(facts), "--clinic", "marigold", "--json", "--data", str(data))
    before = json.loads(cli(*asked).out)
    made = cli("law", "attest", *OFFICER, "--data", str(data), *READ, "--on", "2026-11-22", "--json")
    assert made.status == 0, made.err
    after = json.loads(cli(*asked).out)
    assert before["law"] == after["law"] and before["overlay"] != after["overlay"]
    seen: list[Rulebook] = []
    page = Comparisons.page

    def watched(self: Comparisons, rulebook: Rulebook, since: datetime | None, after: str) -> Compared:
        seen.append(rulebook)
        return page(self, rulebook, since, after)

    monkeypatch.setattr(Comparisons, "page", watched)
    assert cli("differ", "--as", "dana", "--clinic", "marigold", "--data", str(data)).status == 0
    assert seen and seen[0].overlay is not None and seen[0].overlay.digest == after["overlay"]


def test_records_that_were_named_and_are_not_there_are_told(cli: Cli, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps(CASE))
    words = ("--facts", str(facts), "--clinic", "marigold", "--data", str(tmp_path / "nowhere"))
    said = cli("decide", "licensing", *words)
    assert (said.status, said.out) == (2, "") and "there is no data folder" in said.err
