"""What were the forms and the specialty of a visit when it began, whatever has become of their files since?

A plan names by digest what it was compiled from. That text is kept with the visit and compiled again here when the
content in force is another one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from engine.content import Content
from engine.diagnostics import Problems
from engine.forms import Answers, Form, Item, Stratum, form_name
from engine.forms_compile import compile_form
from engine.packs import digest
from engine.plans import VisitPlan
from engine.reading import Node, Sort, read_text
from engine.remembered import Same
from engine.visits import Specialty
from engine.visits_compile import Folder, Surroundings, compile_specialty
from engine.vocabulary import Vocabulary

_KEPT = 64  # compiled texts of other days that a process remembers


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a form or a specialty's files say, as text, named by its digest."""

    digest: str
    kind: str
    text: str


class ContentGone(Exception):
    """What a visit began with is neither in force nor kept; carries the name of the form or specialty."""


def bare_form(form_id: str, answers: Answers) -> Form:
    """What can be shown of answers whose form is gone: each under its own id, so that none is overlooked."""
    items = tuple(
        Item(id=name, type="text", path=f"form.{form_name(form_id)}.{name}", text={"en": name}, help={})
        for name in answers
    )
    return Form(
        id=form_id,
        version=0,
        title={"en": form_id},
        intro={},
        languages=("en",),
        items=items,
        flags=(),
        digest="",
        strata=(Stratum(items=items, conditional=()),),
    )


def documents_of(content: Content, plan: VisitPlan) -> tuple[Document, ...]:
    """The texts behind a plan, to be kept when a visit begins, without those of another edition than the plan's."""
    found: list[Document] = []
    for name, pin in plan.pins.items():
        kind = "specialty" if name == plan.specialty else "form"
        part: Any = (content.specialties if kind == "specialty" else content.forms).get(name)
        if part is not None and part.digest == pin:
            found.append(Document(digest=pin, kind=kind, text=part.source))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """The content of one visit. ``document`` gives a kept text by its digest, None where there is none."""

    plan: VisitPlan
    content: Any
    vocabulary: Vocabulary
    document: Callable[[str], str | None]

    def form(self, form_id: str) -> Form:
        """The form that the visit began with.

        Where it was never kept, or can no longer be read, that in force serves; raises `ContentGone` without one.
        """
        found: Form = self._found(form_id, _in_force(self.content.form, form_id), _form)
        return found

    @property
    def specialty(self) -> Specialty:
        """The specialty that the visit began with: note template, formulary, texts. Raises `ContentGone`."""
        name = self.plan.specialty
        found: Specialty = self._found(name, self.content.specialties.get(name), _specialty)
        return found

    def _found(self, name: str, current: Any, compiled: Callable[["_Text"], Any]) -> Any:
        pin = self.plan.pins.get(name, "")
        if current is not None and (not pin or current.digest == pin):
            return current
        text = self.document(pin) if pin else None
        kept = compiled(_Text(text, name, pin, Same(self.vocabulary))) if text is not None else None
        if kept is None and current is None:
            raise ContentGone(name)
        return kept if kept is not None else current


@dataclass(frozen=True, slots=True)
class _Text:
    """A kept text, the name and digest it was kept under, and the vocabulary that it is compiled with now."""

    text: str
    name: str
    digest: str
    around: Same

    @property
    def vocabulary(self) -> Vocabulary:
        """What it is compiled with."""
        return cast("Vocabulary", self.around.things[0])

    def read(self) -> Node | None:
        """The text's node; None when it is not what its digest names."""
        problems = Problems()
        node = read_text(self.text, self.name, problems)
        return node if node is not None and not problems.errors and digest(node.plain()) == self.digest else None


def _in_force(get: Callable[[str], Form], form_id: str) -> Form | None:
    try:
        return get(form_id)
    except KeyError:
        return None


@lru_cache(maxsize=_KEPT)
def _form(kept: _Text) -> Form | None:
    node = kept.read()
    return compile_form(node, kept.name, kept.vocabulary, Problems()) if node is not None else None


@lru_cache(maxsize=_KEPT)
def _specialty(kept: _Text) -> Specialty | None:
    node = kept.read()
    if node is None:
        return None
    specialty, note, formulary = node.parts
    folder = Folder(
        name=kept.name,
        specialty=specialty,
        note=note,
        formulary=None if formulary.sort is Sort.EMPTY else formulary,
    )
    forms = frozenset(step.text("form") for kind in specialty["visit_types"] for step in kind["steps"])
    around = Surroundings(forms={}, vocabulary=kept.vocabulary, schedules={}, broken=forms)
    return compile_specialty(folder, around, Problems())
