"""How does the report on the law look on a terminal? Counts first, then what stops and why, then how old it is."""

from collections.abc import Iterable, Iterator, Sequence

from engine.decisions import Outcome
from engine.law_ordinary import Ground, Passage, Reason
from engine.law_report import COUNTRY, Coverage, LawReport

_SIGNS = {
    Outcome.PERMITTED: "yes",
    Outcome.PERMITTED_WITH_DUTIES: "duties",
    Outcome.REVIEW: "review",
    Outcome.INCOMPLETE: "untold",
    Outcome.FORBIDDEN: "no",
}
_NARROW, _WIDE = 11, 14


def as_text(made: LawReport) -> str:
    """The whole report."""
    parts = (_head(made), _counts(made), _stopped(made), _coverage(made))
    return "\n".join([line for part in parts for line in (*part, "")])


def _head(made: LawReport) -> Iterator[str]:
    carried = [one for one in made.coverage if one.carried and one.jurisdiction != COUNTRY]
    yield f"The law on {made.day}: {len(made.states)} states, {len(carried)} files of theirs, {made.law}"
    yield f"known since {made.known_time}" if made.known_time else "with changes that nobody has released"
    yield f"{len(made.due)} due for review" + (f": {_places(made.due)}" if made.due else "")


def _places(rows: Iterable[Coverage]) -> str:
    return ", ".join(f"{one.jurisdiction}/{one.topic}" for one in rows)


def _counts(made: LawReport) -> Iterator[str]:
    """In how many states each ordinary visit ends how at each gate."""
    yield "An ordinary visit: in how many states it ends how, by gate"
    yield "".join(f"{name:<{_NARROW}}" for name in ("", "gate", *_SIGNS.values()))
    for visit, profession in made.visits.items():
        for gate, counts in made.counts(visit).items():
            cells = (profession, gate, *(str(counts[outcome] or "-") for outcome in _SIGNS))
            yield "".join(f"{cell:<{_NARROW}}" for cell in cells).rstrip()
        passes = made.ordinary(visit)
        yield f"{profession:<{_NARROW}}passes every gate in {len(passes)} states: {' '.join(passes) or '-'}"


def _stopped(made: LawReport) -> Iterator[str]:
    """What stops an ordinary visit and why, alike reasons of several professions and gates on one line."""
    yield "Where it needs a person or is not allowed, and why"
    found: dict[tuple[str, str, str], list[Passage]] = {}
    for one in made.passages:
        for asked in one.stopped:
            for line in dict.fromkeys(_reason(reason) for reason in asked.reasons):
                found.setdefault((one.state, asked.topic, line), []).append(one)
    for (state, topic, line), passages in found.items():
        professions = ",".join(dict.fromkeys(one.profession for one in passages))
        gates = ",".join(dict.fromkeys(one.gate for one in passages))
        yield f"{state} {topic:<12} {gates:<20} {professions:<22} {line}"
    if not found:
        yield "Nowhere."


def _reason(reason: Reason) -> str:
    words = [reason.why, *((f"(lacks {', '.join(reason.lacks)})",) if reason.lacks else ())]
    if reason.rule:
        words.append(f"{reason.rule}: {reason.law or 'no section given'} [{', '.join(reason.cite)}]")
    return " ".join([*words, *(_ground(one) for one in reason.grounds)])


def _ground(ground: Ground) -> str:
    dated = "" if ground.dated else ", date not sure"
    name = f"{ground.name}={ground.value}" if ground.name else "the rule"
    return f"<{name}: {ground.confidence}{dated}; {ground.law or 'no section'} [{', '.join(ground.cite)}]>"


def _coverage(made: LawReport) -> Iterator[str]:
    """One line a jurisdiction: by topic how sure the least sure entry is, and by when the file is read again."""
    yield f"How sure the least sure entry is, ! where the file is due (blank: not carried; {COUNTRY}: by its law alone)"
    yield f"{'':<6}" + "".join(f"{topic:<{_WIDE}}" for topic in made.topics) + "next review"
    for place in dict.fromkeys(one.jurisdiction for one in made.coverage):
        rows = made.of(place)
        nearest = min((one.review_by for one in rows if one.carried), default="")
        name = place.removeprefix(f"{COUNTRY}/").upper()
        yield f"{name:<6}" + "".join(f"{_cell(one):<{_WIDE}}" for one in _ordered(rows, made.topics)) + nearest


def _ordered(rows: Sequence[Coverage], topics: Sequence[str]) -> list[Coverage]:
    by = {one.topic: one for one in rows}
    return [by[topic] for topic in topics]


def _cell(one: Coverage) -> str:
    if not one.carried:
        return COUNTRY if one.by_country else ""
    attested = f" +{one.attested}" if one.attested else ""
    return f"{one.least or 'none'}{'!' if one.due else ''}{attested}"
