"""Which role may do which act, and what a reader sees of a row: the table of `engine.access`, asked with our words.

The table is data (`engine/access.yaml`); how an actor stands to a row is found out by :mod:`records.standing`.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from engine.access import Relation, Standing, decide_act, seen_fields
from engine.access_file import access_table
from records.acts import Act


class Role(StrEnum):
    """What an actor is to the clinic. ``visitor`` has not signed in; ``system`` is the workflow and its timers."""

    PATIENT = "patient"
    CAREGIVER = "caregiver"
    PROVIDER = "provider"
    CLINIC_ADMIN = "clinic_admin"
    CLINICAL_OPS = "clinical_ops"
    COMPLIANCE = "compliance"
    SUPPORT = "support"
    PLATFORM_OPERATOR = "platform_operator"
    VISITOR = "visitor"
    SYSTEM = "system"


TABLE = access_table()
# Who works for the clinic; everybody else stands to it as a patient, somebody who helps one, or a stranger.
STAFF = frozenset(Role) - {Role.PATIENT, Role.CAREGIVER, Role.VISITOR, Role.SYSTEM}


def may(role: str, act: Act) -> bool:
    """Whether the role may do the act at all, however it stands to a row; an unknown role may do nothing."""
    return permitted(Standing.at_best(role, TABLE), act)


@lru_cache(maxsize=8192)
def permitted(standing: Standing, act: Act) -> bool:
    """Whether an actor who stands so to a row may do the act to it."""
    return decide_act(TABLE, standing, str(act)).allowed


def sees(standing: Standing, kind: str) -> frozenset[str]:
    """The fields of a kind of view (``visit``, ``event``, ...) that an actor who stands so may see."""
    return seen_fields(TABLE, standing, kind)


def only_by(standing: Standing, act: Act, relation: Relation) -> bool:
    """Whether it is this relation that permits the act, and none of the others that hold."""
    return permitted(standing, act) and not permitted(standing.without(relation), act)


MAY: Mapping[Role, frozenset[Act]] = MappingProxyType(
    {role: frozenset(act for act in Act if may(role, act)) for role in Role}
)
