"""The demo's outbox: the mails and texts that would have been sent, on a page that says that nothing leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.texts import text_in
from portals.base.hosts import clinic_base
from portals.base.requests import deps_of, in_demo, origin
from portals.base.templating import render
from portals.base.visitor import visitor
from records.access import Role
from records.mails import MailView
from records.messages import MessageView
from records.work import Actor
from workflows.letters import mail_name
from workflows.notices import MAIL, VisitWords

router = APIRouter(include_in_schema=False)
MOST = 50
_LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A mail or a text as the outbox shows it: its words in front of the link, the link as a path here, those after.

    ``named`` says that it names the clinic, ``entry`` that a calendar entry goes with it; ``state`` is `queued`,
    `sent` or `refused`.
    """

    id: str
    channel: str
    address: str = field(repr=False)
    subject: str
    before: str = field(repr=False)
    link: str = field(default="", repr=False)
    path: str = field(default="", repr=False)
    after: str = field(default="", repr=False)
    named: bool = False
    entry: bool = False
    state: str
    at: datetime


@router.get("/outbox")
async def outbox(request: Request) -> Response:
    """The clinic's mails and texts, the newest first; only in a demo, and only on this machine."""
    who = visitor(request)
    if who.clinic is None or not in_demo(request):
        raise HTTPException(404)
    sent = await run_in_threadpool(_sent, request)
    return render(request, "auth/outbox.html", sent=sent, mark=who.clinic, zone=who.clinic.time_zone)


def _sent(request: Request) -> list[Sent]:
    """What the house itself wrote, and what was said about visits."""
    actor = Actor(person="demo-outbox", role=Role.SYSTEM, origin=origin(request))
    with deps_of(request).database.scope(visitor(request).here.slug, actor) as scope:
        mails, notices = scope.mails.outbox(MOST), scope.messages.outbox(MOST)
    found = [*(_mail(one) for one in mails), *_notices(notices, _words(request))]
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST]


def _words(request: Request) -> VisitWords:
    """What notices say, in the clinic's own words where it has them."""

    def own(clinic: str, template: str, language: str) -> str:
        texts = deps_of(request).content().clinic(clinic).texts.get(f"notice_{template}")
        return text_in(texts, language) if texts else ""

    here, base = deps_of(request), deps_of(request).settings.public_base
    return VisitWords(own, lambda slug: clinic_base(base, slug), lambda slug: mail_name(here.content(), slug))


def _notices(notices: Iterable[MessageView], words: VisitWords) -> Iterator[Sent]:
    """Those that have somebody to go to: a notice without an address stays in the portal."""
    for one in notices:
        if one.address:
            subject, body = words.say(one)
            entry = one.channel == MAIL and bool(words.calendar(one))
            found = _parted(body)
            yield Sent(
                id=one.id,
                channel=one.channel,
                address=one.address,
                subject=subject,
                before=found[0],
                link=found[1],
                path=found[2],
                after=found[3],
                named=words.names(one),
                entry=entry,
                state=one.state,
                at=one.at,
            )


def _parted(body: str) -> tuple[str, str, str, str]:
    """The words in front of the link, the link, its path here, and the words after it."""
    found = _LINK.search(body)
    link = found[0] if found else ""
    before, _, after = body.partition(link) if link else (body, "", "")
    return before.strip(), link, "/" + link.split("/", 3)[3] if link else "", after.strip()


def _mail(mail: MailView) -> Sent:
    before, link, path, after = _parted(mail.body)
    return Sent(
        id=mail.id,
        channel=MAIL,
        address=mail.address,
        subject=mail.subject,
        before=before,
        link=link,
        path=path,
        after=after,
        named=True,
        state=mail.state,
        at=mail.at,
    )
