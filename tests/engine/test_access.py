"""What the access table does not grant is refused, and a table that grants too much does not load."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.access import AccessTable, Action, Relation, Standing, decide_access, decide_act, seen_fields
from engine.access_file import FILE, SHAPE, access_table, read_access
from engine.diagnostics import Problems
from engine.diagnostics_access import ACCESS

TABLE = access_table()
CLINICAL = ("identity", "contact", "place", "clinical", "answers", "note", "orders", "documents")
WHO_RUNS_IT = ("clinic_admin", "clinical_ops", "compliance", "support", "platform_operator")


def standing(role: str, *relations: str) -> Standing:
    return Standing(role=role, relations=frozenset({Relation.ANYONE, *map(Relation, relations)}))


def read(text: str, tmp_path: Path) -> tuple[AccessTable | None, list[tuple[str, int]]]:
    folder = tmp_path / "engine"
    folder.mkdir(exist_ok=True)
    (folder / "access.yaml").write_text(text, encoding="utf-8")
    problems = Problems()
    table = read_access(folder / "access.yaml", problems)
    return table, [(one.code, one.location.line) for one in problems]


def test_a_patient_reads_their_own_answers_and_nobody_elses() -> None:
    assert decide_access(TABLE, standing("patient", "self"), ["answers"], Action.VIEW).allowed
    other = decide_access(TABLE, standing("patient"), ["answers"], Action.VIEW)
    assert (other.allowed, other.lacking) == (False, ("answers",))


def test_a_clinician_reads_a_chart_as_the_one_who_treats_and_not_as_a_colleague() -> None:
    assert decide_access(TABLE, standing("provider", "treating"), CLINICAL, Action.VIEW).allowed
    assert decide_access(TABLE, standing("provider", "clinic"), CLINICAL, Action.VIEW).lacking == tuple(
        sorted(CLINICAL)
    )


def test_an_emergency_lets_a_clinician_read_and_nothing_else() -> None:
    held = TABLE.granted("provider", [Relation.EMERGENCY])
    assert {action for _, action in held} == {Action.VIEW}
    assert {data for data, _ in held} >= {"identity", "clinical", "note", "orders"}


def test_why_a_chart_was_opened_is_read_by_the_officer_who_judges_it_and_by_nobody_else() -> None:
    readers = {
        role for role in TABLE.roles if "reason" in seen_fields(TABLE, standing(role, "clinic"), "emergency_case")
    }
    assert readers == {"compliance", "system"}


@pytest.mark.parametrize("role", WHO_RUNS_IT)
def test_who_runs_the_clinic_sees_nothing_clinical_in_any_relation(role: str) -> None:
    granted = TABLE.granted(role, Relation)
    assert [data for data in CLINICAL if any((data, action) in granted for action in Action)] == []
    assert ("emergency", Action.CREATE) not in granted


def test_an_act_needs_every_class_it_touches() -> None:
    assert decide_act(TABLE, standing("provider", "treating"), "visits:queue:viewed").allowed
    assert decide_act(TABLE, standing("clinic_admin", "clinic"), "visits:queue:viewed").lacking == (
        "clinical",
        "identity",
        "tasks",
    )


@pytest.mark.parametrize("tag", ["wishes:wish:viewed", "people:patient:refused", "people:patient:eaten", "", "viewed"])
def test_an_act_nobody_wrote_down_is_the_systems_alone(tag: str) -> None:
    roles = {role for role in TABLE.roles if decide_act(TABLE, Standing.at_best(role, TABLE), tag).allowed}
    assert roles == {"system"}


def test_no_data_at_all_is_no_permission() -> None:
    assert not decide_access(TABLE, standing("system"), [], Action.VIEW).allowed


@settings(max_examples=40)
@given(st.text(), st.sets(st.sampled_from(Relation)), st.sampled_from(sorted(TABLE.data)), st.sampled_from(Action))
def test_a_role_nobody_wrote_down_may_do_nothing(role: str, held: set[Relation], data: str, action: Action) -> None:
    if role not in TABLE.roles:
        assert not decide_access(TABLE, Standing(role=role, relations=frozenset(held)), [data], action).allowed


@settings(max_examples=40)
@given(st.sampled_from(sorted(TABLE.roles)), st.sets(st.sampled_from(Relation)), st.sampled_from(Relation))
def test_one_more_relation_never_takes_anything_away(role: str, held: set[Relation], more: Relation) -> None:
    assert TABLE.granted(role, held) <= TABLE.granted(role, held | {more})


def test_a_scope_gives_something_to_who_acts_for_the_patient_and_to_nobody_else() -> None:
    acting = Standing(role="patient", relations=frozenset({Relation.PROXY}), scopes=frozenset({"consent"}))
    assert decide_access(TABLE, acting, ["consent"], Action.CREATE).allowed
    for other in (
        Standing(role="patient", relations=frozenset({Relation.PARTICIPANT}), scopes=frozenset({"consent"})),
        Standing(role="provider", relations=frozenset({Relation.PROXY}), scopes=frozenset({"consent"})),
        Standing(role="patient", relations=frozenset({Relation.PROXY}), scopes=frozenset({"schedule", "consents"})),
        acting.without(Relation.PROXY),
    ):
        assert not decide_access(TABLE, other, ["consent"], Action.CREATE).allowed


def test_only_a_guardian_may_consent_or_share() -> None:
    assert {kind for kind, scopes in TABLE.kinds.items() if scopes & {"consent", "share"}} == {"guardian"}


def test_an_administrator_sees_when_and_how_far_and_never_why_or_where() -> None:
    seen = seen_fields(TABLE, standing("clinic_admin", "clinic"), "visit")
    assert {"stage", "starts_at", "payment_state", "provider"} <= seen
    assert not seen & {"reason", "booked_place", "attested_place", "payment_label", "room"}


def test_the_products_own_table_has_words_for_everything() -> None:
    sentences = [*TABLE.data.values(), *TABLE.relations.values(), *TABLE.roles.values(), *(n.why for n in TABLE.never)]
    assert [one for one in sentences if not one.endswith(".")] == []
    assert set(TABLE.relations) == set(Relation)


FAULTS = {
    "a role that is none": ("roles: [visitor]", "roles: [visitors]", "ACCESS001"),
    "data that is none, in a grant": (
        "        identity: [view, modify]",
        "        identiti: [view, modify]",
        "ACCESS001",
    ),
    "data that is none, in an act": ("people:patient: [identity,", "people:patient: [identiti,", "ACCESS001"),
    "data that is none, in a field": ("    reason: clinical", "    reason: klinical", "ACCESS001"),
    "a relation that is none": ("      treating:\n", "      treated:\n", "ACCESS001"),
    "a relation without words": ("  clinic: They work for the clinic.\n", "", "ACCESS002"),
    "a role that says nothing": ("    all: true\n", "", "ACCESS003"),
    "a clinical grant to support": (
        "course: [view], room: [view]}\n  platform",
        "note: [view]}\n  platform",
        "ACCESS004",
    ),
    "writing in an emergency": ("        note: [view]\n", "        note: [view, modify]\n", "ACCESS004"),
    "an officer who is everything": ("    says: The officer", "    all: true\n    says: The officer", "ACCESS004"),
    "a scope that is none": ("scopes: [schedule, intake, join, messages, write]\n", "scopes: [shedule]\n", "ACCESS001"),
    "data that is none, in a scope": (
        "        files: [view, create, delete]\n    consent",
        "        plaice: [view]\n    consent",
        "ACCESS001",
    ),
    "an account through a relationship": (
        "        consent: [view, create, modify]\n    join",
        "        consent: [view]\n        account: [view]\n    join",
        "ACCESS004",
    ),
    "an action that is none": ("        place: [view, create]", "        place: [view, look]", "SHAPE004"),
    "a word too many": ("emergency: {minutes: 60,", "emergency: {hours: 1, minutes: 60,", "SHAPE001"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_table_is_reported_on_its_line_and_not_used(name: str, tmp_path: Path) -> None:
    good, bad, code = FAULTS[name]
    text = FILE.read_text(encoding="utf-8")
    assert good in text
    table, found = read(text.replace(good, bad, 1), tmp_path)
    assert table is None
    line = text[: text.index(good)].count("\n") + 1
    assert [at for at in found if at[0] == code and (abs(at[1] - line) <= 1 or code in ("ACCESS002", "ACCESS004"))]


def test_every_diagnostic_of_the_table_has_a_fault_above() -> None:
    assert {kind.code for kind in ACCESS} <= {code for _, _, code in FAULTS.values()}


def test_the_table_has_a_schema_for_editors() -> None:
    assert SHAPE.json_schema()["additionalProperties"] is False
