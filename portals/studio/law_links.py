"""Which question to the law asks what a walk-through asked: the page of `portals.law`, filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from admin_ui.studio.tried import Tried
from engine.dossier import License
from engine.plans import VisitPlan
from engine.rulebook import Rulebook
from engine.schedules import DRUG
from portals.law.link import Asked, address
from portals.law.parts import AGE, OLDEST, Part, parts_of

LICENSES = "provider.licenses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What every question of a walk-through is told: its plan, the clinician's licences, the rulebook and the day."""

    plan: VisitPlan
    licenses: tuple[License, ...]
    rulebook: Rulebook
    day: str


def law_link(gate: str, topic: str, tried: Tried, told: Told) -> str:
    """The address of the question that a gate asked of a topic, with everything in it that may be shared."""
    parts = parts_of(told.rulebook.vocabulary)
    wanted: dict[str, Any] = {
        "encounter.stage": gate,
        "encounter.modality": told.plan.modality,
        "encounter.kind": "new",
        "encounter.payer": "self_pay",
        "encounter.recording": told.plan.recording,
        AGE: min(tried.age, OLDEST),
        "provider.profession": tried.profession,
    }
    if gate == "prescribe" and tried.drug:
        wanted[DRUG] = tried.drug
    if LICENSES in parts:
        wanted[LICENSES] = tuple(_row(parts[LICENSES], one) for one in told.licenses)
    found = {path: wanted[path] for path, part in parts.items() if path in wanted and _fits(part, wanted[path])}
    return address(Asked(topic=topic, state=tried.state, day=told.day, told=found))


def _fits(part: Part, value: Any) -> bool:
    return not part.options or value in part.options


def _row(records: Part, one: License) -> Mapping[str, Any]:
    """A licence with the fields that may be shared."""
    told = {
        "state": one.state,
        "profession": one.profession,
        "kind": one.kind,
        "status": one.status,
        "issued": one.issued.isoformat() if one.issued else None,
        "expires": one.expires.isoformat() if one.expires else None,
    }
    return {name: told[name] for name in records.fields if told.get(name) is not None}
