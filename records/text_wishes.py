"""Who wants text messages: asked for on a page, ended there or by answering one of the words that networks know.

A wish counts for the number it was made with; whoever changes their number asks again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from records.acts import Act
from records.errors import RecordsError
from records.tables.people import Person, TextWishRow
from records.work import Actor, Repository, Work

if TYPE_CHECKING:
    from records.database import Database

# What ends and resumes texts: the words of 47 CFR 64.1200(a)(10) and of the networks, with their Spanish, each
# without case, blanks and punctuation.
STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "alto", "parar"})
STOP_WORDS |= {"cancelar", "terminar", "salir", "baja"}
START_WORDS = frozenset({"start", "unstop", "yes", "iniciar", "si", "sí"})
HELP_WORDS = frozenset({"help", "info", "ayuda"})
STOPPED, STARTED, HELPED = "stopped", "started", "helped"
PAGE, ANSWERED = "page", "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextWish:
    """Whether texts are wanted, and the number's last four digits; empty where there is no number."""

    wanted: bool
    ending: str = field(repr=False)


class TextWishes(Repository):
    """The wishes of people about text messages."""

    def of_person(self, person: str) -> TextWish:
        self._work.patient(person, Act.TEXTS_VIEWED)
        self._work.note(Act.TEXTS_VIEWED, person)
        phone = phone_of(self._work, person)
        return TextWish(wanted=bool(phone) and wants_texts(self._work, person), ending=phone[-4:])

    def ask(self, person: str, wanted: bool) -> None:
        """Keeps the wish for the number on record; without a number there is nothing to wish."""
        self._work.patient(person, Act.TEXTS_CHANGED)
        self._work.note(Act.TEXTS_CHANGED, person, wanted=wanted, how=PAGE)
        phone = phone_of(self._work, person)
        if phone:
            _keep(self._work, person, phone, wanted, PAGE)


def wants_texts(work: Work, person: str) -> bool:
    """Whether the person asked for texts to the number that is on record now."""
    row = work.session.get(TextWishRow, person)
    return row is not None and row.wanted and row.phone_index == _index(work, phone_of(work, person))


def phone_of(work: Work, person: str) -> str:
    """The digits of a person's number, with ``+``; empty where none is on record or the person was erased."""
    try:
        contact = work.open(("persons", "contact", person), work.row(Person, person).contact)
    except RecordsError:
        return ""
    return _digits(str(contact.get("phone") or ""))


def meant(word: str) -> str:
    """What somebody wants who answered a text with a word, by which the network answers them; empty for no such word.

    HELP is answered even where texts were ended (CTIA, Messaging Principles, section 5.1.3).
    """
    said = re.sub(r"[\W_]+", "", word.casefold())
    kinds = ((STOP_WORDS, STOPPED), (START_WORDS, STARTED), (HELP_WORDS, HELPED))
    return next((kind for words, kind in kinds if said in words), "")


def answered(database: Database, clinic: str, phone: str, word: str) -> int:
    """Takes what came back from a number: ends or resumes the texts of everybody who has it; returns how many.

    Any other word changes nothing.
    """
    kind = meant(word)
    if kind not in (STOPPED, STARTED):
        return 0
    with database.work(clinic, Actor.system("texts")) as work:
        index = _index(work, _digits(phone))
        query = select(TextWishRow).where(TextWishRow.clinic == clinic, TextWishRow.phone_index == index)
        rows = work.session.scalars(query).all()
        for row in rows:
            work.note(Act.TEXTS_CHANGED, row.person, wanted=kind == STARTED, how=ANSWERED)
            _keep(work, row.person, phone, kind == STARTED, ANSWERED)
        return len(rows)


def forget_wish(work: Work, person: str) -> None:
    """Deletes it, with the index of their number."""
    work.session.execute(delete(TextWishRow).where(TextWishRow.clinic == work.clinic, TextWishRow.person == person))


def _keep(work: Work, person: str, phone: str, wanted: bool, how: str) -> None:
    index = _index(work, _digits(phone))  # may ask for a key: before the row, which would be written half
    row = work.session.get(TextWishRow, person) or TextWishRow(person=person, clinic=work.clinic)
    row.phone_index, row.wanted, row.how, row.changed_at = index, wanted, how, work.now
    work.session.add(row)
    work.session.flush()


def _index(work: Work, phone: str) -> str:
    return work.blind("phone", phone)


def _digits(phone: str) -> str:
    digits = re.sub(r"\D", "", phone)
    return f"+{digits}" if digits else ""
