"""What has a clinic's compliance officer attested? For that clinic, while it stands, such law counts as certain.

An attestation names a law value or a rule, what it says, who looked at which source on which day, and until when it
stands. It is asked about the day of the question: before it was made and after it has ended nothing is attested.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from engine.diagnostics import Diagnostic, Problems, listed, nearest
from engine.law import RULE_ID, Cited, LawFile, LawValue, Rule, Source
from engine.periods import LAST_DAY, Period
from engine.reading import Node, Sort
from engine.shapes import DAY, LINK, NAME, Anything, Key, ListOf, Record, Text
from engine.topics import Topics
from engine.values import BadValue, Duration, FactType, Kind, Value, shift
from engine.vocabulary import PATH

_DAY = Duration(days=1)
_RAISED = "high"
LONGEST = Duration(months=24)
"""For how long an attestation can stand, and how long before the law's own sources were checked it can be made."""
_TOO_EARLY = (f"it was made more than {LONGEST} before the law's sources were checked", "attest what was read by then")
SHAPE = Record(
    "an attestation",
    {
        "id": Key(NAME, "its name in this file", required=True),
        "rule": Key(RULE_ID, "the rule that was looked at"),
        "title": Key(Text(), "the rule's sentence, as it was read"),
        "value": Key(PATH, "the law value that was looked at"),
        "jurisdiction": Key(Text(r"[a-z]{2}(/[a-z]{2})?", "us or us/fl"), "whose law value it is"),
        "is": Key(Anything("the value"), "what the law value is, as it was read"),
        "by": Key(Text(), "who attests it: a compliance officer, by id", required=True),
        "on": Key(DAY, "the day it was attested", required=True),
        "until": Key(DAY, "the last day it stands", required=True),
        "source": Key(Text(), "what was read: title and section", required=True),
        "url": Key(LINK, "its link"),
    },
)
LIST = ListOf(SHAPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """Law that a clinic vouches for: a rule by id, or a value by jurisdiction and name, within a span of days."""

    id: str
    rule: str
    value: str
    jurisdiction: str
    title: str
    told: Value
    since: str
    until: str
    source: Source

    @property
    def certain(self) -> Period:
        """The days on which it stands."""
        return Period(self.since, self.since, self.until, self.until)


class Ground(Protocol):
    """The law that is attested."""

    @property
    def files(self) -> tuple[LawFile, ...]:
        """Every law file."""

    @property
    def topics(self) -> Topics:
        """The topics and the types of their values."""


def read_attestations(
    node: Node, ground: Ground, problems: Problems, officers: frozenset[str] = frozenset()
) -> tuple[Attestation, ...]:
    """The attestations of a clinic's file; one that attests nothing is reported.

    `officers` are the ids of its compliance officers; where its file names none, nobody can attest.
    """
    mine = Problems()
    LIST.check(node, mine)
    problems.found.extend(mine.found)
    if mine.errors:
        return ()
    found = [_read(part, ground) for part in node]
    rules = {rule.id: rule for file in ground.files for rule in file.rules}
    for part, one in zip(node, found, strict=True):
        reason, fix = _wrong(part, one, rules, ground)
        if part.text("by") not in officers:
            reason = "only a compliance officer of the clinic attests law"
            known = listed(sorted(officers))
            fix = f"use one of: {known}" if officers else "name the officer under `people`, with `role: compliance`"
        if reason:
            problems.report("LAW022", part.at, reason=reason, fix=fix)
    names = [one.id for one in found]
    for number, part in enumerate(node):
        if names.index(names[number]) != number:
            problems.report("LAW022", part.at, reason="its id stands twice", fix="give it another id")
    return tuple(found)


def read_recorded(nodes: Iterable[Node], ground: Ground) -> tuple[Attestation, ...]:
    """What officers attested on a page or by a command, as records keep it, as far as the law still says so.

    One that no longer fits the law, or the house's rules, attests nothing: a person decides again. Nothing is refused
    for it, for nobody can mend in a file what stands in records.
    """
    found: dict[str, Attestation] = {}
    for node in nodes:
        if not recorded_faults(node, ground):
            found.setdefault(node.text("id"), _read(node, ground))
    return tuple(found.values())


def recorded_faults(node: Node, ground: Ground) -> tuple[Diagnostic, ...]:
    """Why one attestation attests nothing; empty where it does. Who may attest is for records to say."""
    problems = Problems()
    LIST.check(listing(node), problems)
    if not problems.errors:
        read_attestations(listing(node), ground, problems, frozenset({node.text("by")}))
    return problems.errors


def listing(node: Node) -> Node:
    """A list of one node, as a file would have it."""
    return replace(node, sort=Sort.LIST, parts=(node,), entries={})


def _read(node: Node, ground: Ground) -> Attestation:
    name, by, on = node.text("id"), node.text("by"), node.text("on")
    title = f"{node.text('source')} (attested by {by})"
    source = Source(f"attested/{name}", title, node.text("url"), on, _RAISED, at=node.at)
    value, jurisdiction = node.text("value"), node.text("jurisdiction")
    kinds = _kinds(ground.topics, value)
    given = node.get("is")
    return Attestation(
        id=name,
        rule=node.text("rule"),
        value=value,
        jurisdiction=jurisdiction,
        title=node.text("title"),
        told=_typed(kinds, given.plain()) if given is not None else None,
        since=on,
        until=node.text("until"),
        source=source,
    )


def _kinds(topics: Topics, name: str) -> FactType:
    found = (topic.values[name] for topic in topics.topics.values() if name in topic.values)
    return next(found, FactType(Kind.TEXT))


def _typed(kind: FactType, given: object) -> Value:
    try:
        return kind.read(given)
    except BadValue:
        return None


def _wrong(node: Node, one: Attestation, rules: Mapping[str, Rule], ground: Ground) -> tuple[str, str]:
    """Why it attests nothing, and what to do; both empty when it does attest something."""
    if one.since > one.until:
        return "it ends before it begins", "correct `on` or `until`"
    if one.until > shift(one.since, LONGEST, 1):
        return f"it stands for more than {LONGEST}", "read the law again after that, and attest it again"
    if bool(one.rule) == bool(one.value):
        return "it names no rule or value, or both", "name one `rule` or one `value`"
    if one.rule:
        rule = rules.get(one.rule)
        if rule is None:
            return f"there is no rule `{one.rule}`{nearest(one.rule, rules)}", "name a rule of the law"
        if _too_early(one, [rule.cited], ground):
            return _TOO_EARLY
        same = rule.title == one.title
        return ("", "") if same else ("the rule says something else now", "read the rule again and write its title")
    entries = _entries(one, ground.files)
    if not entries:
        return f"`{one.jurisdiction}` gives no value `{one.value}`", "name a value of that jurisdiction's files"
    if _too_early(one, [entry.cited for entry in entries], ground):
        return _TOO_EARLY
    reading = any(entry.value == one.told and "is" in node for entry in entries)
    return ("", "") if reading else ("the law says something else now", "read the law again and write what it `is`")


def _too_early(one: Attestation, cited: Iterable[Cited], ground: Ground) -> bool:
    """Whether it was made long before anybody could have read the law as it is written here."""
    names = {name for each in cited for name in each.sources}
    checked = [source.checked for file in ground.files for name, source in file.sources.items() if name in names]
    return bool(checked) and one.since < shift(min(checked), LONGEST, -1)


def _entries(one: Attestation, files: Iterable[LawFile]) -> list[LawValue]:
    """The entries of the attested value on the days on which the attestation stands."""
    values = (value for file in files if file.jurisdiction == one.jurisdiction for value in file.values)
    return [value for value in values if value.name == one.value and value.period.meet(one.certain) is not None]


def attested_values(values: Iterable[LawValue], jurisdiction: str, attested: Sequence[Attestation]) -> list[LawValue]:
    """The values of a jurisdiction, split where an attestation makes one certain."""
    found = list(values)
    for one in attested:
        if one.value and one.jurisdiction == jurisdiction:
            found = [part for value in found for part in _split_value(value, one)]
    return found


def _split_value(value: LawValue, one: Attestation) -> Iterable[LawValue]:
    if value.name != one.value or value.value != one.told:
        yield value
        return
    for period, certain in _split(value.period, one.certain):
        cited = _vouched(value.cited, one) if certain else value.cited
        yield replace(value, period=period, cited=cited)


def attested_rules(rules: Iterable[Rule], attested: Sequence[Attestation]) -> list[Rule]:
    """The rules, split where an attestation makes one certain."""
    found = list(rules)
    for one in attested:
        if one.rule:
            found = [part for rule in found for part in _split_rule(rule, one)]
    return found


def _split_rule(rule: Rule, one: Attestation) -> Iterable[Rule]:
    if rule.id != one.rule:
        yield rule
        return
    for period, certain in _split(rule.period, one.certain):
        yield replace(rule, period=period, cited=_vouched(rule.cited, one) if certain else rule.cited)


def _vouched(cited: Cited, one: Attestation) -> Cited:
    return Cited((*cited.sources, one.source.id), cited.law, _RAISED)


def _split(period: Period, certain: Period) -> Iterable[tuple[Period, bool]]:
    """A period in up to three: as it was before, certain while attested, as it was after."""
    first, last = max(period.first, certain.first), min(period.last, certain.last)
    if first > last:
        yield period, False
        return
    if period.first < first:
        before = shift(first, _DAY, -1)
        yield replace(period, sure_until=min(period.sure_until, before), last=before), False
    yield Period(first, first, last, last), True
    if last < period.last and last < LAST_DAY:
        after = shift(last, _DAY, 1)
        yield replace(period, first=after, sure_from=max(period.sure_from, after)), False
