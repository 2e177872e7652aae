"""A recording's files: sealed from the first byte, readable to where they were cut, refused when changed."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from records.blob_stream import CHUNK, StreamReader
from records.errors import Unreadable
from records.recording_files import FoundTape, HeldHead, OpenTape
from records.tape_stream import MOST

SPOKEN = b"a frame of somebody's picture " * 400


def written(path: Path, *, finish: bool = True) -> bytes:
    tape = OpenTape(path)
    for _ in range(20):
        tape.write(SPOKEN)
        tape.sync()
    if finish:
        tape.finish()
    else:
        tape._file.close()
    return tape.key


def read(path: Path, key: bytes) -> tuple[bytes, bool]:
    with FoundTape(path, key) as tape:
        data = b"".join(tape.chunks())
        return data, tape.is_whole


def test_what_was_written_reads_back_whole_and_nothing_of_it_lies_in_the_clear(tmp_path: Path) -> None:
    key = written(tmp_path / "tape")
    assert read(tmp_path / "tape", key) == (SPOKEN * 20, True)
    lying = (tmp_path / "tape").read_bytes()
    assert b"somebody" not in lying and (tmp_path / "tape").stat().st_mode & 0o777 == 0o600


def test_more_than_a_chunk_at_a_time_is_cut_into_chunks(tmp_path: Path) -> None:
    tape = OpenTape(tmp_path / "tape")
    tape.write(bytes(MOST * 2 + 5))
    tape.finish()
    tape.finish()
    assert read(tmp_path / "tape", tape.key) == (bytes(MOST * 2 + 5), True)


@pytest.mark.parametrize("cut", [1, 16, 17, 5000])
def test_one_that_was_cut_gives_what_is_before_and_says_so(tmp_path: Path, cut: int) -> None:
    key = written(tmp_path / "tape")
    size = (tmp_path / "tape").stat().st_size
    os.truncate(tmp_path / "tape", size - cut)
    data, whole = read(tmp_path / "tape", key)
    assert not whole and len(data) >= len(SPOKEN) * 19 and (SPOKEN * 20).startswith(data)


def test_cut_between_two_chunks_the_missing_mark_still_shows(tmp_path: Path) -> None:
    key = written(tmp_path / "tape", finish=False)
    assert read(tmp_path / "tape", key) == (SPOKEN * 20, False)


@pytest.mark.parametrize("place", [2, 9, 16, 30, 13_000, 100_000])
def test_one_flipped_bit_is_refused_wherever_it_is(tmp_path: Path, place: int) -> None:
    key = written(tmp_path / "tape")
    data = bytearray((tmp_path / "tape").read_bytes())
    data[place] ^= 1
    (tmp_path / "tape").write_bytes(data)
    with pytest.raises(Unreadable):
        read(tmp_path / "tape", key)


def test_what_is_being_written_is_nobodys_to_take(tmp_path: Path) -> None:
    tape = OpenTape(tmp_path / "tape")
    with pytest.raises(BlockingIOError):
        FoundTape(tmp_path / "tape", tape.key)
    tape.finish()
    assert read(tmp_path / "tape", tape.key) == (b"", True)


_WRITER = """
import sys, time
from pathlib import Path
from records.recording_files import OpenTape
tape = OpenTape(Path(sys.argv[1]))
print(tape.key.hex(), flush=True)
number = 0
while True:
    tape.write(b"%08d" % number)
    tape.sync()
    number += 1
    print(number, flush=True)
"""


@pytest.mark.slow
def test_a_killed_program_loses_nothing_that_was_synced(tmp_path: Path) -> None:
    path = tmp_path / "tape"
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        key = bytes.fromhex(writer.stdout.readline().strip())
        said = [writer.stdout.readline() for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        writer.wait(timeout=20)
    data, whole = read(path, key)
    numbers = [int(data[at : at + 8]) for at in range(0, len(data), 8)]
    assert not whole and numbers == list(range(len(numbers))) and len(numbers) >= int(said[-1])


@pytest.mark.parametrize("size", [0, 10, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK * 3, CHUNK * 3 + 7])
def test_a_finished_file_may_change_its_beginning_and_reads_like_any_other(size: int) -> None:
    lying, key = io.BytesIO(), bytes(32)
    held = HeldHead(lying, key)
    content = bytes(number % 251 for number in range(size))
    for at in range(0, size, 10_000):
        held.write(content[at : at + 10_000])
    if size > 4:
        held.seek(2)
        held.write(b"XY")
        content = content[:2] + b"XY" + content[4:]
        held.seek(0, os.SEEK_END)
    held.finish()
    assert held.size == size
    lying.seek(0)
    assert b"".join(StreamReader(lying, key, size).read()) == content


def test_only_its_beginning_may_be_written_again() -> None:
    held = HeldHead(io.BytesIO(), bytes(32))
    held.write(bytes(CHUNK * 3))
    held.seek(CHUNK + 5)
    with pytest.raises(ValueError, match="first chunk"):
        held.write(b"x")
