"""A visit keeps the forms and the specialty it began with, also when their files say something else or are gone."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine.content import Content
from engine.forms_intake import shown_items
from engine.library import Library, load_library
from engine.pinned import ContentGone, Document, Pinned, bare_form, documents_of
from engine.plans import VisitPlan, plan_from_json

ROOT = Path(__file__).resolve().parents[2]


@cache
def library() -> Library:
    return load_library(ROOT)


def plans() -> list[VisitPlan]:
    return [kind.plan for one in library().content.specialties.values() for kind in one.visit_types.values()]


def pinned(plan: VisitPlan, content: Content, kept: tuple[Document, ...]) -> Pinned:
    texts = {one.digest: one.text for one in kept}
    return Pinned(plan=plan, content=content, vocabulary=library().law.vocabulary, document=texts.get)


def emptied(content: Content) -> Content:
    return replace(content, forms={}, specialties={})


def changed(part: Any) -> Any:
    return replace(part, digest="sha256:another", title={"en": "Another"})


def some_plan() -> tuple[VisitPlan, str]:
    plan = next(one for one in plans() if len(one.pins) > 1)
    return plan, next(name for name in plan.pins if name != plan.specialty)


def test_every_plan_names_its_specialty_and_its_forms_by_digest_and_survives_its_json() -> None:
    for plan in plans():
        forms = {str(step.settings["form"]) for step in plan.steps if step.kind == "intake"}
        assert plan.pins.keys() == {plan.specialty, *forms}
        assert plan_from_json(plan.canonical(), plan.digest) == plan


@pytest.mark.slow
def test_everything_carried_is_the_same_when_compiled_again_from_what_is_kept() -> None:
    content = library().content
    for plan in plans():
        again = pinned(plan, emptied(content), documents_of(content, plan))
        assert again.specialty.note == content.specialties[plan.specialty].note
        assert again.specialty.formulary == content.specialties[plan.specialty].formulary
        for name in plan.pins.keys() - {plan.specialty}:
            assert again.form(name) == content.form(name)


def test_a_visit_keeps_the_form_it_began_with_when_the_file_changes() -> None:
    plan, form = some_plan()
    content = library().content
    now = replace(content, forms={**content.forms, form: changed(content.form(form))})
    assert pinned(plan, now, documents_of(content, plan)).form(form).title == content.form(form).title


def test_what_is_in_force_serves_a_visit_of_which_nothing_was_kept_or_nothing_can_be_read() -> None:
    plan, form = some_plan()
    content = library().content
    now = replace(content, forms={**content.forms, form: changed(content.form(form))})
    spoilt = tuple(replace(one, text=json.dumps({"form": form})) for one in documents_of(content, plan))
    for kept in ((), spoilt):
        assert pinned(plan, now, kept).form(form).title == {"en": "Another"}
    assert pinned(replace(plan, pins={}), now, documents_of(content, plan)).form(form).title == {"en": "Another"}


def test_what_is_nowhere_any_more_has_an_error_of_its_own() -> None:
    plan, form = some_plan()
    gone = pinned(plan, emptied(library().content), ())
    with pytest.raises(ContentGone):
        gone.form(form)
    with pytest.raises(ContentGone):
        _ = gone.specialty


def test_of_another_edition_than_the_plans_nothing_is_kept() -> None:
    plan, form = some_plan()
    content = library().content
    now = replace(content, forms={**content.forms, form: changed(content.form(form))})
    assert {one.digest for one in documents_of(now, plan)} == set(plan.pins.values()) - {plan.pins[form]}


def test_of_answers_whose_form_is_gone_each_is_shown_under_its_own_id() -> None:
    answers = {"started": "today", "fever": 38.4}
    assert [item.id for item in shown_items(bare_form("area/gone", answers), answers)] == ["started", "fever"]
