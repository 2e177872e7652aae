"""Which law was released when, and how does the law as it is become the next release?"""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from admin_ui.cli.check import check_files
from admin_ui.cli.typed_settings import settings_with
from engine.diagnostics import BrokenInput, Problems, as_text, listed
from engine.known_law import law_of
from engine.law_files import FOLDER
from engine.releases import (
    LOG,
    Release,
    archive_name,
    changes_between,
    known_of,
    next_release,
    read_releases,
    released_texts,
    texts_now,
)
from engine.settings import PREFIX, Settings, SettingsError
from engine.values import instant_text

DONE, UNCHANGED, WRONG_INPUT = 0, 1, 2
LONGEST_NOTE = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Release, or list what was released."""
    parser.add_argument("root", nargs="?", type=Path, metavar="ROOT", help="folder with rules and clinics")
    parser.add_argument("--note", default="", metavar="TEXT", help="what is new in it, in one sentence")
    parser.add_argument("--list", action="store_true", help="list the releases instead, the oldest first")
    parser.add_argument("--json", action="store_true", help="the releases as JSON, one on each line")


def run(arguments: argparse.Namespace) -> int:
    """0 when it was released or listed, 1 when nothing changed since the last release, 2 when something is wrong."""
    typed = {f"{PREFIX}ROOT": str(arguments.root.absolute())} if arguments.root else {}
    settings = settings_with(typed=typed)
    try:
        if arguments.list:
            return _list(settings.root, as_lines=arguments.json)
        return _release(settings, _note(arguments.note), as_lines=arguments.json)
    except BrokenInput as error:
        sys.stderr.write(as_text(error.diagnostics) + "\n")
        return WRONG_INPUT


def _note(text: str) -> str:
    note = " ".join(text.split())
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise SettingsError([f"--note: one sentence of at most {LONGEST_NOTE} letters"])
    return note


def _list(root: Path, *, as_lines: bool) -> int:
    problems = Problems()
    releases = read_releases(root, problems)
    problems.stop_if_broken()
    sys.stdout.write("".join(_said(release, as_lines=as_lines) for release in releases))
    changed = sorted(changes_between(released_texts(root, releases, len(releases)), texts_now(root)))
    if changed:
        which = f"{len(changed)} file{'s have' if len(changed) > 1 else ' has'} changes that nobody has released"
        sys.stderr.write(f"clinic: {which}: {listed(changed)}\n")
    return DONE


def _release(settings: Settings, note: str, *, as_lines: bool) -> int:
    """The next release of the law as it is, once everything about it is right."""
    problems = Problems()
    library, _ = check_files(settings, problems, ask=True)
    problems.stop_if_broken()
    if library is None:
        raise SettingsError(["the files cannot be read; `clinic check` says why"])
    releases = read_releases(settings.root, problems)
    problems.stop_if_broken()
    last = releases[-1] if releases else None
    if last is not None and last.law == library.law.digest:
        sys.stderr.write(f"clinic: nothing changed: the law is that of release {last.number} of {last.at}\n")
        return UNCHANGED
    release, kept = next_release(settings.root, releases, library.law.digest, _now(last), note)
    _write(settings.root, (*releases, release), kept)
    sys.stdout.write(_said(release, as_lines=as_lines))
    return DONE


def _now(last: Release | None) -> str:
    """This instant, which must come after the last release: a clock that went back would rewrite what was known."""
    now = instant_text(datetime.now(UTC))
    if last is not None and now <= last.at:
        raise SettingsError([f"release {last.number} was made at {last.at}, and the clock says {now}; try again"])
    return now


def _write(root: Path, releases: tuple[Release, ...], texts: bytes) -> None:
    """The texts first, then the line that makes them a release, once they are read back as the law that was checked.

    Of two at the same time only one can begin.
    """
    release = releases[-1]
    kept = root / archive_name(release.number)
    try:
        kept.parent.mkdir(exist_ok=True)
        _append(kept, texts, os.O_EXCL)
        try:
            law_of(root, releases, known_of(releases, release.number))
        except BrokenInput:
            kept.unlink()
            raise
        _append(root / LOG, release.line(), os.O_APPEND)
    except FileExistsError:
        raise SettingsError([f"{archive_name(release.number)} is there already: is another one being made?"]) from None
    except OSError as error:
        raise SettingsError([f"the release cannot be written under {root / FOLDER}: {error.strerror}"]) from None


def _append(file: Path, data: bytes, how: int) -> None:
    """Writes to the disk itself before it returns."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | how, 0o644)
    with os.fdopen(handle, "ab") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _said(release: Release, *, as_lines: bool) -> str:
    if as_lines:
        told = {"number": release.number, "at": release.at, "law": release.law, "note": release.note}
        return json.dumps({**told, "digest": release.digest}, ensure_ascii=False) + "\n"
    return f"release {release.number}  {release.at}  {release.law}  {release.note}".rstrip() + "\n"
