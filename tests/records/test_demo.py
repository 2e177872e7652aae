"""A demonstration is one from its first moment or never, and its clock moves visits and the law, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from engine.settings import parse_settings
from records.database import INSTALLATION, Database
from records.demo import DemoClock, MadeAsDemo, NotADemo, is_demo, make_demo, open_records, refuse_demo
from records.keys import FileKeyProvider
from records.seed import seed
from records.tables.people import SeedMark
from records.tables.vault import AuditEntry
from records.work import Actor
from tests.records.helpers import START, HandClock, open_database
from tests.records.test_seed import clinic

FIVE_WEEKS = START + timedelta(days=35)


def test_records_with_nobody_in_them_may_become_a_demo_and_stay_one(database: Database) -> None:
    assert not is_demo(database)
    assert make_demo(database)
    seed(database, clinic(), demo=True)
    assert not make_demo(database)
    assert is_demo(database)


def test_records_that_hold_people_never_become_a_demo(database: Database) -> None:
    seed(database, clinic(), demo=False)
    with pytest.raises(NotADemo):
        make_demo(database)
    assert not is_demo(database)


def test_demo_people_who_came_later_make_no_demo(database: Database, clock: HandClock) -> None:
    seed(database, clinic(), demo=False)
    clock.move(days=1)
    seed(database, clinic(), demo=True)
    with pytest.raises(NotADemo):
        make_demo(database)


def test_a_demo_from_before_there_was_a_mark_is_known_by_its_first_people(database: Database) -> None:
    seed(database, clinic(), demo=True)
    with database.writing() as session:
        session.execute(delete(SeedMark).where(SeedMark.clinic == INSTALLATION))
        session.commit()
    make_demo(database)
    assert is_demo(database)


def test_a_setting_alone_makes_no_demo_and_moves_no_clock(tmp_path: Path) -> None:
    settings = parse_settings({"CLINIC_DATA_DIR": str(tmp_path), "CLINIC_DEMO": "1"})
    open_database(tmp_path).close()
    DemoClock(tmp_path).set(FIVE_WEEKS)
    opened = open_records(settings)
    assert (opened.settings.demo, opened.clock.moved()) == (False, timedelta(0))
    with pytest.raises(NotADemo):
        opened.clock.set(FIVE_WEEKS)
    make_demo(opened.database)
    opened.database.close()
    again = open_records(settings)
    assert again.settings.demo
    assert again.clock.moved() != timedelta(0)
    again.database.close()


def test_a_demo_is_never_run_as_none_so_that_nobody_real_comes_into_it(tmp_path: Path) -> None:
    settings = parse_settings({"CLINIC_DATA_DIR": str(tmp_path), "CLINIC_DEMO": "0"})
    database = open_database(tmp_path)
    refuse_demo(database)
    real = open_records(settings)
    assert not real.settings.demo
    real.database.close()
    make_demo(database)
    database.close()
    with pytest.raises(MadeAsDemo, match="CLINIC_DEMO=1, or give real people a new data folder"):
        open_records(settings)


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "from before the mark"])
def test_a_demo_is_not_prepared_for_real_people(database: Database, marked: bool) -> None:
    if marked:
        make_demo(database)
    seed(database, clinic(), demo=True)
    with pytest.raises(MadeAsDemo):
        refuse_demo(database)


def test_an_installation_whose_tables_are_still_to_come_is_no_demo(tmp_path: Path) -> None:
    opened = open_records(parse_settings({"CLINIC_DATA_DIR": str(tmp_path), "CLINIC_DEMO": "0"}))
    assert not opened.settings.demo
    opened.database.close()


def test_the_demo_clock_moves_visits_and_never_audit_or_sessions(tmp_path: Path, clock: HandClock) -> None:
    open_database(tmp_path).close()
    moved = DemoClock(tmp_path, clock.now)
    database = Database(
        f"sqlite:///{tmp_path / 'records.sqlite3'}", FileKeyProvider(tmp_path / "keys"), now=clock.now, clock=moved
    )
    moved.set(FIVE_WEEKS)
    clock.move(minutes=1)
    with database.work("palmetto", Actor.system("tests")) as work:
        assert work.at == FIVE_WEEKS + timedelta(minutes=1)
        assert work.now == START + timedelta(minutes=1)
    seed(database, clinic(), demo=True)
    with database.reading() as session:
        written = session.scalars(select(AuditEntry.at)).all()
    assert written
    assert {text[:10] for text in written} == {START.date().isoformat()}
    database.close()


def test_every_program_sees_the_clock_that_one_of_them_moved(tmp_path: Path, clock: HandClock) -> None:
    web, worker = DemoClock(tmp_path, clock.now), DemoClock(tmp_path, clock.now)
    web.set(FIVE_WEEKS)
    assert worker.now() == FIVE_WEEKS
    web.set(START - timedelta(days=1))
    assert worker.now() == START - timedelta(days=1)
    web.reset()
    assert worker.now() == START


def test_a_clock_is_not_moved_by_what_cannot_be_read_or_is_too_far(tmp_path: Path, clock: HandClock) -> None:
    here = DemoClock(tmp_path, clock.now)
    with pytest.raises(ValueError, match="ten years"):
        here.set(START + timedelta(days=5000))
    (tmp_path / "demo-clock.json").write_text("[]", encoding="utf-8")
    assert here.now() == START
