"""What patients read is plain, speaks both languages, and never promises what a machine cannot keep."""

import re
from collections.abc import Iterator

import pytest

from engine.texts import Texts
from tests.engine.helpers_content import content

SAME_IN_BOTH = {"No", "Diabetes", "Cannabis"}
VOWELS = re.compile(r"[aeiouy]+")


def patient_texts() -> Iterator[tuple[str, Texts]]:
    """Our own words; those of a published instrument are its authors' and stay as they are."""
    for form in content().forms.values():
        yield f"{form.id} title", form.title
        yield f"{form.id} intro", form.intro
        for item in form.items if form.instrument is None else ():
            yield f"{form.id} {item.id}", item.text
            yield f"{form.id} {item.id} help", item.help
            yield from ((f"{form.id} {item.id} {choice.id}", choice.text) for choice in item.choices)
        for flag in form.flags:
            yield f"{form.id} flag {flag.id}", flag.text
            yield f"{form.id} flag {flag.id} advice", flag.advice
    for clause in content().clauses.clauses:
        yield f"clause {clause.id}", clause.text
    for specialty in content().specialties.values():
        yield from ((f"{specialty.id} {name}", text) for name, text in specialty.texts.items())


def grade(text: str) -> float:
    """The Flesch-Kincaid grade of English text, with syllables counted as groups of vowels (a silent `e` left out)."""
    sentences = max(1, len(re.findall(r"[.!?:;]+(?:\s|$)", text)))
    words = re.findall(r"[A-Za-z']+", text)
    syllables = sum(max(1, len(VOWELS.findall(re.sub(r"e$", "", word.lower())))) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


def test_the_measure_tells_plain_from_learned() -> None:
    assert grade("Call us if you feel worse.") < 3
    assert (
        grade("Notwithstanding preceding considerations, practitioners individualize pharmacotherapeutic regimens.")
        > 14
    )


def test_the_form_reads_like_the_sixth_grade_as_a_whole() -> None:
    texts = [text["en"].rstrip(".?") + "." for _, text in patient_texts() if text]
    assert grade(" ".join(texts)) <= 6.5


@pytest.mark.parametrize(("name", "texts"), [p for p in patient_texts() if p[1] and len(p[1]["en"].split()) > 12])
def test_no_longer_text_reads_above_the_ninth_grade(name: str, texts: Texts) -> None:
    assert grade(texts["en"]) <= 9, name


def test_spanish_is_written_and_not_copied() -> None:
    copied = [name for name, t in patient_texts() if t and t["en"] == t["es"] and t["en"] not in SAME_IN_BOTH]
    assert copied == []


def test_every_emergency_says_what_to_do_and_whom_to_call_in_both_languages() -> None:
    for form in content().forms.values():
        for flag in form.flags:
            if flag.stops:
                assert flag.call, flag.id
                assert all(flag.call in words or "911" in words for words in flag.advice.values()), flag.id
