"""The words of a patient's steps: what each is called, what it takes, and the verb on its button."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from portals.base.i18n import has_message, translator
from portals.patient.journey import DONE, OPTIONAL, JourneyStep

# Steps whose page can be looked at again once they are done, and where.
REVIEWS = {"consent": "/signed", "pay": "", "summary": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWords:
    """One step as its list shows it; ``review`` is the address of what was done, empty when there is none.

    ``offered`` says that it may be taken at any time and holds nothing up.
    """

    state: str
    title: str
    text: str
    action: str
    path: str
    review: str
    offered: bool = False


def step_words(
    steps: Iterable[JourneyStep], language: str, lets: Callable[[str], bool], *, today: bool = False
) -> tuple[StepWords, ...]:
    """The steps in words; ``lets`` says of a kind of step whether the reader may take it, ``today`` that the visit is
    on this day."""
    return tuple(_words(step, language, lets(step.kind), today) for step in steps)


def _words(step: JourneyStep, language: str, allowed: bool, today: bool) -> StepWords:
    t = translator(language)
    done = step.state == DONE
    review = ""
    if done and allowed and step.kind in REVIEWS:
        review = step.path.replace("/pay", "/receipt") + REVIEWS[step.kind]
    return StepWords(
        state=step.state,
        title=t(f"steps.{step.kind}.title"),
        text=t(_text_key(step.kind, done, today, language)) if done or allowed else t("acting.not_yours"),
        action=t(f"steps.{step.kind}.action") if allowed else "",
        path=step.path,
        review=review,
        offered=step.kind in OPTIONAL and allowed and not done,
    )


def _text_key(kind: str, done: bool, today: bool, language: str) -> str:
    """What a step says of itself; some say something else on the visit's own day."""
    of_today = f"steps.{kind}.today"
    if today and not done and has_message(language, of_today):
        return of_today
    return f"steps.{kind}.{'done' if done else 'text'}"
