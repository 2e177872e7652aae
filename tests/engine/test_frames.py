"""What comes back from the second engine's process is believed only where it is exactly an answer."""

import pytest

from engine.faults import EngineFault
from engine.frames import HEAD, answer_frame, fault_frame, length, read_answer, read_request, request_frame


def body(frame: bytes) -> bytes:
    assert length(frame) == len(frame) - HEAD
    return frame[HEAD:]


def test_an_answer_comes_back_as_it_was_sent() -> None:
    assert read_answer(body(answer_frame(7, 4, (True, False, None))), 7, 3) == (4, (True, False, None))


def test_an_answer_about_no_condition_is_one() -> None:
    assert read_answer(body(answer_frame(1, 0, ())), 1, 0) == (0, ())


def test_a_request_comes_back_as_it_was_sent() -> None:
    request = {"number": 1, "program": "p", "count": 2, "row": (["~", "é"], [1, -(10**18)])}
    assert read_request(body(request_frame(request))) == request


def test_a_fault_is_raised_by_its_code() -> None:
    with pytest.raises(EngineFault, match="contradiction"):
        read_answer(body(fault_frame(7, "contradiction")), 7, 3)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"8 4 tfu", "out_of_step"),
        (b"7 4 tf", "shape"),
        (b"7 4 tfuu", "shape"),
        (b"7 4 tfx", "frame"),
        (b"7 x tfu", "frame"),
        (b"7 4 tfu more", "frame"),
        (b"7 a\nb", "frame"),
        (b"7 \xff", "frame"),
        (b"7", "frame"),
        (b"", "frame"),
        (b'{"number": 7, "truths": [true, false, null]}', "frame"),
    ],
)
def test_whatever_else_comes_is_a_fault(sent: bytes, code: str) -> None:
    with pytest.raises(EngineFault, match=f"{code}$"):
        read_answer(sent, 7, 3)
