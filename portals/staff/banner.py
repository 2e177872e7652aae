"""Says on every page of a clinician that a chart is open in an emergency, for as long as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from portals.base.visitor import STAFF, Visitor
from records.access import Role
from records.emergency import EmergencyView
from records.scope import Actor


class EmergencyBanner:
    """Puts what a clinician has open into ``scope["emergencies"]``, where every page of the staff finds it."""

    def __init__(self, app: ASGIApp, database: Any) -> None:
        self.app = app
        self.database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = scope.get("visitor")
        if scope["type"] == "http" and isinstance(who, Visitor) and _is_clinician(who) and _is_page(scope["path"]):
            scope["emergencies"] = await run_in_threadpool(self._open, who)
        await self.app(scope, receive, send)

    def _open(self, who: Visitor) -> Sequence[EmergencyView]:
        if who.clinic is None or who.session is None:
            return ()
        actor = Actor(person=who.session.person, role=who.session.role, session=who.session.id)
        with self.database.glance(who.clinic.slug, actor) as found:
            current: Sequence[EmergencyView] = found.emergencies.current()
        return current


def _is_clinician(who: Visitor) -> bool:
    return who.portal == STAFF and who.session is not None and who.session.role == Role.PROVIDER


def _is_page(path: str) -> bool:
    """What is looked at every few seconds shows no banner."""
    return not path.endswith("/changes")
