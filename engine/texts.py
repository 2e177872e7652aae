"""Which words does a person read, in the language they chose?"""

from collections.abc import Mapping

from engine.diagnostics import Problems
from engine.reading import Node
from engine.shapes import ListOf, MapOf, Text

Texts = Mapping[str, str]

FIRST_LANGUAGE = "en"
LANGUAGE = Text(r"[a-z]{2}", "a language code such as en")
LANGUAGES = ListOf(LANGUAGE, least=1)
TEXTS = MapOf(Text(words="text in that language"), LANGUAGE)


def text_in(texts: Texts, language: str) -> str:
    """The text in a language, else in the first one, else nothing."""
    return texts.get(language) or texts.get(FIRST_LANGUAGE) or next(iter(texts.values()), "")


def read_texts(node: Node | None) -> dict[str, str]:
    """The texts by language of a mapping that was checked with `TEXTS`; empty where there is none."""
    return {language: part.raw.strip() for language, part in node.items()} if node is not None else {}


def require_languages(node: Node | None, languages: tuple[str, ...], problems: Problems) -> None:
    """Report every language of a file that a text does not speak, at the text."""
    if node is None:
        return
    spoken = {language for language, part in node.items() if part.raw.strip()}
    for language in languages:
        if language not in spoken:
            problems.report("TEXT001", node.at, language=language)
