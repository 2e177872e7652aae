"""What did we know of the law at an instant? The law of the release that was the newest then, read again."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from engine.diagnostics import Problems
from engine.known import AT, Known, known_instant
from engine.law_files import FIXED
from engine.overlays import OwnLaw
from engine.packs import digest
from engine.reading import Node, held_by_editor
from engine.releases import Release, known_of, read_releases, released_texts, unreadable
from engine.rulebook import LawPack, Rulebook, join, read_pack
from engine.values import instant_text

_LAWS_KEPT = 2  # each is a whole country
_RULEBOOKS_KEPT = 8  # of those laws, each with what a clinic adds


def law_known_at(root: Path, asked: str, now: datetime, today: LawPack | None = None) -> LawPack:
    """The law as it had been released by an instant.

    `today` is the law in force, taken as it is where it is that release. Raises `BrokenInput` for an instant before the
    first release or after `now`, for a log that is not whole, and for a release whose law cannot be had any more.
    """
    problems = Problems()
    instant = known_instant(asked, problems)
    if instant is not None and instant > now:
        problems.report("ASK004", AT, reason=f"it is {instant_text(now)}, and nobody knows what will be released")
    releases = read_releases(root, problems)
    problems.stop_if_broken()
    assert instant is not None
    made = [release for release in releases if release.at <= instant_text(instant)]
    if not made:
        first = f"the first release is of {releases[0].at}" if releases else "nothing was released yet"
        problems.report("ASK004", AT, reason=first)
    problems.stop_if_broken()
    known = known_of(releases, len(made))
    if today is not None and today.known == known:
        return today
    return law_of(root, releases[: len(made)], known)


def rulebook_known_at(root: Path, asked: str, now: datetime, today: Rulebook, own: OwnLaw | Node | None) -> Rulebook:
    """The same with what a clinic adds today, `own`: its policy and what it vouches for are not released."""
    law = law_known_at(root, asked, now, today.law)
    if law is today.law:
        return today
    return _joined(law, _Own(own if isinstance(own, OwnLaw) else OwnLaw(policy=own)))


class _Own:
    """What a clinic adds, equal to what says the same: nodes are only ever equal to themselves."""

    def __init__(self, law: OwnLaw) -> None:
        self.law = law
        self._says = digest(law.plain()), law.states, law.officers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Own) and self._says == other._says

    def __hash__(self) -> int:
        return hash(self._says)


@lru_cache(maxsize=_RULEBOOKS_KEPT)
def _joined(law: LawPack, own: _Own) -> Rulebook:
    return join(law, own.law)


@lru_cache(maxsize=_LAWS_KEPT)
def law_of(root: Path, releases: tuple[Release, ...], known: Known) -> LawPack:
    """The law of the last of these releases; raises `BrokenInput`."""
    texts = {root / name: text for name, text in released_texts(root, releases, len(releases)).items()}
    problems = Problems()
    with held_by_editor(texts):
        law = read_pack(root, problems, _in_order(root, texts), known)
    if law is None or problems.errors:
        first = next(iter(problems.errors))
        raise unreadable(known.number, f"this program reads its files otherwise: {first.code} in {first.location}")
    if law.digest != releases[-1].law:
        raise unreadable(known.number, "this program reads its files otherwise than the one that released them")
    return law


def _in_order(root: Path, texts: dict[Path, str]) -> tuple[Path, ...]:
    """The files as `engine.law_files.law_files` orders them."""
    fixed = [root / name for name in FIXED]
    return (*fixed, *sorted(texts.keys() - set(fixed)))
