"""`clinic new` begins files that pass the check, tells what is next, asks the rest and writes nothing over."""

import io
import random
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from admin_ui.cli.new_questions import KINDS, QUESTIONS, Known, Offered, answered, asked_name, wrong_name
from engine.content import read_content
from engine.diagnostics import Problems
from engine.library import load_library
from engine.settings import HOME, SettingsError
from tests.admin_ui.helpers_cli import Cli
from tests.portals.helpers_clinic import build_clinic, post
from tests.portals.helpers_journey import GOOD_CARD

KNOWN = Known(
    states=("AL", "CA", "FL"),
    whole=("CA", "FL"),
    specialties={
        "care": Offered(frozenset({"en", "es"}), frozenset({"MD", "NP"})),
        "plain": Offered(frozenset({"en"}), frozenset({"MD"})),
    },
    forms=("care/intake",),
    zones={"FL": ("America/New_York",), "CA": ("America/Los_Angeles",)},
    professions=("MD", "DO", "NP", "PA"),
)
ADA = {
    "given": "Ada",
    "family": "Brook",
    "birth_date-m": "4",
    "birth_date-d": "27",
    "birth_date-y": "1990",
    "sex": "female",
    "email": "ada@patients.example",
    "phone": "305 555 0100",
    "password": "four quiet words here",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of what is authored."""
    for folder in ("rules", "specialties", "forms", "clinics"):
        shutil.copytree(HOME / folder, tmp_path / folder)
    return tmp_path


def test_every_question_has_a_usual_answer_that_is_right() -> None:
    for kind, name in zip(KINDS, ("elm-street", "travel_care", "travel_care/intake"), strict=True):
        found = answered(kind, name, {}, KNOWN, ask=False)
        assert set(found) == {"name", *(one.option for one in QUESTIONS if kind in one.kinds)}


def test_a_clinic_usually_offers_what_it_can_speak_and_hold_in_the_zone_of_its_first_state() -> None:
    assert answered("clinic", "elm", {}, KNOWN, ask=False)["specialties"] == "care"
    assert answered("clinic", "elm", {"languages": "en"}, KNOWN, ask=False)["specialties"] == "care, plain"
    assert answered("clinic", "elm", {"languages": "en", "profession": "NP"}, KNOWN, ask=False)["specialties"] == "care"
    assert answered("clinic", "elm", {"states": "FL"}, KNOWN, ask=False)["zone"] == "America/New_York"


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        ("colour", "green", "a colour such as"),
        ("colour", "#ffff00", "too light for a brand"),
        ("states", "FL, ZZ", "there is no ZZ"),
        ("states", "FL, FL", "none twice"),
        ("specialties", "car", "did you mean `care`"),
        ("price", "-5", "dollars"),
        ("zone", "America/Tampa", "time zone"),
        ("clinician", "Cher", "a family name"),
        ("profession", "XX", "one of: MD, DO, NP, PA"),
        ("title", "two\nlines", "one line"),
        ("title", "x" * 201, "one line"),
    ],
)
def test_a_wrong_option_is_refused_by_its_name(option: str, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        answered("clinic", "elm", {option: text}, KNOWN, ask=False)
    assert [one for one in refused.value.problems if one.startswith(f"--{option}: ") and words in one]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("clinic", "Elm"),
        ("clinic", "../elm"),
        ("clinic", "elm.yaml"),
        ("clinic", "e" * 300),
        ("form", f"a/{'b' * 300}"),
        ("specialty", "a/b"),
        ("specialty", "a-b"),
        ("form", "intake"),
        ("form", "a/../b"),
        ("form", "a/b/c"),
    ],
)
def test_a_name_that_is_no_file_of_its_kind_is_refused(kind: str, name: str) -> None:
    assert wrong_name(kind, name)


def test_a_wrong_option_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(SettingsError) as refused:
        answered("clinic", "elm", {"colour": "#ffee00"}, KNOWN, ask=True)
    assert len(refused.value.problems) == 1 and "too light for a brand" in refused.value.problems[0]
    assert capsys.readouterr().err == ""


def test_what_no_option_says_is_asked_until_the_answer_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\nViajes\n\n\nradio\naudio\n15\n\n\n"))
    found = answered("specialty", "travel_care", {"professions": "NP"}, KNOWN, ask=True)
    assert (found["title"], found["title-es"]) == ("Travel care", "Viajes")
    assert (found["medium"], found["minutes"], found["professions"]) == ("audio", "15", "NP")
    assert "write video or audio" in capsys.readouterr().err


def test_an_input_that_ends_is_told_of_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(SettingsError, match="--yes"):
        answered("form", "a/b", {}, KNOWN, ask=True)


def test_a_clinic_begins_in_the_states_whose_law_is_whole_and_may_name_all_of_fifty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert answered("clinic", "elm", {}, KNOWN, ask=False)["states"] == "CA, FL"
    many = tuple(f"{a}{b}" for a in "ABCDEFG" for b in "HIJKLMN")
    known = replace(KNOWN, states=many, whole=(), zones={many[0]: ("America/New_York",)})
    assert answered("clinic", "elm", {"states": ", ".join(many)}, known, ask=False)["states"].endswith("GN")


def test_a_name_that_was_not_given_is_asked_and_with_yes_refused(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Elm Street\nelm-street\n"))
    assert asked_name("clinic") == "elm-street"
    said = cli("new", "clinic", "--yes", "--root", str(tmp_path))
    assert (said.status, said.err) == (2, "clinic: give the clinic's NAME: there is no usual one\n")


@pytest.mark.slow
def test_whatever_is_begun_passes_the_check_or_is_not_written(cli: Cli, root: Path) -> None:
    """Answers of all shapes: what is written is right, and what is refused leaves nothing behind."""
    chance = random.Random(7)
    answers = {
        "title": ("Elm", "é" * 200, 'a: "b" #{c}', "-", "null", "O'Hara"),
        "colour": ("#ffff00", "#ffe680", "#fdf6ee", "#ffaa00", "#000000", "#FFFFFF", "#1f6f54"),
        "states": ("CA", "AK, HI, DC", "TX, NJ", "FL, NY, CA, NJ, TX"),
        "zone": ("UTC", "Pacific/Honolulu", "America/New_York"),
        "clinician": ("A B", "Ana de la Cruz", "null null", "yes: no"),
        "profession": ("MD", "NP", "LCSW", "RPH"),
        "languages": ("en", "en,es"),
        "price": ("0", "0.01", "99999.99"),
        "email": ("a@b.cc", "x+y@elm.example"),
        "address": ("1 Main: Street #4", "- x"),
    }
    for number in range(12):
        given = {name: chance.choice(found) for name, found in answers.items() if chance.random() < 0.6}
        options = [f"--{name}={text}" for name, text in given.items()]
        said = cli("new", "clinic", f"c{number}", *options, "--yes", "--root", str(root))
        written = (root / "clinics" / f"c{number}.yaml").exists()
        assert written is (said.status == 0), (given, said)
    problems = Problems()
    assert read_content(root, (), problems) and not problems.errors
    assert 1 < len(list(root.glob("clinics/c*.yaml"))) < 12


def test_an_option_of_another_kind_is_refused(cli: Cli, tmp_path: Path) -> None:
    said = cli("new", "form", "a/b", "--states", "FL", "--yes", "--root", str(tmp_path))
    assert (said.status, said.err) == (2, "clinic: --states is no question of a form\n")


def test_nothing_is_written_over(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "clinics" / "elm.yaml"
    file.parent.mkdir()
    file.write_text("mine", encoding="utf-8")
    said = cli("new", "clinic", "elm", "--yes", "--root", str(tmp_path))
    assert (said.status, said.err) == (2, "clinic: clinics/elm.yaml is there already; nothing is written over\n")
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.slow
def test_a_file_in_the_way_keeps_all_of_them_from_being_written(cli: Cli, root: Path) -> None:
    (root / "forms/travel_care").mkdir()
    (root / "forms/travel_care/intake.yaml").write_text((root / "forms/urgent_care/intake.yaml").read_text("utf-8"))
    said = cli("new", "specialty", "travel_care", "--yes", "--root", str(root))
    assert said.status == 2
    assert not (root / "specialties/travel_care").exists()


@pytest.mark.slow
def test_what_is_begun_passes_the_check_and_can_be_booked(cli: Cli, root: Path, tmp_path: Path) -> None:
    title = 'O\'Hara & Sons: "Care" {now}'
    for words in (
        ("specialty", "travel_care", "--title", title, "--title-es", "Atención: del viajero", "--minutes", "25"),
        ("specialty", "phone_only", "--medium", "audio", "--professions", "MD", "--form", "travel_care/intake"),
        ("form", "travel_care/after", "--title-es", "Después"),
        ("clinic", "harbour", "--title", title, "--states", "FL, NY", "--specialties", "travel_care"),
        ("clinic", "plain", "--languages", "en", "--price", "12.50"),
    ):
        said = cli("new", *words, "--yes", "--root", str(root))
        assert said.status == 0, said.out + said.err
        assert "Next:" in said.out
        assert " error " not in said.out
    checked = cli("check", str(root), "--no-cases")
    mine = [
        line for line in checked.out.splitlines() if re.match(r"(clinics|forms|specialties)/.*(warning|error)", line)
    ]
    assert checked.status == 0
    assert [line for line in mine if re.search(r"harbour|plain|travel_care|phone_only", line.split(":")[0])] == []
    library = load_library(root, (root / "clinics/harbour.yaml",))
    clinic = build_clinic(tmp_path / "data", several=library)
    browser = clinic.browser("harbour.localhost")
    assert post(browser, "/sign-up", ADA).url.path == "/visits"
    offered = post(browser, "/book/travel_care/video_visit", {"state": "NY", "postal_code": "10011"}).text
    time = re.findall(r'name="time" value="([^"]+)"', offered)[0]
    post(browser, "/book/travel_care/video_visit/times", {"time": time})
    held = post(browser, "/book/review", {"request": "a" * 24})
    paid = post(browser, held.url.path, GOOD_CARD)
    assert str(paid.url).endswith("new=booked"), paid.text
    clinic.database.close()


@pytest.mark.slow
def test_the_printed_line_offers_the_specialty_at_a_clinic_that_is_there(cli: Cli, root: Path) -> None:
    said = cli("new", "specialty", "travel_care", "--title-es", "Viajes", "--yes", "--root", str(root))
    assert "add `travel_care` to `specialties`" in said.out
    file = root / "clinics/marigold.yaml"
    text = file.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^specialties: \[", "specialties: [travel_care, ", text)
    file.write_text(text, encoding="utf-8")
    library = load_library(root, (file,))
    assert "travel_care/video_visit" in library.content.clinics["marigold"].prices
