"""A change of what people read lets no engine go; a change of the law lets all of them go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.evaluator_pool import EvaluatorPool
from engine.library import LibraryKeeper
from portals.joining import _take_up


@dataclass
class Keeper:
    """Takes up what comes next: the rulebooks' digests after the change."""

    after: Mapping[str, str]
    current: Any = field(default_factory=lambda: _library({"bay": "a"}))

    def refresh(self) -> bool:
        self.current = _library(self.after)
        return True


@dataclass
class Pool:
    reloads: int = 0

    def reload(self) -> None:
        self.reloads += 1


def _library(digests: Mapping[str, str]) -> Any:
    return SimpleNamespace(rulebooks={slug: SimpleNamespace(digest=one) for slug, one in digests.items()})


@pytest.mark.parametrize(("after", "reloads"), [({"bay": "a"}, 0), ({"bay": "b"}, 1), ({"bay": "a", "elm": "c"}, 1)])
def test_engines_are_let_go_only_where_the_law_is_another_one(after: Mapping[str, str], reloads: int) -> None:
    pool = Pool()
    assert _take_up(cast(LibraryKeeper, Keeper(after=after)), cast(EvaluatorPool, pool))
    assert pool.reloads == reloads
