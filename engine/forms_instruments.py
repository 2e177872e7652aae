"""What does a published questionnaire say of itself, and does each of its languages say where its words come from?"""

from collections.abc import Sequence

from engine.diagnostics import Problems
from engine.forms import Instrument, Wording
from engine.reading import Node
from engine.texts import read_texts, require_languages


def read_instrument(document: Node, languages: tuple[str, ...], problems: Problems) -> Instrument | None:
    """The instrument of a form's file, None for a form of the clinic's own words; what is wrong is reported."""
    node = document.get("instrument")
    if node is None:
        return None
    require_languages(node.get("stem"), languages, problems)
    for language in languages:
        if language not in node["wordings"]:
            problems.report("FORM025", node.entries["wordings"].key_at, language=language)
    for language, entry in node["wordings"].entries.items():
        if language not in languages:
            problems.report("FORM026", entry.key_at, language=language)
    return Instrument(
        by=node["by"].raw,
        terms=node["terms"].raw,
        stem=read_texts(node.get("stem")),
        scoring=_wording(node["scoring"]),
        wordings={language: _wording(part) for language, part in node["wordings"].items()},
    )


def report_same_codes(choices: Sequence[Node], problems: Problems) -> None:
    """Two answers of one question that other programs call the same could not be told apart when they come back."""
    seen: dict[tuple[str, str], Node] = {}
    for choice in choices:
        for part in choice.get("codes") or ():
            first = seen.setdefault((part.text("system"), part.text("code")), part)
            if first is not part:
                problems.report("FORM027", part["code"].at, name=part.text("code"), line=first.at.line)


def _wording(node: Node) -> Wording:
    return Wording(
        source=node["source"].raw,
        url=node["url"].raw if "url" in node else "",
        checked=node["checked"].raw,
        confidence=node["confidence"].raw,
    )
