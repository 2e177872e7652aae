"""What is a form as a FHIR R4 Questionnaire?

Elements are those of R4 4.0.1 and of Structured Data Capture (SDC), stable since its STU 3. Every item is a top-level
one, linkId = the item's id. A score is a hidden, calculated item after the last one that it counts, its band another.
Red flags are not part of it: they are decided by the clinic's own engines. Nor are `fills` and the cases.
"""

from collections.abc import Iterator

from engine.forms import BAND_SUFFIX, Choice, Form, Item, Score
from engine.texts import Texts
from integrations.fhir.elements import (
    FHIR,
    SDC,
    UCUM,
    Json,
    canonical,
    choice_code,
    code_system,
    codes,
    coding,
    expression,
    extension,
    joined,
    resource_id,
    value_kind,
    whole,
    worded,
)
from integrations.fhir.enabling import Enabling

_CONTROL = "http://hl7.org/fhir/questionnaire-item-control"
_CONTROLS = {"choice": "radio-button", "multi_choice": "check-box", "scale": "slider"}
_TYPES = {
    "boolean": "boolean",
    "choice": "choice",
    "multi_choice": "choice",
    "integer": "integer",
    "decimal": "decimal",
    "text": "text",
    "date": "date",
    "scale": "integer",
    "photo": "attachment",
    "info": "display",
}


def questionnaire(form: Form, base: str) -> Json:
    """The Questionnaire as JSON; `base` begins its canonical URL and those of its code systems."""
    enabling = Enabling(form, base)
    return {
        "resourceType": "Questionnaire",
        "id": resource_id(form),
        "language": form.languages[0],
        "url": canonical(form, base),
        "identifier": [
            {"system": f"{base}/forms", "value": form.id},
            {"system": f"{base}/form-digests", "value": form.digest},
        ],
        "version": str(form.version),
        **({"code": codes(form.codes)} if form.codes else {}),
        **_published(form),
        "name": "".join(part.capitalize() for part in form.name.split("_")),
        **worded("title", form.title, form.languages),
        "status": "active",
        "subjectType": ["Patient"],
        **worded("description", form.intro, form.languages),
        "item": [entry for item in form.items for entry in _entries(form, item, enabling, base)],
    }


def _published(form: Form) -> Json:
    """Who made an instrument and on which terms; words that nobody could compare with the published ones say so."""
    if form.instrument is None:
        return {}
    unsure = form.unverified_languages
    doubts = [f"The wording in {language} is not verified to be the published one." for language in unsure]
    return {
        "publisher": form.instrument.by,
        "copyright": " ".join([f"{form.instrument.by}: {form.instrument.terms}", *doubts]),
    }


def _entries(form: Form, item: Item, enabling: Enabling, base: str) -> Iterator[Json]:
    """An item, and the scores that are complete with it."""
    yield _item(form, item, enabling, base)
    for score in form.scores:
        if score.items[-1] == item.id:
            yield _sum(form, score)
            if score.bands:
                yield _band(form, score, base)


def _item(form: Form, item: Item, enabling: Enabling, base: str) -> Json:
    """One item; elements without a meaning for its type are left out."""
    enabled = enabling.enabled(item.show_when)
    text = joined(item.text, item.help) if item.type == "info" else item.text
    found: Json = {
        "extension": [*_extensions(item), *_constraints(item, enabling), *enabled.pop("extension", ())],
        "linkId": item.id,
        "code": codes(item.codes),
        **worded("text", text, form.languages),
        "type": _TYPES[item.type],
        **enabled,
        "required": item.type != "info" and not item.optional,
        "repeats": item.type in ("multi_choice", "photo"),
        "maxLength": item.max_length if item.type == "text" else None,
        "answerOption": [_option(form, item, choice, base) for choice in item.choices],
        "item": list(_beside(form, item)),
    }
    return {key: value for key, value in found.items() if value not in (None, False, [])}


def _option(form: Form, item: Item, choice: Choice, base: str) -> Json:
    extensions = []
    if choice.weight is not None:
        extensions.append(extension(f"{FHIR}/ordinalValue", "Decimal", choice.weight))
    if choice.id == item.alone:
        extensions.append(extension(f"{FHIR}/questionnaire-optionExclusive", "Boolean", True))
    named = choice_code(form, item, choice, base)
    value = coding(named.system, named.code, joined(choice.text, choice.help), form.languages)
    return {**({"extension": extensions} if extensions else {}), "valueCoding": value}


def _extensions(item: Item) -> Iterator[Json]:
    """Limits, units and the way an item is shown."""
    if item.unit:
        yield extension(f"{FHIR}/questionnaire-unit", "Coding", {"system": UCUM, "code": item.unit})
    for name, limit in (("minValue", item.least), ("maxValue", item.most)):
        if limit is not None:
            yield extension(f"{FHIR}/{name}", value_kind(item), whole(limit))
    for name, day in (("minValue", item.earliest), ("maxValue", item.latest)):
        if day:
            yield extension(f"{FHIR}/{name}", "Date", day)
    if item.type == "decimal":
        yield extension(f"{FHIR}/maxDecimalPlaces", "Integer", item.places)
    if item.type in _CONTROLS:
        yield _control(_CONTROLS[item.type])
    if item.type == "scale":
        yield extension(f"{FHIR}/questionnaire-sliderStepValue", "Integer", 1)


def _constraints(item: Item, enabling: Enabling) -> Iterator[Json]:
    """An item that must be answered only where a condition holds."""
    if item.required_when is not None:
        answered = f"%resource.item.where(linkId='{item.id}').answer.exists()"
        parts = [
            extension("key", "Id", f"{item.id.replace('_', '-')}-required"),
            extension("severity", "Code", "error"),
            extension("expression", "String", f"iif({enabling.path(item.required_when)}, {answered}, true)"),
            extension("human", "String", "These answers ask for this one too."),
        ]
        yield {"url": f"{FHIR}/questionnaire-constraint", "extension": parts}


def _beside(form: Form, item: Item) -> Iterator[Json]:
    """What is written beside a question: an instrument's words above it, its help, the words at a scale's ends."""
    notes = {"prompt": form.stem(item), "help": item.help, "lower": item.least_text, "upper": item.most_text}
    for control, texts in notes.items():
        if texts and item.type != "info":
            yield _display(form, f"{item.id}.{control}", texts, control)


def _display(form: Form, link: str, texts: Texts, control: str) -> Json:
    words = worded("text", texts, form.languages)
    return {"extension": [_control(control)], "linkId": link, **words, "type": "display"}


def _control(code: str) -> Json:
    concept = {"coding": [{"system": _CONTROL, "code": code}]}
    return extension(f"{FHIR}/questionnaire-itemControl", "CodeableConcept", concept)


def _sum(form: Form, score: Score) -> Json:
    """A score: the weights of the answers added up, nothing until each of them is there."""
    counted = " | ".join(f"'{name}'" for name in score.items)
    answers = f"%resource.item.where(linkId in ({counted})).answer"
    sums = " + ".join(f"%resource.item.where(linkId='{name}').answer.value.ordinal()" for name in score.items)
    limits = [
        extension(f"{FHIR}/minValue", "Integer", score.least),
        extension(f"{FHIR}/maxValue", "Integer", score.most),
    ]
    formula = f"iif({answers}.count() = {len(score.items)}, {sums}, {{}})"
    return {
        "extension": [*_calculated(formula), *limits],
        "linkId": score.id,
        **({"code": codes(score.codes)} if score.codes else {}),
        **worded("text", score.title, form.languages),
        "type": "integer",
        "readOnly": True,
    }


def _band(form: Form, score: Score, base: str) -> Json:
    """The band of a score, by the same words as the form's."""
    link = score.id + BAND_SUFFIX
    value = f"%resource.item.where(linkId='{score.id}').answer.value"
    code = "{}"
    for band in score.bands:
        code = f"iif({value} >= {band.least}, '{band.id}', {code})"
    options = f"%questionnaire.item.where(linkId='{link}').answerOption.value"
    system = code_system(form, link, base)
    return {
        "extension": _calculated(f"{options}.where(code = {code})"),
        "linkId": link,
        **worded("text", score.title, form.languages),
        "type": "choice",
        "readOnly": True,
        "answerOption": [{"valueCoding": coding(system, b.id, b.text, form.languages)} for b in score.bands],
    }


def _calculated(formula: str) -> list[Json]:
    return [
        extension(f"{FHIR}/questionnaire-hidden", "Boolean", True),
        expression(f"{SDC}/sdc-questionnaire-calculatedExpression", formula),
    ]
