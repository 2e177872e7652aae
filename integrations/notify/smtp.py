"""Mail through a clinic's own server (RFC 5321), encrypted on the way: TLS from the first byte, or STARTTLS."""

from __future__ import annotations

import logging
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote, urlsplit

from engine.mail_page import PICTURE
from engine.ports import MailLetter, NoticeDelayed, NoticeRefused, PortUnavailable
from engine.settings import is_loopback

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30
IMPLICIT_TLS, STARTTLS = "smtps", "smtp"
PORTS = {IMPLICIT_TLS: 465, STARTTLS: 587}  # RFC 8314, RFC 6409
PERMANENT = range(500, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in and as whom; ``sender`` is the address in From, which answers and bounces go to."""

    scheme: str
    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    authorities: Path | None = None


def mail_server(url: str, sender: str, password_file: Path | None, authorities: Path | None = None) -> MailServer:
    """Reads ``smtps://USER@HOST:PORT`` or ``smtp://USER@HOST:PORT``; the settings have been checked before.

    Raises:
        OSError: the file of the password cannot be read.
    """
    parts = urlsplit(url)
    return MailServer(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        sender=sender,
        user=unquote(parts.username or ""),
        password=password_file.read_text(encoding="utf-8").strip() if password_file else "",
        authorities=authorities,
    )


class SmtpNotifier:
    """``engine.ports.Notifier`` that hands each notice to one server, over a connection of its own."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None:
        """Hands one mail in; what `_hand_in` raises."""
        if channel != "mail":
            raise NoticeRefused(f"notify: no sender for {channel}")
        self._hand_in(key, address, MailLetter(subject=subject, body=body, calendar=""))

    def send_letter(self, key: str, address: str, letter: MailLetter) -> None:
        """The same with what goes beside the words."""
        self._hand_in(key, address, letter)

    def _hand_in(self, key: str, address: str, letter: MailLetter) -> None:
        """Hands one mail in. Its Message-ID is made of the key, so that a repeat after a lost answer can be told.

        Raises:
            NoticeRefused: the server will never take a mail for this address, or no mail can be written to it.
            NoticeDelayed: it does not take one for this address now.
            PortUnavailable: it takes none now; the same mail may be sent again.
        """
        message = self._message(key, address, letter)
        try:
            with self._connected() as server:
                server.sendmail(self._server.sender, [address], message)
        except smtplib.SMTPRecipientsRefused as refused:
            raise _of_code(min(code for code, _ in refused.recipients.values())) from None
        except smtplib.SMTPDataError as refused:
            raise _of_code(refused.smtp_code) from None
        except (smtplib.SMTPException, OSError) as fault:
            logger.warning("mail server: %s", type(fault).__name__)
            raise PortUnavailable(f"notify: {type(fault).__name__}") from None
        logger.info("mail %s handed in", key)

    def _connected(self) -> smtplib.SMTP:
        """A connection that is encrypted, or ends on this machine; signed in where there is a user."""
        to, context = self._server, ssl.create_default_context(cafile=self._server.authorities)
        if to.scheme == IMPLICIT_TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(to.host, to.port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(to.host, to.port, timeout=TIMEOUT_SECONDS)
        try:
            server.ehlo()
            if to.scheme == STARTTLS and (server.has_extn("starttls") or not is_loopback(to.host)):
                server.starttls(context=context)
                server.ehlo()
            if to.user:
                server.login(to.user, to.password)
        except smtplib.SMTPNotSupportedError:
            server.close()
            logger.error("mail server: speaks no TLS or takes no sign-in; nothing is handed in")
            raise PortUnavailable("notify: STARTTLS") from None
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, key: str, address: str, letter: MailLetter) -> bytes:
        """The mail as it travels. Python's reader of addresses breaks in many ways on what no address is."""
        message = EmailMessage(SMTP)
        try:
            message["From"], message["To"], message["Subject"] = self._server.sender, address, letter.subject
            message["Date"] = formatdate()
            message["Message-ID"] = f"<{key}@{self._server.sender.rpartition('@')[2]}>"
            message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
            message.set_content(letter.body)
            if letter.page:
                _add_page(message, letter)
            if letter.calendar:
                message.add_attachment(letter.calendar, subtype="calendar", filename="visit.ics")
            address.encode("ascii")  # RFC 6531 is not spoken
            return message.as_bytes()
        except Exception:
            raise NoticeRefused("notify: address") from None


def _add_page(message: EmailMessage, letter: MailLetter) -> None:
    """The same words as a page, which comes last because it is the one to show (RFC 2046, section 5.1.4)."""
    message.add_alternative(letter.page, subtype="html")
    if letter.picture:
        [*_, page] = message.iter_parts()
        page.add_related(letter.picture, "image", "png", cid=f"<{PICTURE}>")


def _of_code(code: int) -> Exception:
    """5xx is final, 4xx is for now and for this address (RFC 5321, section 4.2.1)."""
    return NoticeRefused(f"notify: {code}") if code in PERMANENT else NoticeDelayed(f"notify: {code}")
