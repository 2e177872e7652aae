"""What does one law file say? Everything wrong in it is reported in one pass."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from engine.conditions import Always, Condition, Every, Negation, Reference, parse
from engine.diagnostics import Location, Problems, listed, nearest
from engine.law import (
    CLINIC,
    EFFECTS,
    PERMITTING,
    POLICY,
    POLICY_EFFECTS,
    SHAPE,
    STATUTE,
    Advise,
    Cap,
    Case,
    Cited,
    Effect,
    Forbid,
    LawFile,
    LawValue,
    Limit,
    Permit,
    Require,
    Review,
    Rule,
    Source,
    path_named,
)
from engine.law_cases import check_case
from engine.law_details import check_detail
from engine.packs import canonical
from engine.periods import DATED, LAST_DAY, Period, read_period
from engine.reading import Node, Sort
from engine.remembered import read_once
from engine.topics import LawScope, Topic, Topics
from engine.units import written
from engine.values import BadValue, Duration, FactType, Kind, Value, shift
from engine.vocabulary import Vocabulary

_LAST_CHECK = "9999-12-31"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one file; knows what the file is about and where problems go."""

    topic: Topic
    jurisdiction: str
    sources: Mapping[str, Source]
    scope: LawScope
    problems: Problems
    policy: bool = False


@read_once(most=512)
def read_law(node: Node, vocabulary: Vocabulary, topics: Topics, problems: Problems) -> LawFile | None:
    """One law file; None when its topic is unknown."""
    SHAPE.check(node, problems)
    name = node.text("topic")
    topic = topics.topics.get(name)
    if topic is None:
        if "topic" in node:  # without one that was said already
            at, known = node["topic"].at, topics.topics
            problems.report("LAW001", at, topic=name, hint=nearest(name, known), allowed=listed(known))
        return None
    sources = {key: _source(key, part, problems) for key, part in node.items_of("sources")}
    reader = _Reader(topic, node.text("jurisdiction"), sources, LawScope(vocabulary, topic), problems)
    return LawFile(
        file=node.at.file,
        jurisdiction=reader.jurisdiction,
        topic=name,
        values=tuple(
            value
            for key, part in node.items_of("values")
            for value in _values(reader, key, part, node["values"].entries[key].key_at)
        ),
        rules=tuple(_rule(reader, part) for part in node.get("rules") or () if part.sort is Sort.MAP),
        sources=sources,
        cases=tuple(_cases(reader, name, node)),
        content=_content(node),
        schedules=tuple(entry for key, part in node.items_of("schedules") for entry in _schedules(reader, key, part)),
        caps=tuple(_cap(reader, part) for part in node.get("caps") or ()),
        without=tuple(_without(reader, node)),
        checked=node.text("checked"),
        review_by=node.text("review_by"),
    )


def read_policy(node: Node, vocabulary: Vocabulary, topics: Topics, problems: Problems) -> tuple[Rule, ...]:
    """A clinic's own rules: a list of rules, each naming its `topic` in its id (`clinic/<topic>/<name>`)."""
    rules = []
    POLICY.check(node, problems)
    for part in (part for part in node if part.sort is Sort.MAP):  # any other was reported by its shape
        names = part.text("id").split("/")
        topic = topics.topics.get(names[1] if len(names) > 2 else "")
        at = (part.get("id") or part).at
        if topic is None or names[0] != "clinic":
            problems.report("LAW009", at, expected="clinic/TOPIC")
            continue
        reader = _Reader(topic, "clinic", {}, LawScope(vocabulary, topic), problems, policy=True)
        rules.append(_rule(reader, part))
    return tuple(rules)


def _content(node: Node) -> bytes:
    """The canonical form of what the law pack holds of a file: all but its examples."""
    told = {key: value.plain() for key, value in node.items() if key not in ("cases", "rules")}
    rules = node.get("rules")
    if rules is not None and rules.sort is Sort.LIST:
        written = (rule for rule in rules if rule.sort is Sort.MAP)
        return canonical({**told, "rules": [{k: v.plain() for k, v in r.items() if k != "cases"} for r in written]})
    return canonical({**told, "rules": (rules.plain() if rules is not None else None) or []})


def _source(name: str, node: Node, problems: Problems) -> Source:
    confidence, background = node.text("confidence", "unknown"), "class" in node
    if background and confidence == "high":
        problems.report("LAW016", node["confidence"].at, confidence=confidence)
    if not background and "url" not in node:
        problems.report("SHAPE002", node.at, key="url", doc="the link, or `class: background`")
    title, url, checked = node.text("title"), node.text("url"), node.text("checked", _LAST_CHECK)
    return Source(name, title, url, checked, confidence, background, node.at)


def _cited(reader: _Reader, node: Node, required: bool) -> Cited:
    names = node.texts("cite")
    if required and not names:
        reader.problems.report("LAW002", node.at)
    if required and "confidence" not in node:
        reader.problems.report("SHAPE002", node.at, key="confidence", doc="how sure the sources make it")
    known = reader.sources
    for part in (node["cite"].parts or (node["cite"],)) if "cite" in node else ():
        if part.raw not in known:
            reader.problems.report("LAW003", part.at, source=part.raw, hint=nearest(part.raw, known))
    confidence = node.text("confidence", "high")
    found = [known[name] for name in names if name in known]
    if found and confidence == "high" and all(source.background for source in found):
        reader.problems.report("LAW016", node.at, confidence=confidence)
    return Cited(names, node.text("law"), confidence)


def _period(reader: _Reader, node: Node) -> Period:
    checked = max((reader.sources[n].checked for n in node.texts("cite") if n in reader.sources), default=_LAST_CHECK)
    begins, ends = node.text("from", "unknown"), node.text("until")
    silent = Problems()
    for key in ("from", "until"):
        if (part := node.get(key)) is not None:
            DATED.check(part, silent)
    if silent.found:
        return Period()
    period = read_period(begins, ends, checked)
    if period.first > period.last:
        reader.problems.report("LAW010", (node.get("until") or node).at)
    return period


def _values(reader: _Reader, name: str, node: Node, key_at: Location) -> Iterable[LawValue]:
    kind = reader.topic.values.get(name)
    if kind is None:
        known = reader.topic.values
        reader.problems.report("LAW007", key_at, name=name, hint=nearest(name, known))
        return []
    found = [_value(reader, name, kind, part) for part in node]
    _check_sequence(reader, name, sorted(found, key=lambda value: value.period.first))
    last = max(found, key=lambda value: value.period.last, default=None)
    if last is not None and last.period.last < LAST_DAY and name not in reader.topic.defaults:
        reader.problems.report("LAW025", last.at, name=name, until=last.period.last)
    return found


def _value(reader: _Reader, name: str, kind: FactType, node: Node) -> LawValue:
    given = node.get("is")
    value = _read_value(reader, name, kind, given) if given is not None else None
    return LawValue(
        name, value, _period(reader, node), _cited(reader, node, required=True), node.at, note=node.text("note")
    )


def _read_value(reader: _Reader, name: str, kind: FactType, node: Node) -> Value:
    try:
        return _given(reader.topic, name, kind, node)
    except BadValue as error:
        shown = node.raw or str(node.sort)
        reader.problems.report("COND004", node.at, value=shown, path=name, reason=error, fix=f"write {kind}")
        return None


def _given(topic: Topic, name: str, kind: FactType, node: Node) -> Value:
    """A value as written: nothing only as an explicit `null`, an empty list only where that is what counts anyway."""
    if node.sort is Sort.EMPTY and not (kind.nullable and node.raw):
        raise BadValue("nothing is written here" if not node.raw else "this value is never nothing")
    value = None if node.sort is Sort.EMPTY else written(kind, node)
    if value == () and topic.defaults.get(name) != ():
        raise BadValue("an empty list would leave out a rule without a word")
    return value


def _without(reader: _Reader, node: Node) -> Iterable[str]:
    """The values that a jurisdiction says it does not have."""
    for name, _ in node.items_of("without"):
        if name not in reader.topic.may_lack or name in dict(node.items_of("values")):
            at, known = node["without"].entries[name].key_at, sorted(reader.topic.may_lack)
            reader.problems.report("LAW030", at, name=name, hint=nearest(name, known), allowed=listed(known, 30))
        yield name


def _schedules(reader: _Reader, drug: str, node: Node) -> Iterable[LawValue]:
    """The state's own schedule of a drug, day by day; what the drug base calls it is checked with all files."""
    found = [
        LawValue(drug, part.text("is"), _period(reader, part), _cited(reader, part, required=True), part.at)
        for part in node
    ]
    _check_sequence(reader, drug, sorted(found, key=lambda entry: entry.period.first))
    return found


def _cap(reader: _Reader, node: Node) -> Cap:
    expected = f"{reader.jurisdiction}/{reader.topic.name}"
    if not node.text("id").startswith(f"{expected}/"):
        reader.problems.report("LAW009", (node.get("id") or node).at, expected=expected)
    for key, part in node.items_of("detail"):
        _known(reader, "word", part, reader.topic.orders.get(key, ()))
    return Cap(
        id=node.text("id"),
        title=node.text("title"),
        jurisdiction=reader.jurisdiction,
        topic=reader.topic.name,
        duty=_known(reader, "duty", node["duty"], reader.topic.duties) if "duty" in node else "",
        detail={key: part.raw for key, part in node.items_of("detail")},
        period=_period(reader, node),
        cited=_cited(reader, node, required=True),
    )


def _check_sequence(reader: _Reader, name: str, values: list[LawValue]) -> None:
    for earlier, later in pairwise(values):
        overlap = later.period.first <= earlier.period.last
        differ = later.value != earlier.value
        if differ and overlap and later.period.sure_from <= earlier.period.sure_until:
            label = f"{name} (line {earlier.at.line})"
            reader.problems.report("LAW005", later.at, first=label, second=f"{name} (line {later.at.line})")
        elif not overlap and shift(earlier.period.last, Duration(days=1), 1) < later.period.first:
            reader.problems.report("LAW006", later.at, name=name, until=earlier.period.last)


def _rule(reader: _Reader, node: Node) -> Rule:
    identity = node.text("id")
    expected = f"{reader.jurisdiction}/{reader.topic.name}"
    if not reader.policy and not identity.startswith(f"{expected}/"):
        reader.problems.report("LAW009", (node.get("id") or node).at, expected=expected)
    then = node.get("then")
    authority = node.text("authority", CLINIC if reader.policy else STATUTE)
    return Rule(
        id=identity,
        title=node.text("title"),
        topic=reader.topic.name,
        jurisdiction=reader.jurisdiction,
        period=_rule_period(reader, node),
        cited=_cited(reader, node, required=not reader.policy and not reader.jurisdiction.endswith("/common")),
        authority=authority,
        condition=_condition(reader, node),
        effects=tuple(_effects(reader, identity, authority, _several(then))),
        at=node.at,
        like=node.text("like"),
        given=_own_values(reader, node),
        note=node.text("note"),
    )


def _own_values(reader: _Reader, node: Node) -> Mapping[str, LawValue]:
    """The law values that a rule gives for itself, as sure as it is."""
    kind_of, found = reader.topic.values, dict[str, LawValue]()
    one_way = ("then" in node) != ("like" in node)
    if not one_way or ("with" in node and "like" not in node):
        reader.problems.report("SHAPE002", node.at, key="then", doc="its effects, or `like` with the rule it follows")
    for name, part in node.items_of("with"):
        if name not in kind_of:
            at = node["with"].entries[name].key_at
            reader.problems.report("LAW007", at, name=name, hint=nearest(name, kind_of))
            continue
        value = _read_value(reader, name, kind_of[name], part)
        found[name] = LawValue(name, value, Period(), Cited(), part.at)
    return found


def _rule_period(reader: _Reader, node: Node) -> Period:
    if "from" in node:
        return _period(reader, node)
    if not reader.policy and not reader.jurisdiction.endswith("/common"):
        reader.problems.report("SHAPE002", node.at, key="from", doc="the day it took effect, or `unknown`")
    return Period()


def _several(node: Node | None) -> tuple[Node, ...]:
    if node is None:
        return ()
    return node.parts if node.sort is Sort.LIST else (node,)


def _condition(reader: _Reader, node: Node) -> Condition:
    parts: list[Condition] = []
    if (when := node.get("when")) is not None:
        parts.append(parse(when, reader.scope, reader.problems))
    if (unless := node.get("unless")) is not None:
        parts.append(Negation(parse(unless, reader.scope, reader.problems)))
    return parts[0] if len(parts) == 1 else Every(tuple(parts)) if parts else Always(True)


def _effects(reader: _Reader, rule: str, authority: str, nodes: Iterable[Node]) -> Iterable[Effect]:
    for node in nodes:
        effect = _effect(reader, rule, node)
        if isinstance(effect, Permit) and authority not in PERMITTING and not reader.policy:
            reader.problems.report("LAW023", node.at, authority=authority)
        if effect is not None:
            yield effect


def _effect(reader: _Reader, rule: str, node: Node) -> Effect | None:
    name = next((key for key in EFFECTS if key in node), "")
    if not name:
        reader.problems.report("LAW014", node.at, id=rule)
        return None
    EFFECTS[name].check(node, reader.problems)
    if reader.policy and name not in POLICY_EFFECTS:
        reader.problems.report("LAW015", node.at, effect=name)
    return _EFFECTS[name](reader, rule, node)


def _known(reader: _Reader, kind: str, node: Node, known: Iterable[str]) -> str:
    names = list(known)
    if node.raw not in names:
        report, topic = reader.problems.report, reader.topic.name
        hint = nearest(node.raw, names)
        report("LAW008", node.at, kind=kind, name=node.raw, topic=topic, hint=hint, allowed=listed(names))
    return node.raw


def _permit(reader: _Reader, rule: str, node: Node) -> Effect:
    act = _known(reader, "act", node["permit"], [reader.topic.act])
    return Permit(act, node.text("path", path_named(rule)))


def _forbid(reader: _Reader, rule: str, node: Node) -> Effect:
    return Forbid(_known(reader, "act", node["forbid"], [reader.topic.act]))


def _require(reader: _Reader, rule: str, node: Node) -> Effect:
    met = node.get("met_by")
    met_by = parse(met, reader.scope, reader.problems) if met is not None else None
    due = _open_value(reader, node["due"]) if "due" in node else None
    check_detail(node.get("detail"), met_by, reader.scope.vocabulary, reader.problems)
    return Require(
        duty=_known(reader, "duty", node["require"], reader.topic.duties),
        due=due if isinstance(due, str) else "before_join",
        due_by=due.path if isinstance(due, Reference) else "",
        met_by=met_by,
        detail={key: _open_value(reader, part) for key, part in node.items_of("detail")},
    )


def _limit(reader: _Reader, rule: str, node: Node) -> Effect:
    name = _known(reader, "limit", node["limit"], reader.topic.limits)
    most, allowed = node.get("max"), node.get("to")
    if (most is None) == (allowed is None):
        reader.problems.report("SHAPE002", node.at, key="max", doc="either `max` or `to`")
    values = _open_value(reader, allowed) if allowed is not None else None
    if values is not None and not isinstance(values, Reference | tuple):
        values = (values,)
    return Limit(name, _amount(reader, name, most) if most is not None else None, values)


def _amount(reader: _Reader, limit: str, node: Node) -> Value | Reference:
    """The number of a limit in the limit's unit, or a law value."""
    if node.sort is Sort.MAP:
        return _open_value(reader, node)
    declared = reader.topic.limits.get(limit)
    kind = FactType(Kind.NUMBER, unit=declared.unit if declared else "", least=0)
    try:
        return written(kind, node)
    except BadValue as error:
        shown, fix = node.raw or str(node.sort), f"write {kind}"
        reader.problems.report("COND004", node.at, value=shown, path=f"{limit} max", reason=error, fix=fix)
        return None


def _advise(reader: _Reader, rule: str, node: Node) -> Effect:
    return Advise(node.text("advise"))


def _review(reader: _Reader, rule: str, node: Node) -> Effect:
    return Review(node.text("review"))


_EFFECTS = {
    "permit": _permit,
    "forbid": _forbid,
    "require": _require,
    "limit": _limit,
    "advise": _advise,
    "review": _review,
}


def _open_value(reader: _Reader, node: Node) -> Value | Reference:
    """A literal, or the law value that `{fact: law.name}` stands for."""
    if node.sort is Sort.MAP:
        path = node.text("fact")
        if not path.startswith("law.") or reader.scope.type_of(path) is None:
            reader.problems.report("LAW007", node.at, name=path, hint=nearest(path, reader.scope.paths()))
        return Reference(path)
    if node.sort is Sort.LIST:
        return tuple(part.scalar for part in node)
    if node.sort is Sort.DECIMAL:
        return FactType(Kind.NUMBER).read(node.scalar)
    return node.scalar


def _cases(reader: _Reader, topic: str, node: Node) -> Iterable[Case]:
    for part in (*(node.get("rules") or ()), node):
        for case in part.get("cases") or ():
            check_case(case, reader.scope.vocabulary, reader.topic, reader.problems)
            yield Case(case.text("name"), node.at.file, topic, case)


def place_matches(file: str, jurisdiction: str, topic: str) -> bool:
    """Whether a file stands where its jurisdiction and topic say (`rules/us/federal/x.yaml` holds `us`)."""
    folder = f"{jurisdiction}/federal" if "/" not in jurisdiction else jurisdiction
    return file == f"rules/{folder}/{topic}.yaml"


def report_place(file: LawFile, problems: Problems) -> None:
    """Report a file that stands elsewhere than its content says."""
    if not place_matches(file.file, file.jurisdiction, file.topic):
        problems.report("LAW011", Location(file.file, 1, 1), jurisdiction=f"{file.jurisdiction} {file.topic}")
