import json
from pathlib import Path

import pytest

from engine.settings import HOME
from tests.admin_ui.helpers_cli import Cli
from tests.engine.helpers_mutations import FILE, STRONG, WEAK, small_law


def test_weak_cases_fail_the_threshold_and_each_survivor_has_its_line(cli: Cli, tmp_path: Path) -> None:
    said = cli("mutate", str(small_law(tmp_path, WEAK)), "--at-least", "90")
    assert said.status == 1
    assert f"  {FILE}:19:10: `due: before_join` becomes `before_prescribe` (us/fl/recording/everybody)\n" in said.out
    assert said.err == "clinic: fewer than 90 % noticed in us/fl\n"


def test_strong_cases_pass_it(cli: Cli, tmp_path: Path) -> None:
    said = cli("mutate", str(small_law(tmp_path, STRONG)), "--at-least", "100", "--json")
    assert said.status == 0, said.out
    told = json.loads(said.out)
    assert told["survivors"] == []
    assert told["total"]["percent"] == 100
    assert [one["name"] for one in told["jurisdictions"]] == ["us/fl"]


def test_a_case_that_does_not_hold_is_broken_input(cli: Cli, tmp_path: Path) -> None:
    said = cli("mutate", str(small_law(tmp_path, WEAK.replace("permitted_with_duties", "forbidden"))))
    assert said.status == 2
    assert "the case `Something is asked for` does not hold" in said.err


def test_an_unknown_jurisdiction_is_refused(cli: Cli, tmp_path: Path) -> None:
    said = cli("mutate", str(small_law(tmp_path, WEAK)), "--jurisdiction", "us/ft")
    assert said.status == 2
    assert "us/fl" in said.err


@pytest.mark.slow
def test_the_cases_of_a_state_notice_nine_changes_of_ten(cli: Cli) -> None:
    said = cli("mutate", str(HOME), "--jurisdiction", "us/nj", "--at-least", "90")
    assert said.status == 0, said.out


@pytest.mark.slow
def test_the_cases_of_what_a_state_lets_be_prescribed_notice_it_as_well(cli: Cli) -> None:
    said = cli("mutate", str(HOME), "--jurisdiction", "us/ga", "--topic", "prescribing", "--at-least", "95")
    assert said.status == 0, said.out
