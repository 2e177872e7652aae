"""What does a question look like, and what does its answer hold, key by key? One shape for checks, docs and the API."""

from collections.abc import Mapping

from engine.decisions import Outcome
from engine.law import AUTHORITIES, CONFIDENCES, STATUTE
from engine.shapes import (
    NOTHING,
    Anything,
    Either,
    Exactly,
    Flag,
    Key,
    ListOf,
    MapOf,
    Number,
    OneOf,
    Record,
    Shape,
    Text,
)

_TEXT = Text()
_MAYBE = Either((_TEXT, NOTHING))
_DIGEST = Text(r"sha256:[0-9a-f]{64}", "a digest")
_DAY = Text(r"\d{4}-\d{2}-\d{2}", "a day")
_WORDS = ListOf(_TEXT)
_RULE = {
    "rule": Key(_TEXT, "the id of the rule; empty where no single rule says it", required=True),
    "cite": Key(_WORDS, "the sources, by their ids under `sources`", required=True),
    "title": Key(_TEXT, "the rule's sentence"),
    "law": Key(_TEXT, "the act and section"),
    "authority": Key(
        OneOf(tuple(sorted({*AUTHORITIES} - {STATUTE}))), "what kind of law it is, where it is no statute"
    ),
    "confidence": Key(OneOf(CONFIDENCES[:-1]), "how sure the sources make it, where that is not high"),
}


def _entry(title: str, **keys: Key) -> ListOf:
    return ListOf(Record(title, {**keys, **_RULE}))


_PERMIT = _entry("a path of authority that permits", path=Key(_TEXT, "the name of the path", required=True))
_FORBID = _entry(
    "what forbids",
    act=Key(_TEXT, "the act", required=True),
    because=Key(MapOf(Anything("a told value")), "the facts that matched, by path", required=True),
    unless=Key(_WORDS, "what would lift this rule, in words, the nearest first; absent where nothing does"),
)
_DUTY = _entry(
    "a duty",
    duty=Key(_TEXT, "the duty", required=True),
    due=Key(_TEXT, "when it is due", required=True),
    met=Key(Flag(), "whether the facts meet it", required=True),
    detail=Key(
        MapOf(Anything("a value, or a list of all that several rules ask where none is the strictest")),
        "what else it asks",
        required=True,
    ),
    rules=Key(_WORDS, "every rule that asks for it, where several do"),
)
_LIMIT = _entry(
    "a limit",
    limit=Key(_TEXT, "the limit", required=True),
    max=Key(Number(decimal=True), "the greatest number allowed"),
    to=Key(ListOf(Anything("a value")), "the only values allowed"),
)
_REVIEW = _entry(
    "why a person must decide",
    why=Key(_TEXT, "the reason, a code", required=True),
    path=Key(_TEXT, "the path of authority that is unsure"),
    lacks=Key(_TEXT, "the law values that nobody gives for this day, where that is the reason"),
)
_TRIED = _entry(
    "a path of authority that failed",
    path=Key(_TEXT, "the name of the path", required=True),
    failed=Key(_WORDS, "what it lacks, in words", required=True),
    nearest=Key(Exactly(True), "this is the nearest lawful path"),
)
_SOURCE = Record(
    "a source",
    {
        "law": Key(_TEXT, "the sections cited through it", required=True),
        "title": Key(_TEXT, "its title", required=True),
        "url": Key(_MAYBE, "its link", required=True),
        "checked": Key(_DAY, "the day it was checked", required=True),
        "confidence": Key(OneOf(CONFIDENCES), "how far it is trusted", required=True),
    },
)
DECISION = Record(
    "a decision",
    {
        "topic": Key(_TEXT, "the topic asked about", required=True),
        "outcome": Key(OneOf(tuple(outcome.value for outcome in Outcome)), "the outcome", required=True),
        "permits": Key(_PERMIT, "the paths of authority that permit", required=True),
        "forbids": Key(_FORBID, "what forbids", required=True),
        "duties": Key(_DUTY, "the duties, each with `met`", required=True),
        "limits": Key(_LIMIT, "the limits", required=True),
        "advice": Key(_entry("a warning", advice=Key(_TEXT, "the warning", required=True)), "warnings", required=True),
        "review": Key(_REVIEW, "why a person must decide", required=True),
        "missing": Key(_WORDS, "untold facts that could still change the outcome", required=True),
        "presumed": Key(MapOf(Anything("a value")), "facts presumed because nobody told them", required=True),
        "tried": Key(_TRIED, "paths of authority that failed, the nearest first", required=True),
        "law_time": Key(Either((_DAY, NOTHING)), "the patient's local day that was asked about", required=True),
        "known_time": Key(_MAYBE, "the instant of the release; null for a tree nobody released", required=True),
        "law": Key(_DIGEST, "the digest of the law", required=True),
        "overlay": Key(Either((_DIGEST, NOTHING)), "the digest of the clinic's policy and attestations", required=True),
        "rulebook": Key(_DIGEST, "the digest of law, overlay and time-zone data", required=True),
        "sources": Key(MapOf(_SOURCE), "every source cited, by its id", required=True),
    },
)
QUESTION = Record(
    "a question",
    {
        "topic": Key(_TEXT, "a family of rules, such as licensing or prescribing", required=True),
        "on": Key(_TEXT, "the instant asked about, with its offset, or a local day YYYY-MM-DD", required=True),
        "known_at": Key(_MAYBE, "what had been released by this instant; null for what is in force"),
        "clinic": Key(_MAYBE, "the clinic whose policy counts too; null for the law alone"),
        "facts": Key(MapOf(Anything("a fact")), "nested facts, every path declared in the vocabulary", required=True),
    },
)


def interface_shapes() -> Mapping[str, Shape]:
    """The shapes of what is asked and answered, by name."""
    return {"question": QUESTION, "decision": DECISION}
