"""Which law was released when, and what did it say?

`rules/releases.jsonl` has one line for each release and only ever grows: number, instant, digest of the law, digest of
the texts that changed, and the digest of the line before. `rules/released/NUMBER.json.xz` has those texts, whole; the
law of a release is what its own and all earlier files add up to. Nothing here knows the time or writes a file.
"""

import json
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.diagnostics import BrokenInput, Location, Problems
from engine.known import Known
from engine.law_files import FOLDER, is_law_file, law_files
from engine.packs import canonical, digest
from engine.values import instant_text, read_instant

LOG = f"{FOLDER}/releases.jsonl"
ARCHIVES = f"{FOLDER}/released"
MOST_BYTES = 64 * 1024 * 1024  # of one archive's texts; the whole country has about three
_KEYS = frozenset({"number", "at", "law", "changes", "note", "approved", "before", "digest"})

Texts = Mapping[str, str]
Changes = dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One line of the log. `law` names the law pack, `changes` the texts that changed, `before` the line before.

    `approved` is where approvals will stand; until there are any it is empty. `digest` names the line itself: that is
    what a signature will sign.
    """

    number: int
    at: str
    law: str
    changes: str
    note: str
    before: str
    approved: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The digest of everything that the line says but itself."""
        return digest(self._content())

    def line(self) -> bytes:
        """The line of the log, with its end."""
        return canonical({**self._content(), "digest": self.digest}) + b"\n"

    def _content(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "at": self.at,
            "law": self.law,
            "changes": self.changes,
            "note": self.note,
            "approved": list(self.approved),
            "before": self.before,
        }


def read_releases(root: Path, problems: Problems) -> tuple[Release, ...]:
    """Every release in order; whatever is not as it was written is reported, and the rest of the log is not read."""
    try:
        data = (root / LOG).read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        _wrong_line(problems, 1, error.strerror or type(error).__name__)
        return ()
    found: list[Release] = []
    for number, line in enumerate(data.splitlines(keepends=True), start=1):
        try:
            found.append(_release(line, found[-1] if found else None))
        except (ValueError, KeyError, TypeError) as error:
            _wrong_line(problems, number, error if type(error) is _Wrong else "it is no line of the log")
            break
    return tuple(found)


class _Wrong(ValueError):
    """What is wrong with a line of the log."""


def _release(line: bytes, before: Release | None) -> Release:
    content = json.loads(line)
    if not isinstance(content, dict) or content.keys() != _KEYS:
        raise _Wrong("it is no line of the log")
    told = content.pop("digest")
    release = Release(**{**content, "approved": tuple(content["approved"])})
    if release.digest != told or release.line() != line:
        raise _Wrong("it was changed after it was written")
    if release.before != (before.digest if before else ""):
        raise _Wrong("it does not follow the line before it")
    if release.number != (before.number if before else 0) + 1:
        raise _Wrong("a release is missing before it")
    if instant_text(read_instant(release.at)) != release.at or (before and release.at <= before.at):
        raise _Wrong("its instant is not after the one before it")
    return release


def _wrong_line(problems: Problems, number: int, reason: object) -> None:
    problems.report("LAW045", Location(LOG, number, 1), reason=reason)


def known_of(releases: Sequence[Release], number: int) -> Known:
    """From when until when a release was what we knew."""
    until = releases[number].at if number < len(releases) else ""
    return Known(number=number, at=releases[number - 1].at, until=until)


def known_now(root: Path, law: str) -> Known | None:
    """The newest release, where the law that is in force is its law; None too where the log is not whole."""
    problems = Problems()
    releases = read_releases(root, problems)
    if problems.errors or not releases or releases[-1].law != law:
        return None
    return known_of(releases, len(releases))


def texts_now(root: Path) -> Texts:
    """The texts of the law's files as they are; raises `OSError` and `UnicodeDecodeError`."""
    return {path.relative_to(root).as_posix(): path.read_text("utf-8-sig") for path in law_files(root)}


def changes_between(old: Texts, new: Texts) -> Changes:
    """The texts that are new or say something else; None for those that are gone."""
    changed: dict[str, str | None] = {name: text for name, text in new.items() if old.get(name) != text}
    return changed | dict.fromkeys(old.keys() - new.keys())


def next_release(root: Path, releases: Sequence[Release], law: str, at: str, note: str) -> tuple[Release, bytes]:
    """The release that would follow these with the texts as they are, and what is to be kept of it.

    Raises `BrokenInput` where an earlier one cannot be read, `OSError` where a file cannot.
    """
    changes = changes_between(released_texts(root, releases, len(releases)), texts_now(root))
    last = releases[-1] if releases else None
    before = last.digest if last else ""
    number = len(releases) + 1
    release = Release(number=number, at=at, law=law, changes=digest(changes), note=note, before=before)
    return release, lzma.compress(canonical(changes), preset=6 | lzma.PRESET_EXTREME)


def archive_name(number: int) -> str:
    """Where the changes of a release lie."""
    return f"{ARCHIVES}/{number:04d}.json.xz"


def released_texts(root: Path, releases: Sequence[Release], number: int) -> Texts:
    """Every text of a release's law by name; raises `BrokenInput` where what is kept is not as it was written."""
    texts: dict[str, str] = {}
    for release in releases[:number]:
        for name, text in _changes(root, release).items():
            if text is None:
                texts.pop(name, None)
            else:
                texts[name] = text
    return texts


def _changes(root: Path, release: Release) -> Changes:
    try:
        content = json.loads(_unpacked((root / archive_name(release.number)).read_bytes()))
    except OSError as error:
        raise unreadable(release.number, f"its texts: {error.strerror}") from None
    except (lzma.LZMAError, ValueError):
        raise unreadable(release.number, "its texts are damaged") from None
    if not isinstance(content, dict) or digest(content) != release.changes:
        raise unreadable(release.number, "its texts are not those that were released")
    if not all(map(is_law_file, content)):
        raise unreadable(release.number, "it holds what is no file of the law")
    return content


def _unpacked(data: bytes) -> bytes:
    reader = lzma.LZMADecompressor()
    texts = reader.decompress(data, MOST_BYTES)
    if not reader.eof:
        raise ValueError("longer than any law")
    return texts


def unreadable(number: int, reason: str) -> BrokenInput:
    """A release that there is, and whose law cannot be had."""
    problems = Problems()
    problems.report("LAW046", Location(archive_name(number), 1, 1), number=number, reason=reason)
    return BrokenInput(problems)


def check_releases(root: Path, problems: Problems) -> tuple[Release, ...]:
    """Every release of a log that is whole; reports what is not, in the log and in what is kept of each release."""
    releases = read_releases(root, problems)
    kept = {path.name for path in (root / ARCHIVES).glob("*") if not path.name.startswith(".")}
    expected = {Path(archive_name(release.number)).name for release in releases}
    if not problems.errors:
        for name in sorted(kept - expected):
            at = Location(f"{ARCHIVES}/{name}", 1, 1)
            problems.report("LAW045", at, reason="no line of the log names this file: the log was cut, or not finished")
    for release in releases:
        try:
            _changes(root, release)
        except BrokenInput as broken:
            problems.found.extend(broken.diagnostics)
    return releases
