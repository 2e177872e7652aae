"""May this actor do that to this class of data? Decided from a table that is data: what it does not grant is refused.

The table is `access.yaml` beside this module, read and checked by :mod:`engine.access_file`. Records ask it at every
row, and pages ask it at their doors; neither has a rule of its own about who may see what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType


class Action(StrEnum):
    """What can be done to data."""

    VIEW = "view"
    CREATE = "create"
    MODIFY = "modify"
    DELETE = "delete"
    EXPORT = "export"


class Relation(StrEnum):
    """How an actor can stand to a record. Several may hold at once; their grants add up."""

    ANYONE = "anyone"
    SELF = "self"
    PROXY = "proxy"
    PARTICIPANT = "participant"
    TREATING = "treating"
    EMERGENCY = "emergency"
    CLINIC = "clinic"


# The last part of an act's tag, and the action it stands for. A refusal is nobody's to do.
TAGGED: Mapping[str, Action] = MappingProxyType(
    {
        "viewed": Action.VIEW,
        "created": Action.CREATE,
        "modified": Action.MODIFY,
        "deleted": Action.DELETE,
        "exported": Action.EXPORT,
    }
)
Grant = tuple[str, Action]


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """What no grant may give: to these roles, or in this relation, these actions on this data. Empty stands for all."""

    roles: frozenset[str]
    relation: Relation | None
    data: frozenset[str]
    actions: frozenset[Action]
    why: str

    def forbids(self, role: str, relation: Relation, grant: Grant) -> bool:
        """Whether a grant to the role, standing so, is one of those that must never be."""
        data, action = grant
        return (
            (not self.roles or role in self.roles)
            and self.relation in (None, relation)
            and (not self.data or data in self.data)
            and (not self.actions or action in self.actions)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccessTable:
    """Role by relation by data by action, as compiled from its file.

    ``grants`` holds what each role may do in each relation; ``everything`` the roles that may do all;
    ``acts`` the classes that each kind of act touches; ``fields`` the class of each field of each kind of view;
    ``scopes`` what each scope of a relationship gives, to the roles of ``acting`` who stand as `Relation.PROXY`;
    ``kinds`` the scopes that each kind of relationship may hold;
    ``emergency_minutes`` how long a chart stays open, ``reason_least`` how many characters a reason has at least.
    """

    data: Mapping[str, str]
    relations: Mapping[str, str]
    roles: Mapping[str, str]
    everything: frozenset[str]
    grants: Mapping[tuple[str, Relation], frozenset[Grant]]
    scopes: Mapping[str, frozenset[Grant]]
    scope_words: Mapping[str, str]
    acting: frozenset[str]
    kinds: Mapping[str, frozenset[str]]
    kind_words: Mapping[str, str]
    never: tuple[Never, ...]
    acts: Mapping[str, frozenset[str]]
    fields: Mapping[str, Mapping[str, str]]
    emergency_minutes: int
    reason_least: int

    def granted(
        self, role: str, relations: Iterable[Relation], scopes: Iterable[str] = frozenset()
    ) -> frozenset[Grant]:
        """Everything the role may do, standing so; nothing for a role that the table does not know.

        A scope gives something only to who acts for the patient in a role that may.
        """
        if role in self.everything:
            return frozenset((data, action) for data in self.data for action in Action)
        held = frozenset(relations)
        grants = [self.grants.get((role, relation), frozenset()) for relation in held]
        if Relation.PROXY in held and role in self.acting:
            grants += [self.scopes.get(scope, frozenset()) for scope in scopes]
        return frozenset().union(*grants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who asks: a role, every relation to the record that holds now, and the scopes in which they act for another."""

    role: str
    relations: frozenset[Relation] = frozenset({Relation.ANYONE})
    scopes: frozenset[str] = frozenset()

    @staticmethod
    def at_best(role: str, table: AccessTable) -> Standing:
        """The role in every relation and every scope at once: what it could ever do."""
        return Standing(role=role, relations=frozenset(Relation), scopes=frozenset(table.scopes))

    def without(self, relation: Relation) -> Standing:
        """The same without one relation, and without what came with it."""
        scopes = frozenset[str]() if relation == Relation.PROXY else self.scopes
        return Standing(role=self.role, relations=self.relations - {relation}, scopes=scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDecision:
    """Whether it is allowed; if not, the classes of data that were not granted for the action."""

    allowed: bool
    action: Action | None
    lacking: tuple[str, ...] = ()


def decide_access(table: AccessTable, standing: Standing, data: Iterable[str], action: Action) -> AccessDecision:
    """Allowed when the action is granted on every one of these classes; on no class at all it never is."""
    wanted = sorted(set(data))
    granted = table.granted(standing.role, standing.relations, standing.scopes)
    lacking = tuple(one for one in wanted if (one, action) not in granted)
    return AccessDecision(allowed=bool(wanted) and not lacking, action=action, lacking=lacking)


def decide_act(table: AccessTable, standing: Standing, tag: str) -> AccessDecision:
    """The same for an act by its tag ``source:subject:action``. Only who may do everything does an unlisted act."""
    kind, _, last = tag.rpartition(":")
    if standing.role in table.everything:
        return AccessDecision(allowed=True, action=TAGGED.get(last))
    action = TAGGED.get(last)
    if action is None or kind not in table.acts:
        return AccessDecision(allowed=False, action=action)
    return decide_access(table, standing, table.acts[kind], action)


@lru_cache(maxsize=1024)
def seen_fields(table: AccessTable, standing: Standing, kind: str) -> frozenset[str]:
    """The fields of a kind of view that the actor may see."""
    granted = table.granted(standing.role, standing.relations, standing.scopes)
    return frozenset(name for name, data in table.fields[kind].items() if (data, Action.VIEW) in granted)
