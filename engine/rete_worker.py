"""Which process runs the second engine? This one: it reads cases on standard input until that closes.

It shares nothing with the process that started it and sends the cases (`engine.frames`), so its death costs one
decision.
"""

import gc
import signal
import sys
from typing import Any, BinaryIO

from engine import frames
from engine.faults import EngineFault
from engine.rete import Ruleset, Session, verdicts

LONGEST_ANSWER = 60
"""Seconds after which a hung process ends itself, should whoever started it be gone and unable to end it."""


def serve(incoming: int, outgoing: BinaryIO) -> None:
    """Answer frame after frame until the input, a descriptor, ends."""
    session = Session()
    gc.disable()  # nothing here is cyclic, and a pause for the collector would be a decision's pause
    arriving = frames.Incoming(incoming)
    while True:
        try:
            request = frames.read_request(arriving.next())
        except EOFError:
            return
        signal.alarm(LONGEST_ANSWER)
        frame = answer(session, request)
        signal.alarm(0)
        outgoing.write(frame)
        outgoing.flush()


def answer(session: Session, request: dict[str, Any]) -> bytes:
    """The frame of what the second engine says of a case, or of why it says nothing."""
    number, program = request["number"], request["program"]
    try:
        if "sources" in request:
            session.build(program, request["fields"], [_ruleset(source) for source in request["sources"]])
        truths = verdicts(session.run(program, request["row"]), request["count"])
    except EngineFault as fault:
        return frames.fault_frame(number, fault.code)
    except Exception as error:  # whatever else went wrong is no answer either
        return frames.fault_frame(number, type(error).__name__)
    return frames.answer_frame(number, session.count, truths)


def _ruleset(source: dict[str, Any]) -> Ruleset:
    meaning = {name: [tuple(firing) for firing in firings] for name, firings in source["meaning"].items()}
    return Ruleset(source["definition"], tuple(source["fields"]), meaning)


if __name__ == "__main__":
    serve(sys.stdin.fileno(), sys.stdout.buffer)
