"""The tests that the specialties' `order` steps offer go by codes that can be LOINC codes."""

from __future__ import annotations

from tests.engine.helpers_content import content


def digit_of(number: str) -> str:
    """The check digit of a LOINC code: mod 10, every second digit doubled from the right."""
    doubled = [int(one) * 2 if place % 2 == 0 else int(one) for place, one in enumerate(reversed(number))]
    return str(-sum(one // 10 + one % 10 for one in doubled) % 10)


def test_every_test_of_a_catalog_has_a_code_whose_check_digit_is_right_and_its_own_name() -> None:
    found = 0
    for specialty in content().specialties.values():
        for kind in specialty.visit_types.values():
            tests = [test for step in kind.plan.steps for test in step.settings.get("catalog", ())]
            found += len(tests)
            assert len({test["code"] for test in tests}) == len({test["name"]["en"] for test in tests}) == len(tests)
            for test in tests:
                number, _, digit = test["code"].partition("-")
                assert digit == digit_of(number), test["code"]
                assert test["name"]["en"] != "" != test["name"]["es"]
    assert found > 0
