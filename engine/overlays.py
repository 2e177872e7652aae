"""What does a clinic add to the law for itself? Its policy, the guidance it lets block, and the law it vouches for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from engine.attestations import Attestation, attested_rules, attested_values, read_attestations, read_recorded
from engine.caps import check_caps
from engine.diagnostics import Problems, listed, nearest
from engine.imports import check_imports
from engine.law import CLINIC, GUIDANCE, LawFile, LawValue, Rule, Source
from engine.law_reading import read_policy
from engine.packs import digest
from engine.reading import Node
from engine.topics import Topics
from engine.values import BadValue, Value
from engine.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLaw:
    """The parts of a clinic's file that are law to it, as read.

    `states` are the codes of the states it serves, `officers` the ids of its compliance officers; `recorded` is what
    these attested on a page or by a command, which records keep.
    """

    policy: Node | None = None
    guidance: Node | None = None
    attestations: Node | None = None
    facts: Node | None = None
    states: frozenset[str] = frozenset()
    officers: frozenset[str] = frozenset()
    recorded: tuple[Node, ...] = ()

    def plain(self) -> dict[str, object]:
        """What an overlay's digest names; a part that is absent or empty leaves no trace."""
        parts = {
            "policy": self.policy,
            "guidance": self.guidance,
            "attestations": self.attestations,
            "facts": self.facts,
        }
        told = {name: part for name, part in parts.items() if part is not None and (part.parts or part.entries)}
        found: dict[str, object] = {name: part.plain() for name, part in told.items()}
        return {**found, "recorded": [node.plain() for node in self.recorded]} if self.recorded else found


@dataclass(frozen=True, slots=True)
class Overlay:
    """A clinic's own policy, guidance and attestations, compiled; `told` is what it tells of itself, by path."""

    rules: tuple[Rule, ...]
    digest: str
    enforced: frozenset[str] = frozenset()
    attested: tuple[Attestation, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    told: Mapping[str, Value] = field(default_factory=dict)

    def rules_of(self, topic: str, law: Iterable[Rule]) -> list[Rule]:
        """The rules of a topic as they are for this clinic, its own after those of the law."""
        found = [replace(rule, authority=CLINIC) if rule.id in self.enforced else rule for rule in law]
        return attested_rules(found, self.attested) + [rule for rule in self.rules if rule.topic == topic]

    def values_of(self, jurisdiction: str, values: Iterable[LawValue]) -> list[LawValue]:
        """The law values of a jurisdiction as they are for this clinic."""
        return attested_values(values, jurisdiction, self.attested)


class Ground(Protocol):
    """The law that an overlay is laid on."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The paths that conditions may name."""

    @property
    def topics(self) -> Topics:
        """The topics that rules may belong to."""

    @property
    def files(self) -> tuple[LawFile, ...]:
        """Every law file."""


def read_overlay(own: OwnLaw, ground: Ground, problems: Problems) -> Overlay | None:
    """The overlay of a clinic, None where it adds nothing; everything wrong is reported, and caps that it exceeds."""
    plain = own.plain()
    if not plain:
        return None
    policy = read_policy(own.policy, ground.vocabulary, ground.topics, problems) if own.policy else ()
    law = [rule for file in ground.files for rule in file.rules]
    check_imports([*policy, *law], problems)
    check_caps(policy, [cap for file in ground.files for cap in file.caps], ground.topics, problems, own.states)
    attested = read_attestations(own.attestations, ground, problems, own.officers) if own.attestations else ()
    attested += read_recorded(own.recorded, ground)
    return Overlay(
        rules=policy,
        digest=digest(plain["policy"] if list(plain) == ["policy"] else plain),
        enforced=_enforced(own.guidance, law, problems) if own.guidance else frozenset(),
        attested=attested,
        sources={one.source.id: one.source for one in attested},
        told=_told(own.facts, ground, problems) if own.facts else {},
    )


def _told(node: Node, ground: Ground, problems: Problems) -> dict[str, Value]:
    """What a clinic tells of itself, typed."""
    allowed, found = ground.topics.clinic_facts, dict[str, Value]()
    for path, part in node.items():
        if path not in allowed:
            at = node.entries[path].key_at
            problems.report("LAW026", at, path=path, hint=nearest(path, allowed), allowed=listed(allowed))
            continue
        kind = ground.vocabulary.facts[path].type
        try:
            found[path] = kind.read(part.plain())
        except BadValue as error:
            shown = part.raw or str(part.sort)
            problems.report("COND004", part.at, value=shown, path=path, reason=error, fix=f"write {kind}")
    return found


def _enforced(node: Node, law: Iterable[Rule], problems: Problems) -> frozenset[str]:
    """The ids of guidance that this clinic lets block."""
    known = {rule.id: rule for rule in law}
    guidance = [name for name, rule in known.items() if rule.authority == GUIDANCE]
    for part in node:
        rule = known.get(part.raw)
        if rule is None or rule.authority != GUIDANCE:
            reason = "it blocks already, or never would" if rule else "there is no such rule"
            problems.report("LAW021", part.at, id=part.raw, reason=reason, hint=nearest(part.raw, guidance))
    return frozenset(part.raw for part in node)
