"""Which clauses can a consent be put together from?"""

from engine.conditions import Scope
from engine.consent_text import Clause, ClauseBook
from engine.diagnostics import Problems, listed, nearest
from engine.packs import digest
from engine.reading import Node
from engine.shapes import NAME, Key, ListOf, MapOf, Number, Record
from engine.texts import LANGUAGES, TEXTS, read_texts, require_languages

_CLAUSE = Record(
    "a clause",
    {
        "id": Key(NAME, "the clause's id", required=True),
        "version": Key(Number(least=1), "a number that grows with each change of the words", required=True),
        "kind": Key(NAME, "the kind of consent it belongs to", required=True),
        "details": Key(ListOf(NAME, least=1), "read only where a duty's detail names one of these words"),
        "tells": Key(ListOf(NAME, least=1), "disclosures of the law that its words make, beside its `details`"),
        "modalities": Key(ListOf(NAME, least=1), "ways of meeting it is read for; all when it names none"),
        "title": Key(TEXTS, "its heading by language", required=True),
        "text": Key(TEXTS, "its words by language; {clinic}, {phone} and {email} are put in", required=True),
    },
)
CLAUSES = Record(
    "consent clauses",
    {
        "languages": Key(LANGUAGES, "its languages", required=True),
        "kinds": Key(MapOf(TEXTS, NAME), "the kinds of consent with their names, as they are read", required=True),
        "duties": Key(MapOf(NAME, NAME), "the kind of consent that meets each duty", required=True),
        "agreement": Key(TEXTS, "the sentence above the signature", required=True),
        "clauses": Key(ListOf(_CLAUSE, least=1), "the clauses in the order they are read", required=True),
    },
)


def compile_clauses(document: Node, vocabulary: Scope, problems: Problems) -> ClauseBook | None:
    """The clauses of a file; everything wrong is reported, None where it is broken."""
    mine = Problems()
    CLAUSES.check(document, mine)
    found = None if mine.errors else _book(document, vocabulary, mine)
    problems.found.extend(mine.found)
    return None if mine.errors else found


def _book(document: Node, vocabulary: Scope, problems: Problems) -> ClauseBook:
    languages, kinds = document.texts("languages"), tuple(document["kinds"].entries)
    consents = vocabulary.type_of("consents")
    fields = consents.fields if consents else {}
    if consents and "kind" not in fields:
        problems.report("COND001", document.entries["kinds"].key_at, path="consents.kind", hint=nearest("kind", fields))
    known = fields["kind"].choices if "kind" in fields else kinds
    for kind, entry in document["kinds"].entries.items():
        require_languages(entry.value, languages, problems)
        if kind not in known:
            hint, allowed = nearest(kind, known), listed(known)
            problems.report("SHAPE004", entry.key_at, value=kind, hint=hint, allowed=allowed)
    for _, part in document["duties"].items():
        _check_kind(part, kinds, problems)
    require_languages(document["agreement"], languages, problems)
    seen: dict[str, int] = {}
    disclosures = fields["disclosures"].choices if "disclosures" in fields else ()
    meeting = vocabulary.type_of("encounter.modality")
    modalities = meeting.choices if meeting else ()
    for part in document["clauses"]:
        _check_clause(part, languages, kinds, problems)
        _check_known(part, "tells", disclosures, problems)
        _check_known(part, "modalities", modalities, problems)
        line = seen.setdefault(part.text("id"), part.at.line)
        if line != part.at.line:
            problems.report("FORM001", part["id"].at, id=part.text("id"), line=line)
    return ClauseBook(
        languages=languages,
        kinds={kind: read_texts(part) for kind, part in document["kinds"].items()},
        duties={duty: part.raw for duty, part in document["duties"].items()},
        clauses=tuple(_clause(part, disclosures) for part in document["clauses"]),
        agreement=read_texts(document["agreement"]),
        digest=digest(document.plain()),
    )


def _check_clause(node: Node, languages: tuple[str, ...], kinds: tuple[str, ...], problems: Problems) -> None:
    _check_kind(node["kind"], kinds, problems)
    for key in ("title", "text"):
        require_languages(node[key], languages, problems)


def _check_known(node: Node, key: str, known: tuple[str, ...], problems: Problems) -> None:
    for part in node.get(key) or ():
        if part.raw not in known:
            hint, allowed = nearest(part.raw, known), listed(known)
            problems.report("SHAPE004", part.at, value=part.raw, hint=hint, allowed=allowed)


def _check_kind(node: Node, kinds: tuple[str, ...], problems: Problems) -> None:
    if node.raw not in kinds:
        problems.report("SHAPE004", node.at, value=node.raw, hint=nearest(node.raw, kinds), allowed=listed(kinds))


def _clause(node: Node, disclosures: tuple[str, ...]) -> Clause:
    told = (*node.texts("details"), *node.texts("tells"))
    return Clause(
        id=node.text("id"),
        version=node.integer("version") or 1,
        kind=node.text("kind"),
        details=node.texts("details"),
        tells=tuple(word for word in disclosures if word in told),
        title=read_texts(node["title"]),
        text=read_texts(node["text"]),
        modalities=node.texts("modalities"),
    )
