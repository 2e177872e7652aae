"""What does the page say of one answer? Everything in words already, ready for the template."""

from __future__ import annotations

from dataclasses import dataclass

from portals.provider.law import LawCard, Statute


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """A rule that forbids and the ways out that it leaves, each as what it still lacks."""

    rule: str
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLine:
    """One path of authority: it `holds`, `fails`, is the `nearest` that fails, or `closed` to everybody there."""

    title: str
    state: str
    lacks: tuple[str, ...]
    statutes: tuple[Statute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One fact told otherwise, and what would follow."""

    fact: str
    otherwise: str
    outcome: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """What would change the answer; `more` lines are not shown."""

    easier: tuple[ChangeLine, ...]
    harder: tuple[ChangeLine, ...]
    more: int
    tried: int
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """A day on which the answer changes; `href` asks the same question on it."""

    day: str
    href: str
    before: str
    after: str
    tone: str
    joined: tuple[str, ...]
    left: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the answer rests on: digests, the law's day, and what was presumed because nobody told otherwise.

    `release` is the number of the release that answers and `known` its moment; 0 for law that nobody released.
    """

    day: str
    release: int
    known: str
    law: str
    overlay: str
    rulebook: str
    presumed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """Everything the page says about one answer."""

    question: str
    card: LawCard
    exceptions: tuple[WayOut, ...]
    paths: tuple[PathLine, ...]
    closed_paths: tuple[PathLine, ...]
    changes: ChangeView
    days: tuple[DayLine, ...]
    basis: Basis
