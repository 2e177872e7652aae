"""What goes with the words of a mail: the page in the clinic's colours, and a visit's calendar entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.content import Content
from engine.mail_page import MailPage, mail_page
from engine.ports import MailLetter
from workflows.notices import Notice, VisitNotice, VisitWords


class ClinicNotice(Notice, Protocol):
    """A notice of a clinic."""

    @property
    def clinic(self) -> str: ...


def mail_name(content: Content, slug: str) -> str:
    """The name that a clinic's mails say; empty where it is discreet, or no longer served."""
    clinic = content.clinics.get(slug)
    return clinic.name if clinic and not clinic.discreet_mail else ""


class Dresser:
    """Dresses mails as the clinics' files say now; a clinic that is no longer served sends plain words."""

    def __init__(self, content: Callable[[], Content], words: VisitWords) -> None:
        self._content = content
        self._words = words

    def letter(self, notice: ClinicNotice, subject: str, body: str) -> MailLetter:
        """A mail of the house, which names the clinic in its words already."""
        page = self._page(notice, (subject, body), named=True)
        return MailLetter(subject=subject, body=body, page=page.html, picture=page.picture)

    def visit_notice(self, notice: VisitNotice, subject: str, body: str) -> MailLetter:
        """A mail about a visit; of a discreet clinic neither the words nor the page say whose it is."""
        page = self._page(notice, (subject, body), named=self._words.names(notice))
        calendar = self._words.calendar(notice)
        return MailLetter(subject=subject, body=body, calendar=calendar, page=page.html, picture=page.picture)

    def _page(self, notice: ClinicNotice, words: tuple[str, str], *, named: bool) -> MailPage:
        clinic = self._content().clinics.get(notice.clinic)
        return mail_page(clinic, notice.language, words, named=named) if clinic else MailPage(html="")
