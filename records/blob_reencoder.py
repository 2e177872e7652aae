"""Reads a picture from standard input and writes its pixels, upright, to standard output.

This is a program of its own, started for one picture by `records.blob_pictures`: decoders of pictures are where files
from strangers do harm, so they run without rights to files, with little memory and time, and die alone. Its answer is
one line of JSON (``type``, ``width``, ``height``) and the picture. It ends with a status of `STATUSES` otherwise.
"""

import io
import json
import resource
import sys

PIXELS, DAMAGED = 3, 4  # more pixels than allowed; cannot be read
_MEMORY = 1 << 30
_CPU_SECONDS = 20
_QUALITY = 90
_KINDS = {"JPEG": "JPEG", "WEBP": "JPEG", "PNG": "PNG"}  # what each is written as


def confine() -> None:
    """Takes away what a decoder does not need; the limits hold for good."""
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    confine()

from PIL import Image, ImageCms, ImageOps  # noqa: E402 - the limits come before the decoders


def upright(picture: Image.Image) -> Image.Image:
    """The pixels as they are meant to be seen: turned as the camera said, in the colours that every screen assumes."""
    profile = picture.info.get("icc_profile")
    turned = ImageOps.exif_transpose(picture)
    plain = turned if turned.mode in ("RGB", "L") else turned.convert("RGBA" if _has_alpha(turned) else "RGB")
    if profile and plain.mode == "RGB":
        plain = _in_common_colours(plain, profile)
    return plain


def _has_alpha(picture: Image.Image) -> bool:
    return "A" in picture.getbands() or "transparency" in picture.info


def _in_common_colours(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        changed = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):
        return picture
    return changed if changed is not None else picture


def written(picture: Image.Image, kind: str) -> bytes:
    """The picture's file, made of its pixels alone."""
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    out = io.BytesIO()
    if kind == "PNG":
        bare.save(out, "PNG", compress_level=4)
    else:
        (bare if bare.mode in ("RGB", "L") else bare.convert("RGB")).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def main(most_pixels: int) -> int:
    Image.MAX_IMAGE_PIXELS = None  # the cap is ours, and asked before anything is decoded
    try:
        with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=list(_KINDS)) as picture:
            if picture.width * picture.height > most_pixels:
                return PIXELS
            kind = _KINDS[str(picture.format)]
            plain = upright(picture)
            data = written(plain, kind)
    except MemoryError:
        return PIXELS
    except Exception:  # whatever a decoder raises, the file is not one that can be shown
        return DAMAGED
    said = {"type": f"image/{kind.lower()}", "width": plain.width, "height": plain.height}
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + data)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
