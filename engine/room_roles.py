"""What each role in a room may send, receive and do: the one table that node, records and pages ask.

It is closed: a role that is not in it, a label or an act that a role's row does not name, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from engine.rooms import RoomRole

PEOPLE = frozenset({"microphone", "camera"})
SCREENS = frozenset({"screen", "screen_audio"})
EVERYTHING = PEOPLE | SCREENS


class RoomAct(StrEnum):
    """What somebody may do to a room and to the others in it."""

    END = "end"
    ADMIT = "admit"
    REMOVE = "remove"
    LOCK = "lock"
    MUTE = "mute"
    RECORD = "record"
    EXTEND = "extend"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRights:
    """One role's row.

    ``sends`` and ``receives`` are labels of tracks; ``acts`` what they may do to others; ``invites`` whom they may give
    a link to; ``writes`` whether the visit's chat is theirs too; ``locked_out`` whether a locked room shuts them out
    who were not inside yet; ``asked_again`` whether their right to stay hangs on what somebody else granted.
    """

    sends: frozenset[str] = PEOPLE
    receives: frozenset[str] = EVERYTHING
    acts: frozenset[RoomAct] = frozenset()
    invites: frozenset[RoomRole] = frozenset()
    writes: bool = False
    locked_out: bool = True
    asked_again: bool = False

    @property
    def listed(self) -> dict[str, bool | list[str]]:
        """The row as a browser is told it; ``publish`` and ``end`` are short for the commonest questions."""
        return {
            "publish": bool(self.sends),
            "end": RoomAct.END in self.acts,
            "send": sorted(self.sends),
            "receive": sorted(self.receives),
            "act": sorted(self.acts),
            "write": self.writes,
        }


_GUESTS = frozenset({RoomRole.INTERPRETER, RoomRole.CAREGIVER, RoomRole.OBSERVER, RoomRole.SECOND_SITE})

RIGHTS: Mapping[RoomRole, RoleRights] = MappingProxyType(
    {
        RoomRole.PATIENT: RoleRights(
            sends=EVERYTHING, invites=frozenset({RoomRole.CAREGIVER}), writes=True, locked_out=False
        ),
        RoomRole.PROVIDER: RoleRights(
            sends=EVERYTHING, acts=frozenset(RoomAct), invites=_GUESTS, writes=True, locked_out=False
        ),
        RoomRole.INTERPRETER: RoleRights(),
        RoomRole.CAREGIVER: RoleRights(writes=True, asked_again=True),
        RoomRole.OBSERVER: RoleRights(sends=frozenset()),
        RoomRole.SECOND_SITE: RoleRights(sends=EVERYTHING),
    }
)


def rights_of(role: RoomRole) -> RoleRights:
    """The role's row."""
    return RIGHTS[role]
