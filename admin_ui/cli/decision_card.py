"""How does a decision read on a terminal, for a person?"""

import re
from collections.abc import Iterable, Iterator, Sequence

from engine.conditions import Always
from engine.conditions_closures import describe
from engine.decisions import Decision, Json, Outcome

HEADLINES = {
    Outcome.PERMITTED: "PERMITTED",
    Outcome.PERMITTED_WITH_DUTIES: "PERMITTED, with duties",
    Outcome.FORBIDDEN: "FORBIDDEN",
    Outcome.REVIEW: "A PERSON MUST DECIDE",
    Outcome.INCOMPLETE: "NOT ENOUGH IS KNOWN",
}

_CLOSED = describe(Always(False))  # what a path lacks that no fact could ever give
_IF_ANY = re.compile(r"\(not \(([\w.]+) exists\) or \1 (is [^()]*)\)")  # a record may lack it
_IS_NOT = re.compile(r"not \(([\w.]+) is ([\w.]+)\)")
_NEEDLESS = re.compile(r"\(([^()]*, if any, [^()]*)\)")


def card(decision: Decision) -> str:
    """The verdict first, then why, then what it stands on."""
    lines = [f"{decision.topic}: {HEADLINES[decision.outcome]}"]
    if decision.law_time:
        lines[0] += f"  (law of {decision.law_time})"
    for title, entries in _parts(decision):
        found = list(entries)
        if found:
            lines += ["", f"{title}:", *(f"  {entry}" for entry in found)]
    return "\n".join([*lines, ""])


def _parts(decision: Decision) -> Iterator[tuple[str, Iterable[str]]]:
    yield "Forbidden", (_with_why(f"{entry['act']}, by {entry['rule']}", entry) for entry in decision.forbids)
    yield "Which would not be, if", (_plainer(way) for entry in decision.forbids for way in entry.get("unless", ()))
    yield "Missing facts", decision.missing
    yield "For a person", (_with_why(f"{entry['why']} {entry['rule']}".strip(), entry) for entry in decision.review)
    forbidden = decision.outcome is Outcome.FORBIDDEN
    if forbidden and not decision.forbids:
        yield "Why", ("no path of authority fits these facts; each that was tried says what it lacks",)
    yield (
        "Would be permitted by" if forbidden else "Permitted by",
        (_with_why(f"{entry['path']}, {entry['rule']}", entry) for entry in decision.permits),
    )
    spoken = (decision.permits, decision.forbids, decision.duties, decision.limits, decision.advice, decision.review)
    if decision.outcome is Outcome.PERMITTED and not any(spoken):
        yield "Why", ("no rule of this topic says anything about these facts",)
    yield "Duties", (line for entry in decision.duties for line in _duty(entry))
    yield "Limits", (_limit(entry) for entry in decision.limits)
    yield "Advice", (str(entry.get("advice", entry.get("text", ""))) for entry in decision.advice)
    yield "Tried", _tried(decision.tried)
    yield "Presumed", (f"{path} = {value}" for path, value in decision.presumed.items())
    yield "Sources", (line for name, source in decision.sources.items() for line in _source(name, source))
    yield "Known since", (decision.known_time or "the files have changes that nobody has released",)
    yield "Rulebook", (decision.rulebook,)


def _with_why(words: str, entry: Json) -> str:
    because = ", ".join(f"{path} = {value}" for path, value in entry.get("because", {}).items())
    cited = ", ".join(entry.get("cite", ()))
    return words + (f", because {because}" if because else "") + (f" [{cited}]" if cited else "")


def _duty(entry: Json) -> Iterator[str]:
    """Whether it is met; under one that is not, what it asks for."""
    met = "met" if entry["met"] else "not met"
    yield _with_why(f"{entry['duty']}, due {entry['due']}: {met}, by {entry['rule']}", entry)
    for name, asked in () if entry["met"] else entry.get("detail", {}).items():
        several = asked if isinstance(asked, list | tuple) else (asked,)
        yield f"  - {name}: {', '.join(map(str, several))}".replace("_", " ")


def _limit(entry: Json) -> str:
    bound = f"at most {entry['max']}" if "max" in entry else f"only {entry.get('to')}"
    return _with_why(f"{entry['limit']}: {bound}, by {entry['rule']}", entry)


def _tried(tried: Sequence[Json]) -> Iterator[str]:
    """Each path with a line for each thing it lacks, the shortest first; those open to nobody in one last line."""
    closed = [str(entry["path"]) for entry in tried if _CLOSED in entry["failed"]]
    for entry in (entry for entry in tried if _CLOSED not in entry["failed"]):
        yield f"{entry['path']}{', the nearest lawful path' if entry.get('nearest') else ''}, lacks"
        yield from (f"  - {lack}" for lack in sorted(dict.fromkeys(map(_plainer, entry["failed"])), key=len))
    if closed:
        yield f"open to nobody in this place: {', '.join(closed)}"


def _plainer(condition: object) -> str:
    """The engine's words for a condition, with what a record may lack and what something is not said more shortly."""
    said = _IF_ANY.sub(r"\1, if any, \2", str(condition))
    return _NEEDLESS.sub(r"\1", _IS_NOT.sub(r"\1 is not \2", said))


def _source(name: str, source: Json) -> Iterator[str]:
    """Its sections, its title and its link; what has no link was not read anywhere, so that nothing was checked."""
    law, title, url = (str(source.get(key) or "") for key in ("law", "title", "url"))
    known = [law or title, *([f"checked {source.get('checked', '')}"] if url else []), source.get("confidence", "")]
    yield f"[{name}] {', '.join(map(str, known))}"
    yield from (f"  {words}" for words in (title if title != law else "", url) if words)
