"""What the living page puts into the components: words that are long, short, wrong and missing, and nobody's data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from portals.base.chart import Chart, Reading, plot
from portals.base.code_view import Remark, code_lines
from portals.base.differences import line_difference, word_difference
from portals.base.tile_map import Answer, tile_map

LONG = (
    "A very long text that somebody wrote into this place without thinking of how wide a phone is, "
    "and_one_word_that_has_no_place_to_break_anywhere_in_it_and_still_must_not_widen_the_page"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleStep:
    """A step for the step list."""

    state: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCitation:
    """A source for the law card."""

    law: str
    url: str
    checked: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLaw:
    """A law card's content."""

    open: bool
    final: bool
    verdict: str
    reasons: tuple[str, ...]
    citations: tuple[SampleCitation, ...]
    remedies: tuple[str, ...]
    others: tuple[SampleCitation, ...] = ()


STEPS = (
    SampleStep(state="done", title="A step that is done", text="What came of it."),
    SampleStep(state="now", title="The step to take now", text="What it takes."),
    SampleStep(state="later", title="A step for later", text=LONG),
    SampleStep(state="shut", title="A step that is stopped", text="Why, in a word."),
)
SOURCES = (SampleCitation(law="Example Code 1.23(4)", url="https://example.org/", checked="March 5, 2026"),)
OTHERS = (SampleCitation(law="Example Code 9.8", url="https://example.net/", checked="March 5, 2026", title=LONG),)
LAWS = (
    SampleLaw(
        open=True,
        final=False,
        verdict="It is possible.",
        reasons=("Every duty is met.",),
        citations=SOURCES,
        remedies=(),
    ),
    SampleLaw(
        open=False,
        final=False,
        verdict="A person has to check this.",
        reasons=("The source is not certain.",),
        citations=SOURCES,
        remedies=("Somebody at the clinic reads it.",),
    ),
    SampleLaw(
        open=False,
        final=True,
        verdict="The law does not allow it.",
        reasons=("No license is valid on that day.",),
        citations=SOURCES,
        remedies=("Choose another day.", LONG),
        others=OTHERS,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleEvent:
    """An event for the time line."""

    at: str
    title: str
    text: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleMessage:
    """A message for the conversation."""

    name: str
    at: str
    text: str
    day: str = "Thursday, March 5"
    mine: bool = False
    state: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePath:
    """A path of authority for the list of those tried."""

    title: str
    met: bool = False
    failed: tuple[str, ...] = ()


EVENTS = (
    SampleEvent(at="10:00 AM", title="Booked", text="The law was asked and allowed it.", kind="success"),
    SampleEvent(at="10:04 AM", title="Three questions answered"),
    SampleEvent(at="10:06 AM", title="A flag was raised", text=LONG, kind="warning"),
    SampleEvent(at="10:07 AM", title="The call was refused", text="No license on that day.", kind="danger"),
    SampleEvent(at="10:09 AM", title="Moved to another day", kind="info"),
)
SAID = (
    SampleMessage(name="Ada Brook", at="10:02 AM", text="How is the cough today?", day="Wednesday, March 4"),
    SampleMessage(name="You", at="10:20 AM", text="Better.\nI slept through the night.", mine=True, state="Read"),
    SampleMessage(name="Ada Brook", at="10:31 AM", text=LONG),
    SampleMessage(
        name="You", at="10:40 AM", text="Thank you", mine=True, state="Not sent. Check your connection.", failed=True
    ),
)
TRIED = (
    SamplePath(title="A full license of the state", failed=("It ended on March 4.",)),
    SamplePath(title="A registration for telehealth", met=True),
    SamplePath(title=LONG, failed=("The state has not joined.", LONG)),
)
LEGEND = (
    ("open", "Possible"),
    ("duties", "Possible, with a duty"),
    ("review", "A person decides"),
    ("untold", "Facts are missing"),
    ("shut", "Not possible"),
    ("none", "Not carried"),
)
SOURCE = """# What is asked before a trip
form: travel/intake
items:
  - id: fever  # not fever_now
    type: boolean
    text: {en: "Do you have a fever now?"}
    required_when: {age_years: 18, traveled: true}
"""
CHANGED = SOURCE.replace("age_years: 18", "age_years: 16").replace("    type: boolean\n", "")
REMARKS = (
    Remark(line=4, kind="danger", code="FORM012", text="there is no item by this name; did you mean fever_now?"),
    Remark(line=7, kind="info", text="asked of 2 in 10 people"),
)
_WORDS = (
    "A clinician may prescribe at most 30 days of the drug after a video visit.",
    "A clinician may prescribe at most 7 days of the drug after a visit by video or telephone.",
)
_FROM = datetime(2026, 3, 1, 12, tzinfo=UTC)


def samples(sheet: str) -> Mapping[str, Any]:
    """What one sheet shows."""
    by_sheet: Mapping[str, Mapping[str, Any]] = {
        "ways": {"steps": STEPS, "events": EVENTS},
        "law": {
            "laws": LAWS,
            "tried": TRIED,
            "tiles": tile_map(_map()),
            "legend": LEGEND,
            "words": word_difference(*_WORDS),
        },
        "content": {"charts": [plot(one) for one in _charts()]},
        "talking": {"said": SAID},
        "code": {
            "lines": code_lines(SOURCE, REMARKS),
            "source": SOURCE,
            "changed": line_difference(SOURCE, CHANGED, around=1),
        },
    }
    return {"long": LONG, **by_sheet.get(sheet, {})}


def _map() -> Mapping[str, Answer]:
    """Every fourth place, each with another answer."""
    codes = [tile.code for tile in tile_map({})]
    kinds = ("open", "duties", "review", "shut")
    words = dict(LEGEND)
    return {
        code: Answer(kind=kinds[at % 4], words=words[kinds[at % 4]], href="#map" if at % 2 else "")
        for at, code in enumerate(codes[::4])
    }


def _charts() -> tuple[Chart, ...]:
    return (
        Chart(name="Temperature", unit="°C", readings=_readings(36.8, 37.4, 38.6, 38.1, 37.2), low=36.1, high=37.5),
        Chart(name="Weight", unit="kg", readings=_readings(81, 80.4, 80.9, 79.6)),
        Chart(name="A single reading", unit="mmHg", readings=_readings(128), high=130),
        Chart(name="Blood sugar", unit="mg/dL", readings=()),
    )


def _readings(*values: float) -> tuple[Reading, ...]:
    days = [_FROM + timedelta(days=step * 2) for step in range(len(values))]
    return tuple(Reading(at=day, label=f"Mar {day.day}", value=value) for day, value in zip(days, values, strict=True))
