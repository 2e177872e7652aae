"""A patient's medicines and allergies in the chart: what was told, prescribed or added, and who corrected what when."""

from __future__ import annotations

from collections.abc import Mapping

from engine.safety import Taken
from portals.provider.desk import Desk
from portals.provider.drug_safety import Pharmacist, group_words
from portals.provider.views import ListLine, ListsView
from records.lists import ALLERGY, MEDICATION, VERIFIED, ListEntry

_STOPPABLE = frozenset({"patient", "chart", "clinic"})


def lists_view(desk: Desk, looker: Pharmacist, words: Mapping[str, str], may_change: bool) -> ListsView:
    """Both lists as they stand; ``words`` are the forms' own for codes. A medicine of two sources is one line."""
    medications: dict[str, ListLine] = {}
    for one in looker.taken:
        shown = words.get(one.name) or group_words(one.name, desk) or _as_written(one)
        line = ListLine(
            kind=MEDICATION,
            name=one.shown or one.name,
            shown=shown,
            origin=desk.t(f"lists.origin.{one.origin}"),
            may_stop=may_change and one.origin in _STOPPABLE,
        )
        medications.setdefault(one.name.casefold(), line)
    allergies = tuple(
        ListLine(kind=ALLERGY, name=code, shown=words.get(code, code), origin="", may_stop=may_change)
        for code in looker.allergies
    )
    return ListsView(
        medications=tuple(medications.values()),
        allergies=allergies,
        history=tuple(_history(desk, one, words) for one in reversed(looker.entries)),
        may_change=may_change,
    )


def _as_written(one: Taken) -> str:
    """The medicine as it was written down, with its dose, and its generic name where a brand was written."""
    if not one.shown or one.name in one.shown.casefold():
        return one.shown or one.name
    return f"{one.shown} ({one.name})"


def _history(desk: Desk, one: ListEntry, words: Mapping[str, str]) -> str:
    name = words.get(one.name, one.name)
    said = (
        desk.t(f"lists.said.{one.kind}_{one.act}")
        if one.act == VERIFIED
        else desk.t(f"lists.said.{one.kind}_{one.act}", name=name)
    )
    return desk.t("lists.by", said=said, name=desk.scope.people.name(one.by), time=desk.fmt.moment(one.at, desk.zone))
