"""Scored forms for tests: PHQ-9 (asked on where its first two questions weigh enough) and GAD-7, both free to use."""

from dataclasses import replace

from engine.forms import Form
from tests.engine.helpers_content import form

HOW_OFTEN = (
    ("not_at_all", "Not at all"),
    ("several_days", "Several days"),
    ("most_days", "More than half the days"),
    ("nearly_daily", "Nearly every day"),
)
PHQ_9 = (
    ("interest", "Little interest or pleasure in doing things"),
    ("mood", "Feeling down, depressed, or hopeless"),
    ("sleep", "Trouble falling or staying asleep, or sleeping too much"),
    ("energy", "Feeling tired or having little energy"),
    ("appetite", "Poor appetite or overeating"),
    ("failure", "Feeling bad about yourself or that you are a failure"),
    ("focus", "Trouble concentrating on things"),
    ("moving", "Moving or speaking slowly, or being restless"),
    ("better_dead", "Thoughts that you would be better off dead, or of hurting yourself"),
)
GAD_7 = (
    ("nervous", "Feeling nervous, anxious, or on edge"),
    ("control", "Not being able to stop or control worrying"),
    ("worry", "Worrying too much about different things"),
    ("relax", "Trouble relaxing"),
    ("restless", "Being so restless that it is hard to sit still"),
    ("annoyed", "Becoming easily annoyed or irritable"),
    ("afraid", "Feeling afraid, as if something awful might happen"),
)
PHQ_BANDS = (("minimal", 0), ("mild", 5), ("moderate", 10), ("moderately_severe", 15), ("severe", 20))
GAD_BANDS = (("minimal", 0), ("mild", 5), ("moderate", 10), ("severe", 15))
FLAGS = """\
flags:
- {id: self_harm, severity: emergency, call: '988', when: {better_dead: {not: not_at_all}},
   text: {en: You are not alone.}, advice: {en: Call or text 988 now.}}
- {id: severe_depression, severity: urgent, when: {phq9_band: severe}, text: {en: Thank you.}, advice: {en: Wait.}}
- {id: both, severity: urgent, when: {phq9: {at_least: 10}, gad7: {at_least: 10}}, text: {en: Thank you.},
   advice: {en: Wait.}}
"""


def with_doubtful_spanish(published: Form) -> Form:
    """The instrument as if nobody could have compared its Spanish words."""
    assert published.instrument is not None
    wordings = published.instrument.wordings
    doubtful = {**wordings, "es": replace(wordings["es"], confidence="low")}
    return replace(published, instrument=replace(published.instrument, wordings=doubtful))


def question(name: str, text: str, more: str = "") -> str:
    """A question answered by how often, which weighs from 0 to 3."""
    choices = ", ".join(f"{{id: {c}, text: {{en: {w}}}, weight: {n}}}" for n, (c, w) in enumerate(HOW_OFTEN))
    return f'- {{id: {name}, type: choice{more}, text: {{en: "{text}"}},\n   choices: [{choices}]}}\n'


def score(name: str, items: tuple[str, ...], bands: tuple[tuple[str, int], ...]) -> str:
    """A score of items, with its bands."""
    named = ", ".join(f"{{id: {band}, from: {least}, text: {{en: {band}}}}}" for band, least in bands)
    return f"- {{id: {name}, title: {{en: {name}}}, items: [{', '.join(items)}], bands: [{named}]}}\n"


def screening_text() -> str:
    """Items, scores and flags of a form that asks PHQ-2, the rest of PHQ-9 from a sum of 3 on, and GAD-7."""
    first, rest = PHQ_9[:2], PHQ_9[2:]
    items = [question(*entry) for entry in first]
    items += [question(*entry, ", show_when: {phq2: {at_least: 3}}") for entry in rest]
    items += [question(*entry) for entry in GAD_7]
    scores = [
        "scores:\n",
        score("phq2", tuple(name for name, _ in first), (("low", 0), ("positive", 3))),
        score("phq9", tuple(name for name, _ in PHQ_9), PHQ_BANDS),
        score("gad7", tuple(name for name, _ in GAD_7), GAD_BANDS),
    ]
    return "".join([*items, *scores, FLAGS])


def screening() -> Form:
    """The screening form, compiled."""
    return form(screening_text())


def weighing(form: Form, total: int, items: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Answers to items that add up to a total, the first ones as heavy as they can be."""
    answers = {}
    for name, _ in items:
        weight = min(3, total)
        total -= weight
        answers[name] = HOW_OFTEN[weight][0]
    return answers
