"""Links that a device shows instead of a browser: the same invitation into a call, as the bearer of WHIP or WHEP.

A device's bearer is ``<clinic>.<token of the invitation>``. It works once, whichever of the two doors it is shown at,
and whatever is refused is audited as at the guests' own door.
"""

from __future__ import annotations

import secrets

from engine.rooms import DeviceEntry, RoomClaims, RoomRole
from records.acts import Act
from records.codes import is_code
from records.database import Database
from records.errors import RecordsError
from records.guest_door import PASS_LIFE, GuestEntry, of_token, use_link, visiting, why_not
from records.stages import IN_CALL
from records.tables.media import RoomLeaseRow
from records.tables.visits import GuestRow, Visit
from records.work import Work

_LONGEST = 200


def bearer_of(clinic: str, token: str) -> str:
    """What a device shows for an invitation of the clinic."""
    return f"{clinic}.{token}"


class RecordsDeviceLinks:
    """`engine.rooms.DeviceLinks` on the invitations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look(self, bearer: str) -> DeviceEntry | None:
        """What the link opens now, changing nothing; a refusal is audited."""
        clinic, entry = _read(bearer)
        if entry is None:
            return None
        try:
            with self._database.work(clinic, visiting("")) as work:
                row = of_token(work, entry.token)
                code = why_not(work, row, entry)
                if row is None or code:
                    _refuse(work, row, code)
                    return None
                return _entry(work, row)
        except RecordsError:
            return None

    def use(self, bearer: str) -> bool:
        """Uses it up for this device. It keeps its place for as long as it stays; coming anew takes a new link."""
        clinic, entry = _read(bearer)
        if entry is None:
            return False
        try:
            with self._database.work(clinic, visiting("")) as work:
                row = of_token(work, entry.token)
                code = why_not(work, row, entry)
                if row is not None and not code and use_link(work, row, entry):
                    return True
                _refuse(work, row, code or "used")
        except RecordsError:
            pass  # there is no such clinic
        return False


def _read(bearer: str) -> tuple[str, GuestEntry | None]:
    """The clinic and what is handed in at its door; a device has no cookie, so its secret is nobody's."""
    clinic, _, token = bearer.partition(".")
    if len(bearer) > _LONGEST or not token or not is_code(clinic, 60):
        return "", None
    return clinic, GuestEntry(token=token, secret=secrets.token_hex(16), name="")


def _refuse(work: Work, row: GuestRow | None, code: str) -> None:
    work.record(Act.LINK_REFUSED, row.id if row else "unknown", row.visit if row else "", code=code)


def _entry(work: Work, row: GuestRow) -> DeviceEntry:
    """As a browser's guest would be let in; without a room while the visit is not in its call."""
    visit = work.row(Visit, row.visit)
    lease = work.session.get(RoomLeaseRow, row.visit)
    open_now = visit.stage == IN_CALL and visit.room is not None
    room, endpoint = (lease.room, lease.endpoint) if lease is not None else (visit.room or "", visit.endpoint or "")
    claims = RoomClaims(
        clinic=work.clinic,
        visit_id=row.visit,
        room_id=room if open_now else "",
        participant_id=row.id,
        role=RoomRole(row.role),
        expires_at=work.now + PASS_LIFE,
        guest=True,
        waits=row.admitted_at is None,
    )
    return DeviceEntry(claims=claims, endpoint=endpoint)
