"""Pictures, papers and a store to put them in."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from engine.ports import PortUnavailable
from records.blob_store import BlobStore
from records.blob_sweep import sweep
from records.work import Actor
from tests.records.helpers import World

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
GPS = 0x8825


@dataclass(slots=True)
class FakeScanner:
    """Finds one mark harmful; can be unreachable."""

    harmful: bytes = b"EICAR"
    away: bool = False
    seen: list[int] = field(default_factory=list)

    def is_harmful(self, pieces: Iterable[bytes]) -> bool:
        content = b"".join(pieces)
        if self.away:
            raise PortUnavailable("scan: away")
        self.seen.append(len(content))
        return self.harmful in content


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), *, turned: bool = False, mode: str = "RGB") -> bytes:
    """A picture with a place and a camera in it, red on its left half; ``turned`` says it was held upright."""
    image = Image.new(mode, size, "blue" if mode in ("RGB", "RGBA") else 200)
    if mode in ("RGB", "RGBA"):
        image.paste("red", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6 if turned else 1
    exif.get_ifd(GPS)[2] = (25.0, 46.0, 30.0)
    out = io.BytesIO()
    extra = {"comment": b"SecretComment"} if kind == "JPEG" else {}
    image.save(out, kind, exif=exif, **extra)
    return out.getvalue()


def store_of(world: World, folder: Path, scanner: FakeScanner | None = None) -> BlobStore:
    return BlobStore(world.database, folder / "files", scanner or FakeScanner())


def send(store: BlobStore, world: World, content: bytes, actor: Actor | None = None, visit: str = "") -> str:
    """Sends a file as the world's patient; returns its id."""
    with store.upload(world.clinic, actor or world.as_patient, visit or world.visit) as upload:
        for at in range(0, len(content), 5000):
            upload.write(content[at : at + 5000])
        return store.keep(upload)


def fetch(store: BlobStore, world: World, blob: str, actor: Actor | None = None) -> bytes:
    with store.open(world.clinic, actor or world.as_provider, blob) as (_, pieces):
        return b"".join(pieces)


def lying(folder: Path) -> list[Path]:
    """Every file in the store's folder, drafts among them."""
    return sorted(path for path in (folder / "files").rglob("*") if path.is_file())


def kept(world: World, folder: Path) -> list[Path]:
    """What is left in the store's folder when the sweep has been there."""
    sweep(world.database, folder / "files", grace_seconds=-60)
    return lying(folder)
