"""What does the page about the vocabulary say? Every fact, as the files declare it, and the items that fill it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from engine.content import compile_content, read_backdrop
from engine.diagnostics import Problems
from engine.forms import Form
from engine.settings import HOME
from engine.values import FactType, Kind
from engine.vocabulary import Fact, Vocabulary

_HEAD = ("Path", "Type", "Unit", "Means", "Source", "Greatest age", "When untold", "Filled by")
_MOST_CHOICES = 12


def vocabulary_page() -> Iterator[str]:
    """Every fact that a question may hold and a condition may name."""
    problems = Problems()
    backdrop = read_backdrop(HOME, problems)
    content = compile_content(HOME, (), backdrop, problems) if backdrop else None
    problems.stop_if_broken()
    assert backdrop is not None and content is not None
    yield from page(backdrop.vocabulary, fillers(content.forms.values()))


def fillers(forms: Iterable[Form]) -> dict[str, list[str]]:
    """The items of forms by the path that they fill, each as `form: item`."""
    found: dict[str, list[str]] = {}
    for form in forms:
        for item in form.items:
            if item.fills is not None:
                found.setdefault(item.fills.path, []).append(f"`{form.id}`: {item.id}")
    return found


def page(vocabulary: Vocabulary, filled_by: Mapping[str, list[str]]) -> Iterator[str]:
    """The page of a vocabulary, with the items of forms by the path that they fill."""
    yield from ("# Vocabulary", "")
    yield "Every fact that a rule, a form or a question may name, from `rules/vocabulary.yaml`. Fields of records stand"
    yield "under their list as `list[].field`. Units are those of UCUM; a rule may write a number in another one"
    yield "(`{at_most: 2 wk}`). A fact older than its greatest age counts as untold; an untold one is unknown unless a"
    yield "value is presumed."
    for family, facts in groupby(sorted(vocabulary.facts.values(), key=_order), key=_family):
        yield from ("", f"## {family}", "", _row(_HEAD), _row("-" for _ in _HEAD))
        for fact in facts:
            yield from _rows(fact, filled_by.get(fact.path, []))


def _order(fact: Fact) -> tuple[str, str]:
    return _family(fact), fact.path


def _family(fact: Fact) -> str:
    return fact.path.partition(".")[0]


def _rows(fact: Fact, filled_by: list[str]) -> Iterator[str]:
    kind = fact.type
    untold = f"presumed {_value(fact.presumed)}{_unless(fact)}" if fact.is_presumed else "unknown"
    filled = "; ".join(filled_by)
    yield _row((f"`{fact.path}`", _type(kind), kind.unit, fact.says, fact.source, fact.greatest_age, untold, filled))
    for name, field in kind.fields.items():
        nothing = "nothing" if field.absent_is_nothing else "unknown"
        yield _row((f"`{fact.path}[].{name}`", _type(field), field.unit, fact.fields_say[name], "", "", nothing, ""))


def _type(kind: FactType) -> str:
    words = {Kind.CHOICE: "one of", Kind.CHOICES: "list of"}
    found = f"whole {kind.kind}" if kind.whole else str(kind.kind)
    if kind.choices:
        shown = ", ".join(kind.choices[:_MOST_CHOICES])
        rest = len(kind.choices) - _MOST_CHOICES
        found = f"{words[kind.kind]}: {shown}{f' and {rest} more' if rest > 0 else ''}"
    elif kind.kind is Kind.CHOICES:
        found = "list of names"
    least = f", at least {kind.least:g}" if kind.least is not None else ""
    return f"{found}{least}{' or nothing' if kind.nullable else ''}"


def _unless(fact: Fact) -> str:
    doubt = fact.doubt
    return f", unless {doubt.records}[].{doubt.field} is {', '.join(doubt.among)}" if doubt is not None else ""


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
