"""Which law do a clinic's officers vouch for? Each word is signed with the clinic's key and kept; another withdraws it.

What an attestation does is the engine's (`engine.attestations`); here stands who may say it, when it was said, and
that nobody changed it since. One whose signature is not ours attests nothing; a withdrawal counts in any case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from records.acts import Act
from records.codes import iso, new_id
from records.errors import AlreadyDone, NotFound, Unreadable
from records.key_ring import Purpose
from records.tables.law import LawAttestationRow
from records.work import Repository

ATTESTED, WITHDRAWN = "attested", "withdrawn"
_TABLE = "law_attestations"
_LONGEST = 2000  # signs of what was read


@dataclass(frozen=True, slots=True, kw_only=True)
class LawAttestationDraft:
    """What an officer attests: a `rule` with its `title`, or a `value` of a `jurisdiction` with what it `told`.

    ``on`` and ``until`` are the first and the last day it stands, ISO days; ``source`` is what was read; ``name`` is
    what the officer is called, as decisions show it.
    """

    name: str = field(repr=False)
    on: str
    until: str
    source: str = field(repr=False)
    url: str = ""
    rule: str = ""
    title: str = ""
    value: str = field(default="", repr=False)
    jurisdiction: str = ""
    told: Any = None

    def as_told(self, attestation: str) -> dict[str, Any]:
        """The same as an entry of a clinic's file would say it."""
        law: dict[str, Any] = {"rule": self.rule, "title": self.title}
        if self.value:
            law = {"value": self.value, "jurisdiction": self.jurisdiction, "is": self.told}
        link = {"url": self.url} if self.url else {}
        dates = {"on": self.on, "until": self.until}
        return {"id": attestation, **law, "by": self.name, **dates, "source": self.source, **link}


@dataclass(frozen=True, slots=True, kw_only=True)
class LawAttestationView:
    """An attestation as kept; ``genuine`` is False where its signature is not the clinic's."""

    id: str
    told: Mapping[str, Any] = field(repr=False)
    by: str
    at: datetime
    genuine: bool
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether it may attest anything on the days it names."""
        return self.genuine and self.withdrawn_at is None


class LawAttestations(Repository):
    """What a clinic's officers vouch for."""

    def attest(self, draft: LawAttestationDraft) -> str:
        """Keeps and signs an attestation; returns its id. Whether it fits the law is asked before.

        Raises:
            ValueError: nothing was read, or too much is told of it.
        """
        work = self._work
        work.whole_clinic(Act.LAW_ATTESTED)
        if not 0 < len(draft.source.strip()) <= _LONGEST:
            raise ValueError("nothing that can be looked up")
        attestation = new_id("att")
        work.note(Act.LAW_ATTESTED, attestation, until=draft.until)
        self._write(attestation, ATTESTED, draft.as_told(attestation))
        return attestation

    def withdraw(self, attestation: str) -> None:
        """Takes an attestation back, for good.

        Raises:
            AlreadyDone: it was withdrawn before.
            NotFound: this clinic has none of that id.
        """
        work = self._work
        work.whole_clinic(Act.LAW_WITHDRAWN)
        work.alone(_TABLE, attestation)
        acts = {row.act for row in self._rows() if row.attestation == attestation}
        if ATTESTED not in acts:
            raise NotFound(f"{_TABLE} {attestation[:40]}")
        if WITHDRAWN in acts:
            raise AlreadyDone(attestation)
        work.note(Act.LAW_WITHDRAWN, attestation)
        self._write(attestation, WITHDRAWN, {})

    def listed(self) -> tuple[LawAttestationView, ...]:
        """Every attestation, the newest first."""
        self._work.whole_clinic(Act.LAW_ATTESTATIONS_VIEWED)
        self._work.note(Act.LAW_ATTESTATIONS_VIEWED, self._work.clinic)
        return self._views()

    def marks(self) -> tuple[tuple[str, str], ...]:
        """Which words there are, so that a program can see that there is another one."""
        self._work.allow(Act.LAW_ATTESTATIONS_VIEWED)
        columns = (LawAttestationRow.attestation, LawAttestationRow.act)
        query = select(*columns).where(LawAttestationRow.clinic == self._work.clinic)
        return tuple(sorted((row[0], row[1]) for row in self._session.execute(query)))

    def standing(self) -> tuple[Mapping[str, Any], ...]:
        """What counts, for decisions: genuine and not withdrawn, the oldest first. It names no patient."""
        self._work.allow(Act.LAW_ATTESTATIONS_VIEWED)
        return tuple(one.told for one in reversed(self._views()) if one.counts)

    def _views(self) -> tuple[LawAttestationView, ...]:
        rows = self._rows()
        ended = {row.attestation: row for row in rows if row.act == WITHDRAWN}
        found = (self._view(row, ended.get(row.attestation)) for row in rows if row.act == ATTESTED)
        return tuple(sorted(found, key=lambda one: (one.at, one.id), reverse=True))

    def _view(self, row: LawAttestationRow, ended: LawAttestationRow | None) -> LawAttestationView:
        told = self._work.open((_TABLE, "content", row.id), row.content)
        return LawAttestationView(
            id=row.attestation,
            told=told,
            by=row.actor,
            at=row.at,
            genuine=self._is_ours(row, told),
            withdrawn_by=ended.actor if ended else "",
            withdrawn_at=ended.at if ended else None,
        )

    def _rows(self) -> list[LawAttestationRow]:
        query = select(LawAttestationRow).where(LawAttestationRow.clinic == self._work.clinic)
        return list(self._session.scalars(query.order_by(LawAttestationRow.at, LawAttestationRow.id)))

    def _write(self, attestation: str, act: str, told: Mapping[str, Any]) -> None:
        work, row_id = self._work, new_id("law")
        secret = work.ring.current(work.session, work.clinic, Purpose.AUDIT)
        row = LawAttestationRow(
            id=row_id,
            clinic=work.clinic,
            attestation=attestation,
            act=act,
            content=work.seal((_TABLE, "content", row_id), dict(told)),
            at=work.now,
            actor=work.actor.person[:40],
            key=secret.id,
        )
        row.signature = Ed25519PrivateKey.from_private_bytes(secret.value).sign(_signed_bytes(row, told))
        self._session.add(row)
        self._session.flush()

    def _is_ours(self, row: LawAttestationRow, told: Mapping[str, Any]) -> bool:
        work = self._work
        try:
            secret = work.ring.by_id(work.session, work.clinic, row.key, Purpose.AUDIT)
            public = Ed25519PrivateKey.from_private_bytes(secret.value).public_key()
            public.verify(row.signature, _signed_bytes(row, told))
        except (InvalidSignature, Unreadable):
            return False
        return True


def _signed_bytes(row: LawAttestationRow, told: Mapping[str, Any]) -> bytes:
    """What the signature covers: who said what of which attestation, when, at which clinic."""
    said = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    parts = ("clinicwright-law-attestation", row.clinic, row.attestation, row.act, row.actor, iso(row.at), said)
    return "|".join(parts).encode()
