"""The demo's outbox: the mails that would have been sent, on a page that says that nothing leaves this computer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.base.requests import deps_of, in_demo, origin
from portals.base.templating import render
from portals.base.visitor import visitor
from records.access import Role
from records.mails import MailView
from records.work import Actor

router = APIRouter(include_in_schema=False)
_LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ShownMail:
    """A mail as the outbox shows it: its words in front of the link, the link as a path here, and the words after."""

    address: str
    subject: str
    before: str
    link: str
    path: str
    after: str
    at: datetime


@router.get("/outbox")
async def outbox(request: Request) -> Response:
    """The clinic's mails, the newest first; only in a demo, and only on this machine."""
    who = visitor(request)
    if who.clinic is None or not in_demo(request):
        raise HTTPException(404)
    mails = await run_in_threadpool(_mails, request)
    return render(request, "auth/outbox.html", mails=[_shown(mail) for mail in mails], zone=who.clinic.time_zone)


def _mails(request: Request) -> tuple[MailView, ...]:
    actor = Actor(person="demo-outbox", role=Role.SYSTEM, origin=origin(request))
    with deps_of(request).database.scope(visitor(request).here.slug, actor) as scope:
        mails: tuple[MailView, ...] = scope.mails.outbox()
    return mails


def _shown(mail: MailView) -> ShownMail:
    found = _LINK.search(mail.body)
    link = found[0] if found else ""
    before, _, after = mail.body.partition(link) if link else (mail.body, "", "")
    return ShownMail(
        address=mail.address,
        subject=mail.subject,
        before=before.strip(),
        link=link,
        path="/" + link.split("/", 3)[3] if link else "",
        after=after.strip(),
        at=mail.at,
    )
