"""Sends the notices that wait: one short text that says nothing but which clinic has news, and where to sign in.

What the news is stands behind the sign-in; mail and text messages are read by others. At least once: a notice is
noted as sent after it went out, and its id goes along so that a sender can tell a repeat. One address that takes
nothing, or that breaks whoever sends, holds up no other: its notice waits on its own and is given up after days.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from engine.ics import Entry, calendar_file
from engine.ports import MailLetter, NoticeRefused, Notifier, PortUnavailable

log = logging.getLogger(__name__)

BATCH = 20
IDLE_SECONDS = 2.0
TROUBLE_SECONDS = 20.0  # each look at an address is audited, so a network that is down is not asked all the time
LATER_SECONDS = 600.0
GIVEN_UP = timedelta(days=4)  # RFC 5321, section 4.5.4.1

MAIL = "mail"
CALENDAR_TEMPLATES = frozenset({"visit_booked", "visit_moved", "visit_cancelled", "visit_left"})
CALENDAR_ENDS = frozenset({"visit_cancelled", "visit_left"})  # out of the reader's calendar
# Subject and body by language for a discreet clinic; no clinic, no person, no reason.
TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "en": ("News from your clinic", "There is news about your visit. Please sign in to your clinic to read it."),
        "es": ("Novedades de su clínica", "Hay novedades sobre su consulta. Inicie sesión en su clínica para verlas."),
    }
)
# The same where the clinic is named, which is usual: who gets it knows from whom it is, and which door to take.
NAMED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "en": ("News from {clinic}", "There is news about your visit. Please sign in at {clinic} to read it."),
        "es": ("Novedades de {clinic}", "Hay novedades sobre su consulta. Inicie sesión en {clinic} para verlas."),
    }
)

# What a text says, by template and language; a clinic's file may say it in its own words (`notice_TEMPLATE`).
SHORT_TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "visit_tomorrow": {
            "en": "Reminder: you have an appointment soon. Sign in to see when. Reply STOP to end texts.",
            "es": "Pronto tiene una cita. Inicie sesión para verla. Responda ALTO para no recibir más.",
        },
        "message_waiting": {
            "en": "You have a message at your clinic. Sign in to read it. Reply STOP to end texts.",
            "es": "Tiene un mensaje en su clínica. Inicie sesión para leerlo. Responda ALTO para no recibir más.",
        },
        "visit_soon": {
            "en": "Your appointment is about to begin. Sign in to your clinic to join. Reply STOP to end texts.",
            "es": "Su cita está por comenzar. Inicie sesión para entrar. Responda ALTO para no recibir más.",
        },
    }
)
# Mails that say a little more than that there is news; never what it is.
MAILS: Mapping[str, Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "message_waiting": {
            "en": ("You have a message", "A message waits for you at your clinic. Please sign in to read it."),
            "es": ("Tiene un mensaje", "Le espera un mensaje en su clínica. Inicie sesión para leerlo."),
        },
        "prescription_changed": {
            "en": ("News from your clinic", "Something changed since your visit. Please sign in to your clinic now."),
            "es": ("Novedades de su clínica", "Algo cambió desde su consulta. Inicie sesión en su clínica ahora."),
        },
    }
)
NAMED_MAILS: Mapping[str, Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "message_waiting": {
            "en": ("A message from {clinic}", "A message waits for you at {clinic}. Please sign in to read it."),
            "es": ("Un mensaje de {clinic}", "Le espera un mensaje en {clinic}. Inicie sesión para leerlo."),
        },
        "prescription_changed": {
            "en": (
                "{clinic}: please look at your prescriptions",
                "One of them has changed. Before you pick anything up or take it, please sign in at {clinic}.",
            ),
            "es": (
                "{clinic}: revise sus recetas",
                "Una de ellas cambió. Antes de recoger o tomar algo, inicie sesión en {clinic}.",
            ),
        },
    }
)
# What a clinician reads of their visits: what happened, where it names neither the patient nor the time.
CLINICIAN = "provider"
CLINICIAN_MAILS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "visit_booked": {"en": "A visit was booked", "es": "Se reservó una consulta"},
        "visit_moved": {"en": "A visit was moved", "es": "Se cambió la hora de una consulta"},
        "visit_cancelled": {"en": "A visit was cancelled", "es": "Se canceló una consulta"},
        "visit_left": {"en": "A visit is no longer yours", "es": "Una consulta ya no es suya"},
        "handoff_offered": {"en": "A colleague offers you a visit", "es": "Un colega le ofrece una consulta"},
        "case_reply": {"en": "A patient answered your question", "es": "Un paciente respondió a su pregunta"},
        "answer_soon": {"en": "A case is due soon", "es": "Un caso vence pronto"},
        "answer_overdue": {"en": "A case is overdue", "es": "Un caso está atrasado"},
        "answer_escalated": {"en": "A case is overdue", "es": "Un caso está atrasado"},
        "message_waiting": {"en": "A patient wrote a message", "es": "Un paciente escribió un mensaje"},
    }
)
CLINICIAN_NEWS: Mapping[str, str] = MappingProxyType(
    {"en": "There is news about a visit of yours", "es": "Hay novedades sobre una consulta suya"}
)
CLINICIAN_BODIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "en": ("Please sign in to read more.", "Please sign in at {clinic} to read more."),
        "es": ("Inicie sesión para leer más.", "Inicie sesión en {clinic} para leer más."),
    }
)
DOORS: Mapping[str, str] = MappingProxyType({CLINICIAN: "/staff"})
PATIENT_DOOR = "/visits"
# What is said besides, with an address that leads to it; a mail's subject where it differs from the usual.
CALL_BACK, BOOKED = "call_back_ready", "visit_booked"
TURNS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "en": (
            "Your clinic is ready for you",
            "It is your turn. Please come back within {minutes} minutes: {address}",
            "If you cannot, your place goes to the next person. Your visit is not taken away.",
        ),
        "es": (
            "Su clínica puede atenderle ahora",
            "Es su turno. Por favor vuelva en {minutes} minutos: {address}",
            "Si no puede, su lugar pasa a la siguiente persona. No pierde su consulta.",
        ),
    }
)
READY: Mapping[str, str] = MappingProxyType({"en": "{clinic} is ready for you", "es": "{clinic} puede atenderle ahora"})
TRY_DEVICE: Mapping[str, str] = MappingProxyType(
    {
        "en": "There you can also try your camera and microphone beforehand.",
        "es": "Allí también puede probar antes su cámara y su micrófono.",
    }
)
CALLS = frozenset({"audio_video", "audio_only"})
OTHER_TEXT: Mapping[str, str] = MappingProxyType(
    {
        "en": "There is news from your clinic. Please sign in to read it. Reply STOP to end texts.",
        "es": "Hay novedades de su clínica. Inicie sesión para verlas. Responda ALTO para no recibir más.",
    }
)


class Notice(Protocol):
    """What a sender needs to know of a notice."""

    @property
    def id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def at(self) -> datetime: ...


OneNotice = TypeVar("OneNotice", bound=Notice)


class VisitNotice(Notice, Protocol):
    """A notice about a visit: which template, of which clinic, and when the visit is."""

    @property
    def clinic(self) -> str: ...
    @property
    def visit(self) -> str: ...
    @property
    def audience(self) -> str: ...
    @property
    def template(self) -> str: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def changes(self) -> int: ...
    @property
    def modality(self) -> str: ...
    @property
    def link(self) -> str: ...
    @property
    def minutes(self) -> int: ...


class NoticeQueue(Protocol[OneNotice]):
    """The notices that wait, oldest first, without those that are named."""

    def pending(self, limit: int, without: Sequence[str] = ()) -> Sequence[OneNotice]: ...
    def sent(self, message: OneNotice) -> None: ...
    def refused(self, message: OneNotice) -> None: ...


class Letter(Notice, Protocol):
    """A notice that was written out by whoever caused it: a proof of an address, a reset, an invitation."""

    @property
    def subject(self) -> str: ...
    @property
    def body(self) -> str: ...


def news(notice: Notice) -> tuple[str, str]:
    """Subject and body of a notice about a visit."""
    return TEXTS.get(notice.language, TEXTS["en"])


def no_address(clinic: str) -> str:
    """What is known of a clinic's pages where nobody said where they are."""
    return ""


def no_name(clinic: str) -> str:
    """The name of a clinic that is not to be named."""
    return ""


class VisitWords:
    """Subject, body and calendar entry of notices about visits, in the words of the clinic where it has its own.

    ``own`` gives the own words of a clinic, by its short name, for a notice in a language; empty where it has none.
    ``base`` gives the address of a clinic's pages; without it no notice leads anywhere. ``name`` gives the name that
    mails say; empty for a clinic that is discreet: its mails name nobody and lead nowhere.
    """

    def __init__(
        self,
        own: Callable[[str, str, str], str],
        base: Callable[[str], str] = no_address,
        name: Callable[[str], str] = no_name,
    ) -> None:
        self._own = own
        self._base = base
        self._name = name

    def names(self, notice: VisitNotice) -> bool:
        """Whether what is sent names the clinic: a mail, unless the clinic is discreet."""
        return notice.channel == MAIL and bool(self._name(notice.clinic))

    def say(self, notice: VisitNotice) -> tuple[str, str]:
        """A mail says only that there is news; a text may say that an appointment comes near."""
        if notice.audience == CLINICIAN and notice.channel == MAIL:
            return self._clinician(notice)
        subject, usual = self._usual(notice)
        if notice.channel == "text":
            by_language = SHORT_TEXTS.get(notice.template, OTHER_TEXT)
            usual = by_language.get(notice.language, by_language["en"])
        said = self._own(notice.clinic, notice.template, notice.language) or usual
        if notice.template == CALL_BACK and notice.link:
            return self._turn(notice)
        return subject, f"{said}{self._more(notice)}{self._door(notice)}"

    def _clinician(self, notice: VisitNotice) -> tuple[str, str]:
        """What happened to a visit of theirs, and the clinicians' door; a clinic's own words are for its patients."""
        by_language = CLINICIAN_MAILS.get(notice.template, CLINICIAN_NEWS)
        told = by_language.get(notice.language, by_language["en"])
        unnamed, named = CLINICIAN_BODIES.get(notice.language, CLINICIAN_BODIES["en"])
        name = self._name(notice.clinic)
        subject = f"{name}: {told}" if name else told
        onward = named.format(clinic=name) if name else unnamed
        return subject, f"{told}. {onward}{self._door(notice)}"

    def _usual(self, notice: VisitNotice) -> tuple[str, str]:
        named = self.names(notice)
        by_language = (NAMED_MAILS if named else MAILS).get(notice.template) or (NAMED if named else TEXTS)
        subject, body = by_language.get(notice.language, by_language["en"])
        name = self._name(notice.clinic)
        return (subject.format(clinic=name), body.format(clinic=name)) if named else (subject, body)

    def _door(self, notice: VisitNotice) -> str:
        """The address of the clinic's own pages; which visit it is about is said behind the sign-in."""
        base = self._base(notice.clinic) if self.names(notice) else ""
        return f"\n\n{base}{DOORS.get(notice.audience, PATIENT_DOOR)}" if base else ""

    def _turn(self, notice: VisitNotice) -> tuple[str, str]:
        """It is somebody's turn: how long they have, and the link by which they return, which works once."""
        subject, body, otherwise = TURNS.get(notice.language, TURNS["en"])
        if self.names(notice):
            subject = READY.get(notice.language, READY["en"]).format(clinic=self._name(notice.clinic))
        said = body.format(minutes=notice.minutes, address=f"{self._base(notice.clinic)}/visits/back/{notice.link}")
        return subject, said if notice.channel == "text" else f"{said}\n\n{otherwise}"

    def _more(self, notice: VisitNotice) -> str:
        """That a device can be tried, with the word that a visit with a call was booked."""
        if notice.template != BOOKED or notice.channel != MAIL or notice.modality not in CALLS:
            return ""
        return " " + TRY_DEVICE.get(notice.language, TRY_DEVICE["en"])

    def calendar(self, notice: VisitNotice) -> str:
        """What goes with the mails that say that a visit was booked, moved, cancelled or given to somebody else.

        It names no clinic.
        """
        if notice.template not in CALENDAR_TEMPLATES:
            return ""
        entry = Entry(
            visit=notice.visit,
            clinic="",
            starts_at=notice.starts_at,
            ends_at=notice.ends_at,
            changes=notice.changes,
            cancelled=notice.template in CALENDAR_ENDS,
            written_at=notice.at,
            language=notice.language,
        )
        return calendar_file(entry)


def written(letter: Letter) -> tuple[str, str]:
    """Subject and body of a letter."""
    return letter.subject, letter.body


async def send_notices(
    queue: NoticeQueue[OneNotice],
    notifier: Notifier,
    words: Callable[[OneNotice], tuple[str, str]] = news,
    dress: Callable[[OneNotice, str, str], MailLetter] | None = None,
) -> None:
    """Sends until it is cancelled; what cannot be sent now waits."""
    sender = Sender(queue, notifier, words, dress=dress)
    while True:
        pause = TROUBLE_SECONDS
        try:
            tried = await asyncio.to_thread(sender.send_pending)
            pause = 0 if tried == BATCH else IDLE_SECONDS
        except PortUnavailable:
            log.info("notices: wait for their network")
        except Exception as fault:  # a notice must never stop the program that carries visits
            log.error("notices: %s", type(fault).__name__)
        await asyncio.sleep(pause)


class Sender(Generic[OneNotice]):
    """Sends batch after batch, and remembers which notices are to be tried again later, and when."""

    def __init__(
        self,
        queue: NoticeQueue[OneNotice],
        notifier: Notifier,
        words: Callable[[OneNotice], tuple[str, str]] = news,
        clock: Callable[[], float] = time.monotonic,
        dress: Callable[[OneNotice, str, str], MailLetter] | None = None,
    ) -> None:
        self._queue = queue
        self._notifier = notifier
        self._words = words
        self._clock = clock
        self._dress = dress
        self._later: dict[str, float] = {}

    def send_pending(self) -> int:
        """Tries one batch in order; returns how many it looked at.

        A notice without an address is noted as sent: it stays readable. One that its network will never take, or has
        not taken for days, is noted as refused.

        Raises:
            PortUnavailable: the network is down; what is left waits.
        """
        self._later = {notice: until for notice, until in self._later.items() if until > self._clock()}
        notices = self._queue.pending(BATCH, tuple(self._later))
        for notice in notices:
            if self._is_sent(notice):
                self._queue.sent(notice)
        return len(notices)

    def _is_sent(self, notice: OneNotice) -> bool:
        try:
            if notice.address:
                self._hand_over(notice)
        except PortUnavailable:
            raise
        except NoticeRefused as refused:
            log.error("notice %s: %s", notice.id, refused)
            self._queue.refused(notice)
        except Exception as fault:  # whatever it is, it is this notice's trouble only
            log.warning("notice %s waits: %s", notice.id, type(fault).__name__)
            self._put_off(notice)
        else:
            return True
        return False

    def _hand_over(self, notice: OneNotice) -> None:
        subject, body = self._words(notice)
        if self._dress and notice.channel == MAIL:
            self._notifier.send_letter(notice.id, notice.address, self._dress(notice, subject, body))
        else:
            self._notifier.send(notice.id, notice.channel, notice.address, subject, body)

    def _put_off(self, notice: OneNotice) -> None:
        if datetime.now(UTC) - notice.at > GIVEN_UP:
            self._queue.refused(notice)
        else:
            self._later[notice.id] = self._clock() + LATER_SECONDS
