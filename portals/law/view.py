"""What stands on the page beside the form: the verdict, what would lift it, what would change it, and on which days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.conditions import Always
from engine.conditions_closures import describe
from engine.decisions import Decision, Json, Outcome
from portals.law.asking import Asker, paths_asked, shown_path
from portals.law.changes import MORE, Change, Changes, changes
from portals.law.conditions import Conditions, Sentences
from portals.law.days import Border, borders
from portals.law.known import moment_said
from portals.law.link import Asked, address
from portals.law.parts import Part, Sort, parts_of
from portals.law.shown import AnswerView, Basis, ChangeLine, ChangeView, DayLine, PathLine, WayOut
from portals.law.words import FactWords
from portals.provider.law import GateView, LawCard, law_card, sentence_part, statutes, tone
from portals.provider.words import day_in

CARD = "ask"  # the name of the card among the cards of gates: its words are `provider.law.verdict.ask.*`
CLOSED = describe(Always(False))  # what a path lacks that the law of the place opens to nobody
MOST_LINES = 12
MOST_NAMED = 3  # rules named for one day
MOST_CHOICES = 20  # choices of one fact that are named at all
MOST_VALUES = 4  # values or records named in one line


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A question, its answer by both engines, the day it is today, and the zone of the clinic's clock."""

    asker: Asker
    asked: Asked
    decision: Decision
    today: str
    zone: str


def answer_view(answered: Answered, words: FactWords) -> AnswerView:
    """The view of an answer; looks at single changes and other days, so call it in a thread."""
    asked, decision = answered.asked, _worded(answered, words)
    paths = paths_asked(answered.asker, asked)
    found = changes(answered.asker, asked, _in_order(paths, decision), answered.decision)
    paths_tried = tuple(_paths(decision, words))
    days = borders(answered.asker, asked, answered.today)
    return AnswerView(
        question=words.law.topic_sentence(asked.topic) or asked.topic,
        card=_card(decision, words),
        exceptions=tuple(_exceptions(decision)),
        paths=tuple(one for one in paths_tried if one.state != "closed"),
        closed_paths=tuple(one for one in paths_tried if one.state == "closed"),
        changes=_changes(found, asked, words, parts_of(answered.asker.rulebook.vocabulary)),
        days=tuple(_day(border, asked, words) for border in days),
        basis=_basis(answered, words),
    )


def _in_order(paths: Sequence[str], decision: Decision) -> list[str]:
    """What is missing first: it is tried even where there is no time for the rest."""
    missing = {shown_path(path) for path in decision.missing}
    return sorted(paths, key=lambda path: path not in missing)


def _card(decision: Decision, words: FactWords) -> LawCard:
    """The law card that a visit shows, with facts called as in the form; what it says as a reason it says once."""
    is_open = decision.outcome is Outcome.PERMITTED
    missing = list(dict.fromkeys(shown_path(path) for path in decision.missing))
    answer = {**decision.as_json(), "missing": missing}
    gate = GateView(record="", gate=CARD, open=is_open, decisions={decision.topic: answer})
    card = law_card(gate, words.law, words.in_card, day_in(words.fmt))
    reasons = {reason.text for reason in card.reasons}
    return replace(card, possible=tuple(way for way in card.possible if way.text not in reasons))


def _worded(answered: Answered, words: FactWords) -> Decision:
    """The decision with the sentences of its rules and conditions as the page says them."""
    asker, decision = answered.asker, answered.decision
    topic = asker.rulebook.topics.topics[decision.topic]
    conditions = Conditions(asker.plan(answered.asked), topic, Sentences(words, asker.rulebook.vocabulary))
    titled = words.law.of_decision(decision.as_json())
    forbids = ({**one, "unless": [conditions.say(way) for way in one.get("unless", ())]} for one in titled["forbids"])
    tried = (
        {
            **one,
            "closed": CLOSED in one.get("failed", ()),
            "failed": [conditions.say(part) for part in one.get("failed", ())],
        }
        for one in titled["tried"]
    )
    return replace(
        decision,
        permits=tuple(titled["permits"]),
        forbids=tuple(forbids),
        duties=tuple(titled["duties"]),
        limits=tuple(titled["limits"]),
        advice=tuple(titled["advice"]),
        review=tuple(titled["review"]),
        tried=tuple(tried),
    )


def _exceptions(decision: Decision) -> Iterable[WayOut]:
    for forbid in decision.forbids:
        if forbid["unless"]:
            yield WayOut(rule=sentence_part(str(forbid.get("title") or forbid["rule"])), ways=tuple(forbid["unless"]))


def _paths(decision: Decision, words: FactWords) -> Iterable[PathLine]:
    """The paths of authority, where the card does not list them: those that hold, else those that were tried."""
    for permit in decision.permits:
        yield _path(decision, permit, "holds", words)
    if decision.outcome is not Outcome.FORBIDDEN or decision.forbids:
        for tried in decision.tried:
            yield _path(decision, tried, _state_of(tried), words)


def _state_of(tried: Json) -> str:
    if tried.get("nearest"):
        return "nearest"
    return "closed" if tried["closed"] else "fails"


def _path(decision: Decision, entry: Json, state: str, words: FactWords) -> PathLine:
    lacks = () if state == "closed" else sorted(dict.fromkeys(entry.get("failed", ())), key=len)
    return PathLine(
        title=str(entry.get("title") or entry["path"]),
        state=state,
        lacks=tuple(lacks),
        statutes=statutes(decision.sources, entry, day_in(words.fmt)),
    )


def _changes(found: Changes, asked: Asked, words: FactWords, parts: Mapping[str, Part]) -> ChangeView:
    easier = [_change(one, asked, words, parts[one.path]) for one in found.easier]
    harder = [_change(one, asked, words, parts[one.path]) for one in found.harder]
    return ChangeView(
        easier=tuple(easier[:MOST_LINES]),
        harder=tuple(harder[:MOST_LINES]),
        more=max(0, len(easier) - MOST_LINES) + max(0, len(harder) - MOST_LINES),
        tried=found.tried,
        cut=found.cut,
    )


def _change(one: Change, asked: Asked, words: FactWords, part: Part) -> ChangeLine:
    if part.sort is Sort.RECORDS:
        rows = _named([words.record(part, row) for row in one.told], words)
        otherwise = words.say("ask.change.more" if one.how == MORE else "ask.change.less", records=rows)
    elif part.sort is Sort.NUMBER:
        otherwise = words.value(part, min(one.told, key=lambda number: abs(number - (asked.told.get(one.path) or 0))))
    elif len(one.told) > MOST_CHOICES:
        otherwise = words.say("ask.change.many", count=len(one.told))
    else:
        otherwise = _named([words.value(part, value) for value in one.told], words)
    return ChangeLine(
        fact=words.label(one.path), otherwise=otherwise, outcome=words.outcome(one.outcome), tone=_tone(one.outcome)
    )


def _named(texts: Sequence[str], words: FactWords) -> str:
    """A few of them by name, the others by their number; one more is named rather than counted."""
    named = texts if len(texts) <= MOST_VALUES + 1 else texts[:MOST_VALUES]
    listed = words.say("ask.change.or").join(named)
    more = len(texts) - len(named)
    return words.say("ask.change.and_more", named=listed, count=more) if more else listed


def _day(border: Border, asked: Asked, words: FactWords) -> DayLine:
    return DayLine(
        day=words.fmt.iso_day(border.day),
        href=address(replace(asked, day=border.day)),
        before=words.outcome(border.before),
        after=words.outcome(border.after),
        tone=_tone(border.after),
        joined=tuple(map(words.law.sentence, border.joined[:MOST_NAMED])),
        left=tuple(map(words.law.sentence, border.left[:MOST_NAMED])),
        changed=tuple(map(words.law.sentence, border.changed[:MOST_NAMED])),
    )


def _basis(answered: Answered, words: FactWords) -> Basis:
    """The exceptional statuses that were presumed; that the patient is in this country needs no saying."""
    decision, known = answered.decision, answered.asker.rulebook.law.known
    return Basis(
        day=words.fmt.iso_day(decision.law_time or ""),
        release=known.number if known else 0,
        known=moment_said(known.at, words.fmt, answered.zone) if known else "",
        law=decision.law,
        overlay=decision.overlay or "",
        rulebook=decision.rulebook,
        presumed=tuple(words.label(path) for path, value in decision.presumed.items() if value is False),
    )


def _tone(outcome: str) -> str:
    return tone(outcome == Outcome.PERMITTED, outcome)
