"""What a clinic offers its patients: the visit types of its file with their words, prices and lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request

from engine.texts import text_in
from engine.visits import VisitType
from portals.base.requests import deps_of
from portals.base.visitor import visitor

SOUND_ONLY = "audio_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One visit type as a page shows it; ``id`` is ``specialty/type``."""

    id: str
    specialty: str
    title: str
    about: str
    modality: str
    duration_seconds: int
    price_cents: int
    currency: str
    kind: VisitType


def meeting_of(offered: Sequence[Offer]) -> str:
    """What the words of how people meet end in, by what is offered: on a call with a picture, with sound, or not."""
    calls = [one for one in offered if not one.kind.plan.answer_within_seconds]
    if offered and not calls:
        return "_photos"
    if len(calls) < len(offered):
        return "_both"
    return "_sound" if calls and all(one.modality == SOUND_ONLY for one in calls) else ""


def offers(request: Request) -> tuple[Offer, ...]:
    """Everything the clinic of this request offers, in the order of its file."""
    content = deps_of(request).content()
    clinic = content.clinic(visitor(request).here.slug)
    found = []
    for name in clinic.specialties:
        for kind in _types_of(content.specialties[name].visit_types):
            if kind.id in clinic.prices:
                found.append(_offer(request, kind))
    return tuple(found)


def offer(request: Request, visit_type: str) -> Offer:
    """One of them.

    Raises:
        HTTPException: 404 when this clinic does not offer it.
    """
    for one in offers(request):
        if one.id == visit_type:
            return one
    raise HTTPException(404)


def _types_of(visit_types: object) -> tuple[VisitType, ...]:
    values = visit_types.values() if hasattr(visit_types, "values") else visit_types
    return tuple(values)  # type: ignore[arg-type]


def _offer(request: Request, kind: VisitType) -> Offer:
    who, content = visitor(request), deps_of(request).content()
    price = content.clinic(who.here.slug).prices[kind.id]
    specialty = content.specialties[kind.plan.specialty]
    return Offer(
        id=kind.id,
        specialty=text_in(specialty.title, who.language),
        title=text_in(kind.title, who.language),
        about=text_in(kind.about, who.language),
        modality=kind.plan.modality,
        duration_seconds=kind.plan.duration_seconds,
        price_cents=price.cents,
        currency=price.currency,
        kind=kind,
    )
