"""Takes files in, has them checked, and opens them: the one door to what lies sealed beside the database.

Nothing here holds a transaction while a file is read or written, and nothing of a file is in the clear anywhere but in
the memory of who reads it. The order is always: file, row, and only then the removal of what is not needed any more.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
from collections.abc import Iterator
from pathlib import Path

from engine.ports import PortUnavailable, Scanner
from records.blob_folder import BlobFolder, Draft
from records.blob_pictures import PictureRefused, write_anew
from records.blob_rows import (
    Expected,
    Opened,
    Stored,
    accept,
    add,
    add_said,
    expect,
    expect_said,
    inspect,
    let_go,
    look,
    look_said,
    refuse,
    remove,
    remove_said,
    waiting,
)
from records.blob_sniff import NEEDED, PICTURES, is_heif, sniff
from records.blob_stream import StreamWriter
from records.blobs import CLEAN, MOST_BYTES, QUARANTINED, REFUSED, BlobView, view_of
from records.database import Database
from records.errors import RecordsError, Unreadable
from records.tables.blobs import BlobRow
from records.work import Actor, Work

CHECKER = Actor.system("file-check")
_LOG = logging.getLogger(__name__)


class FileRefused(RecordsError):
    """A file that is not taken; ``code`` is empty | type | heif | size | pixels | damaged | harmful."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Upload:
    """A file that is coming in: sealed as it comes, refused as soon as it can be told."""

    def __init__(self, folder: BlobFolder, clinic: str, actor: Actor, expected: Expected) -> None:
        self.clinic = clinic
        self.actor = actor
        self.expected = expected
        self.draft: Draft[StreamWriter] = folder.draft()
        self._head = b""
        self._digest = hmac.new(expected.naming, digestmod=hashlib.sha256)
        self.media_type = ""

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Adds to the file. Raises `FileRefused` (``type``, ``heif``, ``size``)."""
        if self.draft.size + len(data) > MOST_BYTES:
            raise FileRefused("size")
        self._digest.update(data)
        self.draft.write(data)
        if not self.media_type and len(self._head) < NEEDED:
            self._head += data[:NEEDED]
            if len(self._head) >= NEEDED:
                self._tell()

    def finish(self) -> None:
        """Ends the file. Raises `FileRefused` (``empty``, ``type``)."""
        if not self.draft.size:
            raise FileRefused("empty")
        if not self.media_type:
            self._tell()
        self.draft.finish()

    def discard(self) -> None:
        self.draft.discard()

    def _tell(self) -> None:
        found = sniff(self._head)
        if found is None:
            raise FileRefused("heif" if is_heif(self._head) else "type")
        self.media_type = found


class BlobStore:
    """The files of an installation: their rows, the folder they lie in, and who is asked about them."""

    def __init__(self, database: Database, folder: Path, scanner: Scanner) -> None:
        self._database = database
        self._scanner = scanner
        self.folder = BlobFolder(folder)

    def begin(self, clinic: str, actor: Actor, visit: str) -> Upload:
        """Begins a file for a visit; `Upload.discard` has to follow, whatever becomes of it.

        Raises:
            AccessRefused, NotFound, AlreadyDone, TooMany: see `records.blob_rows.expect`.
        """
        with self._database.work(clinic, actor) as work:
            expected = expect(work, visit)
        return Upload(self.folder, clinic, actor, expected)

    def begin_said(self, clinic: str, actor: Actor, conversation: str) -> Upload:
        """The same for a file that goes with the actor's next message in a conversation."""
        with self._database.work(clinic, actor) as work:
            expected = expect_said(work, conversation)
        return Upload(self.folder, clinic, actor, expected)

    @contextlib.contextmanager
    def upload(self, clinic: str, actor: Actor, visit: str) -> Iterator[Upload]:
        """The same; whatever is not kept by `keep` is gone at the end of the block."""
        upload = self.begin(clinic, actor, visit)
        try:
            yield upload
        finally:
            upload.discard()

    def keep(self, upload: Upload) -> str:
        """Keeps a file that has come whole and checks it at once (`take`, `check_sent`); returns its id."""
        blob, needed = self.take(upload)
        if needed:
            self.check_sent(upload.clinic, blob)
        return blob

    def take(self, upload: Upload, *, for_shot: bool = False) -> tuple[str, bool]:
        """Keeps a file that has come whole, in quarantine; returns its id, and whether it is new and to be checked.

        ``for_shot``: it is sent as a photo that a form asks for.
        """
        upload.finish()
        name = self.folder.place(upload.draft, upload.digest)
        stored = Stored(
            file=name,
            media_type=upload.media_type,
            size=upload.draft.size,
            digest=upload.digest,
            key=upload.draft.key,
        )
        blob, needed = "", False
        try:
            with self._database.work(upload.clinic, upload.actor) as work:
                if upload.expected.conversation:
                    blob, needed = add_said(work, upload.expected.conversation, stored)
                else:
                    blob, needed = add(work, upload.expected.visit, stored, for_shot=for_shot)
        finally:
            if not needed:
                self.folder.remove(name)
        return blob, needed

    def check_sent(self, clinic: str, blob: str) -> None:
        """Checks a file while its sender waits: what is refused is said to them, and is gone.

        It stays in quarantine when the scanner does not answer. Raises `FileRefused`.
        """
        state, code = self._check(clinic, blob, shown=False)
        if state == REFUSED:
            raise FileRefused(code)

    def check(self, clinic: str, blob: str) -> str:
        """Checks a file in quarantine; returns the state it has now: clean, refused or still quarantined."""
        return self._check(clinic, blob, shown=True)[0]

    def check_waiting(self, clinic: str) -> int:
        """Checks everything of a clinic that waits; returns how many still do."""
        with self._database.work(clinic, CHECKER) as work:
            blobs = waiting(work)
        return sum(self.check(clinic, blob) == QUARANTINED for blob in blobs)

    @contextlib.contextmanager
    def open(
        self, clinic: str, actor: Actor, blob: str, visit: str | None = None
    ) -> Iterator[tuple[BlobView, Iterator[bytes]]]:
        """A clean file for who may see it, audited as viewed: what it is, and its content.

        Raises:
            AccessRefused, NotFound: also while it is in quarantine, or when it is not of the visit that was named.
            Unreadable: it is not what was written.
        """
        with self._database.work(clinic, actor) as work:
            opened = look(work, blob, visit)
        with self.folder.open(opened.file, opened.key, opened.view.size) as reader:
            yield opened.view, reader.read()

    @contextlib.contextmanager
    def open_said(
        self, clinic: str, actor: Actor, blob: str, conversation: str
    ) -> Iterator[tuple[BlobView, Iterator[bytes]]]:
        """The same for a file of a conversation."""
        with self._database.work(clinic, actor) as work:
            opened = look_said(work, blob, conversation)
        with self.folder.open(opened.file, opened.key, opened.view.size) as reader:
            yield opened.view, reader.read()

    def remove_said(self, clinic: str, actor: Actor, blob: str, conversation: str) -> None:
        """Takes a file back that was not sent yet. Raises `AlreadyDone` once it was."""
        with self._database.work(clinic, actor) as work:
            name = remove_said(work, blob, conversation)
        self._remove(name)

    def remove(self, clinic: str, actor: Actor, blob: str) -> None:
        """The patient takes it back. Raises `AlreadyDone` once the call has begun."""
        with self._database.work(clinic, actor) as work:
            name = remove(work, blob)
        self._remove(name)

    def let_go(self, clinic: str, actor: Actor, blob: str) -> None:
        """A shot is not answered with it: it goes where nothing else needs it (`records.blob_rows.let_go`)."""
        with self._database.work(clinic, actor) as work:
            name = let_go(work, blob)
        self._remove(name)

    def _check(self, clinic: str, blob: str, *, shown: bool) -> tuple[str, str]:
        with self._database.work(clinic, CHECKER) as work:
            opened = inspect(work, blob)
        if opened is None:
            return self._state(clinic, blob), ""
        try:
            checked = self._checked(opened)
        except PortUnavailable:
            _LOG.warning("file stays in quarantine: the scanner does not answer blob=%s", blob)
            return QUARANTINED, ""
        except (FileRefused, PictureRefused) as refused:
            return self._refuse(clinic, blob, refused.code, shown=shown)
        except Unreadable:
            return self._refuse(clinic, blob, "damaged", shown=shown)
        return self._accept(clinic, blob, checked), ""

    def _checked(self, opened: Opened) -> Stored | None:
        """What is kept in the place of what was sent; None when that is kept as it is."""
        with self.folder.open(opened.file, opened.key, opened.view.size) as reader:
            if self._scanner.is_harmful(reader.read()):
                raise FileRefused("harmful")
        if opened.view.media_type not in PICTURES:
            return None
        draft = self.folder.draft()
        try:
            with self.folder.open(opened.file, opened.key, opened.view.size) as reader:
                picture = write_anew(reader.read(), draft)
            draft.finish()
            # The new file keeps the digest in its name: the folder shows that the two belong together, and no more.
            name = self.folder.place(draft, opened.file.partition(".")[0])
        finally:
            draft.discard()
        return Stored(
            file=name,
            media_type=picture.media_type,
            size=draft.size,
            width=picture.width,
            height=picture.height,
            key=draft.key,
        )

    def _accept(self, clinic: str, blob: str, checked: Stored | None) -> str:
        with self._database.work(clinic, CHECKER) as work:
            unneeded = accept(work, blob, checked)
        if unneeded:
            self.folder.let_go(unneeded)
        return CLEAN

    def _refuse(self, clinic: str, blob: str, code: str, *, shown: bool) -> tuple[str, str]:
        with self._database.work(clinic, CHECKER) as work:
            name = refuse(work, blob, code, shown=shown)
        self._remove(name)
        return REFUSED, code

    def _state(self, clinic: str, blob: str) -> str:
        with self._database.work(clinic, CHECKER) as work:
            return _view(work, blob).state

    def _remove(self, name: str) -> None:
        if name:
            self.folder.remove(name)


def _view(work: Work, blob: str) -> BlobView:
    return view_of(work.row(BlobRow, blob))
