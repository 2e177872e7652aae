"""Who a route is for, as the crawl over all routes expects it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Who a route is for: everybody (``public``), or whoever may do all these acts to the visit that is asked for.

    ``own`` says that the route is about the asker's own things, ``own_case`` that it is about the emergency access of
    one clinician, who is the helper; ``clinic_wide`` that whoever treats has no right to it for that, ``personal``
    that who acts for the patient has none. ``also``: answers beside success to who may, where the visit lacks the page.
    """

    acts: tuple[str, ...] = ()
    public: bool = False
    own: bool = False
    own_case: bool = False
    clinic_wide: bool = False
    personal: bool = False
    also: tuple[int, ...] = ()


PUBLIC = Door(public=True)
SIGNED_IN = Door(own=True)
GONE = Door(public=True, also=(404, 410))  # a link by mail that is none
HALF_WAY = Door(public=True, also=(401, 403, 404))  # who has not begun to sign in has nothing to go on with
NOT_THEIRS = Door(own=True, also=(404,))  # the id is nobody's


def visit(*acts: str, also: tuple[int, ...] = ()) -> Door:
    return Door(acts=("visits:visit:viewed", *acts), also=also)


def clinic_wide(*acts: str, also: tuple[int, ...] = ()) -> Door:
    return Door(acts=acts, clinic_wide=True, also=also)


def own(*acts: str) -> Door:
    return Door(acts=acts, own=True)
