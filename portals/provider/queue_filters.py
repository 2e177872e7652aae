"""Which rows of the queue and the inbox does a clinician want to see: who waits, by state, urgency and language?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portals.provider.views import QueueView

MINE, WAITING = "mine", "waiting"
SHOWS = (MINE, WAITING)
# The order in which urgencies are offered, the worst first.
ACUITIES = ("emergent", "urgent", "red", "soon", "flagged", "routine")
Choice = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is wanted; an empty word wants everything. ``show`` mine | waiting, ``language`` a code."""

    show: str = ""
    state: str = ""
    urgency: str = ""
    language: str = ""

    @property
    def on(self) -> bool:
        """Whether anything is left out."""
        return any((self.show, self.state, self.urgency, self.language))

    def takes(self, row: Any) -> bool:
        """Whether a row of a visit is wanted, whatever is shown."""
        return (
            self.state in ("", row.state)
            and self.urgency in ("", row.acuity)
            and self.language in ("", row.language_code)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What can be chosen among the rows there are: states, urgencies and languages, codes with words where needed."""

    states: tuple[str, ...]
    urgencies: tuple[str, ...]
    languages: tuple[Choice, ...]


def filter_of(query: Mapping[str, str]) -> Filter:
    """What an address asks for; a word that nobody knows asks for nothing."""
    show, urgency = query.get("show", ""), query.get("urgency", "")
    return Filter(
        show=show if show in SHOWS else "",
        state=query.get("state", "")[:2],
        urgency=urgency if urgency in ACUITIES else "",
        language=query.get("language", "")[:8],
    )


def choices_among(rows: Sequence[Any], offers: Sequence[Any] = ()) -> Choices:
    """The states, urgencies and languages of the rows, each once."""
    known = {row.acuity for row in rows}
    both: Iterable[Any] = (*rows, *offers)
    return Choices(
        states=tuple(sorted({row.state for row in both if row.state})),
        urgencies=tuple(code for code in ACUITIES if code in known),
        languages=tuple(sorted({(row.language_code, row.language) for row in both}, key=lambda one: one[1])),
    )


def narrowed(view: QueueView, wanted: Filter) -> QueueView:
    """The queue with what is wanted of it. Tasks stay: they cannot wait; and who waits unseen is counted."""
    if not wanted.on:
        return view
    groups = {
        group: tuple(row for row in rows if wanted.takes(row) and (wanted.show != WAITING or group == "waiting"))
        for group, rows in view.groups.items()
    }
    offers = () if wanted.show or wanted.urgency else tuple(one for one in view.offers if _offered(one, wanted))
    return replace(view, groups=groups, offers=offers, hidden=len(view.groups["waiting"]) - len(groups["waiting"]))


def _offered(one: Any, wanted: Filter) -> bool:
    return wanted.state in ("", one.state) and wanted.language in ("", one.language_code)
