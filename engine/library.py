"""What is in force in this process: the law, the content and a rulebook for each clinic, and is there something newer?

A reload is all or nothing: what is broken is refused with its diagnostics while the old keeps running, also where the
old was read by a process that has ended since (`engine.last_good`).
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.clinics import ClinicFile
from engine.collecting import collector_paused
from engine.content import (
    Backdrop,
    Content,
    clinics_read,
    compile_content,
    content_files,
    picture_files,
    unused_pictures,
)
from engine.diagnostics import BrokenInput, Diagnostic, Location, Problems, Severity
from engine.last_good import Authored, LastGood, NothingKept, UnreadableKept
from engine.last_resort import survived
from engine.law_open_words import check_names, names_of
from engine.overlays import OwnLaw
from engine.reading import Node
from engine.releases import LOG
from engine.rulebook import LawPack, Rulebook, join, read_pack

_Mark = tuple[str, int, int]
Vouched = Mapping[str, tuple[Node, ...]]
"""What officers attested on pages or by commands, by clinic (see `engine.attestations.read_recorded`)."""
_LAW = "rules"
UNREADABLE = "READ010"


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Law, content, and each clinic's rulebook by slug (the law with the clinic's own policy and attestations)."""

    law: LawPack
    content: Content
    rulebooks: Mapping[str, Rulebook]
    vouched: Vouched = field(default_factory=dict)

    def own_law(self, slug: str) -> OwnLaw:
        """What a clinic adds to the law: its file, and what its officers attested beside it."""
        return replace(self.content.clinics[slug].own_law, recorded=self.vouched.get(slug, ()))

    def tenant_digests(self) -> Mapping[str, str]:
        """The digest of each clinic's tenant pack by slug."""
        return {slug: clinic.digest for slug, clinic in self.content.clinics.items()}


def load_library(root: Path, clinics: Sequence[Path] = ()) -> Library:
    """Everything under a root; raises `BrokenInput` with everything that is wrong."""
    problems = Problems()
    library = read_library(root, clinics, problems)
    problems.stop_if_broken()
    assert library is not None
    return library


@collector_paused(stays=True)
def read_library(
    root: Path, clinics: Sequence[Path], problems: Problems, same_law: Library | None = None
) -> Library | None:
    """The same, with everything wrong put among `problems`; None where something is broken.

    Where no file of the law has changed since a library was read, `same_law` is that one: its law is taken as it is,
    and so are the rulebooks that it has.
    """
    mine = Problems()
    law = same_law.law if same_law is not None else read_pack(root, mine)
    if same_law is not None:
        mine.found.extend(same_law.law.warnings)
    content = survived(".", mine, compile_content, root, clinics, _backdrop(law)) if law is not None else None
    rulebooks = _rulebooks(law, content, mine, same_law) if law is not None and content is not None else {}
    problems.found.extend(mine.found)
    if mine.errors or law is None or content is None:
        return None
    return Library(law=law, content=content, rulebooks=rulebooks)


def with_vouched(library: Library, vouched: Vouched) -> Library:
    """The library with what officers attested joined to their own clinics' rulebooks, and to no other's."""
    told = replace(library, vouched=vouched)
    joined = {slug: join(library.law, told.own_law(slug)) for slug in library.content.clinics if slug in told.rulebooks}
    return replace(told, rulebooks={**library.rulebooks, **joined})


def with_law_alone(library: Library) -> Library:
    """The library with one rulebook more, under no clinic's name: the law without anybody's policy."""
    return replace(library, rulebooks={**library.rulebooks, "": join(library.law)})


def _backdrop(law: LawPack) -> Backdrop:
    return Backdrop(vocabulary=law.vocabulary, schedules={name: drug.schedule for name, drug in law.drugs.items()})


def _rulebooks(
    law: LawPack, content: Content, problems: Problems, same_law: Library | None = None
) -> dict[str, Rulebook]:
    found: dict[str, Rulebook] = {}
    for slug, clinic in content.clinics.items():
        if same_law is not None and slug in same_law.rulebooks:
            found[slug] = same_law.rulebooks[slug]
            problems.found.extend(found[slug].warnings)
            continue
        rulebook = survived(f"clinics/{slug}.yaml", problems, _rulebook, law, clinic)
        if rulebook is not None:
            found[slug] = rulebook
    return found


def _rulebook(law: LawPack, clinic: ClinicFile, problems: Problems) -> Rulebook | None:
    check_names(clinic.own_law.policy or (), names_of(law.vocabulary, law.drugs, law.files), problems)
    try:
        rulebook = join(law, clinic.own_law)
    except BrokenInput as broken:
        problems.found.extend(broken.diagnostics)
        return None
    problems.found.extend(rulebook.warnings)
    return rulebook


class LibraryKeeper:
    """Holds the library in force and swaps a newer one in; safe for threads.

    `current` never blocks. `problems` are those of the newest files when they were refused, else their warnings.
    `changed` names the files in which the last look found a change, `changes` counts the looks that found one.
    Every version that was taken is handed to `last_good`, and where the files are broken its newest one is in force:
    at the start, and after a change that another process of this installation took while this one looked elsewhere.
    """

    def __init__(self, root: Path, clinics: Sequence[Path] = (), last_good: LastGood | None = None) -> None:
        """Load for the first time; raises `BrokenInput` where the files are broken and no good version was kept."""
        self._root, self._clinics, self._last_good = root, tuple(clinics), last_good or NothingKept()
        self._lock = threading.Lock()
        self._marks = self._look()
        self._kept = ""  # the name of the version in force among those that were kept
        self._untaken: set[Path] = set()  # changed since the library in force was read
        problems = Problems()
        library = read_library(root, self._clinics, problems)
        if library is None:
            library = self._kept_one(problems)
            self._untaken.update(Path(mark[0]) for mark in self._marks)
        else:
            self._keep(library)
        if library is None:
            raise BrokenInput(problems)
        self.current: Library = library
        self._read = self._joined = library  # as the files have it; what is attested was joined to the second
        self._source: Callable[[Iterable[str]], Vouched] | None = None
        self._vouched: Vouched = {}
        self.problems: tuple[Diagnostic, ...] = tuple(problems)
        self.changed: tuple[Path, ...] = ()
        self.changes = 0

    @property
    def refused(self) -> tuple[Diagnostic, ...]:
        """The errors for which the newest files are not in force; none where they are."""
        return tuple(one for one in self.problems if one.severity is Severity.ERROR)

    def vouched_by(self, source: Callable[[Iterable[str]], Vouched]) -> None:
        """Ask this about the clinics, now and at every refresh: what their officers attest of the law."""
        self._source = source
        self.refresh()

    def refresh(self) -> bool:
        """Look at the files' times and sizes, and at what is attested; load when something changed.

        True when a newer library is in force now.
        """
        taken = self._refresh_files()
        return self._refresh_vouched() or taken

    def _refresh_vouched(self) -> bool:
        """Join what is attested now, where it is something else than before or the files are."""
        if self._source is None:
            return False
        with self._lock:
            vouched = self._source(self._read.content.clinics)
            if self._joined is self._read and vouched == self._vouched:
                return False
            self._joined, self._vouched = self._read, vouched
            self.current = with_vouched(self._read, vouched) if any(vouched.values()) else self._read
            return True

    def _refresh_files(self) -> bool:
        with self._lock:
            marks = self._look()
            self.changed = tuple(Path(name) for name in sorted({mark[0] for mark in {*marks} ^ {*self._marks}}))
            if not self.changed:
                return False
            self._marks = marks
            self.changes += 1
            problems = Problems()
            self._untaken.update(self.changed)
            library = read_library(self._root, self._clinics, problems, self._same_law())
            if library is not None:
                self._untaken.clear()
                self._keep(library)
            else:
                library = self._kept_one(Problems())
                self._untaken.update(Path(mark[0]) for mark in marks if library is not None)
            self.problems = tuple(problems)
            if library is None:
                return False
            self._read = library
            if self._source is None:
                self.current = library
            return True

    def _keep(self, library: Library) -> None:
        """Has the files of the version just read kept, if none of them has changed since they were looked at."""
        unused = unused_pictures(library.content, picture_files(self._root, self._clinics))
        files = tuple(Path(name) for name, _, size in self._marks if size >= 0 and Path(name) not in unused)
        clinics = clinics_read(self._root, self._clinics)
        authored = Authored(root=self._root, files=files, clinics=clinics)
        self._kept = self._last_good.keep(authored, lambda: self._look() == self._marks)

    def _kept_one(self, problems: Problems) -> Library | None:
        """The version kept last, read like any other; None where there is none, or it is in force already."""
        try:
            with self._last_good.newest() as kept:
                if kept is None or kept.name == self._kept:
                    return None
                library = read_library(kept.root, kept.clinics, Problems())
                if library is None:
                    raise UnreadableKept(kept.name, "this version of the program finds errors in it")
                self._kept = kept.name
                return library
        except UnreadableKept as error:
            problems.report(UNREADABLE, Location(error.name, 1, 1), why=error.why)
        except OSError as error:
            problems.report(UNREADABLE, Location("last-good", 1, 1), why=f"it cannot be read ({type(error).__name__})")
        return None

    def _same_law(self) -> Library | None:
        """What was read last, where its law is that of the files, with the rulebooks of clinics that nobody touched."""
        if any(path.is_relative_to(self._root / _LAW) for path in self._untaken):
            return None
        touched = {path.stem for path in self._untaken}
        kept = {slug: one for slug, one in self._read.rulebooks.items() if slug not in touched}
        return replace(self._read, rulebooks=kept)

    def _look(self) -> tuple[_Mark, ...]:
        law = sorted((self._root / _LAW).rglob("*.yaml"))
        clinics = self._clinics
        files = (*law, self._root / LOG, *content_files(self._root, clinics), *picture_files(self._root, clinics))
        return tuple(_mark(path) for path in files)


def _mark(path: Path) -> _Mark:
    """What changes when a file does; a file that is gone has a mark of its own."""
    try:
        status = path.stat()
    except OSError:
        return str(path), 0, -1
    return str(path), status.st_mtime_ns, status.st_size
