"""What a clinician needs to know of the patient for this visit: place, allergies, medicines, answers, flags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel import Locale

from engine.dossier import Dossier, Place
from engine.evaluators import ClosuresOnly
from engine.forms import Form, Item
from engine.forms_flags import red_flags
from engine.forms_intake import shown_items
from engine.forms_scores import tallies
from engine.questions import age
from engine.texts import text_in
from portals.base.formats import Formats
from portals.base.i18n import Translate, has_message
from portals.base.photo_words import judged_words
from portals.provider.law import plain
from portals.provider.views import ChartLine, ChartView, FileLine, ScoreLine
from records.blobs import CLEAN, PHOTO, REFUSED, BlobView
from records.late_refusals import LateRefusal


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatientCard:
    """The person's own data as the chart shows them; ``phone`` is shown where a visit was stopped."""

    name: str
    birth_date: date | None
    language: str
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChartSource:
    """What the chart is made of; ``forms`` are the visit's forms with their answers by item id, in order."""

    patient: PatientCard
    booked: Place | None
    attested: Place | None
    dossier: Dossier
    forms: tuple[tuple[Form, Mapping[str, Any]], ...]
    now: datetime
    files: tuple[BlobView, ...] = ()
    refused: tuple[LateRefusal, ...] = ()
    # who told the place, where it was somebody who acts for the patient
    place_by: str = ""


def chart_view(source: ChartSource, t: Translate, fmt: Formats) -> ChartView:
    """The chart in the clinician's language."""
    place = source.attested or source.booked
    zone = (place.time_zone if place else None) or "UTC"
    patient = source.dossier.patient
    return ChartView(
        name=source.patient.name,
        initials=initials(source.patient.name),
        age=age_on(source.patient.birth_date, source.now.date()),
        birth_date=fmt.date(source.patient.birth_date) if source.patient.birth_date else "",
        language=language_name(source.patient.language, fmt.language),
        place=place_words(place) if place else "",
        place_note=_place_note(source, t, fmt, zone),
        place_matches=_same_place(source),
        local_time=fmt.time(source.now, zone),
        time_zone=zone,
        lines=tuple(line for form, answers in source.forms for line in chart_lines(form, answers, t, fmt)),
        scores=tuple(line for form, answers in source.forms for line in score_lines(form, answers, t, fmt)),
        allergies=_words(source, "allergies", patient.allergies, fmt),
        medications=_words(source, "medications", patient.medications, fmt),
        conditions=_words(source, "conditions", patient.conditions, fmt),
        pregnancy=_pregnancy(source, t, fmt),
        phone=source.patient.phone,
        address=_address(place, t) if place else (),
        files=tuple(file_lines(source.files, t, fmt, zone, _titles(source, fmt.language)))
        + tuple(refused_lines(source, t, fmt, zone)),
    )


def shot_titles(forms: Iterable[tuple[Form, Mapping[str, Any]]], language: str) -> dict[str, str]:
    """What each photo that a form asked for shows, by the id of its file."""
    asked = [(item, answers.get(item.id)) for form, answers in forms for item in shown_items(form, answers)]
    return {
        taken[shot.id]: text_in(shot.text, language)
        for item, taken in asked
        if isinstance(taken, Mapping)
        for shot in item.shots
        if shot.id in taken
    }


def _titles(source: ChartSource, language: str) -> dict[str, str]:
    """The same, and of each photo that was sent again for a refused one."""
    titles = shot_titles(source.forms, language)
    return titles | {one.by: titles[one.blob] for one in source.refused if one.by and one.blob in titles}


def refused_lines(source: ChartSource, t: Translate, fmt: Formats, zone: str) -> Iterable[FileLine]:
    """The photos that answers name and that were refused after they were handed in: which, and whether sent again."""
    titles, sent = shot_titles(source.forms, fmt.language), {one.id: one.at for one in source.files}
    for one in source.refused:
        state = t("again.desk_again" if one.by else "again.desk_asked" if one.open else "again.desk_refused")
        at = fmt.moment(sent[one.blob], zone) if one.blob in sent else ""
        yield FileLine(title=f"{titles.get(one.blob, one.shot)}: {state}", path="", state=REFUSED, sent=at)


def file_lines(
    files: Iterable[BlobView], t: Translate, fmt: Formats, zone: str, shots: Mapping[str, str]
) -> Iterable[FileLine]:
    """The visit's photos and papers, numbered by kind, those a form asked for by what they show.

    What was refused is the patient's matter, unless answers name it (`refused_lines`).
    """
    numbers: dict[str, int] = {}
    for one in files:
        if one.state != REFUSED:
            numbers[one.kind] = numbers.get(one.kind, 0) + 1
            yield FileLine(
                title=" · ".join(filter(None, (t(f"files.{one.kind}", number=numbers[one.kind]), shots.get(one.id)))),
                path=f"/staff/visits/{one.visit}/files/{one.id}" if one.state == CLEAN else "",
                state=one.state,
                sent=fmt.moment(one.at, zone),
                shown=one.kind == PHOTO,
                width=one.width,
                height=one.height,
                judged=judged_words(one.judged, t),
            )


def place_words(place: Place) -> str:
    """A place on one line, down to the street where it was said: help may have to be sent there."""
    town = " ".join(part for part in (place.state, place.postal_code) if part)
    return ", ".join(part for part in (place.street, place.city, town) if part)


def _address(place: Place, t: Translate) -> tuple[str, ...]:
    """A place line by line, as somebody on the telephone has to say it: the state by its name."""
    state = t(f"state.{place.state}") if place.state else ""
    town = " ".join(part for part in (state, place.postal_code) if part)
    return tuple(part for part in (place.street, ", ".join(filter(None, (place.city, town)))) if part)


def fact_words(forms: Iterable[Form], path: str, language: str) -> dict[str, str]:
    """The forms' own words for the values that their choices give a fact."""
    found: dict[str, str] = {}
    for item in (item for form in forms for item in form.items if item.fills and item.fills.path == path):
        values = item.fills.values if item.fills else {}
        found |= {str(values.get(choice.id, choice.id)): text_in(choice.text, language) for choice in item.choices}
    return found


def _pregnancy(source: ChartSource, t: Translate, fmt: Formats) -> str:
    """The answer about pregnancy in words, unless it was a no or nobody was asked."""
    for form, answers in source.forms:
        for item in shown_items(form, answers):
            asked = item.fills is not None and item.fills.path == "patient.pregnant" and item.id in answers
            if asked and item.fills and item.fills.values.get(str(answers[item.id]), answers[item.id]) is not False:
                return answer_words(item, answers[item.id], t, fmt)
    return t("provider.chart.yes") if source.dossier.patient.pregnant else ""


def chart_lines(form: Form, answers: Mapping[str, Any], t: Translate, fmt: Formats) -> Iterable[ChartLine]:
    """The shown and answered questions of a form in words; those a raised flag reads are marked with it."""
    return (line for _, line in answered_lines(form, answers, t, fmt))


def answered_lines(
    form: Form, answers: Mapping[str, Any], t: Translate, fmt: Formats
) -> Iterable[tuple[Item, ChartLine]]:
    """The same, each with its question."""
    raised = red_flags(form, answers, ClosuresOnly())
    marks = {item: "noted" for entry in raised if not entry.flag.stops for item in entry.flag.needs}
    marks |= {item: "red" for entry in raised if entry.flag.stops for item in entry.flag.needs}
    for item in shown_items(form, answers):
        if item.type != "info" and item.id in answers:
            line = ChartLine(
                question=text_in(item.text, fmt.language),
                answer=answer_words(item, answers[item.id], t, fmt),
                flag=marks.get(item.id, ""),
            )
            yield item, line


def score_lines(form: Form, answers: Mapping[str, Any], t: Translate, fmt: Formats) -> Iterable[ScoreLine]:
    """The scores of a form that some answer counts in, in words; one that lacks an answer says so instead of a sum."""
    for tally in tallies(form, answers):
        if tally.total is not None:
            total = t("provider.chart.score", total=tally.total, most=tally.score.most)
            band = text_in(tally.band.text, fmt.language) if tally.band else ""
            yield ScoreLine(title=text_in(tally.score.title, fmt.language), total=total, band=band)
        elif tally.answered:
            open_yet = t("provider.chart.score_open", answered=tally.answered, of=tally.of)
            yield ScoreLine(title=text_in(tally.score.title, fmt.language), total=open_yet)


def answer_words(item: Item, value: Any, t: Translate, fmt: Formats) -> str:
    """One answer as a person says it."""
    if value is None or value == []:
        return t("provider.chart.blank")
    if item.type == "photo":
        titles = [text_in(shot.text, fmt.language) for shot in item.shots if shot.id in value]
        return ", ".join(titles)
    if item.type == "boolean":
        return t("provider.chart.yes" if value else "provider.chart.no")
    if item.type in ("choice", "multi_choice"):
        texts = {choice.id: text_in(choice.text, fmt.language) for choice in item.choices}
        chosen = value if isinstance(value, list | tuple) else [value]
        return ", ".join(texts.get(str(one), str(one)) for one in chosen)
    if item.type == "date":
        return fmt.date(date.fromisoformat(str(value)))
    if item.type == "scale" and item.most is not None:
        return f"{value} / {item.most:g}"
    return f"{value} {unit_words(item.unit, t, fmt)}".strip()


def unit_words(unit: str, t: Translate, fmt: Formats) -> str:
    """A UCUM unit as people write it; the code itself where the catalogue has no better word."""
    return t(f"unit.{unit}") if has_message(fmt.language, f"unit.{unit}") else unit


def age_on(born: date | None, today: date) -> int | None:
    """Whole years of age on a day."""
    return None if born is None else age(born.isoformat(), today.isoformat())


def initials(name: str) -> str:
    """Up to two initials of a name."""
    return "".join(part[0] for part in name.split()[:2]).upper()


def language_name(code: str, reader: str) -> str:
    """A language's name in the reader's own."""
    return str(Locale(reader).languages.get(code, code)).capitalize()


def _words(source: ChartSource, name: str, codes: tuple[str, ...] | None, fmt: Formats) -> tuple[str, ...] | None:
    """Codes by the words of the question they answer."""
    words = fact_words([form for form, _ in source.forms], f"patient.{name}", fmt.language)
    return None if codes is None else tuple(words.get(code, plain(code)) for code in codes)


def _same_place(source: ChartSource) -> bool:
    if source.attested is None:
        return False
    if source.attested.ip_state not in (None, source.attested.state):
        return False
    return source.booked is None or source.attested.state == source.booked.state


def _place_note(source: ChartSource, t: Translate, fmt: Formats, zone: str) -> str:
    if source.attested is None:
        return t("provider.chart.place_booked")
    if source.booked and source.attested.state != source.booked.state:
        return t("provider.chart.place_differs", state=source.booked.state, other=source.attested.state)
    if source.attested.ip_state not in (None, source.attested.state):
        return t("provider.chart.place_doubted", state=source.attested.state, other=source.attested.ip_state)
    said = source.attested.at or source.now
    time = fmt.moment(said, zone)
    if source.place_by:
        return t("provider.chart.place_said_by", name=source.place_by, time=time)
    return t("provider.chart.place_said", time=time)
