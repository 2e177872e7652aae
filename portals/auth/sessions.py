"""Which session a cookie opens: the sessions of records as the middleware wants them."""

from __future__ import annotations

from portals.base.visitor import SessionView
from records.database import Database


class RecordsSessions:
    """Finds sessions in records; idle and absolute expiry are theirs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, clinic: str, portal: str, secret: str) -> SessionView | None:
        found = self._database.sessions.resolve(clinic, secret, portal)
        if found is None:
            return None
        return SessionView(id=found.id, account=found.account, person=found.person, role=str(found.role))
