"""What a page says of a photo is read as what it can be, and never believed further."""

from __future__ import annotations

import pytest

from engine.photo_judgements import Judgement, read_judgement


def test_what_the_page_says_is_kept_as_it_was_said() -> None:
    said = {"quality": "blurred", "scale": "coin", "share": "9", "confirmed": "yes"}
    assert read_judgement(said, scale=True) == Judgement(quality="blurred", scale="coin", share=9, confirmed=True)


def test_nothing_about_a_scale_is_kept_of_a_photo_that_needs_none() -> None:
    assert read_judgement({"quality": "good", "scale": "coin", "confirmed": "yes"}, scale=False) == Judgement(
        quality="good"
    )
    assert read_judgement({"scale": "coin"}, scale=False) is None


@pytest.mark.parametrize("share", ["-1", "١", "1e9", "9999", ""])
def test_what_no_page_of_ours_says_counts_as_not_said(share: str) -> None:
    said = {"quality": "<b>", "scale": "a coin", "share": share, "confirmed": "on"}
    assert read_judgement(said, scale=True) == Judgement()


def test_a_browser_without_scripts_still_brings_the_patients_own_word() -> None:
    found = read_judgement({"confirmed": "yes"}, scale=True)
    assert found == Judgement(confirmed=True)
    assert found is not None and found.measurable


@pytest.mark.parametrize("wrong", [{"quality": "fine"}, {"scale": "button"}, {"share": 101}])
def test_no_judgement_says_what_none_comes_to(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Judgement(**wrong)  # type: ignore[arg-type]
