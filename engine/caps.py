"""Does a clinic ask more than a state lets a practice ask? A cap is told to the author; it never changes a decision."""

from collections.abc import Iterable, Mapping, Sequence

from engine.conditions import Test, walk
from engine.diagnostics import Problems
from engine.law import Cap, Require, Rule
from engine.topics import Topics

_NO_STATES: frozenset[str] = frozenset()


def check_caps(
    policy: Sequence[Rule], caps: Iterable[Cap], topics: Topics, problems: Problems, states: frozenset[str] = _NO_STATES
) -> None:
    """Report the rules of a clinic that ask for more than a cap allows; `states` are codes, none: everywhere."""
    for cap in caps:
        if states and cap.jurisdiction.rpartition("/")[2].upper() not in states:
            continue
        for rule in policy:
            for effect in rule.effects:
                if rule.topic == cap.topic and isinstance(effect, Require) and effect.duty == cap.duty:
                    asked = _beyond(effect, cap, topics.topics[cap.topic].orders)
                    if asked:
                        law = cap.cited.law or cap.title
                        problems.report("LAW020", rule.at, law=law, cap=cap.id, asked=asked)


def _beyond(effect: Require, cap: Cap, orders: Mapping[str, tuple[str, ...]]) -> str:
    """What a duty asks beyond the cap, in words; empty when it keeps within it."""
    if not cap.detail:
        return f"the duty `{effect.duty}`"
    for key, most in cap.detail.items():
        order, asked = orders.get(key, ()), _asked(effect, key, orders.get(key, ()))
        if asked and order.index(asked) > order.index(most):
            return f"`{key}: {asked}`"
    return ""


def _asked(effect: Require, key: str, order: tuple[str, ...]) -> str:
    """The word that a duty asks for: what its detail says, else the mildest that its condition accepts."""
    told = effect.detail.get(key)
    if isinstance(told, str) and told in order:
        return told
    accepted = [
        word
        for part in (walk(effect.met_by) if effect.met_by is not None else ())
        if isinstance(part, Test) and part.of_item and part.path == key
        for word in (part.operand if isinstance(part.operand, tuple) else (part.operand,))
        if word in order
    ]
    return min((str(word) for word in accepted), key=order.index, default="")
