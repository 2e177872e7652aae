"""What the house's own mails say: which clinic, one link, how long it works, and what to do when it was not you.

No name and nothing about health: mails are read by others on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from portals.auth.doors import base_of, door
from portals.base.i18n import translator
from portals.base.visitor import visitor
from records.mails import MailDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """The mails of one clinic and portal; ``language`` is the asker's, for people whose own is not known."""

    clinic: str
    base: str
    door: str
    language: str

    def reset(self, token: str, address: str, language: str) -> MailDraft:
        """The link to a new password; without a token the word that there is no account."""
        if not token:
            return self._mail("no_account", address, language, f"{self.door}/sign-in")
        return self._mail("reset", address, language, f"{self.door}/reset/{token}")

    def password_changed(self, _token: str, address: str, language: str) -> MailDraft:
        """Tells the owner that the password is another one now."""
        return self._mail("password_changed", address, language, f"{self.door}/forgot")

    def factor(self, change: str) -> Callable[[str, str, str], MailDraft]:
        """Tells the owner what changed: `app_added`, `app_removed`, `passkey_added`, `passkey_removed`, `codes_new`."""

        def compose(_token: str, address: str, language: str) -> MailDraft:
            what = translator(language or self.language)(f"mail.changes.{change}")
            return self._mail("factor", address, language, f"{self.door}/security", what=what)

        return compose

    def address(self, token: str, address: str, language: str) -> MailDraft:
        """The link that proves the address."""
        return self._mail("address", address, language, f"{self.door}/proof/{token}")

    def invitation(self, token: str, address: str) -> MailDraft:
        """The link of an invitation to work for the clinic."""
        return self._mail("invitation", address, "", f"/staff/invitation/{token}")

    def acting(self, token: str, address: str) -> MailDraft:
        """The link of an invitation to act for a patient."""
        return self._mail("acting", address, "", f"/family/invitation/{token}")

    def acting_ended(self, to: str, address: str, language: str) -> MailDraft:
        """The word that the clinic ended what somebody could do for a patient, to them or to the patient's side."""
        return self._mail(f"acting_ended_{to}", address, language, "/family")

    def takeover(self, token: str, address: str, language: str) -> MailDraft:
        """The link by which somebody who came of age takes over their own record."""
        return self._mail("takeover", address, language, f"/takeover/{token}")

    def takeover_asked(self, address: str, language: str) -> MailDraft:
        """The word to who kept a record that somebody may soon take it over."""
        return self._mail("takeover_asked", address, language, "/family")

    def taken_over(self, address: str, language: str) -> MailDraft:
        """The word to who kept a record that it was taken over."""
        return self._mail("taken_over", address, language, "/family")

    def _mail(self, template: str, address: str, language: str, path: str, **told: str) -> MailDraft:
        spoken = language or self.language
        t = translator(spoken)
        return MailDraft(
            template=template,
            language=spoken,
            address=address,
            subject=t(f"mail.{template}.subject", clinic=self.clinic),
            body=t(f"mail.{template}.body", clinic=self.clinic, link=self.base + path, **told),
        )


def letters_of(request: Request) -> Letters:
    """The mails of this request's clinic and portal."""
    who = visitor(request)
    return Letters(clinic=who.here.name, base=base_of(request), door=door(request), language=who.language)
