"""Which questions can a case start from? The named examples of a country, each with what it takes over."""

from collections.abc import Mapping

from engine.diagnostics import Problems, nearest
from engine.reading import Node, Sort
from engine.shapes import NAME, Anything, Key, ListOf, MapOf, Record
from engine.values import BadValue
from engine.vocabulary import PATH, Vocabulary

EXAMPLES_SHAPE = Record(
    "the examples of a country",
    {
        "examples": Key(
            MapOf(
                Record(
                    "an example",
                    {
                        "from": Key(ListOf(NAME, least=1, single=True), "examples it takes over; the later ones win"),
                        "given": Key(MapOf(Anything("a value"), PATH), "facts by path; null: told to be nothing"),
                    },
                ),
                NAME,
            ),
            "questions that cases start from, by name",
            required=True,
        ),
        "ordinary": Key(
            ListOf(
                Record(
                    "an ordinary visit",
                    {
                        "start": Key(NAME, "the example that it is", required=True),
                        "gates": Key(ListOf(NAME, least=1), "the gates that it comes to", required=True),
                    },
                ),
                least=1,
            ),
            "the visits that the report on the law asks about in every state",
        ),
    },
)


def read_examples(node: Node, problems: Problems) -> Mapping[str, Node]:
    """The examples that can be started from; one that starts from itself, or from none, is reported and left out."""
    EXAMPLES_SHAPE.check(node, problems)
    part = node.get("examples")
    written = dict(part.items()) if part else {}
    known: dict[str, Node] = {}
    while ready := [name for name in written if name not in known and set(written[name].texts("from")) <= known.keys()]:
        known |= {name: written[name] for name in ready}
    for name in written.keys() - known.keys():
        for other in _named(written[name]):
            if other.raw not in written:
                reason = f"there is no example `{other.raw}`{nearest(other.raw, written)}"
                problems.report("LAW033", other.at, name=name, reason=reason)
            elif name in _before(other.raw, written):
                problems.report("LAW033", other.at, name=name, reason="in the end it starts from itself")
    return {name: known[name] for name in written if name in known}


def _named(example: Node) -> tuple[Node, ...]:
    """The names of the examples that one takes over, where they stand."""
    names = example.get("from")
    return () if names is None else names.parts or (names,)


def _before(name: str, written: Mapping[str, Node]) -> set[str]:
    """Every example that one takes over, itself among them, however far back."""
    found: set[str] = set()
    following = [name]
    while following:
        one = following.pop()
        if one not in found:
            found.add(one)
            following += written[one].texts("from") if one in written else ()
    return found


def check_examples(known: Mapping[str, Node], vocabulary: Vocabulary, problems: Problems) -> None:
    """The facts of examples are facts, and their values such as a question may hold."""
    for example in known.values():
        given = example.get("given")
        for path, entry in given.entries.items() if given else ():
            if path not in vocabulary.facts:
                problems.report("COND001", entry.key_at, path=path, hint=nearest(path, vocabulary.facts))
        check_values(given, vocabulary, problems)


def check_values(given: Node | None, vocabulary: Vocabulary, problems: Problems) -> None:
    """Report every value under `given` that is none of its fact's; null tells nothing."""
    for path, part in given.items() if given else ():
        fact = vocabulary.facts.get(path)
        if fact is None or part.sort is Sort.EMPTY:
            continue
        try:
            fact.type.read(part.plain())
        except BadValue as error:
            shown, fix = part.raw or str(part.sort), f"write {fact.type}"
            problems.report("COND004", part.at, value=shown, path=path, reason=error, fix=fix)
