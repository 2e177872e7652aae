"""What do the truths of all conditions add up to?

Composition is monotonic: any forbid forbids, duties add up, limits take the least. Uncertainty only tightens: a
permission that is unsure asks for a person, a restriction that is unsure applies.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from engine.conditions import Always
from engine.conditions_closures import Truth, because, describe, failing, missing, parts_hold
from engine.decide_duties import merged
from engine.decide_ways import exceptions
from engine.decisions import DATE_UNCERTAIN, LAW_NOT_CARRIED, PERMISSION_UNCERTAIN, Decision, Json, Outcome, Said
from engine.due_points import POINTS
from engine.instances import Instance
from engine.law import STATUTE, Advise, Cited, Effect, Forbid, Limit, Permit, Require, Review
from engine.periods import Certainty
from engine.questions import told_path
from engine.rulebook import Plan, Sources, Standing
from engine.topics import Topic
from engine.values import Facts, Value

CLOSED = describe(Always(False))
"""What a path lacks that the law of the place opens to nobody."""

_CLOSED_AND_LONG = attrgetter("closed", "parts")
_WEAK = frozenset({"low", "unknown"})
_MOST_KEPT = 200
_MOST_SOURCES = 20_000


@dataclass(frozen=True, slots=True)
class Setting:
    """What decisions are made under, and say of themselves: day, release, digests; what was presumed; all sources."""

    law_time: str
    known_time: str | None
    law: str
    overlay: str | None
    rulebook: str
    presumed: Json
    sources: Sources

    def presumed_of(self, plan: Plan) -> Json:
        """What was presumed of all that a plan reads; a presumed value is always the same for its path."""
        presumed, paths = self.presumed, plan.program.paths
        return kept(plan, tuple(presumed), lambda: {path: value for path, value in presumed.items() if path in paths})


def compose(topic: Topic, plan: Plan, facts: Facts, truths: Sequence[Truth], setting: Setting) -> Decision:
    """One decision out of the truths of a plan's conditions."""
    tally = _Tally(topic, facts, truths)
    for standing in plan.standing:
        truth = truths[standing.condition]
        if truth is not False or standing.instance.opens:  # else it says nothing
            tally.count(standing, truth)
    tally.apply_limits()
    outcome = tally.outcome(plan.carried)
    return Decision(
        topic=topic.name,
        outcome=outcome,
        permits=tuple(tally.permits),
        forbids=tuple(tally.forbids),
        duties=merged(tally.duties, topic.orders),
        limits=tuple(tally.limits),
        advice=tuple(tally.advice),
        review=tuple(tally.all_reviews(plan.carried)),
        missing=tuple(sorted(tally.missing())) if outcome is Outcome.INCOMPLETE else (),
        presumed=setting.presumed_of(plan),
        tried=tuple(tally.tried()),
        law_time=setting.law_time,
        known_time=setting.known_time,
        law=setting.law,
        overlay=setting.overlay,
        rulebook=setting.rulebook,
        sources=cited((instance.cited for instance in tally.used), setting.sources),
    )


@dataclass(slots=True)
class _Tally:
    """What the rules in force say, counted one by one."""

    topic: Topic
    facts: Facts
    truths: Sequence[Truth]
    permits: list[Json] = field(default_factory=list)
    weak: list[Json] = field(default_factory=list)
    forbids: list[Json] = field(default_factory=list)
    duties: list[Json] = field(default_factory=list)
    limits: list[Json] = field(default_factory=list)
    advice: list[Json] = field(default_factory=list)
    reviews: list[Json] = field(default_factory=list)
    used: list[Instance] = field(default_factory=list)
    failed: list[tuple[Permit, Instance]] = field(default_factory=list)
    open_permits: list[Instance] = field(default_factory=list)
    open_forbids: list[Instance] = field(default_factory=list)
    open_duties: list[tuple[str, Instance]] = field(default_factory=list)
    open_reviews: list[Instance] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)
    open_limits: list[str] = field(default_factory=list)
    strictest: dict[tuple[str, bool], tuple[Limit, Instance]] = field(default_factory=dict)

    def count(self, standing: Standing, truth: Truth) -> None:
        for number, effect in enumerate(standing.instance.effects):
            if isinstance(effect, Permit):
                self._permit(effect, standing, truth)
            elif truth is not False:
                self._tighten(number, effect, standing, truth)

    def _permit(self, effect: Permit, standing: Standing, truth: Truth) -> None:
        instance = standing.instance
        if truth is not True:
            self.failed.append((effect, instance))
            if truth is None:
                self.open_permits.append(instance)
            return
        entry = _said(instance, path=effect.path)
        sure = standing.certainty is Certainty.SURE and instance.cited.confidence not in _WEAK
        (self.permits if sure else self.weak).append(entry)
        self.used.append(instance)

    def _tighten(self, number: int, effect: Effect, standing: Standing, truth: Truth) -> None:
        instance = standing.instance
        met = number in standing.met and self.truths[standing.met[number]] is True
        if isinstance(effect, Review):
            self._review(effect, instance, truth)
        elif standing.certainty is Certainty.PERHAPS and not met and not isinstance(effect, Advise):
            self._review(Review(DATE_UNCERTAIN), instance, truth)
        elif truth is None:
            self._leave_open(effect, instance, met)
        else:
            self.used.append(instance)
            self._certain(number, effect, instance, met)

    def _leave_open(self, effect: Effect, instance: Instance, met: bool) -> None:
        """Note a rule that nobody can decide yet, where deciding it could change the outcome."""
        if isinstance(effect, Forbid) or (isinstance(effect, Limit) and not self._keeps(effect)):
            self.open_forbids.append(instance)
        elif isinstance(effect, Require) and not met:
            self.open_duties.append((effect.due, instance))

    def _keeps(self, limit: Limit) -> bool:
        """Whether what is told stays within a limit anyway."""
        path = self.topic.limits[limit.name].fact
        return path in self.facts and _within(self.facts[path], limit)

    def _review(self, effect: Review, instance: Instance, truth: Truth) -> None:
        if truth is None:
            self.open_reviews.append(instance)
        else:
            first = {"why": effect.why, "lacks": effect.lacks} if effect.lacks else {"why": effect.why}
            self.reviews.append(_said(instance, **first))
            self.used.append(instance)

    def _certain(self, number: int, effect: Effect, instance: Instance, met: bool) -> None:
        if isinstance(effect, Forbid):
            reasons = {path: _plain(value) for path, value in because(instance.condition, self.facts).items()}
            self.forbids.append({"act": effect.act, **_words(instance), "because": reasons, **self._unless(instance)})
        elif isinstance(effect, Require):
            if not met and not instance.of_the_clinic:
                self.owed.append(effect.due)
            self.duties.append(kept(instance, ("duty", number, met), lambda: _duty(effect, instance, met)))
        elif isinstance(effect, Limit):
            self._narrow(effect, instance)
        elif isinstance(effect, Advise):
            self.advice.append(_said(instance, advice=effect.text))

    def _unless(self, instance: Instance) -> Json:
        """What would lift a rule that forbids, the least first."""
        ways = exceptions(instance.condition, self.facts)
        return {"unless": [" and ".join(way) for way in ways]} if ways else {}

    def _narrow(self, effect: Limit, instance: Instance) -> None:
        """Keep the strictest: the smaller number, or the values that all allow."""
        key = (effect.name, effect.most is None)
        held = self.strictest.get(key)
        if held is None:
            self.strictest[key] = (effect, instance)
        elif effect.most is None:
            both = tuple(value for value in _allowed(held[0]) if value in _allowed(effect))
            self.strictest[key] = (Limit(effect.name, allowed=both), instance)
        elif effect.most < held[0].most:  # type: ignore[operator]
            self.strictest[key] = (effect, instance)

    def apply_limits(self) -> None:
        """List the limits, and forbid what goes beyond one."""
        for (name, _), (limit, instance) in self.strictest.items():
            self.limits.append(_limit(limit, instance))
            path = self.topic.limits[name].fact
            if not path:
                continue
            if path not in self.facts:
                self.open_limits.append(path)
            elif not _within(self.facts[path], limit):
                reasons = {path: _plain(self.facts[path])}
                lawful = {"unless": [f"{path} {_bound_words(limit)}"]}
                self.forbids.append({"act": self.topic.act, **_words(instance), "because": reasons, **lawful})

    def outcome(self, carried: bool) -> Outcome:
        """The first that applies: forbidden, incomplete, review, permitted with duties, permitted."""
        if self.forbids or (carried and self.topic.needs_permit and not self._some_path()):
            return Outcome.FORBIDDEN
        if not carried:
            return Outcome.REVIEW
        if self.missing():
            return Outcome.INCOMPLETE
        if self.reviews or self._only_weak():
            return Outcome.REVIEW
        unmet = any(not duty["met"] for duty in self.duties)
        return Outcome.PERMITTED_WITH_DUTIES if unmet else Outcome.PERMITTED

    def _some_path(self) -> bool:
        return bool(self.permits or self.weak or self.open_permits)

    def _only_weak(self) -> bool:
        return self.topic.needs_permit and not self.permits and bool(self.weak)

    def missing(self) -> set[str]:
        """The untold facts that could still change the outcome."""
        open_rules = list(self.open_forbids)
        if self.topic.needs_permit and not self.permits:
            open_rules += self.open_permits
        if not self.reviews and not (self._only_weak() and not self.open_permits):
            # Where a person must decide anyway, a duty or a further review changes nothing.
            open_rules += self.open_reviews
            open_rules += [instance for due, instance in self.open_duties if not self._owes_before(due)]
        found = {path for instance in open_rules for path in missing(instance.condition, self.facts)}
        return {told_path(path) for path in found | set(self.open_limits)}

    def _owes_before(self, due: str) -> bool:
        """Whether a duty that is unmet for certain keeps the gate shut at which another one would be due.

        Then the other changes nothing yet. It does once the first is met; and it always may where it is due earlier,
        for a gate in between would open on duties that nobody asked about. Only duties of the law count: a clinic's
        own would hide what the law still asks, and a policy never loosens an answer.
        """
        if due not in POINTS:
            return False
        by_then = list(POINTS)[: list(POINTS).index(due) + 1]
        return any(owed in by_then for owed in self.owed)

    def all_reviews(self, carried: bool) -> Iterator[Json]:
        """Why a person must decide, where one must."""
        yield from self.reviews
        if not carried:
            cite = dict.fromkeys(source for entry in self.advice for source in entry["cite"])
            yield {"why": LAW_NOT_CARRIED, "rule": "", "cite": list(cite)}
        if self._only_weak():
            for entry in self.weak:
                yield {"why": PERMISSION_UNCERTAIN, **entry}

    def tried(self) -> Iterator[Json]:
        """The paths of authority that failed and why, the nearest to lawful first; only where none is sure."""
        if not self.topic.needs_permit or self.permits:
            return
        tried = [_tried(effect, instance, self.facts) for effect, instance in self.failed]
        self.used += [instance for _, instance in self.failed]
        tried.sort(key=_CLOSED_AND_LONG)
        for number, path in enumerate(tried):
            yield path.nearest if number == 0 and not path.closed else path.entry


def kept(by: Instance | Plan, key: Hashable, make: Callable[[], Json]) -> Json:
    """What a rule or a plan says alike in many answers: made once, unless there is too much of it."""
    found: Said | None = by.kept.get(key)
    if found is None:
        found = Said(make())
        if len(by.kept) < _MOST_KEPT:
            by.kept[key] = found
    return found


def _said(instance: Instance, **first: str) -> Json:
    """A rule's words after one that says what they are about."""
    return kept(instance, tuple(first.items()), lambda: {**first, **_words(instance)})


def _duty(effect: Require, instance: Instance, met: bool) -> Json:
    detail = {key: _plain(value) for key, value in effect.detail.items()}  # type: ignore[arg-type]
    return {"duty": effect.duty, "due": effect.due, "met": met, "detail": detail, **_words(instance)}


def _limit(limit: Limit, instance: Instance) -> Json:
    bound = {"max": limit.most} if limit.most is not None else {"to": list(_allowed(limit))}
    return kept(instance, limit, lambda: {"limit": limit.name, **bound, **_words(instance)})


@dataclass(frozen=True, slots=True)
class _Tried:
    """A path of authority that failed: whether it is closed to everybody, how many parts fail, and how it is told."""

    closed: bool
    parts: int
    entry: Said
    nearest: Said


def _tried(effect: Permit, instance: Instance, facts: Facts) -> _Tried:
    """A path of authority, and the parts of its condition that fail."""
    truths = parts_hold(instance.condition, facts)
    key = (effect.path, truths)
    found: _Tried | None = instance.kept.get(key)
    if found is None:
        failed = failing(instance.condition, truths)
        entry = {"path": effect.path, **_words(instance), "failed": failed}
        found = _Tried(CLOSED in failed, len(failed), Said(entry), Said({**entry, "nearest": True}))
        if len(instance.kept) < _MOST_KEPT:
            instance.kept[key] = found
    return found


def _words(instance: Instance) -> dict[str, Any]:
    known = instance.cited
    words: dict[str, Any] = {
        "rule": instance.id,
        "title": instance.title,
        "law": known.law,
        "cite": list(known.sources),
    }
    if instance.authority != STATUTE:
        words["authority"] = instance.authority
    return words if known.confidence == "high" else {**words, "confidence": known.confidence}


def _within(value: Value, limit: Limit) -> bool:
    if limit.most is not None:
        return value is None or value <= limit.most  # type: ignore[operator]
    return value in _allowed(limit)


def _bound_words(limit: Limit) -> str:
    if limit.most is not None:
        return f"is at most {limit.most}"
    return f"is one of {', '.join(map(str, _allowed(limit)))}"


def _allowed(limit: Limit) -> tuple[Value, ...]:
    return limit.allowed if isinstance(limit.allowed, tuple) else ()


def _plain(value: Value) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return dict(value) if isinstance(value, Mapping) else value


def cited(used: Iterable[Cited], sources: Sources) -> dict[str, Json]:
    """The sources that are cited, each with the sections cited through it."""
    laws: dict[str, tuple[str, ...]] = {}
    for one in used:
        law = one.law
        for name in one.sources:
            had = laws.get(name)
            if had is None:
                laws[name] = (law,)
            elif law not in had:
                laws[name] = (*had, law)
    said = sources.said
    return {name: said.get((name, laws[name])) or _source(sources, name, laws[name]) for name in sorted(laws)}


def _source(sources: Sources, name: str, laws: tuple[str, ...]) -> Json:
    """A source beside the sections that are cited through it; what is said of it is made once for the same ones."""
    source = sources[name]
    entry = {
        "law": "; ".join(filter(None, laws)) or source.title,
        "title": source.title,
        "url": source.url or None,
        "checked": source.checked,
        "confidence": source.confidence,
    }
    found = Said(entry, name)
    if len(sources.said) < _MOST_SOURCES:
        sources.said[(name, laws)] = found
    return found
