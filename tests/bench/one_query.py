"""The page that others are measured against: one query and one audited insert, in the same framework and database."""

from __future__ import annotations

import os

import uvicorn
from fastapi import FastAPI
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from engine.settings import parse_settings
from records.acts import Act
from records.database import Database
from records.keys import FileKeyProvider
from records.tables.visits import Visit
from records.work import Actor

SLUG = "marigold"


def app_of(database: Database) -> FastAPI:
    """One page, and whether it is up."""
    app = FastAPI()

    def look(visit: str) -> str:
        with database.work(SLUG, Actor.system("floor")) as work:
            stage = work.session.scalar(select(Visit.stage).where(Visit.id == visit, Visit.clinic == SLUG))
            work.note(Act.VISIT_VIEWED, visit, visit)
            return str(stage)

    @app.get("/visits/{visit}")
    async def page(visit: str) -> HTMLResponse:
        return HTMLResponse(f"<!doctype html><title>Visit</title><p>{await run_in_threadpool(look, visit)}</p>")

    @app.get("/healthz")
    async def healthy() -> str:
        return "ok"

    return app


def main() -> None:
    settings = parse_settings(os.environ)
    database = Database(
        settings.database_url, FileKeyProvider(settings.keys_dir), connections=settings.database_connections
    )
    uvicorn.run(app_of(database), host=settings.web_host, port=settings.web_port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
