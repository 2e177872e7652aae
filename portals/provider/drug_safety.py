"""What speaks against a prescription, as cards: what the patient takes from every source, and what was said to it.

The question itself is `engine.safety`'s. A contraindicated drug is not kept and not sent; what is serious needs a
reason that is kept with the order and looked at again when it is sent; what is moderate is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from engine.drugs import Drug, DrugNames
from engine.medicine_words import MedicineWords, Unread
from engine.monitoring import LOOKED
from engine.patient_lists import Said, corrected
from engine.safety import (
    CONTRAINDICATED,
    INTERACTION,
    SERIOUS,
    Allergy,
    Finding,
    SafetyBase,
    Taken,
    allergic_to,
    allergy_meant,
    findings,
)
from engine.texts import text_in
from portals.base.i18n import has_message
from portals.provider.desk import Desk
from portals.provider.views import SafetyCard
from records.lists import ADDED, ALLERGY, MEDICATION, STOPPED, VERIFIED, ListEntry

NAMES = "medication_names"  # the item of an intake form in which medicines are written out
DETAILS = "allergy_details"  # the one in which an allergy is told in words
OTHER = "other"
UNNAMED = {MEDICATION: "unnamed_medication", ALLERGY: "unnamed_allergy"}
_OUT = frozenset({"sent", "verified", "sending"})
_NOTHING = frozenset({"none", "other"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Pharmacist:
    """Who looks over a visit's prescriptions: the base of warnings, the drugs, and what the patient takes.

    ``orders`` are the visit's own, in the order they were written; ``allergies`` are codes, or names that clinicians
    added, ``meant`` what they mean, ``added`` those names; ``entries`` are the clinicians' words about both lists.
    ``not_compared`` is what was told and could not be compared with anything.
    """

    base: SafetyBase
    names: DrugNames
    taken: tuple[Taken, ...]
    orders: tuple[Any, ...]
    allergies: tuple[str, ...]
    meant: tuple[Allergy, ...] = ()
    entries: tuple[ListEntry, ...] = ()
    added: frozenset[str] = frozenset()
    not_compared: tuple[Unread, ...] = ()

    def look(self, drug: str, order: str = "") -> tuple[Finding, ...]:
        """What speaks against a drug; of an order that was written before, without what came after it."""
        known = self.names.find(drug)
        if known is None:
            return ()
        return findings(known, (*self.taken, *self._before(order)), self.meant, self.base)

    def allergic(self, drug: str) -> tuple[str, ...]:
        """The patient's allergies that are to the drug itself, an ingredient of it or its family."""
        known = self.names.find(drug)
        return tuple(one.told for one in self.meant if known is not None and allergic_to(known, one, self.base))

    def unread(self, order: Any) -> tuple[Finding, ...]:
        """What stops an order: what is refused, and what is serious and was not acknowledged with a reason."""
        said = order.draft.acknowledged
        read = said.get("findings", ()) if said.get("findings_reason") else ()
        found = self.look(str(order.draft.drug.get("name", "")), order.order)
        return tuple(one for one in found if stops(one) and (refuses(one) or one.code not in read))

    def _before(self, order: str) -> Iterable[Taken]:
        for one in self.orders:
            if one.order == order:
                return
            if one.state in _OUT or one.state == "drafted":
                yield from _taken(self.names.find(str(one.draft.drug.get("name", ""))), "visit")


def refuses(one: Finding) -> bool:
    """Whether a drug is not prescribed at all because of it."""
    return one.severity == CONTRAINDICATED


def stops(one: Finding) -> bool:
    """Whether it has to be answered before anything goes out."""
    return one.severity in (CONTRAINDICATED, SERIOUS)


def pharmacist(desk: Desk, visit: Any, names: DrugNames, without: str = "") -> Pharmacist:
    """The pharmacist of a visit; ``without`` leaves out an order that is about to be replaced."""
    dossier = desk.scope.visits.dossier(visit.visit)
    orders = tuple(one for one in desk.scope.orders.for_visit(visit.visit) if one.order != without)
    base = desk.content.safety
    words = MedicineWords(names=names, brands=base.brands)
    entries = desk.scope.lists.for_visit(visit.visit)
    codes = [str(code) for code in dossier.patient.medications or () if code not in _NOTHING]
    written, details = (_written(dossier.answers, item) for item in (NAMES, DETAILS))
    told = [*codes, *(drug.name for drug in words.read(written) if drug.name not in codes)]
    kept, added = corrected(told, _words_about(entries, MEDICATION, visit.visit))
    allergies = [str(code) for code in dossier.patient.allergies or () if code not in _NOTHING]
    if OTHER in (dossier.patient.allergies or ()):
        allergies += [drug.name for drug in words.read(details) if drug.name not in allergies]
    still, more = corrected(allergies, _words_about(entries, ALLERGY, visit.visit))
    meant = tuple(allergy_meant(name, words.read(name), base) for name in (*still, *(name.lower() for name in more)))
    here = frozenset(one.kind for one in entries if one.visit == visit.visit)
    vague = tuple(one for one in words.unread(written) if not _stopped(one.told, entries))
    unread = [one for name in kept if name not in base.groups for one in words.unread(name)]
    return Pharmacist(
        base=base,
        names=names,
        taken=(
            *(one for code in kept for one in _told(code, base, names)),
            *(Taken(name=one.told, classes=(), origin="patient") for one in vague),
            *(one for name in added for one in _listed(name, words)),
            *(one for one in _prescribed(desk, visit, names) if not _stopped(one.name, entries)),
            *_dispensed(desk, visit.visit, names),
        ),
        orders=orders,
        allergies=tuple(one.told for one in meant),
        meant=meant,
        entries=entries,
        added=frozenset(name.lower() for name in more),
        not_compared=tuple(
            dict.fromkeys(
                (
                    *unread,
                    *vague,
                    *_unread_names(added, words),
                    *_unread_allergies(meant, words),
                    *_unnamed(MEDICATION, dossier.patient.medications, (words.read(written), vague), here),
                    *_unnamed(ALLERGY, dossier.patient.allergies, (words.read(details), ()), here, details),
                )
            )
        ),
    )


def _written(answers: Mapping[str, Any], item: str) -> str:
    """What was typed into an item, whatever form asked it."""
    return " ; ".join(str(text) for name, text in answers.items() if name.endswith(f".{item}") and text)


def _unnamed(
    kind: str,
    codes: Sequence[Any] | None,
    named: tuple[Sequence[Any], Sequence[Any]],
    here: Collection[str],
    text: str = "",
) -> Iterable[Unread]:
    """What a patient told as "other" and named by no known word: in their own words, or as not named at all.

    A clinician who has seen to that list at this visit has asked; ``named`` is what was read of the text, known or not.
    """
    if OTHER in (codes or ()) and not any(named) and kind not in here:
        yield Unread(told=text or UNNAMED[kind], near="")


def _unread_names(added: Iterable[str], words: MedicineWords) -> Iterable[Unread]:
    return (Unread(told=name, near=words.near(name)) for name in added if not words.read(name))


def _unread_allergies(allergies: Iterable[Allergy], words: MedicineWords) -> Iterable[Unread]:
    """The allergies that reach no drug and no family of the base."""
    return (Unread(told=one.told, near=words.near(one.told)) for one in allergies if not (one.drugs or one.families))


def not_compared_words(found: Iterable[Unread], desk: Desk, words: Mapping[str, str]) -> str:
    """That something was not compared with any drug, by name; empty where everything was."""
    unnamed = {code: desk.t(f"safety.{code}") for code in UNNAMED.values()}
    shown = [((unnamed | dict(words)).get(one.told, one.told), one.near) for one in found]
    named = [desk.t("safety.near", told=told, near=near) if near else told for told, near in shown]
    return desk.t("safety.not_compared", names=", ".join(named)) if named else ""


def safety_cards(found: Sequence[Finding], words: Mapping[str, str], desk: Desk) -> tuple[SafetyCard, ...]:
    """The findings in words; ``words`` are the forms' own for codes."""
    return tuple(_card(one, words, desk) for one in found)


def source_words(desk: Desk) -> str:
    """Where the warnings come from, in a sentence; empty where there is no base."""
    base = desk.content.safety
    return desk.t("safety.source", title=base.source, checked=desk.fmt.iso_day(base.checked)) if base.source else ""


def acknowledged(found: Sequence[Finding], reason: str) -> dict[str, Any]:
    """What an order keeps of the warnings that were answered: codes with their severity, and the reason."""
    serious = [one.code for one in found if one.severity == SERIOUS]
    return {"findings": serious, "findings_reason": reason} if serious and reason else {}


def _card(one: Finding, words: Mapping[str, str], desk: Desk) -> SafetyCard:
    base, language = desk.content.safety, desk.fmt.language
    why, act = (base.mechanisms, "action") if one.kind == INTERACTION else (base.bases, "for_allergy")
    other = words.get(one.other) or group_words(one.other, desk) or one.other
    origin = desk.t(f"safety.origin.{one.origin if one.known else 'kind'}")
    return SafetyCard(
        code=one.code,
        severity=one.severity,
        tone={CONTRAINDICATED: "danger", SERIOUS: "danger"}.get(one.severity, "warning"),
        title=desk.t(f"safety.title.{one.kind}", other=other),
        effect=text_in(base.effects.get(one.effect, {}), language) if one.kind == INTERACTION else "",
        origin=origin,
        mechanism=_worded("mechanism", text_in(why.get(one.mechanism, {}), language), desk),
        action=_worded(act, text_in(base.actions.get(one.action, {}), language), desk),
    )


def _worded(what: str, words: str, desk: Desk) -> str:
    """Words of the base in a sentence; nothing where it has none: then the card says how grave it is, and no more."""
    return desk.t(f"safety.{what}", words=words) if words else ""


def group_words(code: str, desk: Desk) -> str:
    """A kind of medicine in words; empty where the code is none."""
    key = f"safety.group.{code}"
    return desk.t(key) if has_message(desk.fmt.language, key) else ""


def _words_about(entries: Sequence[ListEntry], kind: str, visit: str) -> tuple[Said, ...]:
    return tuple(
        Said(name=one.name, added=one.act == ADDED, here=one.visit == visit)
        for one in entries
        if one.kind == kind and one.act != VERIFIED
    )


def _stopped(name: str, entries: Sequence[ListEntry]) -> bool:
    """Whether the newest word about a medicine is that it was stopped."""
    said = [one for one in entries if one.kind == MEDICATION and one.name.casefold() == name.casefold()]
    return bool(said) and said[-1].act == STOPPED


def _listed(name: str, words: MedicineWords) -> Iterable[Taken]:
    """What a clinician added: the drugs of the base that it names, or a name that nothing is known of."""
    drugs = words.read(name)
    for drug in drugs:
        yield Taken(name=drug.name, classes=drug.classes, origin="chart", shown=name)
    if not drugs:
        yield Taken(name=name, classes=(), origin="chart")


def _taken(drug: Drug | None, origin: str) -> Iterable[Taken]:
    if drug is not None:
        yield Taken(name=drug.name, classes=drug.classes, origin=origin)


def _told(code: str, base: SafetyBase, names: DrugNames) -> Iterable[Taken]:
    """What a form's choice means: a drug by name, or a kind of medicine."""
    drug = names.find(code)
    if drug is not None:
        yield from _taken(drug, "patient")
    elif code in base.groups:
        yield Taken(name=code, classes=base.groups[code], origin="patient", known=False)


def _prescribed(desk: Desk, visit: Any, names: DrugNames) -> Iterable[Taken]:
    """What this clinic prescribed at other visits of the patient and that still lasts."""
    for one in desk.scope.orders.of_patient(visit.visit):
        if lasts_until(one) >= desk.now.date():
            yield from _taken(names.find(str(one.draft.drug.get("name", ""))), "clinic")


def lasts_until(order: Any) -> date:
    """The last day that a prescription lasts with all its refills."""
    written: datetime = order.written_at
    return (written + timedelta(days=order.draft.days_supply * (order.draft.refills + 1))).date()


def _dispensed(desk: Desk, visit: str, names: DrugNames) -> Iterable[Taken]:
    """What the monitoring program says was given out elsewhere and still lasts."""
    reports = [one for one in desk.scope.monitoring.for_visit(visit) if one.outcome in LOOKED]
    for row in reports[0].rows if reports else ():
        if row.last_day >= desk.now.date():
            yield from _taken(names.find(row.drug), "program")
