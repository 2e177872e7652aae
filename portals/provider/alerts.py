"""What cannot wait, in words: which visit, what it is about, why, and what to do now. Tasks of one kind are one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portals.base.i18n import has_message
from portals.provider.desk import Desk, visit_type_title
from portals.provider.duties import duty_forms, duty_sentence
from portals.provider.held import Held
from portals.provider.law import GateView, LawCard, LawWords, law_card
from portals.provider.told import raised_words
from portals.provider.views import AlertView, DutyForm
from portals.provider.words import day_in, order_state, order_title, say_in

_DUTIES = ("duty_due", "duty_overdue")
_ANSWERS = ("answer_soon", "answer_overdue", "answer_escalated")
_ORDERS = ("order_kept", "not_cancelled", "cancel_refused", "cancel_unanswered", "not_dispensed")
# Tasks whose kind says everything, and the part of the screen where they are seen to.
_PLAIN = {
    **dict.fromkeys((*_ANSWERS, "call_back_missed", "handoff_unanswered", "handoff_declined"), "call"),
    "sign_overdue": "sign",
    "triage_emergent": "chart",
    "photo_refused": "chart",
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _About:
    """What a task turns out to be about: lines of text, the code of what to do, and where."""

    text: tuple[str, ...]
    todo: str
    part: str
    duties: tuple[DutyForm, ...] = ()


def alert_views(desk: Desk, alerts: Iterable[Any], words: LawWords) -> tuple[AlertView, ...]:
    """Open tasks in words, oldest first; those of one visit and kind stand together."""
    groups: dict[tuple[str, str], list[Any]] = {}
    for alert in alerts:
        groups.setdefault((alert.visit, alert.kind), []).append(alert)
    return tuple(_view(desk, group, words) for group in groups.values())


def gate_views(records: Sequence[Any], held: Held | None = None) -> tuple[GateView, ...]:
    """Kept gate records as the law panel reads them, oldest first; ``held``: the licences of whoever has the visit."""
    return tuple(
        GateView(
            record=one.id,
            gate=one.gate,
            open=one.open,
            decisions=one.decisions,
            order=one.subject if one.gate == "prescribe" else "",
            held=held,
        )
        for one in sorted(records, key=lambda one: one.asked_at)
        if not is_of_another(one)
    )


def is_of_another(gate: Any) -> bool:
    """Whether a gate was asked for a colleague who did not get the visit: it says nothing about who has it."""
    return bool(gate.subject) and gate.gate != "prescribe"


def _view(desk: Desk, group: Sequence[Any], words: LawWords) -> AlertView:
    first, t = group[0], desk.t
    visit = desk.scope.visits.get(first.visit)
    kind = first.kind if has_message(desk.fmt.language, f"provider.alert.{first.kind}") else "other"
    about = _about(desk, visit, group, words)
    starts = desk.fmt.moment(visit.starts_at, desk.zone) if visit.starts_at else ""
    title = ", ".join(filter(None, (visit_type_title(desk.content, visit, desk.fmt.language), starts)))
    return AlertView(
        id=first.id,
        visit=first.visit,
        kind=kind,
        patient=desk.scope.people.patient(visit.patient).name,
        raised=desk.fmt.time(first.at, desk.zone),
        title=title,
        text=about.text,
        todo=t(f"provider.alerts.todo.{about.todo}"),
        part=about.part,
        others=tuple(one.id for one in group[1:]),
        count=len({one.subject for one in group if one.subject}),
        duties=about.duties,
    )


def _about(desk: Desk, visit: Any, group: Sequence[Any], words: LawWords) -> _About:
    kind = str(group[0].kind)
    if kind == "red_flag":
        flags = dict.fromkeys(said for one in group for said in _flag(desk, visit.visit, one.subject))
        return _About(text=tuple(flags), todo=kind, part="chart")
    if kind == "prescription_rejected":
        rejected = [one for one in desk.scope.orders.for_visit(visit.visit) if one.state == "rejected"]
        return _About(text=tuple(order_title(one.draft) for one in rejected), todo=kind, part="prescribe")
    if kind in _ORDERS:
        return _About(text=_orders(desk, visit, group, words), todo=kind, part="prescribe")
    if kind in _DUTIES:
        return _duties(desk, visit, group, words)
    if kind in ("review", "sign_gate_shut"):
        return _decision(desk, visit, kind, words)
    if kind in _PLAIN:
        return _About(text=(), todo=kind, part=_PLAIN[kind])
    return _About(text=(), todo="other", part="tasks")


def _orders(desk: Desk, visit: Any, group: Sequence[Any], words: LawWords) -> tuple[str, ...]:
    """Each order that the tasks are about; of one that stayed behind, also why."""
    about = {one.subject for one in group}
    orders = [one for one in desk.scope.orders.for_visit(visit.visit) if one.order in about]
    if group[0].kind != "order_kept":
        return tuple(order_title(one.draft) for one in orders)
    gates = gate_views(desk.scope.gates.for_visit(visit.visit))
    return tuple(f"{order_title(one.draft)}: {_why_kept(desk, one, gates, words)}" for one in orders)


def _why_kept(desk: Desk, order: Any, gates: Sequence[GateView], words: LawWords) -> str:
    """What stands in the way of an order: the law, the ceremony that a controlled drug needs, or its own revision."""
    gate = next((one for one in reversed(gates) if one.order == order.order), None)
    if order.state != "drafted":
        return order_state(order, desk.t)
    if gate is not None and not gate.open:
        return _said(desk, gate, words)
    return desk.t("provider.rx.state.needs_epcs" if order.draft.drug.get("schedule") else "provider.alerts.revised")


def _decision(desk: Desk, visit: Any, kind: str, words: LawWords) -> _About:
    """Which decision waits for a person: a prescription's, the newest shut gate's, or none of the law's at all."""
    gates = gate_views(desk.scope.gates.for_visit(visit.visit))
    if kind == "review":
        kept = _kept_orders(desk, visit, gates, words)
        if kept:
            return _About(text=kept, todo="order_kept", part="prescribe")
        if visit.payment_state == "declined":
            return _About(text=(desk.t("provider.alerts.declined"),), todo="declined", part="tasks")
    wanted = [one for one in gates if one.gate == "sign" or kind == "review"]
    if wanted and not wanted[-1].open:
        return _About(text=(_said(desk, wanted[-1], words),), todo="gate" if kind == "review" else kind, part="law")
    return _About(text=(desk.t("provider.alerts.unknown", visit=visit.visit),), todo="other", part="tasks")


def _kept_orders(desk: Desk, visit: Any, gates: Sequence[GateView], words: LawWords) -> tuple[str, ...]:
    newest = {one.order: one for one in gates if one.order}
    drafts = [one for one in desk.scope.orders.for_visit(visit.visit) if one.state == "drafted"]
    shut = [(one, newest[one.order]) for one in drafts if one.order in newest and not newest[one.order].open]
    return tuple(f"{order_title(order.draft)}: {_said(desk, gate, words)}" for order, gate in shut)


def _duties(desk: Desk, visit: Any, group: Sequence[Any], words: LawWords) -> _About:
    """Each duty as its rule says it, with the statute, out of the newest gate record that lists it, and its form."""
    gates = gate_views(desk.scope.gates.for_visit(visit.visit))
    called = {one.subject for one in group}
    return _About(
        text=tuple(dict.fromkeys(_duty(one.subject, gates, words) for one in group)),
        todo=str(group[0].kind),
        part="law",
        duties=tuple(
            one for one in duty_forms(desk, visit.visit, gates, words) if ":".join(filter(None, one.key)) in called
        ),
    )


def _duty(subject: str, gates: Sequence[GateView], words: LawWords) -> str:
    """The subject of such a task is the topic, the duty and, where it is about one, the order."""
    topic, name, *_ = (*subject.split(":"), "")
    listed = [entry for one in gates for entry in one.decisions.get(topic, {}).get("duties", ())]
    entry: Mapping[str, Any] = next((one for one in reversed(listed) if one.get("duty") == name), {})
    return duty_sentence(entry, name, words)


def _said(desk: Desk, gate: GateView, words: LawWords) -> str:
    """The gate by its name, its verdict and the first reason."""
    card: LawCard = law_card(gate, words, say_in(desk.fmt.language), day_in(desk.fmt))
    reason = card.reasons[0].text if card.reasons else next((one.text for one in card.duties if not one.met), "")
    name = desk.t(f"provider.law.gate.{gate.gate}") if gate.gate in ("book", "join", "prescribe", "sign") else gate.gate
    return " ".join(filter(None, (f"{name}:", card.verdict, reason)))


def _flag(desk: Desk, visit: str, subject: str) -> tuple[str, ...]:
    """What was asked and answered; the subject of a red flag's task is ``form:flag``, none for the visit's own."""
    form, _, flag = subject.partition(":")
    return raised_words(desk, visit, form, flag) if flag else ()
