"""Which files is a law read from? All of them, and nothing else, make what a release holds."""

from collections.abc import Iterable
from pathlib import Path

FOLDER = "rules"
FIXED = (f"{FOLDER}/vocabulary.yaml", f"{FOLDER}/topics.yaml")
SIDE = ("drugs.yaml", "zones.yaml")
_PATTERNS = (*(f"{FOLDER}/*/{name}" for name in SIDE), f"{FOLDER}/*/words.*.yaml", f"{FOLDER}/*/*/*.yaml")


def law_files(root: Path) -> tuple[Path, ...]:
    """The files of the law under a root, in order; vocabulary and topics first, whether they are there or not."""
    found = (path for pattern in _PATTERNS for path in root.glob(pattern))
    return (*(root / name for name in FIXED), *sorted(found))


def is_law_file(name: str) -> bool:
    """Whether a name, relative to a root, is that of a file of the law."""
    return name in FIXED or any(_fits(name, pattern) for pattern in _PATTERNS)


def _fits(name: str, pattern: str) -> bool:
    parts = name.split("/")
    return ".." not in parts and len(parts) == pattern.count("/") + 1 and Path(name).match(pattern)


def of_places(files: Iterable[Path], root: Path) -> tuple[Path, ...]:
    """Those of countries, states and their topics, in order."""
    return tuple(path for path in files if len(path.relative_to(root).parts) == 4)
