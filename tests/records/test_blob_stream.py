"""A sealed file gives back what was written, in whole or in part, and nothing once a byte of it is another."""

from __future__ import annotations

import io
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from records import blob_stream
from records.blob_stream import CHUNK, HEAD_BYTES, StreamReader, StreamWriter, chunks_of, sealed_length
from records.errors import Unreadable

KEY = b"k" * 32
BORDERS = sorted({max(0, n * CHUNK + d) for n in range(4) for d in (-1, 0, 1)})
TAG = 16


def sealed(content: bytes, piece: int = 1 << 20) -> bytes:
    file = io.BytesIO()
    stream = StreamWriter(file, KEY)
    for at in range(0, len(content), piece):
        stream.write(content[at : at + piece])
    assert stream.finish() == len(content)
    return file.getvalue()


def opened(data: bytes, size: int) -> bytes:
    return b"".join(StreamReader(io.BytesIO(data), KEY, size).read())


@cache
def text_of(size: int) -> bytes:
    return bytes(i * 7 % 251 for i in range(size))


@pytest.mark.parametrize("size", BORDERS)
def test_what_is_written_comes_back_at_every_border_of_a_chunk(size: int) -> None:
    data = sealed(text_of(size), 40_001)
    assert len(data) == sealed_length(size)
    assert opened(data, size) == text_of(size)


@settings(max_examples=25)
@given(st.sampled_from(BORDERS), st.integers(0, 4 * CHUNK), st.integers(0, 4 * CHUNK), st.integers(1, 3 * CHUNK))
@example(size=2 * CHUNK, start=CHUNK, end=2 * CHUNK, piece=CHUNK)
@example(size=CHUNK, start=CHUNK - 1, end=CHUNK, piece=1 << 15)
def test_any_part_of_any_size_written_in_any_pieces_is_that_part(size: int, start: int, end: int, piece: int) -> None:
    reader = StreamReader(io.BytesIO(sealed(text_of(size), piece)), KEY, size)
    assert b"".join(reader.read(start, end)) == text_of(size)[start:end]


def test_a_part_is_read_without_the_rest() -> None:
    data = sealed(text_of(3 * CHUNK))
    asked = _Counting(data)
    reader = StreamReader(asked, KEY, 3 * CHUNK)
    asked.taken = 0
    assert b"".join(reader.read(10, 20)) == text_of(20)[10:]
    assert asked.taken == CHUNK + TAG


class _Counting(io.BytesIO):
    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


@settings(max_examples=40)
@given(st.sampled_from((0, 5, CHUNK, CHUNK + 5)), st.integers(0), st.integers(1, 255))
def test_a_byte_that_is_changed_anywhere_is_seen(size: int, at: int, by: int) -> None:
    data = bytearray(sealed(text_of(size)))
    data[at % len(data)] ^= by
    with pytest.raises(Unreadable):
        opened(bytes(data), size)


def pieces_of(data: bytes) -> list[bytes]:
    whole = CHUNK + TAG
    return [data[at : at + whole] for at in range(HEAD_BYTES, len(data), whole)]


def test_chunks_cannot_change_places_be_left_out_or_repeated() -> None:
    size = 3 * CHUNK
    data = sealed(text_of(size))
    head, (first, second, third) = data[:HEAD_BYTES], pieces_of(data)
    for order in ((second, first, third), (first, first, third), (first, third, second), (third, second, first)):
        with pytest.raises(Unreadable):
            opened(head + b"".join(order), size)


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_file_that_was_cut_does_not_open_whatever_length_is_told(kept: int) -> None:
    data = sealed(text_of(3 * CHUNK))
    cut = data[: HEAD_BYTES + kept * (CHUNK + TAG)]
    for told in (3 * CHUNK, kept * CHUNK):
        with pytest.raises(Unreadable):
            opened(cut, told)


def test_a_chunk_of_another_file_under_the_same_key_does_not_open() -> None:
    one, two = sealed(text_of(2 * CHUNK)), sealed(text_of(2 * CHUNK))
    mixed = one[: HEAD_BYTES + CHUNK + TAG] + two[HEAD_BYTES + CHUNK + TAG :]
    with pytest.raises(Unreadable):
        opened(mixed, 2 * CHUNK)


def test_the_same_content_is_never_sealed_alike_and_another_key_opens_nothing() -> None:
    assert sealed(b"the same") != sealed(b"the same")
    with pytest.raises(Unreadable):
        StreamReader(io.BytesIO(sealed(b"x")), b"o" * 32, 1)


def test_something_else_is_not_opened() -> None:
    for data in (b"", b"CWB1", b"%PDF-1.7" * 10):
        with pytest.raises(Unreadable):
            StreamReader(io.BytesIO(data), KEY, 1)


def test_an_empty_file_has_one_chunk() -> None:
    assert (chunks_of(0), chunks_of(1), chunks_of(CHUNK), chunks_of(CHUNK + 1)) == (1, 1, 1, 2)
    assert blob_stream.sealed_length(0) == HEAD_BYTES + TAG
