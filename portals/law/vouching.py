"""What an officer vouches for: the list as it stands, and what is wrong with a form that attests law."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from engine.attestations import LONGEST, recorded_faults
from engine.law_report import COUNTRY
from engine.rulebook import LawPack
from engine.values import shift
from engine.vouching import Subject
from portals.law.country import House, place_address
from records.law_attestations import LawAttestationDraft, LawAttestationView
from records.vouched_law import as_node

PAGE = "/staff/law/attestations"
FIELDS = ("name", "source", "url", "on", "until", "read", "seen")
LONGEST_SOURCE, LONGEST_NAME = 600, 80
Faults = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One attestation in words; ``state`` is standing, future, ended, changed, withdrawn or broken."""

    id: str
    what: str
    told: str
    place: str
    href: str
    source: str
    url: str
    by: str
    said_at: str
    on: str
    until: str
    state: str
    open: bool


def lines(house: House, law: LawPack, views: Iterable[LawAttestationView]) -> tuple[Line, ...]:
    """Every attestation as the list shows it."""
    return tuple(_line(house, law, one) for one in views)


def _line(house: House, law: LawPack, one: LawAttestationView) -> Line:
    told, words = one.told, house.words
    jurisdiction = str(told.get("jurisdiction") or "/".join(str(told.get("rule", "")).split("/")[:2]))
    code = jurisdiction.removeprefix(f"{COUNTRY}/").upper()
    state = _state(house, law, one)
    return Line(
        id=one.id,
        what=says(house, str(told.get("value", "")), str(told.get("title", ""))),
        told=shown(house, str(told["value"]), told["is"]) if "value" in told else "",
        place=words.state(code) if "/" in jurisdiction else "",
        href=place_address(code) if "/" in jurisdiction and len(code) == 2 else "",
        source=str(told["source"]),
        url=str(told.get("url", "")),
        by=str(told["by"]),
        said_at=words.fmt.iso_day(one.at.date().isoformat()),
        on=words.fmt.iso_day(str(told["on"])),
        until=words.fmt.iso_day(str(told["until"])),
        state=state,
        open=state in ("standing", "future", "changed"),
    )


def _state(house: House, law: LawPack, one: LawAttestationView) -> str:
    if one.withdrawn_at is not None:
        return "withdrawn"
    if not one.genuine:
        return "broken"
    if recorded_faults(as_node(one.told), law):
        return "changed"
    if house.day > str(one.told["until"]):
        return "ended"
    return "future" if house.day < str(one.told["on"]) else "standing"


def says(house: House, value: str, title: str) -> str:
    """The sentence of a value or rule."""
    if not value:
        return house.words.law.sentence(title)
    topics = house.rulebook.topics.topics.values()
    said = next((topic.value_sentence(value) for topic in topics if value in topic.value_words), value)
    return house.words.law.sentence(said)


def shown(house: House, name: str, told: object) -> str:
    """What a law value is told to be, in words."""
    kind = house.words.law.value_type(name)
    return house.words.law_value(kind, told) if kind else str(told)


def draft_of(
    typed: Mapping[str, str], about: Subject, law: LawPack, today: str
) -> tuple[LawAttestationDraft | None, Faults]:
    """What the form attests; otherwise every field that is wrong with the code of its sentence."""
    wrong = {
        "name": "" if 0 < len(typed["name"]) <= LONGEST_NAME else "name",
        "source": "" if 0 < len(typed["source"]) <= LONGEST_SOURCE else "source",
        "url": "" if not typed["url"] or _is_link(typed["url"]) else "url",
        "on": _on_fault(typed["on"], today),
        "until": _until_fault(typed["until"], typed["on"], today),
        "read": "" if typed["read"] == "yes" else "read",
        "seen": "" if typed["seen"] == seen(about) else "seen",
    }
    wrong = {name: code for name, code in wrong.items() if code}
    if wrong:
        return None, wrong
    draft = LawAttestationDraft(
        name=typed["name"],
        on=typed["on"],
        until=typed["until"],
        source=typed["source"],
        url=typed["url"],
        rule=about.rule,
        title=about.title,
        value=about.value,
        jurisdiction=about.jurisdiction,
        told=about.told,
    )
    if recorded_faults(as_node(draft.as_told("att_draft")), law):
        return None, {"on": "law"}
    return draft, {}


def seen(about: Subject) -> str:
    """What the law said when the form was shown, so that nobody vouches for a later text unread."""
    return f"{about.title}{about.told!r}{','.join(about.cited.sources)}"[:LONGEST_SOURCE]


def _is_link(text: str) -> bool:
    return bool(re.fullmatch(r"https?://\S+", text))


def _on_fault(text: str, today: str) -> str:
    if not _is_day(text):
        return "on"
    return "on_future" if text > today else ""


def _until_fault(text: str, on: str, today: str) -> str:
    if not _is_day(text):
        return "until"
    if text < today or (_is_day(on) and text < on):
        return "until_before"
    return "until_long" if _is_day(on) and text > shift(on, LONGEST, 1) else ""


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False
