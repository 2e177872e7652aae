"""What a technical check came to, in words: one line for a list, and a view with what it means and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.echoes import CLEAR_LINES, FAIR_LOSS, FAIR_SECONDS
from engine.tech_checks import DIRECT, NOT_NEEDED, RELAYED, TechCheck
from portals.base.i18n import Translate


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """A check on a page: the word (good, fair, poor), what it means for the visit, each part with what to do, the ways
    and the numbers, each with its label."""

    word: str
    means: tuple[str, ...]
    parts: tuple[tuple[str, str, str], ...]
    ways: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, str], ...]


def check_words(check: TechCheck, t: Translate) -> str:
    """Such as "Fair. Camera: works. Internet: slow. About 400 kbit/s: sound and a small picture."."""
    said = [
        f"{t(f'check.part.{part}')}: {t(f'check.word.{part}.{verdict}')}."
        for part, verdict in check.verdicts.items()
        if verdict != NOT_NEEDED
    ]
    return " ".join([t(f"check.verdict.{check.grade.value}.title_staff"), *said, *_of_link(check, t)])


def check_brief(check: TechCheck, t: Translate) -> str:
    """The same for who waits: the word, and what is amiss; of the connection, what it means."""
    amiss = [part for part in check.troubles if not (part == "network" and check.ways)]
    said = [f"{t(f'check.part.{part}')}: {t(f'check.word.{part}.{check.verdicts[part]}')}." for part in amiss]
    return " ".join([t(f"check.verdict.{check.grade.value}.title_staff"), *said, *_of_link(check, t)])


def check_view(check: TechCheck, t: Translate) -> CheckView:
    """The whole of it."""
    word = check.grade.value
    return CheckView(
        word=word,
        means=(t(f"check.verdict.{word}.means"), *_of_link(check, t)),
        parts=tuple(
            (
                t(f"check.part.{part}"),
                t(f"check.word.{part}.{verdict}"),
                t(f"check.todo.{part}.{verdict}") if part in check.troubles else "",
            )
            for part, verdict in check.verdicts.items()
        ),
        ways=tuple(
            (t(f"check.way.{name}"), t(f"check.state.{way.state}", ms=way.ms)) for name, way in check.ways.items()
        ),
        numbers=tuple(_numbers(check, t)),
    )


def _of_link(check: TechCheck, t: Translate) -> Iterator[str]:
    """By which way, how much it carries, and what spoils it."""
    yield from _of_ways(check, t)
    if not check.is_measured:
        return
    picture = "clear" if check.lines >= CLEAR_LINES else "small" if check.lines else "sound"
    yield t(f"check.carries.{picture}", rate=_rate(check.carries_kbps, t))
    lost = max(check.loss_up, check.loss_down)
    if lost > FAIR_LOSS * 1000:
        yield t("check.lossy", percent=_percent(lost))
    if check.latency_ms > FAIR_SECONDS * 1000:
        yield t("check.late", ms=check.latency_ms)


def _of_ways(check: TechCheck, t: Translate) -> Iterator[str]:
    direct = check.ways.get(DIRECT)
    if direct is None or direct.state == "works":
        return
    working = [t(f"check.by.{name}") for name in RELAYED if name in check.ways and check.ways[name].state == "works"]
    if working:
        key = "relay_only" if direct.state == "not_used" else "relayed"
        yield t(f"check.route.{key}", ways=", ".join(working))
    elif direct.state == "fails":
        yield t("check.route.no_relay" if not check.relay else "check.route.none")


def _numbers(check: TechCheck, t: Translate) -> Iterator[tuple[str, str]]:
    if check.kbps:
        yield t("check.number.down"), _rate(check.kbps, t)
    if check.up_kbps:
        yield t("check.number.up"), _rate(check.up_kbps, t)
    if check.latency_ms:
        yield t("check.number.round_trip"), t("check.ms", ms=check.latency_ms)
    if check.is_measured:
        yield t("check.number.jitter"), t("check.ms", ms=check.jitter_ms)
        lost = {"up": _percent(check.loss_up), "down": _percent(check.loss_down)}
        yield t("check.number.loss"), t("check.lost", **lost)


def _rate(kbps: int, t: Translate) -> str:
    """Two leading digits: more is never known.

    >>> _rate(1_730, lambda key, **said: key + str(said))
    "check.mbits{'rate': '1.7'}"
    """
    if kbps >= 1000:
        return t("check.mbits", rate=f"{kbps / 1000:.1f}" if kbps < 10_000 else str(round(kbps / 1000)))
    return t("check.kbits", rate=round(kbps, -1) or kbps)


def _percent(permille: int) -> str:
    return f"{permille / 10:.1f}".removesuffix(".0")
