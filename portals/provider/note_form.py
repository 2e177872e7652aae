"""How a note's template becomes fields on the page, and what is typed there becomes the note's fields again.

A field's name on the page is ``section.field``; the note keeps the same names.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from engine.texts import Texts, text_in
from engine.visits import NoteTemplate
from portals.provider.views import FieldView

LONGEST_FIELD = 20_000

Sections = tuple[tuple[str, tuple[FieldView, ...]], ...]


def note_sections(template: NoteTemplate, fields: Mapping[str, object], language: str) -> Sections:
    """The template's sections with what is in each field."""
    return tuple(
        (
            text_in(section.title, language),
            tuple(
                FieldView(
                    name=f"{section.id}.{field.id}",
                    label=text_in(field.label, language),
                    help=_optional(field.help, language),
                    type=field.type,
                    required=field.required,
                    value=_value(fields.get(f"{section.id}.{field.id}")),
                    choices=tuple((choice.id, text_in(choice.text, language)) for choice in field.choices),
                )
                for field in section.fields
            ),
        )
        for section in template.sections
    )


def read_note(template: NoteTemplate, form: Mapping[str, str]) -> dict[str, str]:
    """The template's fields out of a form; anything else in the form is left alone, long texts are cut at the limit."""
    found: dict[str, str] = {}
    for section in template.sections:
        for field in section.fields:
            name = f"{section.id}.{field.id}"
            if field.type == "flag":
                found[name] = "yes" if form.get(name) else ""
            elif name in form:
                found[name] = form[name].replace("\r\n", "\n")[:LONGEST_FIELD]
    return found


def note_key(given: str) -> str:
    """The save's own key, by which a second sending of it is the same save; a new one where the page gave none."""
    return given if given.isascii() and given.isalnum() and len(given) <= 64 else secrets.token_hex(12)


def missing_fields(sections: Sections) -> tuple[FieldView, ...]:
    """The fields that keep the note from being signed: required ones that hold nothing yet, and wrong numbers."""
    every = (field for _, fields in sections for field in fields)
    return tuple(field for field in every if field.is_wrong or (field.required and not field.value.strip()))


def _value(value: object) -> str:
    if value is True:
        return "yes"
    return str(value or "")


def _optional(texts: Texts | None, language: str) -> str:
    return text_in(texts, language) if texts else ""
