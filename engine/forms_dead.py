"""Which conditions of a form say less than they seem to, and which facts would two of its answers supply at once?"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from engine.conditions import Always, Condition, Every, Negation, Some, paths
from engine.diagnostics import Problems
from engine.forms import Form, Item, RedFlag
from engine.forms_paths import Search
from engine.reading import Node

_YES = Always(True)


def report_dead(form: Form, places: Mapping[str, Node], problems: Problems) -> None:
    """Report conditions that always hold, alternatives that never do, and facts that two shown items fill.

    `places` holds the node of each item and flag, by `item:<id>` and `flag:<id>`.
    """
    search = Search(form)
    for item in form.items:
        node = places[f"item:{item.id}"]
        if item.show_when is not None:
            _report_condition(form, search, item, node["show_when"], problems)
        _report_never_required(form, search, item, node, problems)
    for flag in form.flags:
        _report_condition(form, search, flag, places[f"flag:{flag.id}"]["when"], problems)
    _report_filled_twice(form, search, places, problems)


def _report_condition(form: Form, search: Search, part: Item | RedFlag, node: Node, problems: Problems) -> None:
    """A condition that can hold is looked into: can it fail, and can each of its alternatives decide it?"""
    condition = part.when if isinstance(part, RedFlag) else part.show_when
    if condition is None or not search.can_hold(condition, part.needs):
        return  # no condition, or told already: an item or a flag that never comes
    told = [item for item in form.items if item.id in part.needs]
    if all(_is_always_told(item) for item in told) and not search.can_hold(Negation(condition), part.needs):
        problems.report("FORM029", node.at, id=part.id)
    for number, alternative in enumerate(_alternatives(condition), start=1):
        if not search.can_hold(alternative, part.needs):
            problems.report("FORM030", node.at, id=part.id, number=number)


def _report_never_required(form: Form, search: Search, item: Item, node: Node, problems: Problems) -> None:
    if item.required_when is not None:
        needs = (*item.needs, *_needs(form, item.required_when))
        if not search.can_hold(_both(item.show_when, item.required_when), needs):
            problems.report("FORM031", node["required_when"].at, item=item.id)


def _report_filled_twice(form: Form, search: Search, places: Mapping[str, Node], problems: Problems) -> None:
    filling = [item for item in form.items if item.fills is not None]
    for first, second in combinations(filling, 2):
        if first.fills is None or second.fills is None or first.fills.path != second.fills.path:
            continue
        if search.can_hold(_both(first.show_when, second.show_when), (*first.needs, *second.needs)):
            at, line = places[f"item:{second.id}"]["fills"]["path"].at, places[f"item:{first.id}"]["fills"].at.line
            names = {"item": second.id, "other": first.id, "path": first.fills.path}
            problems.report("FORM028", at, line=line, **names)


def _alternatives(condition: Condition) -> Iterator[Condition]:
    """The condition with each part of its first `any` alone; nothing where it has none."""
    if isinstance(condition, Some):
        yield from condition.parts
    elif isinstance(condition, Every):
        for place, part in enumerate(condition.parts):
            if isinstance(part, Some):
                before, after = condition.parts[:place], condition.parts[place + 1 :]
                yield from (replace(condition, parts=(*before, one, *after)) for one in part.parts)
                return


def _both(first: Condition | None, second: Condition | None) -> Condition:
    return Every((first or _YES, second or _YES))


def _needs(form: Form, condition: Condition) -> tuple[str, ...]:
    """The items that a condition reads, those of the scores it reads among them."""
    named = set(paths(condition))
    for score in form.scores:
        if named & {score.path, score.band_path}:
            named |= score.weights.keys()
    return tuple(item.id for item in form.items if item.path in named)


def _is_always_told(item: Item) -> bool:
    return item.show_when is None and not item.optional and item.type != "info"
