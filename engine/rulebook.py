"""What is the law that decisions run on: a law pack and a clinic's overlay, compiled and named by their digests?"""

import threading
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.collecting import collector_paused
from engine.conditions import Condition
from engine.defaults import with_defaults
from engine.diagnostics import Diagnostic, Location, Problems
from engine.drugs import SHAPE as DRUGS_SHAPE
from engine.drugs import Drug, DrugNames, read_drugs
from engine.due_points import POINTS
from engine.following import check_followed, values_given, with_followed
from engine.imports import check_imports, resolve
from engine.instances import Instance, instantiate, law_names
from engine.known import Known
from engine.last_resort import survived
from engine.law import SHAPE as LAW_SHAPE
from engine.law import LawFile, LawValue, Require, Rule, Source
from engine.law_files import SIDE, law_files, of_places
from engine.law_open_words import check_names, names_of
from engine.law_reading import read_law, report_place
from engine.local_dates import SHAPE as ZONES_SHAPE
from engine.local_dates import ZoneTable, read_zones, zone_data_digest
from engine.overlays import Overlay, OwnLaw, read_overlay
from engine.packs import canonical, canonical_list, canonical_mapping, digest_of_canonical, digest_of_digests
from engine.periods import Certainty
from engine.programs import Program, compile_program
from engine.reading import Node, read_file
from engine.releases import known_now
from engine.remembered import read_once
from engine.schedules import by_state_schedule, check_schedules, schedules_drugs
from engine.shapes import Shape
from engine.told_drugs import as_disputed, classes_asked
from engine.topics import SHAPE as TOPICS_SHAPE
from engine.topics import Topic, Topics, read_topics
from engine.translations import SHAPE as WORDS_SHAPE
from engine.translations import Translations, read_translations
from engine.uncarried import with_uncarried
from engine.values import Value
from engine.vocabulary import SHAPE as VOCABULARY_SHAPE
from engine.vocabulary import Vocabulary, read_vocabulary

COMMON = "us/common"


@dataclass(frozen=True, slots=True, eq=False)
class LawPack:
    """A country's law as read: immutable, named by the digest of its canonical form.

    `scheduling` are the files that schedule drugs themselves. `known` is when it was what we knew of the law; None for
    files that nobody released.
    """

    vocabulary: Vocabulary
    topics: Topics
    files: tuple[LawFile, ...]
    drugs: Mapping[str, Drug]
    drug_names: DrugNames
    zones: ZoneTable
    sources: Mapping[str, Source]
    digest: str
    warnings: tuple[Diagnostic, ...] = ()
    translations: Translations = field(default_factory=dict)
    known: Known | None = None
    scheduling: tuple[LawFile, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scheduling", tuple(file for file in self.files if file.schedules))


@dataclass(frozen=True, slots=True)
class Standing:
    """An instance on one day: surely or perhaps in force; where its truths stand in the program."""

    instance: Instance
    certainty: Certainty
    condition: int
    met: Mapping[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything that is asked for one topic, jurisdiction and span of days; `kept` has what many answers say alike."""

    standing: tuple[Standing, ...]
    program: Program
    carried: bool
    kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)


class Sources(dict[str, Source]):
    """Every source that a decision may cite, by id; `said` has what answers say of them, for whoever writes those."""

    __slots__ = ("said",)

    def __init__(self, *sources: Mapping[str, Source]) -> None:
        super().__init__()
        for part in sources:
            self.update(part)
        self.said: dict[Hashable, Any] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """Law pack and overlay; plans are compiled when first asked for and kept."""

    law: LawPack
    overlay: Overlay | None
    digest: str
    warnings: tuple[Diagnostic, ...] = ()
    _instances: dict[tuple[str, str], tuple[Instance, ...]] = field(default_factory=dict)
    _borders: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _plans: dict[tuple[str, str, int, frozenset[str]], Plan] = field(default_factory=dict)
    _joints: dict[tuple[str, ...], Program] = field(default_factory=dict)
    _due: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    _classes: list[frozenset[Value] | None] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _only: str | None = None
    sources: Sources = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", Sources(self.law.sources, self.overlay.sources if self.overlay else {}))

    def alone(self, rule: str) -> "Rulebook":
        """The rulebook as if one rule, by its id as answers give it, were all that every topic has; empty: itself.

        For cases of a rule whose duty a stricter one always hides; no decision about a patient is made on it.
        """
        return self if not rule else Rulebook(self.law, self.overlay, f"{self.digest} ({rule} alone)", _only=rule)

    @property
    def vocabulary(self) -> Vocabulary:
        return self.law.vocabulary

    @property
    def topics(self) -> Topics:
        return self.law.topics

    def classes_asked(self) -> frozenset[Value] | None:
        """The classes of drugs that the law and the clinic's policy ask for (see `engine.told_drugs`)."""
        if not self._classes:
            rules = [rule for file in self.law.files for rule in file.rules]
            rules += self.overlay.rules if self.overlay else ()
            values = [value for file in self.law.files for value in file.values]
            self._classes.append(classes_asked(rules, [*values, *values_given(rules)]))
        return self._classes[0]

    def jurisdictions(self) -> frozenset[str]:
        """The jurisdictions that have law files of their own."""
        return frozenset(file.jurisdiction for file in self.law.files) - {COMMON}

    def carries(self, topic: str, jurisdiction: str) -> bool:
        """Whether the law of a topic is carried where it must be."""
        by = self.law.topics.topics[topic].carried_by
        if by == "form":
            return False  # answers are judged with the form they belong to
        needed = jurisdiction if by == "state" else jurisdiction.split("/")[0]
        return by == "clinic" or any(f.topic == topic and f.jurisdiction == needed for f in self.law.files)

    def plan(self, topic: str, jurisdiction: str, day: str, disputes: frozenset[str] = frozenset()) -> Plan:
        """The plan of a day; days between two borders share one.

        `disputes`: what the question tells of the drug otherwise than the drug base (`engine.told_drugs`).
        """
        key = (topic, jurisdiction)
        self.instances(*key)
        segment = bisect_right(self._borders[key], day)
        found = self._plans.get((*key, segment, disputes))
        if found is None:
            found = self._compile(key, day, disputes)
            self._plans[(*key, segment, disputes)] = found
        return found

    def instances(self, topic: str, jurisdiction: str) -> tuple[Instance, ...]:
        """Every rule of a topic that reaches a jurisdiction, its law values put in, whatever the day."""
        key = (topic, jurisdiction)
        if key not in self._borders:
            with self._lock:
                self._prepare(key)
        return self._instances[key]

    def topics_due(self, gate: str, jurisdiction: str) -> tuple[str, ...]:
        """The topics whose law in a jurisdiction has a duty due right before a gate, whatever the day."""
        key = (gate, jurisdiction)
        if key not in self._due:
            found = (name for name in self.topics.topics if self._has_duty_due(name, *key))
            self._due[key] = tuple(found)
        return self._due[key]

    def _has_duty_due(self, topic: str, gate: str, jurisdiction: str) -> bool:
        effects = (effect for instance in self.instances(topic, jurisdiction) for effect in instance.effects)
        return any(isinstance(effect, Require) and POINTS.get(effect.due) == gate for effect in effects)

    def joint(self, plans: Sequence[Plan]) -> Program:
        """One program for the conditions of several plans, one after the other."""
        if len(plans) == 1:
            return plans[0].program
        key = tuple(plan.program.id for plan in plans)
        found = self._joints.get(key)
        if found is None:
            conditions = [condition for plan in plans for condition in plan.program.conditions]
            found = self._joints[key] = compile_program(conditions, self.law.vocabulary)
        return found

    def _prepare(self, key: tuple[str, str]) -> None:
        every = _instances(self.law, self.overlay, *key)
        instances = tuple(instance for instance in every if self._only in (None, instance.id))
        borders = {b for i in instances for b in _borders(i)}
        self._instances[key] = instances
        self._borders[key] = sorted(borders)

    def _compile(self, key: tuple[str, str], day: str, disputes: frozenset[str]) -> Plan:
        conditions: list[Condition] = []
        standing: list[Standing] = []
        instances: Iterable[Instance] = self._instances[key]
        for instance in as_disputed(instances, disputes) if disputes else instances:
            certainty = instance.period.on(day)
            if certainty is Certainty.NO:
                continue
            at, met = len(conditions), dict[int, int]()
            conditions.append(instance.condition)
            for number, effect in enumerate(instance.effects):
                if isinstance(effect, Require) and effect.met_by is not None:
                    met[number] = len(conditions)
                    conditions.append(effect.met_by)
            standing.append(Standing(instance, certainty, at, met))
        program = compile_program(conditions, self.law.vocabulary)
        return Plan(tuple(standing), program, self.carries(*key))


def _borders(instance: Instance) -> Iterable[str]:
    """The first days of every span within which the instance's certainty does not change."""
    period = instance.period
    yield period.first
    yield period.sure_from
    yield f"{period.sure_until}~"  # sorts right after the day itself
    yield f"{period.last}~"


def _instances(law: LawPack, overlay: Overlay | None, topic: str, jurisdiction: str) -> Iterable[Instance]:
    rules = _rules(law, overlay, topic, jurisdiction)
    known = _by_id(rules)
    values = _law_values(law, overlay, topic, jurisdiction, rules)
    given = frozenset(name for name, entries in values.items() if any(_is_given(entry) for entry in entries))

    def of(name: str) -> tuple[Instance, ...]:
        return tuple(instance for rule in known.get(name, ()) for instance in _of_rule(rule))

    def _of_rule(rule: Rule) -> Iterable[Instance]:
        at = jurisdiction if rule.jurisdiction.endswith("/common") else rule.jurisdiction
        if _stands(rule, given):
            for resolved in resolve(rule, of):
                yield from instantiate(resolved, at, values)

    for rule in (rule for same in known.values() for rule in same):
        yield from _of_rule(rule)


def _law_values(
    law: LawPack, overlay: Overlay | None, topic: str, jurisdiction: str, rules: Iterable[Rule]
) -> Mapping[str, tuple[LawValue, ...]]:
    """The values of a place: its own and its country's, what counts otherwise, and the days on which nobody gives one.

    Where a place does not carry the topic at all, its common rules say nothing, and the answer is `review` anyway.
    """
    country, declared = jurisdiction.split("/")[0], law.topics.topics[topic]
    files = [file for file in law.files if file.topic == topic and file.jurisdiction in (country, jurisdiction)]
    values: dict[str, tuple[LawValue, ...]] = {}
    for file in files:
        mine = overlay.values_of(file.jurisdiction, file.values) if overlay else file.values
        values.update(_grouped(mine))
    values.update(with_defaults(declared, values))
    carried = any(file.jurisdiction == jurisdiction for file in files)
    judged = [rule for rule in rules if carried or rule.jurisdiction != f"{country}/common"]
    return with_uncarried(values, _needed(judged, files, declared, jurisdiction), declared.always)


def _needed(rules: Iterable[Rule], files: Sequence[LawFile], topic: Topic, jurisdiction: str) -> set[str]:
    """The law values that rules stand on, but for those that have an `otherwise` or that the place says it lacks.

    Nor any that common rules give to the one they follow: they say it all, and that one nothing by itself.
    """
    rules, mine = tuple(rules), [file for file in files if file.jurisdiction == jurisdiction]
    without = {name for file in mine for name in file.without}
    own = {value.name for file in mine for value in file.values}
    without |= {value.name for file in mine for value in values_given(file.rules)} - own
    without |= {value.name for value in values_given(r for r in rules if r.jurisdiction.endswith("/common"))}
    return set().union(*map(law_names, rules)) - topic.defaults.keys() - without


def _rules(law: LawPack, overlay: Overlay | None, topic: str, jurisdiction: str) -> list[Rule]:
    """The rules of a topic that reach a jurisdiction, a clinic's own after them."""
    country = jurisdiction.split("/")[0]
    reaching = (country, f"{country}/common", jurisdiction)
    files = [file for file in law.files if file.topic == topic and file.jurisdiction in reaching]
    rules = with_followed([rule for file in files for rule in file.rules], law.topics.topics[topic].defaults)
    rules = overlay.rules_of(topic, rules) if overlay else rules
    return [by_state_schedule(rule) for rule in rules] if schedules_drugs(law.files, jurisdiction) else rules


def _by_id(rules: Iterable[Rule]) -> dict[str, tuple[Rule, ...]]:
    """Rules by id, in order; one that a clinic attests stands there once for each span of days."""
    found: dict[str, tuple[Rule, ...]] = {}
    for rule in rules:
        found[rule.id] = (*found.get(rule.id, ()), rule)
    return found


def _stands(rule: Rule, given: frozenset[str]) -> bool:
    """A rule without sources of its own exists only where some value that it stands on was given."""
    names = law_names(rule)
    return bool(rule.cited.sources) or rule.jurisdiction == "clinic" or not names or bool(names & given)


def _is_given(value: LawValue) -> bool:
    """Whether it is more than what counts otherwise: the law of the place, or the lack of it."""
    return bool(value.cited.sources) or not value.carried


def _grouped(values: Iterable[LawValue]) -> dict[str, tuple[LawValue, ...]]:
    grouped: dict[str, tuple[LawValue, ...]] = {}
    for value in values:
        grouped[value.name] = (*grouped.get(value.name, ()), value)
    return grouped


def load_rulebook(root: Path, clinic_policy: Node | None = None) -> Rulebook:
    """Read and compile everything under `root/rules`; raises `BrokenInput` with all diagnostics."""
    return join(load_law(root), clinic_policy)


def load_law(root: Path) -> LawPack:
    """Read the law pack; raises `BrokenInput` with all diagnostics."""
    problems = Problems()
    pack = read_pack(root, problems)
    problems.stop_if_broken()
    assert pack is not None
    return pack


@collector_paused()
def join(law: LawPack, clinic: OwnLaw | Node | None = None) -> Rulebook:
    """A rulebook of a law pack and what a clinic adds (a node: its policy alone); raises `BrokenInput`."""
    own = clinic if isinstance(clinic, OwnLaw) else OwnLaw(policy=clinic)
    problems = Problems()
    overlay = read_overlay(own, law, problems)
    problems.stop_if_broken()
    parts = {
        "law": law.digest,
        "overlay": overlay.digest if overlay else None,
        "zones": zone_data_digest(law.zones),
    }
    return Rulebook(law, overlay, digest_of_digests(parts), tuple(problems))


@collector_paused(stays=True)
def read_pack(
    root: Path, problems: Problems, paths: Sequence[Path] | None = None, known: Known | None = None
) -> LawPack | None:
    """Read every law file under `root/rules`; None when vocabulary or topics cannot be used at all.

    `paths`: read these instead, as `engine.law_files.law_files` orders them, the law of the release `known`
    (`engine.reading.held_by_editor` holds their texts).
    """
    listed = law_files(root) if paths is None else paths
    fixed = [read_file(path, root, problems) for path in listed[:2]]
    if fixed[0] is None or fixed[1] is None:
        return None
    vocabulary = survived(fixed[0].at.file, problems, read_vocabulary, fixed[0])
    topics = survived(fixed[1].at.file, problems, read_topics, fixed[1], vocabulary) if vocabulary else None
    if vocabulary is None or topics is None:
        return None
    drugs, words, zones, forms = _side_files(listed, root, problems)
    files: list[LawFile] = []
    rules_read: list[Node | None] = []
    for path in of_places(listed, root):
        node = read_file(path, root, problems)
        file = survived(node.at.file, problems, read_law, node, vocabulary, topics) if node else None
        if file:
            report_place(file, problems)
            files.append(file)
            rules_read.append(node.get("rules") if node else None)
    names = names_of(vocabulary, drugs, files)
    for rules in rules_read:
        survived("rules", problems, check_names, rules or (), names)
    survived("rules", problems, _check_together, files, topics)
    survived("rules", problems, check_schedules, files, topics, drugs)
    translations = survived("rules", problems, read_translations, listed, root, files, topics) or {}
    named = digest_of_canonical(
        canonical_list(
            *(_form(node, problems) for node in (fixed[0], fixed[1])),
            canonical_list(*forms),
            canonical_mapping({file.file: file.content for file in files}),
        )
    )
    return LawPack(
        vocabulary=vocabulary,
        topics=topics,
        files=tuple(files),
        drugs=drugs,
        drug_names=DrugNames(drugs, words),
        zones=zones,
        sources=_sources(files, problems),
        digest=named,
        warnings=tuple(problems),
        translations=translations,
        known=known_now(root, named) if paths is None else known,
    )


def _side_files(
    paths: Sequence[Path], root: Path, problems: Problems
) -> tuple[Mapping[str, Drug], frozenset[str], ZoneTable, list[bytes]]:
    drugs: dict[str, Drug] = {}
    words: set[str] = set()
    zones: dict[str, tuple[str, ...]] = {}
    forms: list[bytes] = []
    for path in paths:
        if path.name not in SIDE or len(path.relative_to(root).parts) != 3:
            continue
        node = read_file(path, root, problems)
        if node is None:
            continue
        forms.append(_form(node, problems))
        if path.name == "drugs.yaml":
            drugs.update(survived(node.at.file, problems, read_drugs, node) or {})
            words.update(node.texts("same_drug_words"))
        else:
            zones.update(survived(node.at.file, problems, read_zones, node) or {})
    return drugs, frozenset(words), ZoneTable(zones), forms


@read_once(most=16)
def _form(node: Node, _problems: Problems) -> bytes:
    """The canonical form of all that a file says."""
    return canonical(node.plain())


def _sources(files: Iterable[LawFile], problems: Problems) -> Mapping[str, Source]:
    sources: dict[str, Source] = {}
    for file in files:
        for name, source in file.sources.items():
            if sources.setdefault(name, source) != source:
                problems.report("LAW018", source.at, source=name)
    return sources


def _check_together(files: Sequence[LawFile], topics: Topics, problems: Problems) -> None:
    seen: dict[str, Location] = {}
    for file in files:
        for rule in file.rules:
            if rule.id in seen:
                problems.report("LAW004", rule.at, id=rule.id, first=seen[rule.id])
            seen.setdefault(rule.id, rule.at)
            _check_values(rule, file, problems)
    every = [rule for file in files for rule in file.rules]
    check_imports(every, problems)
    check_followed(every, topics, problems)
    of_topic: dict[str, list[LawFile]] = {}
    for file in files:
        of_topic.setdefault(file.topic, []).append(file)
    for file in files:
        if "/" in file.jurisdiction and not file.jurisdiction.endswith("/common"):
            _check_complete(file, of_topic[file.topic], topics, problems)


def _check_complete(file: LawFile, files: Sequence[LawFile], topics: Topics, problems: Problems) -> None:
    """A state that carries a topic gives every value that the rules which reach it stand on."""
    country, topic = file.jurisdiction.split("/")[0], topics.topics[file.topic]
    reaching = [f for f in files if f.jurisdiction in (country, f"{country}/common", file.jurisdiction)]
    needed = _needed((rule for f in reaching for rule in f.rules), reaching, topic, file.jurisdiction)
    given = {value.name for f in reaching for value in f.values}
    own = {value.name for value in (*file.values, *values_given(file.rules))}
    for name in sorted((topic.required - own) | (needed - given)):
        problems.report("LAW012", Location(file.file, 1, 1), topic=file.topic, name=name)


def _check_values(rule: Rule, file: LawFile, problems: Problems) -> None:
    """A common rule without sources must stand on values that have them."""
    if file.jurisdiction.endswith("/common") and not rule.cited.sources and not law_names(rule):
        problems.report("LAW002", rule.at)


SHAPES: Mapping[str, Shape] = {
    "vocabulary": VOCABULARY_SHAPE,
    "topics": TOPICS_SHAPE,
    "law": LAW_SHAPE,
    "drugs": DRUGS_SHAPE,
    "zones": ZONES_SHAPE,
    "words": WORDS_SHAPE,
}
