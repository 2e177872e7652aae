"""How is a place kept as JSON, before it is sealed?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from engine.dossier import Place


def place_to_json(place: Place) -> dict[str, Any]:
    return {**asdict(place), "at": place.at.isoformat() if place.at else None}


def place_from_json(raw: Mapping[str, Any]) -> Place:
    return Place(**{**raw, "at": datetime.fromisoformat(raw["at"]) if raw["at"] else None})
