"""How `clinic test all` spreads the tests over its two workers."""

from typing import cast

import pytest

from engine.settings import HOME
from tests.conftest import WHOLE_INSTALLATIONS, group, longest_first


def test_the_files_that_start_whole_installations_are_there_and_known() -> None:
    starts = ("Installation(", "running_stack(", "helpers_stack import")
    assert [name for name in WHOLE_INSTALLATIONS if not (HOME / name).is_file()] == []
    texts = {
        path.relative_to(HOME).as_posix(): path.read_text(encoding="utf-8") for path in HOME.glob("tests/*/test_*.py")
    }
    found = {name for name, text in texts.items() if any(start in text for start in starts)}
    assert found - {"tests/architecture/test_order.py"} <= set(WHOLE_INSTALLATIONS)


class Collected:
    """As much of a collected test as the order looks at."""

    def __init__(self, file: str, *marks: str) -> None:
        self.nodeid = f"{file}::test_it"
        self.marks = [getattr(pytest.mark, name).mark for name in marks]

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return next((mark for mark in self.marks if mark.name == name), None)


def test_installations_share_one_group_and_come_first_then_the_slow_files() -> None:
    quick, slow = Collected("tests/engine/test_zones.py"), Collected("tests/workflows/test_codec.py", "slow")
    first, second = Collected("tests/browser/test_canary.py"), Collected("tests/whole/test_killed.py")
    items = [quick, slow, first, second]
    longest_first(cast(list[pytest.Item], items))
    assert items == [first, second, slow, quick]
    assert {group(name) for name in WHOLE_INSTALLATIONS} == {"installations"}
    assert group("tests/engine/test_zones.py") == "tests/engine/test_zones.py"
