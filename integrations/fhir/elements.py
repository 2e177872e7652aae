"""How are texts, codes and extensions written in FHIR R4 JSON?"""

from collections.abc import Mapping
from typing import Any

from engine.forms import Choice, Code, Form, Item
from engine.texts import Texts, text_in

Json = dict[str, Any]

FHIR = "http://hl7.org/fhir/StructureDefinition"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
UCUM = "http://unitsofmeasure.org"
FHIRPATH = "text/fhirpath"


def extension(url: str, kind: str, value: Any) -> Json:
    """An extension of one value: `extension(url, "Boolean", True)`."""
    return {"url": url, f"value{kind}": value}


def expression(url: str, text: str) -> Json:
    """An extension that holds a FHIRPath expression."""
    return extension(url, "Expression", {"language": FHIRPATH, "expression": text})


def worded(key: str, texts: Texts, languages: tuple[str, ...]) -> Json:
    """A text in the first language under `key`, and its translations beside it; nothing where there is no text."""
    if not texts:
        return {}
    first, *others = languages
    translations = [_translation(language, texts[language]) for language in others if texts.get(language)]
    found: Json = {key: text_in(texts, first)}
    return {**found, f"_{key}": {"extension": translations}} if translations else found


def joined(*parts: Texts) -> Texts:
    """Texts one after the other, language by language."""
    languages = dict.fromkeys(language for texts in parts for language in texts)
    return {language: " ".join(texts[language] for texts in parts if texts.get(language)) for language in languages}


def canonical(form: Form, base: str) -> str:
    """The canonical URL of a form's Questionnaire, without its version; `base` is where the clinic's resources live."""
    return f"{base}/Questionnaire/{resource_id(form)}"


def resource_id(form: Form) -> str:
    """The form's id in the characters that FHIR allows."""
    return form.id.replace("/", ".").replace("_", "-")


def code_system(form: Form, item_id: str, base: str) -> str:
    """The system of the choices of one item."""
    return f"{base}/CodeSystem/{resource_id(form)}.{item_id.replace('_', '-')}"


def choice_code(form: Form, item: Item, choice: Choice, base: str) -> Code:
    """What a choice is called outside: by its own first code, else by its id in the item's code system."""
    own = Code(system=code_system(form, item.id, base), code=choice.id)
    return next(iter(choice.codes), own)


def codes(named: tuple[Code, ...]) -> list[Json]:
    """Codes as Codings without words."""
    return [{"system": code.system, "code": code.code} for code in named]


def coding(system: str, code: str, texts: Texts, languages: tuple[str, ...]) -> Json:
    """A choice as a Coding with its words."""
    return {"system": system, "code": code, **worded("display", texts, languages)}


def whole(value: float) -> int | float:
    """A number as JSON shows it: without a fraction where it has none."""
    return int(value) if float(value).is_integer() else value


def value_kind(item: Item) -> str:
    """What stands behind `value` or `answer` in the name of an element that holds an answer to an item."""
    return _KINDS[item.type]


def _translation(language: str, text: str) -> Json:
    parts = [extension("lang", "Code", language), extension("content", "String", text)]
    return {"url": f"{FHIR}/translation", "extension": parts}


_KINDS: Mapping[str, str] = {
    "boolean": "Boolean",
    "choice": "Coding",
    "multi_choice": "Coding",
    "integer": "Integer",
    "scale": "Integer",
    "decimal": "Decimal",
    "text": "String",
    "date": "Date",
    "photo": "Attachment",
}
