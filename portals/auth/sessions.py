"""Which session a cookie opens: the sessions of records as the middleware wants them."""

from __future__ import annotations

from portals.base.visitor import SessionView
from records.database import Database
from records.sessions import SessionView as Kept


class RecordsSessions:
    """Finds sessions in records; idle and absolute expiry are theirs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, clinic: str, portal: str, secret: str, touch: bool = True) -> SessionView | None:
        found = self._database.sessions.resolve(clinic, secret, portal, touch=touch)
        return view_of(found) if found is not None else None


def view_of(found: Kept) -> SessionView:
    """The part of a session that pages need."""
    return SessionView(
        id=found.id,
        account=found.account,
        person=found.person,
        role=str(found.role),
        method=found.method,
        proved_at=found.proved_at,
        idle_until=found.idle_until,
        idle_seconds=found.idle_seconds,
    )
