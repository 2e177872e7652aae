"""How far a chain had come when it was last written down outside the database, in a file beside the keys.

A signed head in the database proves who wrote it, not that it is the newest: whoever holds the database can put an
older one back, or delete a clinic altogether. So each clinic's newest head is also kept in one small file in the key
folder, replaced whole after a commit: at a program's first append, then at every `EVERY_ENTRIES` entries, within
`EVERY_SECONDS` of any append, and when the database is closed. An anchor only moves forward, and only along the chain
that it is on: a chain that was cut and grew again never takes the place of the one that is missing.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

from sqlalchemy.exc import SQLAlchemyError

from engine.ports import KeyProvider
from records.codes import b64, unb64
from records.journal import SignedHead
from records.turns import FileTurns

EVERY_ENTRIES = 256
EVERY_SECONDS = 2.0
_SUFFIX = ".json"
_LOG = logging.getLogger(__name__)

HashAt = Callable[[str, int], str | None]


class AnchorRefused(Exception):
    """The anchor cannot be read, or the database's chain is not the one it is on; it stays as it is."""


class AnchorFolder:
    """The anchors of an installation: ``folder/<clinic>.json``, 0600 in a 0700 folder, one writer at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._turns = FileTurns(str(folder / ".turn"))

    def clinics(self) -> tuple[str, ...]:
        """Every clinic that ever had an anchor here."""
        return tuple(sorted(unquote(path.name.removesuffix(_SUFFIX)) for path in self._folder.glob(f"*{_SUFFIX}")))

    def read(self, clinic: str) -> SignedHead | None:
        """The clinic's anchor, None when it has none. Raises `AnchorRefused` when its file is damaged."""
        try:
            return _parsed(self._path(clinic).read_text(), clinic)
        except FileNotFoundError:
            return None
        except ValueError:
            raise AnchorRefused("the anchor's file is damaged") from None

    def advance(self, head: SignedHead, hash_at: HashAt) -> None:
        """Moves the clinic's anchor forward to a committed head; does nothing when it is there or further already.

        Raises:
            AnchorRefused: ``hash_at(clinic, sequence)``, the hash that the database has now, is not the anchored one.
            OSError: the file cannot be written.
        """
        with self._turns.turn():
            anchor = self.read(head.clinic)
            if anchor is not None and hash_at(anchor.clinic, anchor.sequence) != anchor.hash:
                raise AnchorRefused("the chain does not hold the entry that was anchored")
            if anchor is None or anchor.sequence < head.sequence:
                self._replace(head)

    def give_up(self, clinic: str) -> None:
        """Lays the anchor aside, kept and named by its number: what it knows of was lost on purpose, by a restore."""
        with self._turns.turn():
            anchor = self.read(clinic)
            if anchor is None:
                return
            self._given_up.mkdir(mode=0o700, exist_ok=True)
            os.replace(self._path(clinic), self._given_up / f"{quote(clinic, safe='')}.{anchor.sequence}{_SUFFIX}")

    def given_up(self, clinic: str) -> tuple[SignedHead, ...]:
        """The anchors that were laid aside for the clinic, the lowest first; one that is damaged is left out."""
        found = []
        for path in self._given_up.glob(f"{quote(clinic, safe='')}.*{_SUFFIX}"):
            with contextlib.suppress(AnchorRefused):
                found.append(_parsed(path.read_text(), clinic))
        return tuple(sorted(found, key=lambda anchor: anchor.sequence))

    def close(self) -> None:
        self._turns.close()

    @property
    def _given_up(self) -> Path:
        return self._folder / "given-up"

    def _path(self, clinic: str) -> Path:
        return self._folder / f"{quote(clinic, safe='')}{_SUFFIX}"

    def _replace(self, head: SignedHead) -> None:
        fields = {"clinic": head.clinic, "sequence": head.sequence, "hash": head.hash, "key": head.key}
        draft = self._folder / f".{secrets.token_hex(6)}.draft"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(json.dumps({**fields, "signature": b64(head.signature)}))
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._path(head.clinic))
        except OSError:
            draft.unlink(missing_ok=True)
            raise


def _parsed(text: str, clinic: str) -> SignedHead:
    try:
        raw = json.loads(text)
        anchor = SignedHead(**{**raw, "signature": unb64(raw["signature"])})
    except (ValueError, KeyError, TypeError):
        raise AnchorRefused("the anchor's file is damaged") from None
    if anchor.clinic != clinic or not isinstance(anchor.sequence, int):
        raise AnchorRefused("the anchor's file is damaged")
    return anchor


class AnchorKeeper:
    """Anchors committed heads at bounded intervals; safe for threads. An append waits for it once in many."""

    def __init__(self, folder: AnchorFolder, hash_at: HashAt, *, seconds: float = EVERY_SECONDS) -> None:
        self._folder = folder
        self._hash_at = hash_at
        self._seconds = seconds
        self._lock = threading.Lock()
        self._waiting: dict[str, SignedHead] = {}
        self._reached: dict[str, int] = {}  # by clinic, the sequence this process last anchored
        self._timer: threading.Timer | None = None

    def clinics(self) -> tuple[str, ...]:
        return self._folder.clinics()

    def read(self, clinic: str) -> SignedHead | None:
        return self._folder.read(clinic)

    def give_up(self, clinic: str) -> None:
        """Lays the clinic's anchor aside after a restore; the next append makes a new one at once."""
        with self._lock:
            self._waiting.pop(clinic, None)
            self._reached.pop(clinic, None)
        self._folder.give_up(clinic)

    def given_up(self, clinic: str) -> tuple[SignedHead, ...]:
        return self._folder.given_up(clinic)

    def committed(self, head: SignedHead) -> None:
        """Takes note of a head that the database has committed; it is anchored at once or within the interval."""
        with self._lock:
            waiting = self._waiting.get(head.clinic)
            if waiting is None or waiting.sequence < head.sequence:
                self._waiting[head.clinic] = head
            reached = self._reached.get(head.clinic)
            due = reached is None or head.sequence - reached >= EVERY_ENTRIES
            if not due and self._timer is None:
                self._timer = threading.Timer(self._seconds, self.flush)
                self._timer.daemon = True
                self._timer.start()
        if due:
            self.flush()

    def flush(self) -> None:
        """Anchors everything that waits. A failure is logged: the accesses are in the database already."""
        with self._lock:
            heads, self._waiting = list(self._waiting.values()), {}
            self._reached.update({head.clinic: head.sequence for head in heads})
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        for head in heads:
            self._advance(head)

    def close(self) -> None:
        self.flush()
        self._folder.close()

    def _advance(self, head: SignedHead) -> None:
        try:
            self._folder.advance(head, self._hash_at)
        except (AnchorRefused, OSError, SQLAlchemyError, ValueError) as error:
            _LOG.error(
                "audit anchor not moved clinic=%s sequence=%d %s", head.clinic, head.sequence, type(error).__name__
            )


def anchors_for(keys: KeyProvider, hash_at: HashAt) -> AnchorKeeper:
    """Anchors in the key folder, apart from the data; a key service has one, too."""
    return AnchorKeeper(AnchorFolder(keys.folder / "anchors"), hash_at)
