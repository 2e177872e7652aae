"""Tells people by mail that a licence, a registration or an agreement runs out: at 90, 60, 30 days and at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

from temporalio import activity

from engine.credentials import EXPIRED, Expiry, ExpiryBook
from engine.ports import Clock
from workflows.contracts import CredentialsInput

# A subject and sentences by language. Nobody is named: whose it is stands behind the sign-in.
_SUBJECTS: Mapping[str, str] = MappingProxyType({"en": "A credential runs out", "es": "Una credencial vence"})
_KINDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {"license": "A license", "dea": "A DEA registration", "agreement": "A supervision agreement"},
        "es": {"license": "Una licencia", "dea": "Un registro de la DEA", "agreement": "Un acuerdo de supervisión"},
    }
)
_TIMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "later": "{kind} in {state} runs out on {day}: its last valid day is at most {days} days away.",
            "today": "{kind} in {state} runs out today, {day}.",
            "over": "{kind} in {state} ran out: its last valid day was {day}. Visits that stand on it are stopped.",
            "where": "Sign in to your clinic and open Credentials to see it.",
        },
        "es": {
            "later": "{kind} en {state} vence el {day}: faltan como máximo {days} días para su último día de validez.",
            "today": "{kind} en {state} vence hoy, {day}.",
            "over": "{kind} en {state} venció: su último día de validez fue el {day}. Se detienen las consultas que"
            " dependen de ella.",
            "where": "Inicie sesión en su clínica y abra Credenciales para verla.",
        },
    }
)


class ExpiryActivities:
    """``zones`` gives a clinic's time zone by its slug: a last day ends at the clinic's own midnight."""

    def __init__(self, book: ExpiryBook, clock: Clock, zones: Callable[[str], str]) -> None:
        self._book = book
        self._clock = clock
        self._zones = zones

    @activity.defn(no_thread_cancel_exception=True)
    def tell_expiries(self, asked: CredentialsInput) -> int:
        """Queues what is due today; returns how many mails that were. Done again it tells nobody twice."""
        today = self._clock.now().astimezone(ZoneInfo(self._zones(asked.clinic))).date()
        count = 0
        for expiry in self._book.due(asked.clinic, today):
            for reader in expiry.readers:
                self._book.tell(asked.clinic, expiry, reader, expiry_words(expiry, reader.language))
                count += 1
        return count


def expiry_words(expiry: Expiry, language: str) -> tuple[str, str]:
    """Subject and body: kind, state and last day, and nobody's name."""
    spoken = language if language in _TIMES else "en"
    times = _TIMES[spoken]
    when = times["over" if expiry.threshold == EXPIRED else "today" if expiry.threshold == 0 else "later"]
    kind = _KINDS[spoken][expiry.kind]
    told = when.format(kind=kind, state=expiry.state, day=expiry.expires.isoformat(), days=expiry.threshold)
    return _SUBJECTS[spoken], f"{told} {times['where']}"
