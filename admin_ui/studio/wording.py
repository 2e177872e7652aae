"""How do the words of a specialty read: what is not said in a language, and which school grade do its sentences ask?"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.forms import Form
from engine.texts import Texts
from engine.visits import Specialty

GOAL = 8
"""The highest grade that words for patients should ask."""
FEW_WORDS = 5
"""A text with fewer words says nothing about how hard it reads."""
_WORD = re.compile(r"[a-záéíóúüñ']+", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?:;]+(?:\s|$)")
_ENGLISH = re.compile(r"[aeiouy]+")
_SPANISH = re.compile(r"[aeiouáéíóúü]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One text for patients: the file it stands in, what it is, and its words by language."""

    file: str
    what: str
    texts: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """How hard the words of a language read together, and the texts that ask more than the goal, hardest first."""

    language: str
    grade: float
    texts: int
    hard: tuple[tuple[Said, float], ...]


def said_of(specialty: Specialty, forms: Iterable[Form]) -> tuple[Said, ...]:
    """Every text that a patient may read in a specialty and its forms."""
    return (*_of_specialty(specialty), *(one for form in forms for one in _of_form(form)))


def missing(said: Iterable[Said], language: str) -> tuple[Said, ...]:
    """The texts that are not said in a language."""
    return tuple(one for one in said if one.texts and not one.texts.get(language, "").strip())


def grade_of(said: Iterable[Said], language: str, most: int = 6) -> Grade | None:
    """The grade of all that is said in a language; None where there is too little, or no measure for it."""
    told = [(one, one.texts[language]) for one in said if one.texts.get(language, "").strip()]
    told = [(one, text) for one, text in told if len(_WORD.findall(text)) >= FEW_WORDS]
    if not told or language not in _MEASURES:
        return None
    each = sorted(((one, reading_grade(text, language)) for one, text in told), key=lambda pair: -pair[1])
    whole = reading_grade(" ".join(text if text.rstrip()[-1:] in ".!?" else f"{text}." for _, text in told), language)
    hard = tuple(pair for pair in each if pair[1] > GOAL + 2)[:most]
    return Grade(language=language, grade=round(whole, 1), texts=len(told), hard=hard)


def reading_grade(text: str, language: str) -> float:
    """The years of school that a text asks for.

    English by Flesch and Kincaid (Kincaid et al., 1975), Spanish by Crawford (1984); syllables are counted as groups
    of vowels, which is right to about a twentieth.
    """
    words = [word.lower() for word in _WORD.findall(text)]
    sentences = max(len(_SENTENCE.findall(f"{text} ")), 1)
    if not words or language not in _MEASURES:
        return 0.0
    return max(_MEASURES[language](words, sentences), 0.0)


def _flesch_kincaid(words: list[str], sentences: int) -> float:
    syllables = sum(_english(word) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


def _crawford(words: list[str], sentences: int) -> float:
    syllables = sum(max(len(_SPANISH.findall(word)), 1) for word in words)
    return -0.205 * (100 * sentences / len(words)) + 0.049 * (100 * syllables / len(words)) - 3.407


_MEASURES = {"en": _flesch_kincaid, "es": _crawford}


def _english(word: str) -> int:
    """A silent e at the end is no syllable, but where it is the only one or follows l as in `little`."""
    count = len(_ENGLISH.findall(word))
    silent = word.endswith("e") and not word.endswith(("le", "ee", "ye")) and count > 1
    return max(count - silent, 1)


def _of_specialty(specialty: Specialty) -> Iterator[Said]:
    file = f"specialties/{specialty.id}/specialty.yaml"
    yield Said(file=file, what="title", texts=specialty.title)
    yield Said(file=file, what="summary", texts=specialty.summary)
    yield from (Said(file=file, what=f"texts.{name}", texts=texts) for name, texts in specialty.texts.items())
    for kind in specialty.visit_types.values():
        name = kind.id.rpartition("/")[2]
        yield Said(file=file, what=f"{name}.title", texts=kind.title)
        yield Said(file=file, what=f"{name}.about", texts=kind.about)


def _of_form(form: Form) -> Iterator[Said]:
    file = f"forms/{form.id}.yaml"
    yield Said(file=file, what="title", texts=form.title)
    yield Said(file=file, what="intro", texts=form.intro)
    for item in form.items:
        yield Said(file=file, what=item.id, texts=item.text)
        yield Said(file=file, what=f"{item.id}.help", texts=item.help)
        yield from (Said(file=file, what=f"{item.id}.{one.id}", texts=one.text) for one in item.choices)
    for flag in form.flags:
        yield Said(file=file, what=f"{flag.id}.text", texts=flag.text)
        yield Said(file=file, what=f"{flag.id}.advice", texts=flag.advice)
