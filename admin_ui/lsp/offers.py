"""What may be typed at a place: paths, values, sources, duties, rules, keys?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from admin_ui.lsp.places import Place
from admin_ui.lsp.words import Word, Words
from engine.law import SHAPE
from engine.rulebook import COMMON
from engine.shapes import ListOf, MapOf, Record, Shape
from engine.topics import LAW_PREFIX
from engine.values import FactType, Kind

_CONDITIONS = ("when", "unless", "met_by")
_JOINTS = ("any", "all", "not", "none", "count", "in")
_CONFIDENCE = ("high", "medium", "low", "unknown")


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that may stand at a place, and what it is."""

    text: str
    kind: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    place: Place
    words: Words
    file: str
    topic: str


def offers(place: Place, words: Words, file: str, topic: str) -> tuple[Offer, ...]:
    """Everything that fits at a place of a law file or of cases, each text once."""
    asked = _Asked(place, words, file, topic)
    found = _values(asked) if place.value_of else _keys(asked)
    return tuple({offer.text: offer for offer in found}.values())


def _of_kind(kind: str) -> Callable[[_Asked], Iterable[Offer]]:
    return lambda asked: map(_offer, asked.words.kinds(kind, asked.file))


def _offer(word: Word) -> Offer:
    return Offer(word.name, word.kind, word.says)


def _of_topic(kind: str) -> Callable[[_Asked], Iterable[Offer]]:
    """The duties or limits that the topic of the file declares."""
    return lambda asked: (_offer(word) for word in asked.words.kinds(kind) if word.name in _declared(asked, kind))


def _declared(asked: _Asked, kind: str) -> Iterable[str]:
    topic = asked.words.law.topics.topics.get(asked.topic)
    if topic is None:
        return ()
    return {"duty": topic.duties, "limit": topic.limits, "value": topic.values}[kind]


def _acts(asked: _Asked) -> Iterable[Offer]:
    topic = asked.words.law.topics.topics.get(asked.topic)
    return (Offer(topic.act, "act", topic.says),) if topic else ()


def _commons(asked: _Asked) -> Iterable[Offer]:
    return (_offer(word) for word in asked.words.kinds("rule") if word.name.startswith(f"{COMMON}/"))


def _facts(asked: _Asked) -> Iterator[Offer]:
    yield from map(_offer, asked.words.kinds("fact"))
    for name in _declared(asked, "value"):
        yield from (_offer(word) for word in asked.words.of(f"{LAW_PREFIX}{name}", asked.file))


def _places(asked: _Asked) -> Iterable[Offer]:
    return (Offer(name, "place") for name in sorted({file.jurisdiction for file in asked.words.law.files}))


_BY_KEY: Mapping[str, Callable[[_Asked], Iterable[Offer]]] = MappingProxyType(
    {
        "cite": _of_kind("source"),
        "start": _of_kind("example"),
        "topic": _of_kind("topic"),
        "require": _of_topic("duty"),
        "limit": _of_topic("limit"),
        "permit": _acts,
        "forbid": _acts,
        "like": _commons,
        "fact": _facts,
        "jurisdiction": _places,
        "confidence": lambda _: (Offer(name, "confidence") for name in _CONFIDENCE),
    }
)


def _values(asked: _Asked) -> Iterable[Offer]:
    known = _BY_KEY.get(asked.place.value_of)
    if known is not None and not _is_field(asked):
        return known(asked)
    kind = _type_here(asked)
    return _choices(kind) if kind is not None else ()


def _choices(kind: FactType) -> Iterable[Offer]:
    if kind.kind is Kind.FLAG:
        return (Offer("true", "flag"), Offer("false", "flag"))
    return (Offer(choice, "choice") for choice in kind.choices)


def _type_here(asked: _Asked) -> FactType | None:
    """The type of what is typed: a fact, a field of a record, or the law value whose entry it is in."""
    place, vocabulary = asked.place, asked.words.law.vocabulary
    topic = asked.words.law.topics.topics.get(asked.topic)
    values = topic.values if topic else {}
    if place.value_of == "is" and place.keys and place.keys[-1] in values:
        return values[place.keys[-1]]
    for name in (place.value_of, *reversed(place.keys)):
        if name.startswith(LAW_PREFIX) and name.removeprefix(LAW_PREFIX) in values:
            return values[name.removeprefix(LAW_PREFIX)]
        records = _records(asked)
        if records is not None and name in records.fields:
            return records.fields[name]
        found = vocabulary.type_of(name)
        if found is not None:
            return None if found.kind is Kind.RECORDS else found
    return None


def _records(asked: _Asked) -> FactType | None:
    """The list of records whose fields are typed, if any."""
    for name in reversed(asked.place.keys):
        found = asked.words.law.vocabulary.type_of(name)
        if found is not None:
            return found if found.kind is Kind.RECORDS else None
    return None


def _is_field(asked: _Asked) -> bool:
    records = _records(asked)
    return records is not None and asked.place.value_of in records.fields


def _keys(asked: _Asked) -> Iterator[Offer]:
    place, records = asked.place, _records(asked)
    if records is not None:
        path = next(name for name in reversed(place.keys) if asked.words.law.vocabulary.type_of(name) is records)
        said = {word.name: word.says for word in asked.words.kinds("field")}
        yield from (Offer(name, "field", said.get(f"{path}#{name}", "")) for name in records.fields)
    elif place.within("given"):
        yield from map(_offer, asked.words.kinds("fact"))
    elif place.within(*_CONDITIONS):
        yield from _facts(asked)
        yield from (Offer(name, "joint") for name in _JOINTS)
    elif place.keys == ("values",) or place.within("with", "without"):
        yield from (_offer(word) for word in asked.words.kinds("value") if word.name in _declared(asked, "value"))
    else:
        shape = _shape_at(SHAPE, place.keys)
        yield from (Offer(name, "key", key.doc) for name, key in shape.keys.items()) if shape else ()


def _shape_at(shape: Shape, keys: Sequence[str]) -> Record | None:
    """The record that a law file holds below these keys, if it is one."""
    while isinstance(shape, ListOf):
        shape = shape.of
    if not keys:
        return shape if isinstance(shape, Record) else None
    if isinstance(shape, Record) and keys[0] in shape.keys:
        return _shape_at(shape.keys[keys[0]].shape, keys[1:])
    return _shape_at(shape.of, keys[1:]) if isinstance(shape, MapOf) else None
