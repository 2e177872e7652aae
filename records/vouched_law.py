"""What do the officers of all clinics vouch for, as the library in force wants it?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from engine.diagnostics import Problems
from engine.reading import Node, read_text
from records.database import Database
from records.work import Actor


def as_node(told: Mapping[str, Any]) -> Node:
    """An attestation as the engine reads one of a file."""
    node = read_text(json.dumps(told, ensure_ascii=False), f"attestation/{told['id']}", Problems())
    assert node is not None  # what `json` writes is a document
    return node


class RecordsVouchedLaw:
    """What every clinic's officers attest: asked at each look of the library in force, read where it changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[tuple[tuple[str, str], ...], tuple[Node, ...]]] = {}

    def __call__(self, clinics: Iterable[str]) -> dict[str, tuple[Node, ...]]:
        return {slug: self._of(slug) for slug in clinics}

    def _of(self, slug: str) -> tuple[Node, ...]:
        with self._database.glance(slug, Actor.system("law")) as scope:
            marks = scope.law_attestations.marks()
            known = self._known.get(slug)
            if known is None or known[0] != marks:
                known = marks, tuple(as_node(told) for told in scope.law_attestations.standing())
                self._known[slug] = known
        return known[1]
