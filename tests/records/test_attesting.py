"""A licence that the clinic attests: in versions, by whom, and never against what its source said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from engine.credentials import DEA, LICENSE, Claim, SourceAnswer
from engine.dossier import License
from records.access import Role
from records.attesting import CredentialDraft
from records.credential_book import RecordsCredentialBook
from records.credentials import CredentialView
from records.errors import AccessRefused, AlreadyDone, Conflict
from records.work import Actor
from tests.records.helpers import World

pytestmark = pytest.mark.slow
ADMIN = Actor(person="per_admin", role=Role.CLINIC_ADMIN)


def draft(world: World, **changes: object) -> CredentialDraft:
    made = CredentialDraft(
        person=world.provider,
        kind=LICENSE,
        state="GA",
        number="GA-1",
        profession="MD",
        type="full",
        expires=date(2028, 1, 31),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def attest(world: World, made: CredentialDraft) -> str:
    with world.database.scope(world.clinic, ADMIN) as scope:
        return scope.attesting.add(made)


def held(world: World, credential: str) -> Sequence[CredentialView]:
    with world.database.scope(world.clinic, ADMIN) as scope:
        found = [one for one in scope.credentials.history(world.provider) if one.credential == credential]
    return sorted(found, key=lambda one: one.version)


def of_georgia(world: World) -> License:
    told = world.store.dossier(world.ref).provider.licenses
    return next(one for one in told if one.state == "GA")


def answer(world: World, credential: str, status: str) -> None:
    book = RecordsCredentialBook(world.database)
    asked: Claim = next(one for one in book.claims(world.clinic, [world.provider]) if one.credential == credential)
    assert asked.verified_at is None  # so that the source is asked at once
    book.answered(world.clinic, asked, SourceAnswer(source="board", as_of=book.now(), found=True, status=status))


def test_what_is_attested_is_kept_by_whom_and_its_source_is_asked(world: World) -> None:
    credential = attest(world, draft(world))
    (first,) = held(world, credential)
    assert (first.attested_by, first.source, first.status) == ("per_admin", "clinic_file", "active")
    assert of_georgia(world).verified_at == first.verified_at is not None
    answer(world, credential, "active")
    assert [(one.source, one.attested_by) for one in held(world, credential)] == [
        ("clinic_file", "per_admin"),
        ("board", ""),
    ]


def test_a_change_of_what_a_source_confirmed_counts_for_nothing_until_it_has_answered(world: World) -> None:
    credential = attest(world, draft(world))
    answer(world, credential, "active")
    with world.database.scope(world.clinic, ADMIN) as scope:
        scope.attesting.change(credential, draft(world, expires=date(2040, 1, 1)), 2)
    assert (of_georgia(world).verified_at, of_georgia(world).expires) == (None, date(2040, 1, 1))
    with world.database.scope(world.clinic, ADMIN) as scope:  # and a second change vouches for no more
        scope.attesting.change(credential, draft(world, number="GA-2"), 3)
    assert of_georgia(world).verified_at is None
    answer(world, credential, "active")
    assert of_georgia(world).verified_at is not None
    assert [one.version for one in held(world, credential)] == [1, 2, 3, 4, 5]


def test_nobody_attests_a_suspension_away(world: World) -> None:
    credential = attest(world, draft(world))
    answer(world, credential, "suspended")
    with world.database.scope(world.clinic, ADMIN) as scope:
        scope.attesting.change(credential, draft(world, number="GA-2"), 2)
    assert of_georgia(world).status == "suspended"
    with pytest.raises(AlreadyDone):
        attest(world, draft(world, number="GA-3"))


BESIDE: tuple[dict[str, object], ...] = ({"type": "special"}, {"type": "registration"}, {"profession": "DO"})


@pytest.mark.parametrize("beside", BESIDE)
def test_nothing_of_the_same_number_stands_beside_a_suspension(world: World, beside: dict[str, object]) -> None:
    answer(world, attest(world, draft(world)), "suspended")
    for number in ("GA-1", " ga 1"):
        with pytest.raises(AlreadyDone):
            attest(world, draft(world, number=number, **beside))


def test_what_is_new_where_something_is_suspended_counts_once_its_source_has_answered(world: World) -> None:
    answer(world, attest(world, draft(world)), "suspended")
    other = attest(world, draft(world, number="GA-2", type="special"))
    compact = attest(world, draft(world, state="AL", type="compact_privilege"))  # by the number that is suspended
    elsewhere = attest(world, draft(world, state="AL", number="AL-1"))
    assert [held(world, one)[0].verified_at is None for one in (other, compact, elsewhere)] == [True, True, False]
    with world.database.scope(world.clinic, ADMIN) as scope:
        scope.attesting.change(other, draft(world, number="GA-3", type="special"), 1)
    assert held(world, other)[-1].verified_at is None
    answer(world, other, "active")
    assert held(world, other)[-1].verified_at is not None


def test_what_the_clinic_changes_counts_no_more_once_something_beside_it_is_suspended(world: World) -> None:
    full, other = attest(world, draft(world)), attest(world, draft(world, number="GA-2", type="special"))
    answer(world, full, "suspended")
    with world.database.scope(world.clinic, ADMIN) as scope:
        scope.attesting.change(other, draft(world, number="GA-3", type="special"), 1)
    assert held(world, other)[-1].verified_at is None


def test_an_older_page_changes_nothing_and_another_right_is_another_credential(world: World) -> None:
    credential = attest(world, draft(world))
    for changed, version, error in (
        (draft(world), 2, Conflict),
        (draft(world, state="AL"), 1, ValueError),
        (draft(world, expires=date(2028, 1, 1), issued=date(2029, 1, 1)), 1, ValueError),
        (draft(world, number="  "), 1, ValueError),
        (draft(world, kind=DEA, schedules=("II",)), 1, ValueError),
    ):
        with pytest.raises(error), world.database.scope(world.clinic, ADMIN) as scope:
            scope.attesting.change(credential, changed, version)
    assert len(held(world, credential)) == 1


def test_only_the_administrator_attests_and_not_the_clinician_themselves(world: World) -> None:
    for asking in (world.as_provider, Actor(person="p", role=Role.COMPLIANCE), world.as_patient):
        with pytest.raises(AccessRefused), world.database.scope(world.clinic, asking) as scope:
            scope.attesting.add(draft(world))
