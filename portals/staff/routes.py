"""The pages of the staff who are no clinicians, and of clinicians in an emergency."""

from __future__ import annotations

from fastapi import APIRouter

from portals.staff import (
    attesting,
    auditing,
    billing,
    calling_off,
    circles,
    connections,
    credentials,
    emergency,
    hours,
    hours_rules,
    oversight,
    schedule,
    takeovers,
)

router = APIRouter(prefix="/staff", include_in_schema=False)
for part in (
    schedule,
    billing,
    connections,
    credentials,
    attesting,
    hours,
    hours_rules,
    emergency,
    oversight,
    auditing,
    circles,
    takeovers,
    calling_off,
):
    router.include_router(part.router)
