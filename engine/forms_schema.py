"""What may stand in a form's file?"""

from engine.forms import ITEM_TYPES
from engine.shapes import (
    DAY,
    LINK,
    NAME,
    NOTHING,
    Anything,
    Either,
    Flag,
    Key,
    ListOf,
    MapOf,
    Number,
    OneOf,
    Record,
    Text,
)
from engine.texts import LANGUAGE, LANGUAGES, TEXTS

FORM_ID = Text(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*", "a form's id such as area/form")
SEVERITIES = ("emergency", "urgent")
CONFIDENCES = ("high", "medium", "low")
CONDITION = Anything("a condition over the items above")

CODES = ListOf(
    Record(
        "a code",
        {
            "system": Key(LINK, "the code system, such as http://loinc.org", required=True),
            "code": Key(Text(), "the code in it, quoted", required=True),
        },
    ),
    least=1,
)
CHOICE = Record(
    "a choice",
    {
        "id": Key(NAME, "the choice's id, stored as the answer", required=True),
        "text": Key(TEXTS, "its words by language", required=True),
        "help": Key(TEXTS, "a line of help by language"),
        "weight": Key(Number(least=-1000, most=1000), "what it counts in the scores of its item"),
        "codes": Key(CODES, "what other programs call the answer; the first one goes out for it"),
    },
)
FILLS = Record(
    "what an answer fills",
    {
        "path": Key(Text(), "a path of the vocabulary", required=True),
        "values": Key(MapOf(Anything()), "the fact's value for each choice"),
    },
)
SHOT = Record(
    "a photo to take",
    {
        "id": Key(NAME, "the shot's id", required=True),
        "text": Key(TEXTS, "what it shows, by language", required=True),
        "help": Key(TEXTS, "how to take it, by language"),
        "scale": Key(Flag(), "something of known size lies beside the skin, such as a coin or a ruler"),
        "optional": Key(Flag(), "may be left out"),
        "sites": Key(ListOf(NAME, least=1), "the choices of the item `by` that it is for; all unless written"),
    },
)
QUALITY = Record(
    "how good a photo must be",
    {
        "pixels": Key(Number(least=100, most=4000), "the least length of its shorter side, in pixels"),
        "sharp": Key(Number(least=0, most=5000), "the least variance of the Laplacian of its grey values"),
        "dark": Key(Number(least=0, most=255), "the least mean of its grey values, 0 to 255"),
        "bright": Key(Number(least=0, most=255), "the greatest mean of its grey values, 0 to 255"),
    },
)
ITEM = Record(
    "an item",
    {
        "id": Key(NAME, "the item's id", required=True),
        "type": Key(OneOf(tuple(ITEM_TYPES)), "the type of its answer", required=True),
        "text": Key(TEXTS, "the question by language", required=True),
        "help": Key(TEXTS, "a line of help by language"),
        "choices": Key(ListOf(CHOICE, least=2), "the answers to choose from"),
        "alone": Key(NAME, "the choice that excludes all others, such as `none`"),
        "optional": Key(Flag(), "may be left blank"),
        "unit": Key(Text(), "the unit of the number, in UCUM: `[degF]`, `d`, `kg`"),
        "least": Key(Number(decimal=True), "the least number"),
        "most": Key(Number(decimal=True), "the greatest number"),
        "least_text": Key(TEXTS, "words at the low end of a scale"),
        "most_text": Key(TEXTS, "words at the high end of a scale"),
        "places": Key(Number(least=1, most=4), "digits after the point"),
        "max_length": Key(Number(least=1, most=4000), "the longest text, in characters"),
        "earliest": Key(DAY, "the earliest day"),
        "latest": Key(DAY, "the latest day"),
        "by": Key(NAME, "the choice above that tells the site of the body"),
        "shots": Key(ListOf(SHOT, least=1), "the photos to take, in order"),
        "quality": Key(QUALITY, "how good a photo must be"),
        "seconds": Key(Number(least=1, most=600), "how long an answer usually takes, in seconds"),
        "show_when": Key(CONDITION, "shown only where this holds"),
        "required_when": Key(CONDITION, "may be left blank unless this holds"),
        "prefill": Key(Text(), "what it begins with: `last_answer`, or the path of the fact that it fills"),
        "fills": Key(FILLS, "the shared fact that the answer supplies"),
        "codes": Key(CODES, "what other programs call the question"),
    },
)
BAND = Record(
    "a band",
    {
        "id": Key(NAME, "the band's id, the value of the fact `<score>_band`", required=True),
        "from": Key(Number(), "the least sum that falls in it", required=True),
        "text": Key(TEXTS, "its words by language", required=True),
    },
)
SCORE = Record(
    "a score",
    {
        "id": Key(NAME, "the score's id, the name of its fact", required=True),
        "title": Key(TEXTS, "its name by language", required=True),
        "items": Key(ListOf(NAME, least=1), "the items whose choices' weights it adds up", required=True),
        "bands": Key(ListOf(BAND, least=1), "what ranges of its sum are called, lowest first"),
        "codes": Key(CODES, "what other programs call the score"),
    },
)
FLAG = Record(
    "a red flag",
    {
        "id": Key(NAME, "the flag's id", required=True),
        "severity": Key(OneOf(SEVERITIES), "`emergency` stops the visit, `urgent` tells the clinicians", required=True),
        "call": Key(Text(r"\d{3,15}", "a number to dial"), "the number to dial, such as 911 or 988"),
        "when": Key(CONDITION, "the answers that raise it", required=True),
        "text": Key(TEXTS, "what the patient reads first, by language", required=True),
        "advice": Key(TEXTS, "what to do now, by language", required=True),
    },
)
WORDING = Record(
    "where words or weights come from",
    {
        "source": Key(Text(), "what was read: author, title, edition", required=True),
        "url": Key(LINK, "where it is published"),
        "checked": Key(DAY, "the day somebody compared it", required=True),
        "confidence": Key(OneOf(CONFIDENCES), "`low`: it could not be compared with what is published", required=True),
    },
)
INSTRUMENT = Record(
    "a published instrument",
    {
        "by": Key(Text(), "who made it", required=True),
        "terms": Key(Text(), "the terms of its use, as published", required=True),
        "stem": Key(TEXTS, "the words above every question that a score counts, by language"),
        "scoring": Key(WORDING, "where its weights and bands are published", required=True),
        "wordings": Key(MapOf(WORDING, LANGUAGE), "where the words of each language are published", required=True),
    },
)
CASE = Record(
    "a case",
    {
        "name": Key(Text(), "what it shows, as a sentence", required=True),
        "given": Key(MapOf(Anything("an answer"), NAME), "answers by item", required=True),
        "expect": Key(
            Record(
                "what is expected",
                {
                    "flags": Key(ListOf(NAME), "all red flags raised, in any order"),
                    "shows": Key(ListOf(NAME, least=1), "items that are shown"),
                    "hides": Key(ListOf(NAME, least=1), "items that are not shown"),
                    "next": Key(NAME, "the next item; `none` when the form is done"),
                    "scores": Key(MapOf(Either((Number(), NOTHING)), NAME), "sums by score; null: not known yet"),
                    "bands": Key(MapOf(NAME, NAME), "bands by score"),
                },
            ),
            "what the form must do",
            required=True,
        ),
    },
)
FORM = Record(
    "a form",
    {
        "form": Key(FORM_ID, "its id, which is its path", required=True),
        "version": Key(Number(least=1), "a number that grows with each change of meaning", required=True),
        "languages": Key(LANGUAGES, "its languages", required=True),
        "title": Key(TEXTS, "its title by language", required=True),
        "intro": Key(TEXTS, "what it is for, by language"),
        "instrument": Key(INSTRUMENT, "of a published questionnaire: its authors, terms and sources"),
        "codes": Key(CODES, "what other programs call the form"),
        "reason": Key(ListOf(NAME, least=1), "the items that say why the patient comes, for the clinician's queue"),
        "items": Key(ListOf(ITEM, least=1), "the items in the order they are asked", required=True),
        "scores": Key(ListOf(SCORE), "sums of the weights of choices"),
        "flags": Key(ListOf(FLAG), "answers that escalate"),
        "cases": Key(ListOf(CASE), "examples, run whenever the form is checked"),
    },
)
