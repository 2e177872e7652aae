"""Which words does a patient sign, for the consents that the law and the clinic ask for at this place?

A consent is put together from versioned clauses: those of the kinds asked for, and among them the ones that a duty's
detail names. What is signed is named by its digest, so that nobody signs again unless a clause that applies changed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.clinics import ClinicFile
from engine.dossier import ConsentFact, Dossier
from engine.packs import digest
from engine.texts import Texts, text_in

FORMS = ("verbal", "electronic", "written")
"""How a consent may be given, strictest last."""
DEFAULT_FORM = "electronic"
GUARDIAN = "guardian"
"""The kind of consent that is never the patient's own to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A clause: the kind of consent it belongs to; `details` empty means that it always belongs to its kind.

    `tells` are the disclosures that its words make, in the words of the law: its details among them. `modalities` are
    those of the visits that it is read for; empty, it is read for all.
    """

    id: str
    version: int
    kind: str
    details: tuple[str, ...]
    tells: tuple[str, ...] = ()
    title: Texts
    text: Texts
    modalities: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        return f"{self.id}@{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseBook:
    """Every clause in the order they are read, and which kind of consent answers for which duty."""

    languages: tuple[str, ...]
    kinds: Mapping[str, Texts]
    duties: Mapping[str, str]
    clauses: tuple[Clause, ...]
    agreement: Texts
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAbout:
    """Whom a consent is for: its language, the jurisdiction of the place, the clinic, and the kinds the visit asks.

    ``modality`` is how they meet, in the vocabulary's word; empty, the clauses of every modality are read.
    ``guardian`` says that a guardian signs for a minor, who may give what is a guardian's to give.
    """

    language: str
    jurisdiction: str
    clinic: ClinicFile
    kinds: tuple[str, ...] = ()
    guardian: bool = False
    modality: str = ""

    def reads(self, clause: Clause) -> bool:
        """Whether a clause is about a visit like this one."""
        return not (self.modality and clause.modalities) or self.modality in clause.modalities


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseText:
    """A clause as it is read in one language."""

    ref: str
    kind: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """What is signed, each of `kinds` by itself with `refs_of` it and the whole text; no kinds: nothing to sign."""

    kinds: tuple[str, ...]
    form: str
    jurisdiction: str
    language: str
    clauses: tuple[ClauseText, ...]
    agreement: str
    text: str
    digest: str

    @property
    def refs(self) -> tuple[str, ...]:
        """The clauses with their versions, `id@version`."""
        return tuple(clause.ref for clause in self.clauses)

    def refs_of(self, kind: str) -> tuple[str, ...]:
        """The clauses of one kind."""
        return tuple(clause.ref for clause in self.clauses if clause.kind == kind)

    def is_covered_by(self, kind: str, jurisdiction: str, refs: Iterable[str]) -> bool:
        """Whether a consent of a kind, signed for a jurisdiction with these clauses, still says all that applies."""
        return kind in self.kinds and jurisdiction == self.jurisdiction and set(self.refs_of(kind)) <= set(refs)


def assemble_consent(decisions: Mapping[str, Mapping[str, Any]], book: ClauseBook, about: ConsentAbout) -> ConsentText:
    """The consent that decisions (topic to answer, as JSON) ask for, with the kinds that the visit's plan names.

    Duties that are met already ask for nothing; a duty that the book has no kind for is somebody else's to meet, and
    so is a guardian's consent, which no patient signs.
    """
    unmet = [duty for answer in decisions.values() for duty in answer.get("duties", ()) if not duty.get("met")]
    asked_by_kind = [(kind, duty) for duty in unmet for kind in consent_kinds(duty, book, guardian=about.guardian)]
    withheld = frozenset[str]() if about.guardian else {GUARDIAN}
    wanted = ({kind for kind, _ in asked_by_kind} | set(about.kinds)) - withheld
    kinds = tuple(kind for kind in book.kinds if kind in wanted)
    asked = {word for _, duty in asked_by_kind for word in _words(duty.get("detail"))}
    clauses = tuple(
        _read(clause, about)
        for clause in book.clauses
        if clause.kind in kinds and about.reads(clause) and (not clause.details or asked.intersection(clause.details))
    )
    return _consent(kinds, clauses, text_in(book.agreement, about.language), _form(asked), about)


def read_clauses(
    book: ClauseBook, about: ConsentAbout, kind: str, details: Collection[str] = ()
) -> tuple[ClauseText, ...]:
    """The clauses of a kind, and those of any kind about one of `details`, to be read without being signed."""
    return tuple(
        _read(clause, about)
        for clause in book.clauses
        if about.reads(clause) and (clause.kind == kind or not set(details).isdisjoint(clause.details))
    )


def with_disclosures(dossier: Dossier, book: ClauseBook) -> Dossier:
    """The dossier with what each of its consents told the patient."""
    return replace(dossier, consents=tuple(_telling(consent, book) for consent in dossier.consents))


def disclosures_of(refs: Iterable[str], book: ClauseBook) -> tuple[str, ...]:
    """What clauses (`id@version`) tell, in the words of the law's disclosures, each once.

    Of a clause that the book no longer holds in that version nobody knows what it told: it tells nothing.
    """
    tells = {clause.ref: clause.tells for clause in book.clauses}
    return tuple(sorted({word for ref in refs for word in tells.get(ref, ())}))


def consent_kinds(duty: Mapping[str, Any], book: ClauseBook, *, guardian: bool = False) -> tuple[str, ...]:
    """The kinds of consent that meet a duty: those it names itself (several rules may name several), else the book's.

    None where a guardian's consent is among them, unless a guardian signs: no patient can meet that by signing.
    """
    told = (duty.get("detail") or {}).get("consent")
    named = told if isinstance(told, list | tuple) else (told,)
    if GUARDIAN in named and not guardian:
        return ()
    known = tuple(kind for kind in named if kind in book.kinds)
    return known or tuple(kind for kind in (book.duties.get(duty["duty"]),) if kind is not None)


def _telling(consent: ConsentFact, book: ClauseBook) -> ConsentFact:
    return replace(consent, disclosures=disclosures_of(consent.clauses, book))


def _consent(
    kinds: tuple[str, ...], clauses: tuple[ClauseText, ...], agreement: str, form: str, about: ConsentAbout
) -> ConsentText:
    agreement = _filled(agreement, about)
    text = "\n\n".join([*(f"{clause.title}\n{clause.text}" for clause in clauses), agreement])
    named = {"kinds": kinds, "jurisdiction": about.jurisdiction, "refs": [c.ref for c in clauses], "text": text}
    return ConsentText(
        kinds=kinds,
        form=form,
        jurisdiction=about.jurisdiction,
        language=about.language,
        clauses=clauses,
        agreement=agreement,
        text=text,
        digest=digest(named),
    )


def _read(clause: Clause, about: ConsentAbout) -> ClauseText:
    title, text = text_in(clause.title, about.language), text_in(clause.text, about.language)
    return ClauseText(ref=clause.ref, kind=clause.kind, title=_filled(title, about), text=_filled(text, about))


def _filled(text: str, about: ConsentAbout) -> str:
    """The text with the clinic's name and ways to reach it put in."""
    clinic = about.clinic
    values = {"clinic": clinic.name, "phone": clinic.contact.phone, "email": clinic.contact.email}
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _form(asked: set[str]) -> str:
    """The strictest form that a duty names; ours is signed on the screen unless one asks for more."""
    return max(asked & set(FORMS[1:]), key=FORMS.index, default=DEFAULT_FORM)


def _words(detail: Any) -> Iterator[str]:
    """Every word in a duty's detail, however deep; a flag that is true gives its name."""
    if isinstance(detail, str):
        yield detail
    elif isinstance(detail, Mapping):
        for name, value in detail.items():
            yield from (name,) if value is True else _words(value)
    elif isinstance(detail, list | tuple):
        for part in detail:
            yield from _words(part)
