"""The words of a patient's steps: what each is called, what it takes, and the verb on its button."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from portals.base.i18n import translator
from portals.patient.journey import DONE, JourneyStep

# Steps whose page can be looked at again once they are done, and where.
REVIEWS = {"consent": "/signed", "pay": "", "summary": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWords:
    """One step as its list shows it; ``review`` is the address of what was done, empty when there is none."""

    state: str
    title: str
    text: str
    action: str
    path: str
    review: str


def step_words(steps: Iterable[JourneyStep], language: str, lets: Callable[[str], bool]) -> tuple[StepWords, ...]:
    """The steps in words; ``lets`` says of a kind of step whether the reader may take it."""
    return tuple(_words(step, language, lets(step.kind)) for step in steps)


def _words(step: JourneyStep, language: str, allowed: bool) -> StepWords:
    t = translator(language)
    done = step.state == DONE
    review = ""
    if done and allowed and step.kind in REVIEWS:
        review = step.path.replace("/pay", "/receipt") + REVIEWS[step.kind]
    return StepWords(
        state=step.state,
        title=t(f"steps.{step.kind}.title"),
        text=t(f"steps.{step.kind}.{'done' if done else 'text'}") if done or allowed else t("acting.not_yours"),
        action=t(f"steps.{step.kind}.action") if allowed else "",
        path=step.path,
        review=review,
    )
