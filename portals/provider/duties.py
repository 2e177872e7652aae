"""What the law asks of a visit that a clinician may mark as done: the forms for it, and what was marked already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from portals.base.i18n import has_message
from portals.provider.desk import Desk
from portals.provider.law import GateView, LawWords, plain
from portals.provider.views import DutyForm, DutyMade
from records.duties import DutyDraft

Key = tuple[str, str, str]
"""Topic, duty and order: what a duty of a visit is told from another by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What became of a mark: the code of the sentence that answers, and whether a shut gate waited for the duty."""

    code: str
    opens: bool = False


def duty_forms(desk: Desk, visit: str, gates: Sequence[GateView], words: LawWords) -> tuple[DutyForm, ...]:
    """A form for each duty that the newest answers of the law leave open and that a clinician may mark as done."""
    marked = {(one.topic, one.duty, one.order) for one in desk.scope.duties.for_visit(visit)}
    found: dict[Key, DutyForm] = {}
    for gate, topic, entry in _left_open(gates):
        key = (topic, str(entry["duty"]), gate.order)
        ways = words.ways_done(*key[:2])
        if ways and key not in marked and key not in found:
            found[key] = _form(desk, visit, key, ways, duty_sentence(entry, key[1], words))
    return tuple(found.values())


def duties_made(desk: Desk, visit: str, words: LawWords) -> tuple[DutyMade, ...]:
    """What was marked as done, oldest first."""
    return tuple(
        DutyMade(
            text=words.duty_sentence(one.duty) or plain(one.duty),
            way=_way(desk, one.way),
            at=desk.fmt.moment(one.done_at, desk.zone),
            by=desk.scope.people.name(one.by),
        )
        for one in desk.scope.duties.for_visit(visit)
    )


def mark(desk: Desk, visit: str, gates: Sequence[GateView], words: LawWords, sent: Mapping[str, str]) -> Marked:
    """Keeps what a form says; the form's `request` makes a second post of it the same mark."""
    key = (sent.get("topic", ""), sent.get("duty", ""), sent.get("order", ""))
    form = next((one for one in duty_forms(desk, visit, gates, words) if one.key == key), None)
    if form is None:
        known = any((one.topic, one.duty, one.order) == key for one in desk.scope.duties.for_visit(visit))
        return Marked(code="duty_done" if known else "not_now")
    if sent.get("way") not in dict(form.ways):
        return Marked(code="duty_way")
    said = sent.get("done_at", "").strip()
    done_at = _instant(said, desk) if said else desk.now
    if done_at is None:
        return Marked(code="duty_time")
    topic, duty, order = key
    draft = DutyDraft(
        visit=visit, topic=topic, duty=duty, order=order, way=sent["way"], key=sent["request"], done_at=done_at
    )
    desk.scope.duties.mark(draft)
    waits = any(_key(*one) == key and not one[0].open for one in _left_open(gates))
    return Marked(code="duty_done", opens=waits)


def duty_sentence(entry: Mapping[str, Any], duty: str, words: LawWords) -> str:
    """A duty as its rule says it, with the statute."""
    [titled] = words.of_decision({"duties": [entry]})["duties"]
    sentence = str(titled.get("title") or words.duty_sentence(duty) or duty)
    return f"{sentence} ({entry['law']})" if entry.get("law") else sentence


def _left_open(gates: Iterable[GateView]) -> Iterator[tuple[GateView, str, Mapping[str, Any]]]:
    """The duties that the newest record of each gate, and of each order's, does not find met."""
    newest = {(one.gate, one.order): one for one in gates}
    for gate in newest.values():
        for topic, decision in gate.decisions.items():
            yield from ((gate, topic, entry) for entry in decision.get("duties", ()) if not entry.get("met"))


def _key(gate: GateView, topic: str, entry: Mapping[str, Any]) -> Key:
    return topic, str(entry["duty"]), gate.order


def _form(desk: Desk, visit: str, key: Key, ways: Iterable[str], text: str) -> DutyForm:
    topic, duty, order = key
    return DutyForm(
        visit=visit,
        topic=topic,
        duty=duty,
        order=order,
        text=text,
        ways=tuple((way, _way(desk, way)) for way in ways),
        zone=desk.fmt.zone(desk.now, desk.zone),
        latest=desk.now.astimezone(ZoneInfo(desk.zone)).strftime("%Y-%m-%dT%H:%M"),
    )


def _way(desk: Desk, way: str) -> str:
    key = f"provider.duty.way.{way}"
    return desk.t(key) if has_message(desk.fmt.language, key) else plain(way)


def _instant(said: str, desk: Desk) -> datetime | None:
    """The time on the clinician's clock that a form says; None for what is none, or has not come yet."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    if at.tzinfo is not None:
        return None
    at = at.replace(tzinfo=ZoneInfo(desk.zone))
    return at if at <= desk.now else None
