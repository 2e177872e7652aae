"""What does a rule say that follows another one with law values of its own? The other's logic, with these put in.

`like: us/common/consent/telehealth` with `with: {consent.disclosures: [...]}` is that rule once more: its `when` and
`unless` say for whom (a profession, a payer, a modality, a setting); source, day, confidence and kind of law are its
own. It only adds: what the other rule asks by itself is asked as before. A path of authority that the other rule does
not name is called by the follower's own name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from engine.conditions import Every
from engine.diagnostics import Problems, nearest
from engine.instances import law_names, settle, settled
from engine.law import Effect, LawValue, Permit, Rule, path_named
from engine.topics import LAW_PREFIX, Topics
from engine.values import Value


def with_followed(rules: Sequence[Rule], defaults: Mapping[str, Value]) -> list[Rule]:
    """The rules, each that follows another one with that one's condition and effects; `defaults` are the topic's."""
    known = {rule.id: rule for rule in rules if not rule.like}
    return [_followed(rule, known[rule.like], defaults) if rule.like in known else rule for rule in rules]


def _followed(rule: Rule, other: Rule, defaults: Mapping[str, Value]) -> Rule:
    """The rule with the logic of the other; a value it does not give is what counts otherwise, else the place's own."""
    given = {name: entry.value for name, entry in rule.given.items()}
    values = {f"{LAW_PREFIX}{name}": value for name, value in {**defaults, **given}.items()}
    return replace(
        rule,
        condition=Every((rule.condition, settle(other.condition, values))),
        effects=tuple(
            _named(effect, rule, other) for one in other.effects if (effect := settled(one, values)) is not None
        ),
    )


def _named(effect: Effect, rule: Rule, other: Rule) -> Effect:
    """A path of authority that has the other rule's name has the name of this one: it is another path."""
    if isinstance(effect, Permit) and effect.path == path_named(other.id):
        return replace(effect, path=path_named(rule.id))
    return effect


def values_given(rules: Iterable[Rule]) -> Iterable[LawValue]:
    """The law values that rules give for themselves."""
    return (value for rule in rules for value in rule.given.values())


def check_followed(rules: Sequence[Rule], topics: Topics, problems: Problems) -> None:
    """Report a rule that follows none of its own law, or that gives a value which the other does not ask for."""
    known = {rule.id: rule for rule in rules}
    for rule in (rule for rule in rules if rule.like):
        other = known.get(rule.like)
        if other is None or other.topic != rule.topic:
            same = [one.id for one in rules if one.topic == rule.topic and not one.like]
            reason = f"the topic has no such rule{nearest(rule.like, same)}"
        elif other.like:
            reason = "it follows another rule itself"
        elif other.jurisdiction not in _above(rule.jurisdiction):
            reason = "it is the law of another place"
        elif left := sorted(rule.given.keys() - law_names(other)):
            reason = f"it does not stand on the law value `{left[0]}`"
        elif open_ones := sorted(law_names(other) - rule.given.keys() - topics.topics[rule.topic].defaults.keys()):
            reason = f"it stands on the law value `{open_ones[0]}`, which `with` does not give"
        else:
            continue
        problems.report("LAW039", rule.at, id=rule.like, reason=reason)


def _above(jurisdiction: str) -> tuple[str, ...]:
    country = jurisdiction.split("/")[0]
    return jurisdiction, country, f"{country}/common"
