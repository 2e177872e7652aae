"""The shipped instruments ask the published questions and weigh as published; no thought of self-harm is missed."""

from itertools import pairwise
from typing import Any

import pytest

from engine.diagnostics import Problems
from engine.evaluators import ClosuresOnly
from engine.forms import Form
from engine.forms_flags import red_flags
from engine.forms_intake import next_item, shown_items
from engine.forms_scores import tallies
from engine.visits_compile import Folder, Surroundings, compile_specialty
from tests.engine.helpers_content import content, faults, parsed, vocabulary
from tests.engine.helpers_instruments import with_doubtful_spanish

PHQ_9 = """\
44250-9 Little interest or pleasure in doing things
44255-8 Feeling down, depressed, or hopeless
44259-0 Trouble falling or staying asleep, or sleeping too much
44254-1 Feeling tired or having little energy
44251-7 Poor appetite or overeating
44258-2 Feeling bad about yourself — or that you are a failure or have let yourself or your family down
44252-5 Trouble concentrating on things, such as reading the newspaper or watching television
44253-3 Moving or speaking so slowly that other people could have noticed? Or the opposite — being so fidgety or \
restless that you have been moving around a lot more than usual
44260-8 Thoughts that you would be better off dead or of hurting yourself in some way
"""
PHQ_9_SPANISH = """\
Poco interés o placer en hacer cosas
Se ha sentido decaído(a), deprimido(a) o sin esperanzas
Ha tenido dificultad para quedarse o permanecer dormido(a), o ha dormido demasiado
Se ha sentido cansado(a) o con poca energía
Sin apetito o ha comido en exceso
Se ha sentido mal con usted mismo(a) – o que es un fracaso o que ha quedado mal con usted mismo(a) o con su familia
Ha tenido dificultad para concentrarse en ciertas actividades, tales como leer el periódico o ver la televisión
¿Se ha movido o hablado tan lento que otras personas podrían haberlo notado? o lo contrario – muy inquieto(a) o \
agitado(a) que ha estado moviéndose mucho más de lo normal
Pensamientos de que estaría mejor muerto(a) o de lastimarse de alguna manera
"""
GAD_7_SPANISH = """\
Se ha sentido nervioso(a), ansioso(a) o con los nervios de punta
No ha sido capaz de parar o controlar su preocupación
Se ha preocupado demasiado por motivos diferentes
Ha tenido dificultad para relajarse
Se ha sentido tan inquieto(a) que no ha podido quedarse quieto(a)
Se ha molestado o irritado fácilmente
Ha tenido miedo de que algo terrible fuera a pasar
"""
GAD_7 = """\
69725-0 Feeling nervous, anxious or on edge
68509-9 Not being able to stop or control worrying
69733-4 Worrying too much about different things
69734-2 Trouble relaxing
69735-9 Being so restless that it is hard to sit still
69689-8 Becoming easily annoyed or irritable
69736-7 Feeling afraid as if something awful might happen
"""
ANSWERS = [
    "LA6568-5 Not at all",
    "LA6569-3 Several days",
    "LA6570-1 More than half the days",
    "LA6571-9 Nearly every day",
]
WEIGHED = ("not_at_all", "several_days", "more_than_half", "nearly_every_day")


def instrument(name: str) -> Form:
    return content().form(f"instruments/{name}")


def counted(name: str) -> list[str]:
    return list(instrument(name).scores[0].items)


def all_answers(name: str, weight: int) -> dict[str, Any]:
    return dict.fromkeys(counted(name), WEIGHED[weight])


@pytest.mark.parametrize(("name", "published"), [("phq9", PHQ_9), ("gad7", GAD_7)])
def test_every_question_has_the_published_words_and_its_code(name: str, published: str) -> None:
    form = instrument(name)
    items = [item for item in form.items if item.id in counted(name)]
    assert [f"{item.codes[0].code} {item.text['en']}" for item in items] == published.splitlines()
    for item in items:
        assert [f"{choice.codes[0].code} {choice.text['en']}" for choice in item.choices] == ANSWERS
        assert [choice.weight for choice in item.choices] == [0, 1, 2, 3]


@pytest.mark.parametrize(("name", "published"), [("phq9", PHQ_9_SPANISH), ("gad7", GAD_7_SPANISH)])
def test_the_spanish_words_are_those_of_the_published_sheet(name: str, published: str) -> None:
    form = instrument(name)
    words = published.splitlines()
    assert [form.items[at].text["es"] for at in range(len(words))] == words
    assert form.stem(form.items[0])["es"].endswith(
        "¿qué tan seguido ha tenido molestias debido a los siguientes problemas?"
    )
    answers = [choice.text["es"] for choice in form.items[0].choices]
    assert answers == ["Ningún día", "Varios días", "Más de la mitad de los días", "Casi todos los días"]


def test_an_instrument_says_who_made_it_on_which_terms_and_where_its_words_come_from() -> None:
    for name in ("phq9", "gad7"):
        found = instrument(name).instrument
        assert found is not None
        assert (found.by[:21], found.terms[:22]) == ("Drs. Robert L. Spitze", "No permission required")
        verified = {language: wording.is_verified for language, wording in found.wordings.items()}
        assert verified == {"en": True, "es": True}
        assert found.scoring.url.startswith("https://doi.org/10.1")


def test_the_words_above_stand_only_over_the_questions_that_the_score_counts() -> None:
    form = instrument("phq9")
    over = {item.id for item in form.items if form.stem(item)}
    assert over == set(counted("phq9"))
    assert form.stem(form.items[0])["en"].startswith("Over the last 2 weeks, how often")


PUBLISHED_BANDS = {
    "phq9": {
        "minimal": (0, 4),
        "mild": (5, 9),
        "moderate": (10, 14),
        "moderately_severe": (15, 19),
        "severe": (20, 27),
    },
    "gad7": {"minimal": (0, 4), "mild": (5, 9), "moderate": (10, 14), "severe": (15, 21)},
}


@pytest.mark.parametrize("name", PUBLISHED_BANDS)
def test_the_bands_are_the_published_ones(name: str) -> None:
    (score,) = instrument(name).scores
    ends = [following.least - 1 for _, following in pairwise(score.bands)] + [score.most]
    found = {band.id: (band.least, end) for band, end in zip(score.bands, ends, strict=True)}
    assert found == PUBLISHED_BANDS[name]
    (tally,) = tallies(instrument(name), all_answers(name, 3))
    assert (tally.total, tally.band and tally.band.id) == (score.most, "severe")


@pytest.mark.parametrize("answer", WEIGHED)
def test_any_thought_of_self_harm_is_told_to_the_clinicians_with_the_number_of_the_lifeline(answer: str) -> None:
    form = instrument("phq9")
    for others in ({}, all_answers("phq9", 0), all_answers("phq9", 3)):
        raised = red_flags(form, {**others, "self_harm": answer}, ClosuresOnly())
        assert [(entry.flag.id, entry.flag.call, entry.flag.stops) for entry in raised] == (
            [] if answer == "not_at_all" else [("thoughts_of_self_harm", "988", False)]
        )


def test_how_difficult_it_was_is_asked_only_of_those_whom_something_bothered() -> None:
    form = instrument("phq9")
    nothing = all_answers("phq9", 0)
    assert next_item(form, nothing) is None
    assert [item.id for item in shown_items(form, {**nothing, "sleep": "several_days"})][-1] == "difficulty"


ITEM = """\
- {id: a, type: choice, text: {en: A}, choices: [
    {id: x, text: {en: X}, weight: 0, codes: [{system: http://loinc.org, code: LA1}]},
    {id: y, text: {en: Y}, weight: 1, codes: [{system: http://loinc.org, code: LA2}]}]}
scores:
- {id: sum, title: {en: S}, items: [a]}
cases:
- {name: one, given: {a: y}, expect: {scores: {sum: 1}}}
"""
BLOCK = """\
instrument:
  by: Somebody
  terms: Free to use.
  scoring: {source: A paper, checked: 2026-11-22, confidence: high}
  wordings:
    en: {source: A sheet, checked: 2026-11-22, confidence: high}
"""
FAULTS = [
    ("a language without a source", BLOCK.replace("en: {source", "es: {source"), {("FORM025", 12), ("FORM026", 13)}),
    ("a stem in another language", BLOCK + "  stem: {es: Dos semanas}\n", {("TEXT001", 14)}),
    ("no terms of use", BLOCK.replace("  terms: Free to use.\n", ""), {("SHAPE002", 9)}),
    ("an unknown confidence", BLOCK.replace("confidence: high}\n  wordings", "confidence: sure}\n  wordings"), None),
]


@pytest.mark.parametrize(("block", "expected"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_in_what_an_instrument_says_of_itself_is_told(
    block: str, expected: set[tuple[str, int]] | None
) -> None:
    found = set(faults(ITEM + block))
    assert found == expected if expected is not None else found & {("SHAPE004", 11)}


def test_two_answers_that_others_would_call_the_same_are_told() -> None:
    assert faults(ITEM.replace("LA2", "LA1")) == [("FORM027", 3)]


TWO_INTAKES = """\
specialty: test
languages: [en, es]
title: {en: Test, es: Prueba}
summary: {en: Tests, es: Pruebas}
visit_types:
- id: video
  title: {en: Video, es: Video}
  about: {en: By video, es: Por video}
  modality: audio_video
  duration: 20 min
  professions: [MD]
  steps:
  - {kind: book, hold: 10 min}
  - {id: mood, kind: intake, after: book, form: instruments/phq9}
  - {id: worry, kind: intake, after: mood, form: instruments/gad7}
  - {kind: locate, after: book}
  - {kind: wait, after: [worry, locate]}
  - {kind: consult, after: wait, gate: join}
  - {kind: document, after: consult, due: 24 h}
"""
NOTE = """\
note: test/note
version: 1
sections: [{id: s, title: {en: S, es: S}, fields: [{id: why, type: text, required: true, label: {en: W, es: P}}]}]
"""


def test_a_specialty_asks_instruments_by_naming_them_and_is_warned_of_words_nobody_compared() -> None:
    problems = Problems()
    folder = Folder(name="test", specialty=parsed(TWO_INTAKES), note=parsed(NOTE))
    forms = {**content().forms, "instruments/gad7": with_doubtful_spanish(instrument("gad7"))}
    around = Surroundings(forms=forms, vocabulary=vocabulary(), schedules={})
    found = compile_specialty(folder, around, problems)
    assert found is not None, list(problems)
    assert found.visit_types["video"].intake_forms == ("instruments/phq9", "instruments/gad7")
    assert [(d.code, d.location.line) for d in problems] == [("VISIT013", 15)]
