"""Licences and registrations that somebody of the clinic attests: a new one, or a new version of one, by whom.

The clinic's word is worth what its file's was: it counts for the greatest age of the fact, until the source is asked,
which happens at once. It never beats a source: what a source has answered about counts again only when it has answered
about the change, and what it calls suspended stays so. Where a credential of a state or number is not active, another
of them counts only once its own source has answered, and the same paper by another name is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from engine.credentials import DEA, LICENSE
from records.acts import Act
from records.codes import as_code, new_id
from records.errors import AlreadyDone, Conflict, NotFound
from records.own_rows import of_provider
from records.people import CLINIC_FILE, HOLDS, REGISTERED
from records.tables.people import DeaRow, LicenseRow
from records.work import Repository

ACTIVE = "active"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CredentialDraft:
    """A credential as attested; ``kind`` is `LICENSE` or `DEA`, ``expires`` its last valid day, None without one."""

    person: str
    kind: str
    state: str
    number: str
    issued: date | None = None
    expires: date | None = None
    profession: str = ""
    type: str = ""
    schedules: tuple[str, ...] = ()


class Attesting(Repository):
    """What the clinic says of its clinicians' credentials."""

    def add(self, draft: CredentialDraft) -> str:
        """Keeps a new credential; returns its id.

        Raises:
            AlreadyDone: they hold one like it, or one of that state and number that is not active: change that.
            ValueError: it ends before it begins, or is no credential.
        """
        work = self._work
        of_provider(work, draft.person, Act.CREDENTIAL_MADE)
        _check(draft)
        work.alone("credentials", draft.person)
        held = self._held(draft.person)
        if any(_alike(row, draft) or _same_paper(row, draft) for row in held):
            raise AlreadyDone(draft.person)
        credential = new_id("lic" if draft.kind == LICENSE else "dea")
        work.note(Act.CREDENTIAL_MADE, credential, state=as_code(draft.state), version=1)
        vouched = None if any(_casts_doubt(row, draft) for row in held) else work.at
        told = {"status": ACTIVE, "verified_at": vouched, **_told(draft)}
        self._write(draft.kind, {**told, "id": credential, "credential": credential, "version": 1})
        return credential

    def change(self, credential: str, draft: CredentialDraft, version: int) -> None:
        """Begins a new version. A state, profession or kind stays what it is: another one is another credential.

        Raises:
            Conflict: it changed since ``version``.
            ValueError: it ends before it begins, or would be another credential.
        """
        work, row = self._work, self._current(credential, version)
        of_provider(work, row.person, Act.CREDENTIAL_CHANGED)
        _check(draft)
        if row.person != draft.person or not _alike(row, draft):
            raise ValueError("another credential")
        doubted = any(_casts_doubt(other, draft) for other in self._held(row.person))
        self._replace(row, {**_told(draft), "status": row.status}, doubted=doubted)

    def _held(self, person: str) -> tuple[LicenseRow | DeaRow, ...]:
        clinic = self._work.clinic
        licenses = select(LicenseRow).where(LicenseRow.clinic == clinic, LicenseRow.person == person, HOLDS)
        registrations = select(DeaRow).where(DeaRow.clinic == clinic, DeaRow.person == person, REGISTERED)
        return (*self._session.scalars(licenses), *self._session.scalars(registrations))

    def _current(self, credential: str, version: int) -> LicenseRow | DeaRow:
        work = self._work
        work.whole_clinic(Act.CREDENTIAL_CHANGED)
        work.alone("credential", credential)
        licenses = select(LicenseRow).where(
            LicenseRow.clinic == work.clinic, LicenseRow.credential == credential, HOLDS
        )
        registered = (DeaRow.clinic == work.clinic, DeaRow.credential == credential, REGISTERED)
        row = (
            self._session.scalars(licenses).first() or self._session.scalars(select(DeaRow).where(*registered)).first()
        )
        if row is None:
            raise NotFound(f"credentials {credential[:40]}")
        if row.version != version:
            raise Conflict("credential", row.version)
        return row

    def _replace(self, row: LicenseRow | DeaRow, told: dict[str, Any], *, doubted: bool) -> None:
        """What a source answered about, or is doubted, waits for the next answer: until then nothing vouches for it."""
        work = self._work
        work.note(Act.CREDENTIAL_CHANGED, row.credential, version=row.version + 1, status=str(told["status"]))
        row.replaced_at = work.now
        self._session.flush()
        kept = {column.name: getattr(row, column.name) for column in type(row).__table__.columns}
        asked = row.source != CLINIC_FILE or row.verified_at is None or doubted
        fresh = {"id": new_id("crv"), "version": row.version + 1, "verified_at": None if asked else work.at}
        self._write(LICENSE if isinstance(row, LicenseRow) else DEA, {**kept, **told, **fresh})

    def _write(self, kind: str, told: dict[str, Any]) -> None:
        work = self._work
        by = {
            "clinic": work.clinic,
            "source": CLINIC_FILE,
            "attested_by": work.actor.person[:40],
            "recorded_at": work.now,
            "replaced_at": None,
        }
        self._session.add((LicenseRow if kind == LICENSE else DeaRow)(**{**told, **by}))
        self._session.flush()


def _check(draft: CredentialDraft) -> None:
    ends_first = draft.issued is not None and draft.expires is not None and draft.expires < draft.issued
    if draft.kind not in (LICENSE, DEA) or not draft.number.strip() or ends_first:
        raise ValueError("no credential")
    if (draft.kind == DEA) != bool(draft.schedules) or (draft.kind == LICENSE) != bool(draft.profession and draft.type):
        raise ValueError("no credential")


def _alike(row: LicenseRow | DeaRow, draft: CredentialDraft) -> bool:
    """Whether both are the same right in the same state, whatever its number."""
    if isinstance(row, DeaRow):
        return draft.kind == DEA and row.state == draft.state
    mine = (row.state, row.profession, row.kind)
    return draft.kind == LICENSE and mine == (draft.state, draft.profession, draft.type)


def _same_paper(row: LicenseRow | DeaRow, draft: CredentialDraft) -> bool:
    """Whether it would be what is not active by another name: of the same state and number."""
    return _casts_doubt(row, draft) and row.state == draft.state and _plain(row.number) == _plain(draft.number)


def _casts_doubt(row: LicenseRow | DeaRow, draft: CredentialDraft) -> bool:
    """Whether what is held is not active and of the same state or number; a compact's privilege has its home's."""
    same_kind = isinstance(row, DeaRow) == (draft.kind == DEA)
    same = row.state == draft.state or _plain(row.number) == _plain(draft.number)
    return same_kind and row.status != ACTIVE and same


def _plain(number: str | None) -> str:
    """A number without case and signs, as two people write it differently."""
    return "".join(one for one in (number or "").casefold() if one.isalnum())


def _told(draft: CredentialDraft) -> dict[str, Any]:
    told: dict[str, Any] = {
        "person": draft.person,
        "state": as_code(draft.state),
        "number": as_code(draft.number.strip()),
        "issued": draft.issued,
        "expires": draft.expires,
    }
    if draft.kind == DEA:
        return {**told, "schedules": [as_code(one) for one in draft.schedules]}
    return {**told, "profession": as_code(draft.profession), "kind": as_code(draft.type)}
