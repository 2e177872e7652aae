"""Whether notices go out, in order, saying nothing, and wait while the network is down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.ports import MailLetter, NoticeDelayed, NoticeRefused, PortUnavailable
from workflows.notices import Sender, VisitWords, news, written


@dataclass(frozen=True)
class Waiting:
    """A notice in memory."""

    id: str
    address: str = "ana@example.org"
    channel: str = "mail"
    language: str = "es"
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class MemoryQueue:
    """Notices that wait until they are sent."""

    waiting: list[Waiting]
    never: list[str] = field(default_factory=list)

    def pending(self, limit: int, without: Sequence[str] = ()) -> Sequence[Waiting]:
        return tuple(one for one in self.waiting if one.id not in without)[:limit]

    def sent(self, message: Waiting) -> None:
        self.waiting.remove(message)

    def refused(self, message: Waiting) -> None:
        self.waiting.remove(message)
        self.never.append(message.id)


@dataclass
class Mailbox:
    """Takes so many messages, then is down; some it never takes, some not now."""

    room: int = 100
    troubles: dict[str, Exception] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None:
        self.asked.append(key)
        if key in self.troubles:
            raise self.troubles[key]
        if len(self.sent) >= self.room:
            raise PortUnavailable("notify: down")
        self.sent.append((key, subject))

    def send_letter(self, key: str, address: str, letter: MailLetter) -> None:
        self.send(key, "mail", address, letter.subject, letter.body)


def send_pending(queue: MemoryQueue, mailbox: Mailbox, words: Callable[[Waiting], tuple[str, str]] = news) -> int:
    return Sender(queue, mailbox, words).send_pending()


def test_notices_go_out_in_order_in_the_reader_s_language() -> None:
    queue, mailbox = MemoryQueue([Waiting("m1"), Waiting("m2", language="en"), Waiting("m3", language="xx")]), Mailbox()
    assert send_pending(queue, mailbox) == 3
    assert mailbox.sent == [
        ("m1", "Novedades de su clínica"),
        ("m2", "News from your clinic"),
        ("m3", "News from your clinic"),
    ]
    assert queue.waiting == []


def test_what_cannot_be_sent_waits() -> None:
    queue, mailbox = MemoryQueue([Waiting(f"m{number}") for number in range(1, 9)]), Mailbox(room=1)
    with pytest.raises(PortUnavailable):
        send_pending(queue, mailbox)
    assert [notice.id for notice in queue.waiting] == [f"m{number}" for number in range(2, 9)]
    assert mailbox.asked == ["m1", "m2"], "a network that is down is not asked for every notice"


def test_an_address_that_takes_nothing_now_or_ever_or_breaks_the_sender_holds_up_no_other() -> None:
    troubles = {"m1": NoticeRefused("550"), "m2": NoticeDelayed("450"), "m3": AttributeError("token")}
    queue = MemoryQueue([Waiting(f"m{number}") for number in range(1, 100)])
    mailbox, now = Mailbox(troubles=troubles), [0.0]
    sender: Sender[Waiting] = Sender(queue, mailbox, clock=lambda: now[0])
    for _ in range(6):
        sender.send_pending()
    assert ([notice.id for notice in queue.waiting], queue.never) == (["m2", "m3"], ["m1"])
    assert (mailbox.asked.count("m2"), len(mailbox.sent)) == (1, 96)
    now[0], troubles["m2"], troubles["m3"] = 10_000.0, NoticeRefused("550"), NoticeRefused("550")
    sender.send_pending()
    assert queue.waiting == []


def test_what_its_address_has_not_taken_for_days_is_given_up() -> None:
    old = Waiting("m1", at=datetime.now(UTC) - timedelta(days=5))
    queue = MemoryQueue([old, Waiting("m2")])
    send_pending(queue, Mailbox(troubles=dict.fromkeys(("m1", "m2"), NoticeDelayed("450"))))
    assert ([notice.id for notice in queue.waiting], queue.never) == (["m2"], ["m1"])


def test_a_notice_without_an_address_is_not_sent_and_waits_no_longer() -> None:
    queue, mailbox = MemoryQueue([Waiting("m1", address="")]), Mailbox()
    assert send_pending(queue, mailbox) == 1
    assert (mailbox.sent, queue.waiting) == ([], [])


@dataclass(frozen=True)
class WrittenOut(Waiting):
    """A letter in memory."""

    subject: str = "Choose a new password"
    body: str = "Open the link."


def test_a_letter_goes_out_in_its_own_words() -> None:
    heard: list[tuple[str, str]] = []

    class Listening(Mailbox):
        def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None:
            heard.append((subject, body))

    queue: MemoryQueue = MemoryQueue([WrittenOut(id="m1")])
    assert (
        send_pending(queue, Listening(), lambda letter: written(letter) if isinstance(letter, WrittenOut) else ("", ""))
        == 1
    )
    assert heard == [("Choose a new password", "Open the link.")]


@dataclass(frozen=True)
class AboutVisit(Waiting):
    """A notice about a visit."""

    clinic: str = "bay"
    visit: str = "vis_1"
    audience: str = "patient"
    template: str = "visit_moved"
    starts_at: datetime = datetime(2026, 12, 1, 15, tzinfo=UTC)
    ends_at: datetime = datetime(2026, 12, 1, 15, 20, tzinfo=UTC)
    changes: int = 1
    modality: str = "audio_video"
    link: str = ""
    minutes: int = 0


def words_of(own: str = "", base: str = "", name: str = "") -> VisitWords:
    return VisitWords(lambda clinic, template, language: own, lambda clinic: base, lambda clinic: name)


@pytest.mark.parametrize(
    ("template", "language", "subject"),
    [
        ("visit_moved", "en", "News from Bay Clinic"),
        ("visit_booked", "es", "Novedades de Bay Clinic"),
        ("visit_tomorrow", "xx", "News from Bay Clinic"),
        ("message_waiting", "en", "A message from Bay Clinic"),
        ("prescription_changed", "en", "Bay Clinic: please look at your prescriptions"),
        ("prescription_changed", "es", "Bay Clinic: revise sus recetas"),
    ],
)
def test_a_mail_says_which_clinic_has_news_and_leads_to_its_own_door(
    template: str, language: str, subject: str
) -> None:
    words, notice = words_of(base="https://bay.example", name="Bay Clinic"), AboutVisit("n", language=language)
    found, body = words.say(replace(notice, template=template))
    assert found == subject and "Bay Clinic" in body
    assert body.endswith("\n\nhttps://bay.example/visits")
    assert "vis_1" not in body and "2026" not in body and "ana" not in body


@pytest.mark.parametrize(
    ("template", "language", "subject"),
    [
        ("visit_booked", "en", "A visit was booked"),
        ("visit_moved", "en", "A visit was moved"),
        ("visit_cancelled", "es", "Se canceló una consulta"),
        ("visit_left", "xx", "A visit is no longer yours"),
        ("handoff_offered", "es", "Un colega le ofrece una consulta"),
        ("unheard_of", "en", "There is news about a visit of yours"),
    ],
)
def test_a_clinicians_mail_says_what_happened_to_a_visit_and_leads_to_their_own_door(
    template: str, language: str, subject: str
) -> None:
    notice = AboutVisit("n", template=template, language=language, audience="provider")
    said = words_of(own="Your visit, dear patient", base="https://bay.example", name="Bay Clinic").say(notice)
    assert said[0] == f"Bay Clinic: {subject}" and subject in said[1] and "dear patient" not in said[1]
    assert said[1].endswith("\n\nhttps://bay.example/staff") and "vis_1" not in said[1] and "camera" not in said[1]
    discreet = words_of(base="https://bay.example").say(notice)
    assert discreet[0] == subject and "Bay" not in discreet[1] and "http" not in discreet[1]


def test_a_discreet_clinic_and_a_text_name_nobody_and_lead_nowhere() -> None:
    discreet, named = words_of(base="https://bay.example"), words_of(base="https://bay.example", name="Bay Clinic")
    text = AboutVisit("n", channel="text", template="visit_tomorrow", language="en")
    changed = discreet.say(AboutVisit("n", language="en", template="prescription_changed"))
    assert "prescription" not in "".join(changed) and "Something changed since your visit." in changed[1]
    for said in (discreet.say(AboutVisit("n", language="en")), named.say(text), discreet.say(text), changed):
        assert "Bay" not in "".join(said) and "http" not in said[1]
    assert (named.names(AboutVisit("n")), named.names(text), discreet.names(AboutVisit("n"))) == (True, False, False)


def test_who_is_called_back_by_mail_reads_whose_turn_it_is() -> None:
    turn = AboutVisit("n", template="call_back_ready", link="bck_1.x", minutes=15, language="en")
    assert words_of(base="https://bay.example", name="Bay Clinic").say(turn)[0] == "Bay Clinic is ready for you"


def test_who_is_called_back_is_told_how_long_they_have_and_where_to_return() -> None:
    words = words_of(base="https://bay.example")
    turn = AboutVisit("n", template="call_back_ready", link="bck_1.x", minutes=15, language="en")
    subject, mail = words.say(turn)
    assert subject == "Your clinic is ready for you"
    assert "within 15 minutes: https://bay.example/visits/back/bck_1.x" in mail and "next person" in mail
    text = words.say(replace(turn, channel="text", language="es"))[1]
    assert text == "Es su turno. Por favor vuelva en 15 minutos: https://bay.example/visits/back/bck_1.x"


def test_a_booked_call_says_that_a_device_can_be_tried_and_a_case_does_not() -> None:
    booked = AboutVisit("n", template="visit_booked", language="en")
    assert words_of().say(booked)[1].endswith("try your camera and microphone beforehand.")
    for other in (replace(booked, modality="store_and_forward"), replace(booked, channel="text"), AboutVisit("n")):
        assert "camera" not in words_of().say(other)[1]


def test_a_text_reminder_names_no_clinic_and_says_how_to_end_it() -> None:
    english, spanish = (
        words_of().say(AboutVisit("n", channel="text", template="visit_soon", language=language))[1]
        for language in ("en", "es")
    )
    assert english.endswith("Reply STOP to end texts.") and "ALTO" in spanish
    assert max(len(english), len(spanish)) <= 160
    assert words_of("Own words").say(AboutVisit("n"))[1] == "Own words"


def test_a_booked_moved_or_cancelled_visit_comes_with_its_calendar_entry_and_a_reminder_does_not() -> None:
    moved, cancelled, left = (
        words_of().calendar(AboutVisit("n", template=f"visit_{name}")) for name in ("moved", "cancelled", "left")
    )
    assert "SEQUENCE:1" in moved and "STATUS:CANCELLED" in cancelled and "STATUS:CANCELLED" in left
    assert "SUMMARY:Cita\r\n" in moved and "bay" not in moved  # who reads the mail along learns no clinic
    assert words_of().calendar(AboutVisit("n", template="visit_tomorrow")) == ""
