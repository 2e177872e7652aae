"""How does somebody begin a clinic, a specialty or a form? A few questions, files that pass the check, what is next.

Nothing is ever written over. What is asked stands in `new_questions`; an option answers a question beforehand.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from admin_ui.cli.new_questions import (
    CLINIC,
    FORM,
    KINDS,
    QUESTIONS,
    SPECIALTY,
    Known,
    Offered,
    answered,
    asked_name,
    words_of,
    wrong_name,
)
from admin_ui.cli.typed_settings import settings_with
from engine.content import Content, read_backdrop, read_content
from engine.diagnostics import Diagnostic, Problems, as_text
from engine.diagnostics_kinds import Severity
from engine.reading import read_file
from engine.settings import PREFIX, SettingsError
from engine.visits import Specialty
from engine.zones import some_place_in

WRITTEN, BROKEN = 0, 2
MOST_STATES = 5
STARTERS = Path(__file__).with_name("starters")
Files = Mapping[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is begun, its name, and an option for each question."""
    parser.add_argument("kind", choices=KINDS, help="what to begin")
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="its short name, asked unless given; AREA/NAME for a form"
    )
    parser.add_argument("--yes", action="store_true", help="ask nothing: take what is usual wherever no option says")
    parser.add_argument("--root", type=Path, metavar="ROOT", help="folder with rules, forms, specialties, clinics")
    for question in QUESTIONS:
        kinds = "" if question.kinds == KINDS else f" ({', '.join(question.kinds)})"
        parser.add_argument(f"--{question.option}", metavar="TEXT", help=f"{_small(question.words)}{kinds}")


def run(arguments: argparse.Namespace) -> int:
    """0 when the files were written and are right, 2 for a wrong answer or a name that is taken."""
    typed = {f"{PREFIX}ROOT": str(arguments.root.absolute())} if arguments.root else {}
    root = settings_with(typed=typed).root
    kind, name = arguments.kind, _name(arguments)
    _refuse(kind, name, root, arguments)
    content, professions = _content(root)
    carried = _carried(root)
    known = Known(
        states=carried,
        whole=_carried(root, "prescribing") or carried[:MOST_STATES],
        specialties={name: _offered(one) for name, one in content.specialties.items()},
        forms=tuple(content.forms),
        zones=_zones(root),
        professions=professions,
    )
    given = {question.option: getattr(arguments, question.option.replace("-", "_")) for question in QUESTIONS}
    answers = answered(kind, name, given, known, ask=not arguments.yes)
    files = _files(kind, answers, content)
    _write(root, files)
    found = _found(root, files)
    if any(one.severity is Severity.ERROR for one in found):
        _take_back(root, files)
        sys.stderr.write(as_text(found) + "\nclinic: such files would not pass the check; nothing is written\n")
        return BROKEN
    sys.stdout.write("".join(f"wrote {name}\n" for name in files) + (as_text(found) + "\n" if found else ""))
    sys.stdout.write(
        "Next:\n" + "".join(f"  {number}. {step}\n" for number, step in enumerate(_next(kind, answers), 1))
    )
    return WRITTEN


def _name(arguments: argparse.Namespace) -> str:
    if arguments.name is None and arguments.yes:
        raise SettingsError([f"give the {arguments.kind}'s NAME: there is no usual one"])
    return asked_name(arguments.kind) if arguments.name is None else str(arguments.name)


def _refuse(kind: str, name: str, root: Path, arguments: argparse.Namespace) -> None:
    """Before anything is asked: a name that is none, one that is taken, an option of another kind."""
    wrong = wrong_name(kind, name)
    if wrong:
        raise SettingsError([wrong])
    place = {
        CLINIC: f"clinics/{name}.yaml",
        SPECIALTY: f"specialties/{name}/specialty.yaml",
        FORM: f"forms/{name}.yaml",
    }[kind]
    if (root / place).exists():
        raise SettingsError([f"{place} is there already; nothing is written over"])
    strange = [
        f"--{one.option} is no question of a {kind}"
        for one in QUESTIONS
        if kind not in one.kinds and getattr(arguments, one.option.replace("-", "_")) is not None
    ]
    if strange:
        raise SettingsError(strange)


# --- what is there already ---


def _content(root: Path) -> tuple[Content, tuple[str, ...]]:
    """What is authored so far, and the professions of the vocabulary."""
    problems = Problems()
    content, backdrop = read_content(root, (), problems), read_backdrop(root, Problems())
    kind = backdrop.vocabulary.type_of("provider.profession") if backdrop else None
    if content is None or kind is None:
        sys.stderr.write(as_text(problems) + "\n")
        raise SettingsError(["what is there already is not right; `clinic check` says what is wrong"])
    return content, kind.choices


def _offered(specialty: Specialty) -> Offered:
    """Who may hold every visit of a specialty, and what it speaks."""
    able = [set(kind.plan.professions) for kind in specialty.visit_types.values()]
    return Offered(frozenset(specialty.languages), frozenset(set.intersection(*able)))


def _carried(root: Path, topic: str = "licensing") -> tuple[str, ...]:
    """The states whose law of a topic is carried, by their codes."""
    return tuple(sorted({path.parent.name.upper() for path in root.glob(f"rules/*/??/{topic}.yaml")}))


def _zones(root: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(root.glob("rules/*/zones.yaml")):
        node = read_file(path, root, Problems())
        if node is not None:
            found |= {state: tuple(zone.raw for zone in part) for state, part in node["zones"].items()}
    return found


# --- what is written ---


def _files(kind: str, answers: Mapping[str, str], content: Content) -> Files:
    """Every file of what is begun, by its place below the root."""
    if kind == CLINIC:
        return {f"clinics/{answers['name']}.yaml": _page(CLINIC, **_clinic(answers, content))}
    if kind == FORM:
        return {f"forms/{answers['name']}.yaml": _form(answers["name"], answers)}
    name, form = answers["name"], answers["form"] or f"{answers['name']}/intake"
    values = _common(answers) | {
        "name": name,
        "form": form,
        "medium": answers["medium"],
        "minutes": answers["minutes"],
        "professions": words_of(answers["professions"]),
        "visit": f"{answers['medium']}_visit",
    }
    files = {f"specialties/{name}/{one}.yaml": _page(one, **values) for one in (SPECIALTY, "note")}
    return files if answers["form"] else {f"forms/{form}.yaml": _form(form, answers), **files}


def _form(name: str, answers: Mapping[str, str]) -> str:
    return _page(FORM, id=name, **_common(answers))


def _common(answers: Mapping[str, str]) -> dict[str, Any]:
    """Languages, and texts by language: Spanish stands where its title was given."""
    languages = words_of(answers.get("languages", "")) or (("en", "es") if answers.get("title-es") else ("en",))

    def both(english: str, spanish: str) -> str:
        return _texts({"en": english, "es": spanish}, languages)

    return {
        "languages": languages,
        "both": both,
        "texts": lambda words: _texts(words, languages),
        "title": {"en": answers["title"], "es": answers.get("title-es", "")},
        "summary": {"en": answers.get("summary", ""), "es": answers.get("summary-es", "")},
    }


def _clinic(answers: Mapping[str, str], content: Content) -> dict[str, Any]:
    given, _, family = answers["clinician"].partition(" ")
    offered = words_of(answers["specialties"])
    return _common(answers) | {
        **{name: answers[name] for name in ("name", "colour", "zone", "phone", "email", "address", "profession")},
        "states": words_of(answers["states"]),
        "specialties": offered,
        "pharmacies": _pharmacies(words_of(answers["states"])) if _prescribes(offered, content) else (),
        "visits": [kind.id for name in offered for kind in content.specialties[name].visit_types.values()],
        "cents": round(float(answers["price"]) * 100),
        "given": given,
        "family": family,
        "clinician_id": "first_clinician",
        "domain": answers["email"].partition("@")[2],
    }


def _prescribes(specialties: Iterable[str], content: Content) -> bool:
    return any(content.specialties[name].formulary is not None for name in specialties)


def _pharmacies(states: Iterable[str]) -> tuple[dict[str, str], ...]:
    """A pharmacy of the simulated network in each state, at a place that there is."""
    places = ((state, some_place_in(state)) for state in states)
    return tuple({"state": state, "code": at[0], "city": at[1].city} for state, at in places if at is not None)


def _texts(words: Mapping[str, str], languages: tuple[str, ...]) -> str:
    """Words by language as YAML writes them on one line; English where a language has none of its own."""
    parts = (f"{language}: {_quoted(words.get(language) or words['en'])}" for language in languages)
    return "{" + ", ".join(parts) + "}"


def _quoted(text: str) -> str:
    """A text that YAML reads back as it is: JSON's quotes are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _page(starter: str, **values: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(STARTERS),
        undefined=StrictUndefined,
        autoescape=False,  # YAML and not HTML; `quoted` is its escape
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(f"{starter}.yaml.jinja").render(quoted=_quoted, **values)


def _write(root: Path, files: Files) -> None:
    """All files or, where one is there already, none; a file is created and never opened over another."""
    taken = [name for name in files if (root / name).exists()]
    if taken:
        raise SettingsError([f"{name} is there already; nothing is written over" for name in taken])
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)


def _found(root: Path, files: Files) -> list[Diagnostic]:
    """What the check says of the files, and every error that came with them."""
    problems = Problems()
    read_content(root, (), problems)
    return [one for one in problems if one.location.file in files or one.severity is Severity.ERROR]


def _take_back(root: Path, files: Files) -> None:
    """Removes what was just written, with the folders that are empty without it."""
    for name in files:
        path = root / name
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


# --- what is next ---


def _next(kind: str, answers: Mapping[str, str]) -> Iterator[str]:
    name = answers["name"]
    if kind == CLINIC:
        yield f"Write your own people, licenses, hours and texts into clinics/{name}.yaml: those there are invented."
        yield "`./clinic check` reads it."
        yield f"`./clinic up clinics/{name}.yaml` opens it at http://{name}.localhost:8080/."
        yield "docs/guides/clinic.md goes on from there: policy, prices, people, mail, your own address."
        return
    yield "Change the words and questions of the files above: they are a beginning."
    if kind == FORM:
        yield f"Ask it in a specialty's step: {{kind: intake, after: pay, form: {name}}}."
    else:
        yield f"Offer it: add `{name}` to `specialties` of the clinic's file."
    yield "`./clinic check` reads it; a clinic that is running takes it by itself."


def _small(words: str) -> str:
    return re.sub(r"\AThe |\AIts |\ATheir |\AWhat |\AWho |\AMinutes ", lambda found: found[0].lower(), words)
