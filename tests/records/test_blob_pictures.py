"""A picture is written anew by a process of its own: upright, of its pixels alone, within limits."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from records import blob_pictures
from records.blob_folder import BlobFolder
from records.blob_pictures import Picture, PictureRefused, write_anew
from tests.records.helpers_blobs import GPS, picture

pytestmark = pytest.mark.slow


def anew(content: bytes, folder: Path, most: int = 1_000_000) -> tuple[Picture, Image.Image, bytes]:
    files = BlobFolder(folder)
    draft = files.draft()
    told = write_anew([content[:100], content[100:]], draft, most_pixels=most)
    draft.finish()
    with files.open(files.place(draft, "ab" * 32), draft.key, draft.size) as reader:
        data = b"".join(reader.read())
    return told, Image.open(io.BytesIO(data)), data


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_place_camera_and_comment_stay_behind_and_the_picture_is_upright(kind: str, tmp_path: Path) -> None:
    sent = picture(kind, turned=True)
    assert Image.open(io.BytesIO(sent)).getexif().get_ifd(GPS), "what is sent says where it was taken"
    told, image, data = anew(sent, tmp_path)
    assert (told.width, told.height, image.size) == (20, 40, (20, 40))
    assert (dict(image.getexif()), b"Secret" in data, b"Exif" in data) == ({}, False, False)
    top, bottom = image.convert("RGB").getpixel((10, 4)), image.convert("RGB").getpixel((10, 36))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] > 200, bottom[2] > 200) == (True, True), "red was on the left, and is above"


@pytest.mark.parametrize("mode", ["RGBA", "CMYK", "I;16"])
def test_every_way_of_holding_colours_is_taken(mode: str, tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new(mode, (30, 10)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    told, image, _ = anew(out.getvalue(), tmp_path)
    assert (told.width, told.height, image.size) == (30, 10, (30, 10))


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    assert len(out.getvalue()) < 20_000
    with pytest.raises(PictureRefused, match="pixels"):
        anew(out.getvalue(), tmp_path)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for content in (b"", picture()[:200], picture("PNG")[:-60]):
        with pytest.raises(PictureRefused, match="damaged"):
            anew(content, tmp_path)


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_pictures, "SECONDS", 0.3)

    def endless() -> Iterator[bytes]:
        yield picture()[:50]
        while True:
            yield bytes(65_536)

    with pytest.raises(PictureRefused, match="damaged"):
        write_anew(endless(), BlobFolder(tmp_path).draft())


def test_the_process_may_write_no_file_and_take_no_more_memory(tmp_path: Path) -> None:
    program = f"""
import os, runpy, signal
runpy.run_path({str(Path(blob_pictures.__file__).with_name("blob_reencoder.py"))!r})["confine"]()
try:
    bytearray(2 << 30)
except MemoryError:
    print("memory")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    os.write(os.open({str(tmp_path / "file")!r}, os.O_CREAT | os.O_WRONLY), b"x")
except OSError:
    print("file")
"""
    said = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["memory", "file"]
