"""Which version of the authored files was good last in this data folder, whichever process read it?

One archive a version, named by the digest of its bytes; a list says which is the newest. It holds what authors wrote
(law, forms, specialties, clinics), and nothing of a patient.
"""

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from engine.last_good import Authored, Kept, UnreadableKept
from engine.library import LibraryKeeper
from engine.settings import Settings, clinic_files

FOLDER = "last-good"
FORMAT = 1
MOST = 2  # the newest, and the one before it, which another process may be reading
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
_LIST, _MANIFEST, _ELSEWHERE = "newest", "manifest.json", "elsewhere"
_WRITTEN = (1980, 1, 1, 0, 0, 0)  # the same files make the same bytes, whenever they are kept

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVersions:
    """The last good versions in a data folder. `selection` names the clinics asked for (none: all there are).

    A version made for another selection does not count: it would open a clinic nobody asked for, or leave one out.
    """

    data: Path
    selection: tuple[str, ...] = ()
    is_reader: bool = False

    def keep(self, authored: Authored, is_still: Callable[[], bool]) -> str:
        """Write the archive and make it the newest; a folder that cannot be written is said in the log, no more."""
        if self.is_reader:
            return ""
        try:
            content = _archive(authored, self.selection)
            return self._written(content) if is_still() else ""
        except OSError as fault:
            log.error("the last good version was not kept: %s", type(fault).__name__)
            return ""

    @contextlib.contextmanager
    def newest(self) -> Iterator[Kept | None]:
        """Lay the newest version out in a folder of its own, which is gone afterwards."""
        name = next(iter(self._names()), "")
        if not name:
            yield None
            return
        with tempfile.TemporaryDirectory(prefix="clinic-last-good-") as folder:
            manifest = _laid_out(self.data / FOLDER / name, Path(folder))
            if manifest["selection"] != list(self.selection):
                yield None
                return
            clinics = tuple(Path(folder) / one for one in manifest["clinics"])
            yield Kept(name=f"{FOLDER}/{name}", root=Path(folder), clinics=clinics)

    def _names(self) -> list[str]:
        try:
            return (self.data / FOLDER / _LIST).read_text(encoding="ascii").split()
        except (OSError, UnicodeDecodeError):
            return []

    def _written(self, content: bytes) -> str:
        folder, name = self.data / FOLDER, f"{hashlib.sha256(content).hexdigest()}.zip"
        for one in (self.data, folder):
            one.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with _alone(folder):
            names = [name, *(one for one in self._names() if one != name)][:MOST]
            if not (folder / name).exists():
                _put(folder / name, content)
            if names != self._names():
                _put(folder / _LIST, "".join(f"{one}\n" for one in names).encode("ascii"))
            for old in folder.glob("*.zip"):
                if old.name not in names:
                    old.unlink()
        return f"{FOLDER}/{name}"


def library_keeper(settings: Settings, *, is_reader: bool = False) -> LibraryKeeper:
    """The library of an installation: of its files, or where those are broken the version that was good last.

    Raises:
        BrokenInput: the files are broken, and none was kept.
    """
    selection = tuple(path.stem for path in settings.clinics)
    versions = KeptVersions(data=settings.data_dir, selection=selection, is_reader=is_reader)
    keeper = LibraryKeeper(settings.root, settings.clinics if is_reader else clinic_files(settings), versions)
    for one in () if is_reader else keeper.refused:
        log.error("%s: %s: %s", one.location, one.code, one.what)
    if keeper.refused and not is_reader:
        log.warning("the files are broken; the last good version goes on until they are mended")
    return keeper


def _archive(authored: Authored, selection: Sequence[str]) -> bytes:
    names = {path: _name(path, authored.root) for path in authored.files}
    manifest = {"format": FORMAT, "selection": selection, "clinics": [names[path] for path in authored.clinics]}
    whole = BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in (
            (_MANIFEST, json.dumps(manifest).encode()),
            *((name, path.read_bytes()) for path, name in names.items()),
        ):
            archive.writestr(zipfile.ZipInfo(name, _WRITTEN), content, zipfile.ZIP_DEFLATED, compresslevel=1)
    return whole.getvalue()


def _name(path: Path, root: Path) -> str:
    """A file's place in the archive; files outside the root keep their company, as a logo lies beside its clinic."""
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return f"{_ELSEWHERE}/{hashlib.sha256(str(path.parent).encode()).hexdigest()[:12]}/{path.name}"


def _laid_out(path: Path, folder: Path) -> dict[str, Any]:
    """Unpack an archive whose bytes are those of its name, and give its manifest."""
    name = f"{FOLDER}/{path.name}"
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != path.stem:
            raise UnreadableKept(name, "it is not what was kept")
        with zipfile.ZipFile(BytesIO(content)) as archive:
            manifest: dict[str, Any] = json.loads(archive.read(_MANIFEST))
            if manifest.get("format") != FORMAT:
                raise UnreadableKept(name, "another version of the program kept it")
            archive.extractall(folder)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as fault:
        raise UnreadableKept(name, f"it cannot be read ({type(fault).__name__})") from None
    return manifest


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Web and worker keep what they read at the same time; one after the other they keep it once."""
    with os.fdopen(os.open(folder / "lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE), "r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all, also where the machine ends in between."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(path)
