"""Which cases of whole visits stand in the specialties' folders, and do they speak of things that are there?"""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from engine.content import Content
from engine.diagnostics import Location, Problems, listed, nearest
from engine.dossier import DeaRegistration, License, PatientFacts, Place, ProviderFacts
from engine.forms_answers import check_answers
from engine.reading import Node, read_file
from engine.values import BadValue, read_instant
from engine.visit_cases import CaseAct, CaseOrder, VisitCase
from engine.visit_cases_schema import VISIT_CASES
from engine.visits_steps import seconds_of

CASES_FILE = "cases.yaml"


def read_visit_cases(root: Path, content: Content, problems: Problems) -> tuple[VisitCase, ...]:
    """Every case of every specialty that compiled, in the order of the files; broken ones are reported and left out."""
    found: list[VisitCase] = []
    for path in sorted(root.glob(f"specialties/*/{CASES_FILE}")):
        node = read_file(path, root, problems)
        mine = Problems()
        if node is not None:
            VISIT_CASES.check(node, mine)
            if not mine.errors:
                found += _Reader(path.parent.name, node, content, mine).cases()
        problems.found.extend(mine.found)
    return tuple(found)


class _Reader:
    """Reads one file whose shape is right."""

    def __init__(self, folder: str, node: Node, content: Content, problems: Problems) -> None:
        self._folder = folder
        self._node = node
        self._content = content
        self._problems = problems

    def cases(self) -> Iterator[VisitCase]:
        if self._node.text("specialty") != self._folder:
            at, found = self._node["specialty"].at, self._node.text("specialty")
            self._problems.report("FORM012", at, found=found, expected=self._folder)
            return
        if self._folder not in self._content.specialties:
            return
        self._check_answers()
        for node in self._node["cases"]:
            before = len(self._problems.found)
            case = self._case(node)
            if case is not None and len(self._problems.found) == before:
                yield case

    def _case(self, node: Node) -> VisitCase | None:
        given, name = node["given"], node.text("name")
        specialty = self._content.specialties[self._folder]
        known = (
            self._known(name, given["visit"], specialty.visit_types),
            self._known(name, given["provider"], self._node["providers"].entries),
            self._known(name, given["patient"], self._node["patients"].entries),
            "clinic" not in given or self._known(name, given["clinic"], self._content.clinics),
        )
        sets = dict(self._node.items_of("answers"))
        told = [self._known(name, part, sets) for part in _each(given.get("answers"))]
        at = self._instant(name, given["at"])
        if not all((*known, *told)) or at is None:
            return None
        plan = specialty.visit_types[given.text("visit")].plan
        orders = {key: _order(key, part) for key, part in self._node.items_of("orders")}
        return VisitCase(
            name=name,
            clinic=given.text("clinic"),
            plan=plan,
            at=at,
            starts_in=timedelta(seconds=seconds_of(given["starts_in"], self._problems)),
            patient=_patient(self._node["patients"][given.text("patient")], at),
            provider=_provider(given.text("provider"), self._node["providers"][given.text("provider")], at),
            payer=given.text("payer", "self_pay"),
            kind=given.text("kind", "new"),
            answers={
                form: dict(_plain(part)) for chosen in given.texts("answers") for form, part in sets[chosen].items()
            },
            orders=orders,
            acts=tuple(self._act(name, part, (plan.intake_forms, orders)) for part in node["when"]),
            node=node,
        )

    def _known(self, case: str, node: Node, known: Collection[str]) -> bool:
        if node.raw in known:
            return True
        unknown = f"`{node.raw}`{nearest(node.raw, known)}"
        self._problems.report("CASE001", node.at, name=case, unknown=unknown, allowed=listed(known, 30))
        return False

    def _instant(self, case: str, node: Node) -> datetime | None:
        try:
            return read_instant(node.raw)
        except BadValue:
            unknown = f"no instant with its offset: `{node.raw}`"
            self._problems.report("CASE001", node.at, name=case, unknown=unknown, allowed="2026-12-01T10:00:00-05:00")
            return None

    def _check_answers(self) -> None:
        """Every set answers items that are there, with answers that they take."""
        for name, answers in self._node.items_of("answers"):
            for form_id, entry in answers.entries.items():
                if form_id not in self._content.forms:
                    unknown = f"an unknown form `{form_id}`{nearest(form_id, self._content.forms)}"
                    self._report(name, entry.key_at, unknown, self._content.forms)
                else:
                    self._check_form(name, form_id, entry.value)

    def _check_form(self, name: str, form_id: str, node: Node) -> None:
        form = self._content.form(form_id)
        items = {item.id: item for item in form.items}
        wrong = check_answers(form, {key: part for key, part in _plain(node) if key in items})
        for key, entry in node.entries.items():
            if key not in items:
                self._report(name, entry.key_at, f"an unknown item `{key}`{nearest(key, items)}", items)
            elif key in wrong:
                choices = [choice.id for choice in items[key].choices]
                self._report(name, entry.value.at, f"what is no answer to `{key}` ({wrong[key].code})", choices)

    def _report(self, case: str, at: Location, unknown: str, known: Collection[str]) -> None:
        self._problems.report("CASE001", at, name=case, unknown=unknown, allowed=listed(known, 30) or "see the form")

    def _act(self, case: str, node: Node, about: tuple[Collection[str], Collection[str]]) -> CaseAct:
        if not node.entries:
            return CaseAct(word=node.raw)
        word, part = next(node.items())
        forms, orders = about
        if word == "answer":
            self._known(case, part, forms)
        if word == "prescribe":
            self._known(case, part, orders)
        place = _place(part) if word == "attest" else None
        seconds = seconds_of(part, self._problems) if word == "wait" else 0
        return CaseAct(word=word, about=part.raw, place=place, seconds=seconds)


def _plain(node: Node) -> Iterator[tuple[str, object]]:
    return ((name, part.plain()) for name, part in node.items())


def _each(node: Node | None) -> tuple[Node, ...]:
    return () if node is None else node.parts or (node,)


def _place(node: Node) -> Place:
    return Place(country="us", state=node.text("state"), postal_code=node.text("zip"))


def _patient(node: Node, at: datetime) -> PatientFacts:
    return PatientFacts(
        person="patient",
        birth_date=date.fromisoformat(node["born"].raw),
        residence_state=node.text("residence"),
        booked_place=_place(node["place"]),
        attested_place=None,
    )


def _provider(name: str, node: Node, at: datetime) -> ProviderFacts:
    profession = node.text("profession")
    home = Place(country="us", state=node.text("home_state"), at=at)
    return ProviderFacts(
        person=name,
        profession=profession,
        home_state=node.text("home_state"),
        place=home,
        licenses=tuple(_license(part, profession) for part in node.get("licenses") or ()),
        dea=tuple(_dea(part) for part in node.get("dea") or ()),
        extra=dict(_plain(node["facts"])) if "facts" in node else {},
    )


def _license(node: Node, profession: str) -> License:
    return License(
        state=node.text("state"),
        profession=node.text("profession", profession),
        kind=node.text("kind", "full"),
        status=node.text("status", "active"),
        issued=_day(node.get("issued")),
        expires=_day(node.get("expires")),
    )


def _dea(node: Node) -> DeaRegistration:
    return DeaRegistration(
        state=node.text("state"), schedules=node.texts("schedules"), expires=_day(node.get("expires"))
    )


def _day(node: Node | None) -> date | None:
    return date.fromisoformat(node.raw) if node is not None else None


def _order(name: str, node: Node) -> CaseOrder:
    return CaseOrder(
        name=name,
        drug=node.text("drug"),
        days=node.integer("days") or 0,
        refills=node.integer("refills") or 0,
        purpose=node.text("purpose"),
        states=dict(_plain(node["states"])) if "states" in node else {},
    )
