"""The pages of who runs a clinic day by day: its visits and their replay, what waits for somebody, and its people."""

from __future__ import annotations

from fastapi import APIRouter

from portals.ops import inbox_page, people_page, replay_page, visits_page

router = APIRouter(prefix="/staff", include_in_schema=False)
for part in (visits_page, replay_page, inbox_page, people_page):
    router.include_router(part.router)
