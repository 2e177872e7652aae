"""Whether mail reaches a real SMTP server encrypted, once, and what its refusals mean."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from hypothesis import given
from hypothesis import strategies as st

from engine.ports import MailLetter, NoticeDelayed, NoticeRefused, PortUnavailable
from integrations.notify.smtp import MailServer, SmtpNotifier, mail_server
from integrations.notify.unsent import WaitingNotifier
from tests.helpers_tls import certificate_for

USER, PASSWORD = "clinic", "correct horse"
SENDER = "care@marigold.example"


@dataclass
class Mailbox:
    """What the server took, and which addresses it refuses."""

    answers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        self.taken.append((envelope.rcpt_tos[0], envelope.original_content or b""))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


@contextmanager
def serving(mailbox: Mailbox, folder: Path, *, plain: bool = False) -> Iterator[MailServer]:
    """A server on a free port of loopback that wants STARTTLS and a password, or neither."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    for path, content in zip((certificate, key), certificate_for("localhost"), strict=True):
        path.write_bytes(content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    wants: dict[str, Any] = {} if plain else {"tls_context": context, "require_starttls": True, "auth_required": True}
    with listening(lambda: SMTP(mailbox, hostname="localhost", authenticator=_signs_in, **wants)) as port:
        yield MailServer(
            scheme="smtp",
            host="localhost",
            port=port,
            sender=SENDER,
            user="" if plain else USER,
            password="" if plain else PASSWORD,
            authorities=certificate,
        )


@contextmanager
def listening(protocol: Callable[[], asyncio.Protocol]) -> Iterator[int]:
    """A free port of loopback, served by a loop in a thread of its own."""
    ready: Future[tuple[int, Callable[[], object]]] = Future()

    async def serve() -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await loop.create_server(lambda: protocol(), "127.0.0.1", 0)
        port = int(server.sockets[0].getsockname()[1])
        ready.set_result((port, lambda: loop.call_soon_threadsafe(stopped.set)))
        await stopped.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    port, stop = ready.result(60)
    try:
        yield port
    finally:
        stop()
        thread.join(60)


def _signs_in(server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    is_known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_known, handled=False)


def send(server: MailServer, address: str = "ana@example.org", subject: str = "Elija una contraseña") -> None:
    SmtpNotifier(server).send("mai_1", "mail", address, subject, "Abra el enlace:\nhttp://marigold.localhost/reset/x")


def test_a_mail_is_handed_in_encrypted_signed_in_and_word_for_word(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox, tmp_path) as server:
        send(server)
    ((address, raw),) = mailbox.taken
    found = message_from_bytes(raw, policy=default)
    assert (address, mailbox.encrypted) == ("ana@example.org", [True])
    assert (found["From"], found["To"], found["Subject"]) == (SENDER, "ana@example.org", "Elija una contraseña")
    assert (found["Message-ID"], found["Auto-Submitted"]) == ("<mai_1@marigold.example>", "auto-generated")
    assert found.get_content().splitlines() == ["Abra el enlace:", "http://marigold.localhost/reset/x"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [("550 no such mailbox", NoticeRefused), ("450 greylisted", NoticeDelayed)],
    ids=["never", "not now"],
)
def test_what_the_server_answers_says_whether_to_try_again(
    answer: str, error: type[Exception], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox = Mailbox(answers={"ana@example.org": answer})
    with serving(mailbox, tmp_path) as server, pytest.raises(error) as raised:
        send(server)
    assert mailbox.taken == []
    assert "ana" not in f"{raised.value}{caplog.text}", "addresses are nobody's business in a log"


@pytest.mark.parametrize(
    "address",
    ["ana@example.org\r\nBcc: eve@example.org", "añá@example.org", "a@[.b", "(", "@", '"@b.c'],
)
def test_an_address_that_cannot_be_written_is_refused_for_good(address: str, tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox, tmp_path) as server, pytest.raises(NoticeRefused):
        send(server, address)
    assert mailbox.taken == []


def test_nothing_is_handed_to_a_server_that_is_not_who_it_says_or_does_not_know_us(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox, tmp_path) as server:
        stranger = tmp_path / "stranger.pem"
        stranger.write_bytes(certificate_for("localhost")[0])
        for wrong in (replace(server, authorities=stranger), replace(server, password="guess")):
            with pytest.raises(PortUnavailable):
                send(wrong)
    assert mailbox.taken == []


def test_beyond_this_machine_a_server_without_tls_gets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox()
    with serving(mailbox, tmp_path, plain=True) as server:
        send(server)
        monkeypatch.setattr("integrations.notify.smtp.is_loopback", lambda host: False)
        with pytest.raises(PortUnavailable):
            send(server)
    assert mailbox.encrypted == [False]


def test_a_server_that_is_away_and_no_server_at_all_mean_that_mail_waits(caplog: pytest.LogCaptureFixture) -> None:
    gone = MailServer(scheme="smtps", host="localhost", port=9, sender=SENDER)
    with pytest.raises(PortUnavailable):
        send(gone)
    with pytest.raises(PortUnavailable):
        WaitingNotifier().send("mai_1", "mail", "ana@example.org", "", "")
    assert "CLINIC_MAIL_SERVER" in caplog.text


def test_a_server_is_read_from_its_address_and_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    found = mail_server("smtps://care%40clinic@mail.example.org", SENDER, secret)
    assert (found.host, found.port, found.user, found.password) == ("mail.example.org", 465, "care@clinic", "s3cret")
    assert "s3cret" not in repr(found)


def test_a_page_goes_beside_the_words_with_its_picture_and_the_calendar() -> None:
    sender = SmtpNotifier(MailServer(scheme="smtps", host="localhost", port=9, sender=SENDER))
    letter = MailLetter(subject="s", body="words", calendar="BEGIN:VCALENDAR", page="<p>words</p>", picture=b"png")
    mail = message_from_bytes(sender._message("mai_1", "a@example.org", letter), policy=default)
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "image/png", "text/calendar"]
    for kind, words in (("html", "<p>words</p>"), ("plain", "words")):
        body = mail.get_body((kind,))
        assert body is not None
        assert body.get_content().strip() == words
    assert [part["Content-ID"] for part in mail.walk() if part["Content-ID"]] == ["<logo>"]


@given(st.text(st.characters(codec="utf-8"), max_size=30).map(lambda text: f"{text}@b.example"))
def test_whatever_the_address_is_a_mail_is_written_or_refused(address: str) -> None:
    sender = SmtpNotifier(MailServer(scheme="smtps", host="localhost", port=9, sender=SENDER))
    with contextlib.suppress(NoticeRefused):
        sender._message("mai_1", address, MailLetter(subject="Reset", body="Open the link.", calendar=""))
