"""What a patient reads of their visit: the note's parts meant for them, in the specialty's own order and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.content import Content
from engine.texts import text_in
from engine.visits import NoteField, Specialty
from portals.base.i18n import translator


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """One part of the note: its label and what was written."""

    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryView:
    """The summary's parts; ``worse`` is the specialty's own sentence for getting worse, empty when it has none.

    ``acted`` is who acted for the patient (``patient``, ``name``, ``kind``, ``relation``), None where nobody did.
    """

    lines: tuple[Line, ...]
    worse: str
    signed_at: str
    acted: Mapping[str, str] | None = field(default=None, repr=False)


def summary_view(content: Mapping[str, Any], library: Content, language: str) -> SummaryView:
    """The view of a summary document; a specialty that is no longer carried shows what was written without labels."""
    note = content.get("note") or {}
    specialty = library.specialties.get(str(content.get("specialty", "")))
    fields: Mapping[str, Any] = note.get("fields", {})
    return SummaryView(
        lines=_lines(specialty, fields, language) if specialty else _bare(fields),
        worse=text_in(specialty.texts.get("worse", {}), language) if specialty else "",
        signed_at=str(note.get("signed_at") or ""),
        acted=content.get("acted"),
    )


def _lines(specialty: Specialty, fields: Mapping[str, Any], language: str) -> tuple[Line, ...]:
    template = specialty.note
    known = {f"{section.id}.{one.id}": one for section in template.sections for one in section.fields}
    names = template.for_patient or tuple(known)
    return tuple(
        Line(text_in(known[name].label, language), _written(known[name], fields[name], language))
        for name in names
        if name in known and fields.get(name) not in (None, "", [])
    )


def _written(field: NoteField, value: Any, language: str) -> str:
    if field.type == "flag":
        return translator(language)("common.yes" if value in (True, "true", "yes") else "common.no")
    texts = {choice.id: text_in(choice.text, language) for choice in field.choices}
    return texts.get(str(value), str(value))


def _bare(fields: Mapping[str, Any]) -> tuple[Line, ...]:
    return tuple(Line("", str(value)) for value in fields.values() if value)
