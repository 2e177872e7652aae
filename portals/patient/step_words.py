"""The words of a patient's steps: what each is called, what it takes, and the verb on its button."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from portals.base.i18n import has_message, translator
from portals.patient.journey import DONE, OPTIONAL, JourneyStep

# Steps whose page can be looked at again once they are done, and where.
REVIEWS = {"consent": "/signed", "pay": "", "summary": ""}
# What a step says in a moment of its own; in those without a button there is nothing to do.
CHECK, WRITTEN, IN_CALL, NO_CALL, TODAY = "check", "written", "in_call", "no_call", "today"
NOTHING_TO_DO = frozenset({WRITTEN})
Moments = Mapping[str, str]
NO_MOMENTS: Moments = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWords:
    """One step as its list shows it; ``review`` is the address of what was done, empty when there is none,
    and ``look`` the words that lead there.

    ``offered`` says that it may be taken at any time and holds nothing up.
    """

    state: str
    title: str
    text: str
    action: str
    path: str
    review: str
    look: str = ""
    offered: bool = False


def step_words(
    steps: Iterable[JourneyStep],
    language: str,
    lets: Callable[[str], bool],
    moments: Moments = NO_MOMENTS,
    forms: Mapping[str, str] = NO_MOMENTS,
) -> tuple[StepWords, ...]:
    """The steps in words.

    ``lets`` says of a kind of step whether the reader may take it, ``moments`` which kinds, or which ``kind:form``
    alone, are in one of theirs,
    ``forms`` what the forms are called where several are asked.
    """
    found = ((step, _words(step, language, lets(step.kind), _moment(step, moments))) for step in steps)
    return tuple(replace(said, title=forms.get(step.form, said.title)) for step, said in found)


def _moment(step: JourneyStep, moments: Moments) -> str:
    """The step's moment: that of its own form where there are several, else that of its kind."""
    return moments.get(f"{step.kind}:{step.form}", moments.get(step.kind, ""))


def _words(step: JourneyStep, language: str, allowed: bool, moment: str) -> StepWords:
    t = translator(language)
    done = step.state == DONE
    review = ""
    if done and allowed and step.kind in REVIEWS:
        review = step.path.replace("/pay", "/receipt") + REVIEWS[step.kind]
    return StepWords(
        state=step.state,
        title=t(f"steps.{step.kind}.title"),
        text=t(_text_key(step.kind, done, moment, language)) if done or allowed else t("acting.not_yours"),
        action=t(_action_key(step.kind, moment, language)) if allowed and moment not in NOTHING_TO_DO else "",
        path=step.path,
        review=review,
        look=t(f"step_words.look.{step.kind}") if review else "",
        offered=step.kind in OPTIONAL and allowed and not done,
    )


def _text_key(kind: str, done: bool, moment: str, language: str) -> str:
    """What a step says of itself; in some moments it says something else."""
    for key in (f"step_words.{kind}.{moment}", f"steps.{kind}.{moment}"):
        if moment and not done and has_message(language, key):
            return key
    return f"steps.{kind}.{'done' if done else 'text'}"


def _action_key(kind: str, moment: str, language: str) -> str:
    own = f"step_words.{kind}.{moment}_action"
    return own if moment and has_message(language, own) else f"steps.{kind}.action"
