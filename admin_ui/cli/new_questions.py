"""What is asked before a clinic, a specialty or a form is begun, and which answers are none?

A table: each question belongs to some kinds of file, has an option that answers it, and a value that `--yes` takes.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import available_timezones

from engine.brand import WHITE, contrast, too_pale
from engine.clinics_schema import COLOUR, MAIL, PHONE
from engine.diagnostics import nearest
from engine.diagnostics_register import REGISTER
from engine.settings import SettingsError

CLINIC, SPECIALTY, FORM = "clinic", "specialty", "form"
KINDS = (CLINIC, SPECIALTY, FORM)
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_FORM = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*\Z")
# The longest answer to a question; nobody needs more, and a pasted page is a mistake. A list may name every state.
_LONGEST, _LONGEST_LIST = 200, 600
# A short name is part of an address, and a label there has 63 letters at most (RFC 1035, section 2.3.4).
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Offered:
    """What a specialty asks of a clinic: the languages it speaks, and who may hold all of its visits."""

    languages: frozenset[str]
    professions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What answers may name: states whose law is carried, specialties, forms, a state's time zones, professions.

    ``whole`` are the states that are taken where none is named: those whose law of prescribing is carried too.
    """

    states: tuple[str, ...]
    whole: tuple[str, ...]
    specialties: Mapping[str, Offered]
    forms: tuple[str, ...]
    zones: Mapping[str, tuple[str, ...]]
    professions: tuple[str, ...]


Answers = Mapping[str, str]
Wrong = Callable[[str, Known], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask; ``otherwise`` is the answer taken where none is given, ``wrong`` says what an answer lacks."""

    option: str
    kinds: tuple[str, ...]
    words: str
    otherwise: Callable[[Answers, Known], str]
    wrong: Wrong = lambda text, known: "" if text else "write something"
    longest: int = _LONGEST


def wrong_name(kind: str, name: str) -> str:
    """What keeps a name from being one of that kind of file; empty when nothing does."""
    if any(len(part) > _LONGEST_NAME for part in name.split("/")):
        return f"a short name has at most {_LONGEST_NAME} letters"
    if kind == CLINIC:
        return "" if _SLUG.fullmatch(name) else "a clinic's short name has small letters, digits and -"
    if kind == SPECIALTY:
        return "" if _NAME.fullmatch(name) else "a specialty's name has small letters, digits and _"
    return "" if _FORM.fullmatch(name) else "a form's name is AREA/NAME in small letters, digits and _"


def answered(kind: str, name: str, given: Mapping[str, str | None], known: Known, *, ask: bool) -> dict[str, str]:
    """An answer to every question of that kind: the option's, else the person's, else what is taken otherwise.

    Options are looked at before anything is asked.

    Raises:
        SettingsError: naming every option that is none, or that nothing was left to read.
    """
    found: dict[str, str] = {"name": name}
    questions = [one for one in QUESTIONS if kind in one.kinds]
    if ask:
        _stop_if_wrong(questions, given, known)
    for question in questions:
        text = given.get(question.option)
        if text is None:
            usual = question.otherwise(found, known)
            text = _asked(question, usual, known) if ask else usual
        found[question.option] = text.strip()
    _stop_if_wrong(questions, found | {key: text for key, text in given.items() if text is not None}, known)
    return found


def _stop_if_wrong(questions: Iterable[Question], given: Mapping[str, str | None], known: Known) -> None:
    """Raise `SettingsError` naming every option whose text is no answer."""
    texts = [(one, given.get(one.option)) for one in questions]
    wrong = [(one.option, _wrong(one, text, known)) for one, text in texts if text is not None]
    if any(said for _, said in wrong):
        raise SettingsError([f"--{option}: {said}" for option, said in wrong if said])


def asked_name(kind: str) -> str:
    """The short name of what is begun, as the person says it; asked again for as long as it is none."""
    words = "Its short name, AREA/NAME" if kind == FORM else "Its short name"
    return _heard(words, "", "a name", lambda text: wrong_name(kind, text))


def words_of(text: str) -> tuple[str, ...]:
    """The parts of an answer that lists several."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _asked(question: Question, usual: str, known: Known) -> str:
    """The person's answer; asked again for as long as it is none."""
    missing = f"--{question.option}; --yes takes what is usual"
    return _heard(question.words, usual, missing, lambda text: _wrong(question, text, known))


def _heard(words: str, usual: str, missing: str, wrong_in: Callable[[str], str]) -> str:
    while True:
        sys.stderr.write(f"{words}{f' [{usual}]' if usual else ''}: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise SettingsError([f"nobody answered {missing}"])
        text = line.strip() or usual
        wrong = wrong_in(text)
        if not wrong:
            return text
        sys.stderr.write(f"  {wrong}\n")


def _wrong(question: Question, text: str, known: Known) -> str:
    if len(text) > question.longest or not text.isprintable():
        return f"write one line of at most {question.longest} letters"
    return question.wrong(text.strip(), known)


def _optional(text: str, known: Known) -> str:
    return ""


def _like(shape: str, words: str) -> Wrong:
    return lambda text, known: "" if re.fullmatch(shape, text) else f"write {words}"


def _all_of(field: str) -> Wrong:
    def wrong(text: str, known: Known) -> str:
        allowed = tuple(getattr(known, field))
        named = words_of(text)
        strange = next((one for one in named if one not in allowed), "")
        if strange:
            return f"there is no {strange}{nearest(strange, allowed)}; there are: {', '.join(allowed)}"
        return "" if named and len(set(named)) == len(named) else "name at least one, and none twice"

    return wrong


def _colour(text: str, known: Known) -> str:
    if not re.fullmatch(COLOUR.pattern, text):
        return f"write {COLOUR.words}"
    if not too_pale(text):
        return ""
    refused = next(kind for kind in REGISTER if kind.code == "CLINIC012")
    return f"{refused.what.format(colour=text, ratio=f'{contrast(text, WHITE):.2f}')}: {refused.fix}"


def _zone(text: str, known: Known) -> str:
    return "" if text in available_timezones() else "write an IANA time zone"


def _form(text: str, known: Known) -> str:
    if not text or text in known.forms:
        return ""
    return f"there is no form {text}{nearest(text, known.forms)}; leave it empty to begin one"


def _usual(text: str) -> Callable[[Answers, Known], str]:
    return lambda found, known: text


def _title(found: Answers, known: Known) -> str:
    return found["name"].rpartition("/")[2].replace("_", " ").replace("-", " ").capitalize()


def _home_zone(found: Answers, known: Known) -> str:
    return next(iter(known.zones.get(words_of(found["states"])[0], ())), "") if words_of(found["states"]) else ""


def _offered(found: Answers, known: Known) -> str:
    """The specialties that speak every language of the clinic and that its first clinician may hold."""
    spoken, profession = set(words_of(found["languages"])), found["profession"]
    fits = (
        name for name, one in known.specialties.items() if spoken <= one.languages and profession in one.professions
    )
    return ", ".join(fits)


QUESTIONS = (
    Question(option="title", kinds=KINDS, words="Its name as patients read it", otherwise=_title),
    Question(
        option="title-es",
        kinds=(SPECIALTY, FORM),
        words="The same in Spanish (empty: English only)",
        otherwise=_usual(""),
        wrong=_optional,
    ),
    Question(
        option="summary",
        kinds=(SPECIALTY,),
        words="What it is for, in one sentence",
        otherwise=lambda found, known: f"{found['title']} with a clinician, from where you are.",
    ),
    Question(
        option="summary-es",
        kinds=(SPECIALTY,),
        words="The same in Spanish (empty where it speaks English only)",
        otherwise=lambda found, known: (
            f"{found['title-es']} con un profesional de salud, desde donde usted esté." if found["title-es"] else ""
        ),
        wrong=_optional,
    ),
    Question(
        option="medium",
        kinds=(SPECIALTY,),
        words="video or audio",
        otherwise=_usual("video"),
        wrong=_like("video|audio", "video or audio"),
    ),
    Question(
        option="minutes",
        kinds=(SPECIALTY,),
        words="Minutes of a visit",
        otherwise=_usual("20"),
        wrong=_like(r"[1-9]\d?|1[0-7]\d", "minutes, such as 20"),
    ),
    Question(
        option="professions",
        kinds=(SPECIALTY,),
        words="Who may practise it",
        otherwise=_usual("MD, DO, NP, PA"),
        wrong=_all_of("professions"),
    ),
    Question(
        option="form",
        kinds=(SPECIALTY,),
        words="The form asked before the visit, AREA/NAME (empty: one is begun)",
        otherwise=_usual(""),
        wrong=_form,
    ),
    Question(
        option="languages",
        kinds=(CLINIC,),
        words="Languages of its pages",
        otherwise=_usual("en, es"),
        wrong=_like(r"en|en, ?es", "en, or en, es"),
    ),
    Question(
        option="colour",
        kinds=(CLINIC,),
        words="The one colour of its brand",
        otherwise=_usual("#1f6f54"),
        wrong=_colour,
    ),
    Question(
        option="states",
        kinds=(CLINIC,),
        words="The states it sees patients in",
        otherwise=lambda found, known: ", ".join(known.whole),
        wrong=_all_of("states"),
        longest=_LONGEST_LIST,
    ),
    Question(option="zone", kinds=(CLINIC,), words="The time zone of its hours", otherwise=_home_zone, wrong=_zone),
    Question(
        option="clinician",
        kinds=(CLINIC,),
        words="Its first clinician, given and family name",
        otherwise=_usual("Robin Example"),
        wrong=_like(r"\S+( \S+)+", "a given and a family name"),
    ),
    Question(
        option="profession",
        kinds=(CLINIC,),
        words="Their profession",
        otherwise=_usual("MD"),
        wrong=lambda text, known: "" if text in known.professions else f"one of: {', '.join(known.professions)}",
    ),
    Question(
        option="specialties",
        kinds=(CLINIC,),
        words="What it offers",
        otherwise=_offered,
        wrong=_all_of("specialties"),
        longest=_LONGEST_LIST,
    ),
    Question(
        option="price",
        kinds=(CLINIC,),
        words="The price of a visit in dollars",
        otherwise=_usual("79"),
        wrong=_like(r"\d{1,5}(\.\d\d)?", "dollars such as 79 or 79.50"),
    ),
    Question(
        option="phone",
        kinds=(CLINIC,),
        words="Its telephone number",
        otherwise=_usual("+1 555 555 0100"),
        wrong=_like(PHONE.pattern, PHONE.words),
    ),
    Question(
        option="email",
        kinds=(CLINIC,),
        words="Its mail address",
        otherwise=lambda found, known: f"care@{found['name']}.example",
        wrong=_like(MAIL.pattern, MAIL.words),
    ),
    Question(option="address", kinds=(CLINIC,), words="Its postal address", otherwise=_usual("1 Main Street")),
)
