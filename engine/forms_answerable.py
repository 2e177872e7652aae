"""Can an item be answered as it is written: do its limits leave an answer, and can its choices be told apart?"""

from collections.abc import Sequence
from decimal import Decimal

from engine.diagnostics import Problems
from engine.forms_photos import NOT_OF_PHOTOS
from engine.reading import Node

LONGEST_SCALE = 20
"""The most steps of a scale: more do not fit a phone, and nobody tells them apart."""
_FOR_ANSWERS = ("optional", "required_when", "fills", "prefill", "codes")


def report_unanswerable(node: Node, kind: str, problems: Problems) -> None:
    """Limits that contradict each other or that no answer can have, and keys that say nothing where none is given."""
    for key in {"info": _FOR_ANSWERS, "photo": NOT_OF_PHOTOS}.get(kind, ()):
        if key in node:
            problems.report("FORM007", node.entries[key].key_at, key=key, type=kind)
    for low, high in (("least", "most"), ("earliest", "latest")):
        lower, upper = node.get(low), node.get(high)
        if lower and upper and lower.scalar is not None and lower.scalar > upper.scalar:  # type: ignore[operator]
            problems.report("FORM013", upper.at)
    if kind in ("integer", "scale", "decimal"):
        _report_steps(node, kind, problems)


def report_same_words(choices: Sequence[Node], languages: tuple[str, ...], problems: Problems) -> None:
    """Two choices of one item that read the same: whoever chooses one may have meant the other."""
    for language in languages:
        seen: dict[str, Node] = {}
        for choice in choices:
            words = choice["text"].get(language)
            if words is not None and words.raw.strip():
                first = seen.setdefault(words.raw.strip().casefold(), words)
                if first is not words:
                    problems.report("FORM033", words.at, language=language, line=first.at.line)


def _report_steps(node: Node, kind: str, problems: Problems) -> None:
    places = (node.integer("places") or 1) if kind == "decimal" else 0
    step = Decimal(1).scaleb(-places)
    limits = {key: Decimal(node[key].raw) for key in ("least", "most") if key in node}
    for key, limit in limits.items():
        if limit % step:
            problems.report("FORM034", node[key].at, key=key, found=node[key].raw, step=step)
    if kind == "scale" and len(limits) == 2 and limits["most"] - limits["least"] > LONGEST_SCALE:
        problems.report("FORM035", node["most"].at, most=LONGEST_SCALE)
