"""How much waits, on every page of who has an inbox: counted anew with each page, and disclosing nothing."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from portals.base.visitor import STAFF, Visitor
from portals.staff.doors import may_open
from records.acts import Act
from records.reviews import ReviewCount
from records.scope import Actor


class InboxBadge:
    """Puts the numbers of the reader's inbox into ``scope["inbox"]``, where the menu of every page finds them."""

    def __init__(self, app: ASGIApp, database: Any) -> None:
        self.app = app
        self.database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = scope.get("visitor")
        if scope["type"] == "http" and scope["method"] == "GET" and isinstance(who, Visitor) and _has_inbox(who):
            scope["inbox"] = await run_in_threadpool(self._count, who)
        await self.app(scope, receive, send)

    def _count(self, who: Visitor) -> ReviewCount | None:
        if who.clinic is None or who.session is None:
            return None
        actor = Actor(person=who.session.person, role=who.session.role, session=who.session.id)
        with self.database.glance(who.clinic.slug, actor) as found:
            count: ReviewCount = found.reviews.count()
        return count


def _has_inbox(who: Visitor) -> bool:
    return who.portal == STAFF and who.session is not None and may_open(who.session.role, Act.REVIEWS_VIEWED)
