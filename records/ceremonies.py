"""What is under way in one browser before it is done: a factor awaited, a passkey's challenge; ended by its first use.

A ceremony belongs to the cookie of the browser that began it (its hash is the ``holder``), lives for minutes, and is
deleted as it is used, so that nothing of it can be replayed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import delete

from records.tables.identity import Ceremony
from records.work import Work

LIFE = timedelta(minutes=10)


class Kind(StrEnum):
    """What a ceremony is for; one of each kind at a time in a browser."""

    SECOND_FACTOR = "second_factor"
    ENROL = "enrol"
    PASSKEY_SIGN_IN = "passkey_sign_in"
    PASSKEY_ADD = "passkey_add"
    PASSKEY_PROVE = "passkey_prove"
    PROVIDER = "identity_provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyView:
    """A ceremony that may still be finished; ``account`` is empty while nobody is known yet."""

    account: str
    portal: str
    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a new ceremony is about."""

    account: str = ""
    portal: str
    challenge: str = ""


def holder_of(secret: str) -> str:
    """What a ceremony is found by: the hash of the cookie's secret."""
    return hashlib.sha256(b"ceremony|" + secret.encode()).hexdigest()


def begin(work: Work, kind: Kind, secret: str, begun: Begun) -> None:
    """Begins a ceremony of the kind in this browser; an older one of that kind ends. Old ones of others are swept."""
    _drop(work, kind, secret)
    work.session.execute(delete(Ceremony).where(Ceremony.clinic == work.clinic, Ceremony.expires_at < work.now - LIFE))
    work.session.add(
        Ceremony(
            clinic=work.clinic,
            kind=str(kind),
            holder=holder_of(secret),
            account=begun.account,
            portal=begun.portal,
            challenge=begun.challenge,
            created_at=work.now,
            expires_at=work.now + LIFE,
        )
    )
    work.session.flush()


def look(work: Work, kind: Kind, secret: str, portal: str) -> CeremonyView | None:
    """The browser's ceremony of that kind, None when there is none, it is over, or it is another portal's."""
    row = work.session.get(Ceremony, (work.clinic, str(kind), holder_of(secret)))
    if row is None or row.expires_at <= work.now or row.portal != portal:
        return None
    return CeremonyView(account=row.account, portal=row.portal, challenge=row.challenge)


def take(work: Work, kind: Kind, secret: str, portal: str) -> CeremonyView | None:
    """The ceremony, ended by this very look: of two tries at once one gets it."""
    found = look(work, kind, secret, portal)
    return found if found is not None and _drop(work, kind, secret) else None


def _drop(work: Work, kind: Kind, secret: str) -> bool:
    query = delete(Ceremony).where(
        Ceremony.clinic == work.clinic, Ceremony.kind == str(kind), Ceremony.holder == holder_of(secret)
    )
    return bool(work.session.connection().execute(query).rowcount)
