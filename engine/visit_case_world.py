"""What is known of a case's visit at each moment: what was said and signed so far, as a dossier for its gates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from engine.clinics import Contact
from engine.consent_text import ClauseBook, ConsentAbout, assemble_consent
from engine.content import Content
from engine.dossier import ConsentFact, Dossier, OrderFacts, Place
from engine.evaluators import Evaluator
from engine.forms_answers import check_submission
from engine.forms_flags import red_flags
from engine.forms_intake import filled_facts
from engine.ports import GateRecord
from engine.visit_cases import CaseAct, GateSeen, Outcome, VisitCase
from engine.zones import zip_place


class CaseCannotGoOn(Exception):
    """A case asks for what nobody could do; carries the reason in words."""


@dataclass(frozen=True, slots=True)
class _Anyone:
    """The clinic of a case that names none: its consents are read by nobody."""

    name: str
    contact: Contact


_ANYONE = _Anyone("the clinic", Contact(phone="", email="", address=""))


@dataclass(slots=True, kw_only=True)
class CaseWorld:
    """One case's visit as it goes: everything that records would hold."""

    case: VisitCase
    content: Content
    outcome: Outcome = field(default_factory=Outcome)
    place: Place | None = None
    consents: tuple[ConsentFact, ...] = ()
    fills: dict[str, Any] = field(default_factory=dict)
    submitted: list[str] = field(default_factory=list)
    encounter_at: datetime | None = None
    ended: bool = False
    pictures: bool = False
    requests: list[str] = field(default_factory=list)

    def dossier(self, visit: str, at: datetime, order: str | None = None) -> Dossier:
        """The dossier at an instant; clinicians' credentials were looked up at that very instant."""
        case = self.case
        fresh = replace(
            case.provider,
            licenses=tuple(replace(one, verified_at=at) for one in case.provider.licenses),
            dea=tuple(replace(one, verified_at=at) for one in case.provider.dea),
        )
        booked = replace(case.patient.booked_place, at=case.at) if case.patient.booked_place else None
        return Dossier(
            clinic=case.clinic,
            visit=visit,
            specialty=case.plan.specialty,
            visit_type=case.plan.visit_type,
            modality=case.plan.modality,
            encounter_kind=case.kind,
            payer=case.payer,
            recording=case.plan.recording,
            starts_at=case.at + case.starts_in,
            encounter_at=self.encounter_at,
            patient=replace(case.patient, booked_place=booked, attested_place=self.place),
            provider=fresh,
            consents=self.consents,
            established=False,
            established_via=None,
            order=self._order(order, at) if order else None,
            answers=self.fills,
            pictures=self.pictures,
        )

    def answer(self, form_id: str, evaluator: Evaluator) -> list[tuple[str, bool]]:
        """Hands a form in; the flags it raised as `form:flag`, each with whether it stops the visit.

        Raises:
            CaseCannotGoOn: the case's answers do not finish the form, and none of them stops the visit.
        """
        form, answers = self.content.form(form_id), dict(self.case.answers.get(form_id, {}))
        answers |= {item.id: True for item in form.items if item.type == "info"}
        raised = [(f"{form_id}:{one.flag.id}", one.flag.stops) for one in red_flags(form, answers, evaluator)]
        self.outcome.flags += [name for name, _ in raised if name not in self.outcome.flags]
        if any(stops for _, stops in raised):
            return raised
        wrong = check_submission(form, answers)
        if wrong:
            raise CaseCannotGoOn(f"`{form_id}` cannot be handed in: {', '.join(f'`{name}`' for name in wrong)}")
        self.fills |= filled_facts(form, answers)
        self.submitted.append(form_id)
        self.pictures = self.pictures or any(item.type == "photo" and answers.get(item.id) for item in form.items)
        return raised

    def forms_of(self, act: CaseAct) -> Iterator[str]:
        """The form that an act names, or one after the other every one that is still asked."""
        if act.about:
            yield act.about
            return
        while not self.ended:
            left = [one for one in self.case.plan.asked_forms(self.outcome.flags) if one not in self.submitted]
            if not left:
                return
            yield left[0]

    def attest(self, act: CaseAct, at: datetime) -> None:
        """The patient says where they are: the place of the act, or the one that was booked."""
        said = act.place or self.case.patient.booked_place
        assert said is not None
        found = zip_place(said.postal_code or "")
        zone = found.time_zone if found is not None and found.state == said.state else None
        self.place = replace(said, attested=True, at=at, time_zone=zone)

    def sign(self, decisions: Mapping[str, Mapping[str, Any]], at: datetime) -> tuple[str, ...]:
        """Signs every consent that the plan and these decisions ask for; the kinds that were signed."""
        steps = (step for step in self.case.plan.steps if step.kind == "consent")
        kinds = tuple(kind for step in steps for kind in step.settings.get("kinds", ()))
        jurisdiction = f"us/{self.place.state.lower()}" if self.place and self.place.state else "us"
        clinic: Any = self.content.clinics.get(self.case.clinic) or _ANYONE
        about = ConsentAbout(language="en", jurisdiction=jurisdiction, clinic=clinic, kinds=kinds)
        book: ClauseBook = self.content.clauses
        text = assemble_consent(decisions, book, about)
        self.consents += tuple(
            ConsentFact(
                kind=kind,
                form=text.form,
                at=at,
                jurisdiction=jurisdiction,
                clauses=text.refs_of(kind),
                this_visit=True,
            )
            for kind in text.kinds
        )
        return text.kinds

    def saw(self, record: GateRecord) -> None:
        """Keeps what a gate answered last."""
        because = frozenset(str(reason["code"]) for reason in record.reasons)
        owes = frozenset(duty.duty for duty in record.due)
        self.outcome.gates[record.gate] = GateSeen(is_open=record.open, because=because, owes=owes)

    def _order(self, name: str, at: datetime) -> OrderFacts:
        order = self.case.orders[name]
        return OrderFacts(
            order=name,
            drug_name=order.drug,
            days_supply=order.days,
            refills=order.refills,
            kind="new",
            electronic=True,
            purpose=order.purpose,
            statements=order.states,
            stated_at=at,
        )
