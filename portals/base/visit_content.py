"""Which forms and which specialty does a visit go by? Those it began with (`engine.pinned`)."""

from __future__ import annotations

from typing import Any

from engine.pinned import Pinned
from engine.vocabulary import Vocabulary
from records.scope import Scope


def visit_content(scope: Scope, visit: str, content: Any, vocabulary: Vocabulary) -> Pinned:
    """The visit's own content, for as long as the scope is open."""
    return Pinned(
        plan=scope.visits.plan(visit),
        content=content,
        vocabulary=vocabulary,
        document=lambda digest: scope.visits.document(visit, digest),
    )
