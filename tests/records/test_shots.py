"""Photos that answers name: what is gone is named by no answer, and what was handed in keeps its photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from records.errors import AlreadyDone, PhotosGone
from records.forms import Submission
from records.scope import Scope
from tests.records.helpers import World, build_world
from tests.records.helpers_blobs import FakeScanner, picture, send, store_of
from tests.records.helpers_journey import FORM, answer_of

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    """Nothing here differs between the databases."""
    return str(request.param)


@pytest.fixture
def begun(world: World) -> World:
    world.begin()
    return world


def answered(world: World, value: Any, version: int = 0) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.forms.save_answer(answer_of(world.visit, "photos", value, version, f"k{version}"))


def answer_now(world: World) -> Any:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        return scope.forms.answers(world.visit, FORM)["photos"].value


def hand_in(scope: Scope, world: World) -> str:
    return scope.forms.submit(
        Submission(visit=world.visit, form=FORM, form_digest="sha256:f", shown=("photos",), fills={})
    )


def test_a_removed_photo_is_taken_out_of_the_answer_that_names_it(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    near, far = send(store, begun, picture()), send(store, begun, picture(size=(30, 30)))
    answered(begun, {"near": near, "far": far})
    store.remove(begun.clinic, begun.as_patient, near)
    assert answer_now(begun) == {"far": far}
    store.remove(begun.clinic, begun.as_patient, far)
    assert answer_now(begun) is None


def test_a_photo_that_its_late_check_refuses_is_taken_out_as_well(begun: World, tmp_path: Path) -> None:
    scanner = FakeScanner(away=True)
    store = store_of(begun, tmp_path, scanner)
    blob = send(store, begun, picture() + b"EICAR")
    answered(begun, {"near": blob})
    scanner.away = False
    assert store.check_waiting(begun.clinic) == 0
    assert answer_now(begun) is None


def test_no_answer_comes_to_name_a_file_that_is_not_there(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    gone = send(store, begun, picture())
    store.remove(begun.clinic, begun.as_patient, gone)
    other = build_world(begun.database, "cedar")
    other.begin()
    for blob in (gone, send(store, other, picture()), "blb_nobody"):
        with pytest.raises(PhotosGone) as lost:
            answered(begun, {"near": blob})
        assert (lost.value.item, lost.value.shots) == ("photos", ("near",))


def test_a_form_whose_photos_are_gone_is_not_handed_in(
    begun: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(begun, tmp_path)
    blob = send(store, begun, picture())
    answered(begun, {"near": blob})
    monkeypatch.setattr("records.blob_rows.drop", lambda *_: None)  # as files ended before answers were told
    store.remove(begun.clinic, begun.as_patient, blob)
    with (
        pytest.raises(PhotosGone, match="photos: 1"),
        begun.database.scope(begun.clinic, begun.as_patient) as scope,
    ):
        hand_in(scope, begun)
    with begun.database.scope(begun.clinic, begun.as_patient) as scope:
        assert scope.forms.submitted(begun.visit) == ()


def test_a_photo_of_answers_that_were_handed_in_stays(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    blob = send(store, begun, picture())
    answered(begun, {"near": blob})
    with begun.database.scope(begun.clinic, begun.as_patient) as scope:
        hand_in(scope, begun)
    with pytest.raises(AlreadyDone):
        store.remove(begun.clinic, begun.as_patient, blob)
    assert answer_now(begun) == {"near": blob}
