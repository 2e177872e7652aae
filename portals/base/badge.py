"""Says on every page how many conversations hold something new for who looks: a number, and nothing else."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from portals.base.visitor import Visitor
from records.access import Role
from records.scope import Actor

READERS = frozenset({Role.PATIENT, Role.CAREGIVER, Role.PROVIDER})


class UnreadBadge:
    """Puts the number into ``scope["unread"]``, where every page finds it."""

    def __init__(self, app: ASGIApp, database: Any) -> None:
        self.app = app
        self.database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = scope.get("visitor")
        if scope["type"] == "http" and isinstance(who, Visitor) and _reads(who) and _is_page(scope):
            scope["unread"] = await run_in_threadpool(self._unread, who)
        await self.app(scope, receive, send)

    def _unread(self, who: Visitor) -> int:
        if who.clinic is None or who.session is None:
            return 0
        actor = Actor(person=who.session.person, role=who.session.role, session=who.session.id)
        with self.database.glance(who.clinic.slug, actor) as found:
            count: int = found.conversations.unread()
        return count


def just_read(request: Request, unread: int) -> None:
    """Takes the conversation that this very page shows out of the number, when it held something new."""
    if unread:
        request.scope["unread"] = max(0, request.scope.get("unread", 0) - 1)


def _reads(who: Visitor) -> bool:
    return who.session is not None and who.session.role in READERS


def _is_page(scope: Scope) -> bool:
    """What is looked at every few seconds, and what is no page, shows no badge."""
    path = scope["path"]
    return scope["method"] == "GET" and not path.startswith("/static/") and not path.endswith(("/changes", ".css"))
