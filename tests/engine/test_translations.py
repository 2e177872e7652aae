"""The law speaks other languages by sentence: a changed sentence has no words until somebody gives it new ones."""

from pathlib import Path

from engine.diagnostics import Diagnostic
from engine.law_words import LawWords
from engine.rulebook import Rulebook, load_law, load_rulebook
from tests.engine.helpers_law import ask, law, rule
from tests.rules.helpers_cases import ROOT

TOPICS = {"Open.": "Abierto.", "Gated.": "Con llave.", "Look.": "Mirar.", "Ask.": "Preguntar."}
LIMITS = {"Days.": "Días.", "Color.": "Color."}
VALUES = {"Most days.": "Máximo de días.", "Strict.": "Estricto.", "Mild.": "Suave."}


def spoken(root: Path, **more: str) -> Rulebook:
    law(root, rule("open/no", "{forbid: do}", when="{a: true}"))
    sentences = {**TOPICS, **LIMITS, **VALUES, "'no'": "Así no.", **more}
    lines = "".join(f"  {text}: {words}\n" for text, words in sentences.items())
    (root / "rules" / "us" / "words.es.yaml").write_text(f"language: es\nsentences:\n{lines}", encoding="utf-8")
    for file in (root / "rules" / "us" / "fl").glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("title: no,", "title: 'no',"), encoding="utf-8")
    return load_rulebook(root)


def told(warnings: tuple[Diagnostic, ...]) -> list[tuple[str, str, int | None]]:
    return [(one.code, one.location.file, one.location.line) for one in warnings if one.code in ("LAW028", "LAW029")]


def test_every_sentence_of_the_law_as_carried_is_said_in_spanish() -> None:
    pack = load_law(ROOT)
    assert told(pack.warnings) == []
    spanish = pack.translations["es"]
    assert {rule.title for file in pack.files for rule in file.rules} <= spanish.keys()
    assert all(spanish.values())


def test_a_page_reads_the_words_of_its_language_and_a_decision_stays_as_it_is(tmp_path: Path) -> None:
    book = spoken(tmp_path)
    decision = ask(book, a=True).as_json()
    assert decision["forbids"][0]["title"] == "no"
    words = LawWords(book, "es")
    assert words.of_decision(decision)["forbids"][0]["title"] == "Así no."
    assert {**words.of_decision(decision), "forbids": decision["forbids"]} == decision
    assert (words.rule_title("us/fl/open/no@us/fl"), words.duty_sentence("look")) == ("Así no.", "Mirar.")
    assert (words.topic_sentence("open"), words.limit_sentence("days")) == ("Abierto.", "Días.")


def test_what_has_no_words_is_said_as_it_stands(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/no", "{forbid: do}"))
    assert LawWords(book, "es").duty_sentence("look") == "Look."
    assert LawWords(spoken(tmp_path / "b"), "fr").duty_sentence("look") == "Look."
    assert told(book.law.warnings) == []  # a law of one language owes no other


def test_a_sentence_without_words_and_words_without_a_sentence_are_told(tmp_path: Path) -> None:
    whole = spoken(tmp_path / "whole")
    assert told(whole.law.warnings) == []
    words = tmp_path / "whole" / "rules" / "us" / "words.es.yaml"
    words.write_text(words.read_text(encoding="utf-8").replace("Look.:", "Looks.:"), encoding="utf-8")
    found = told(load_law(tmp_path / "whole").warnings)
    assert found == [("LAW028", "rules/topics.yaml", 0), ("LAW029", "rules/us/words.es.yaml", 5)]


def test_words_are_no_part_of_the_law(tmp_path: Path) -> None:
    book = spoken(tmp_path)
    words = tmp_path / "rules" / "us" / "words.es.yaml"
    words.write_text(words.read_text(encoding="utf-8").replace("Mirar.", "Fijarse."), encoding="utf-8")
    again = load_rulebook(tmp_path)
    assert LawWords(again, "es").duty_sentence("look") == "Fijarse."
    assert (again.law.digest, again.digest) == (book.law.digest, book.digest)
