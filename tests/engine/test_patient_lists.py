"""What is left of a patient's list once clinicians have corrected it."""

from __future__ import annotations

import pytest

from engine.patient_lists import Said, corrected


def said(name: str, added: bool, here: bool = True) -> Said:
    return Said(name=name, added=added, here=here)


@pytest.mark.parametrize(
    ("told", "words", "kept", "added"),
    [
        (("warfarin",), (), ("warfarin",), ()),
        (("warfarin",), (said("Warfarin", False),), (), ()),
        (("warfarin",), (said("warfarin", False, here=False),), ("warfarin",), ()),
        ((), (said("lithium", True, here=False),), (), ("lithium",)),
        ((), (said("lithium", True), said("lithium", False, here=False)), (), ()),
        ((), (said("lithium", False), said("lithium", True)), (), ("lithium",)),
        (("lithium",), (said("Lithium", True),), ("lithium",), ()),
    ],
)
def test_a_stop_holds_for_its_visit_and_an_addition_until_it_is_stopped(
    told: tuple[str, ...], words: tuple[Said, ...], kept: tuple[str, ...], added: tuple[str, ...]
) -> None:
    assert corrected(told, words) == (kept, added)
