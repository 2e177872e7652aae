"""Which files of the content does nobody read? A misspelt folder or ending would leave out a law without a word."""

import re
from collections.abc import Mapping
from pathlib import Path

from engine.diagnostics import Location, Problems

_PLACES: Mapping[str, tuple[str, str]] = {
    "rules": (
        r"(vocabulary|topics)\.yaml|[a-z]{2}/(drugs|safety|zones|examples|words\.[a-z]{2})\.yaml"
        r"|[a-z]{2}/(federal|common|[a-z]{2})/[a-z][a-z0-9_]*\.yaml",
        "rules/us/fl/consent.yaml",
    ),
    "specialties": (r"[^/]+/[^/]+\.yaml", "specialties/NAME/specialty.yaml"),
    "forms": (r"[^/]+/[^/]+\.yaml", "forms/AREA/NAME.yaml"),
    "clinics": (r"[^/]+\.yaml", "clinics/NAME.yaml"),
}
_MEANT = frozenset({".yaml", ".yml", ".json", ".txt", ""})


def report_unread(root: Path, problems: Problems) -> None:
    """Report every file under the folders of the content that stands where none is looked for; hidden ones may stay."""
    for folder, (pattern, places) in _PLACES.items():
        for path in sorted((root / folder).rglob("*")):
            place = path.relative_to(root / folder).as_posix()
            hidden = any(part.startswith(".") for part in place.split("/"))
            if path.is_file() and not hidden and not re.fullmatch(pattern, place) and _is_meant(path):
                problems.report("READ008", Location(f"{folder}/{place}", 1, 1), places=places)


def _is_meant(path: Path) -> bool:
    """Whether somebody may have meant it to be read: pictures and pages of explanation stand beside content."""
    return path.suffix.lower() in _MEANT
