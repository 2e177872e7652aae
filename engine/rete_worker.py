"""Which process runs the second engine? This one: it reads cases on standard input until that closes.

A frame is four bytes of length (big endian) and the content: a request as the process that started this one marshals
it, an answer as JSON. It shares nothing with that process, so its death costs one decision.
"""

import gc
import json
import marshal
import signal
import sys
from typing import BinaryIO

from engine.faults import EngineFault
from engine.rete import Ruleset, Session, verdicts

LONGEST_ANSWER = 60
"""Seconds after which a hung process ends itself, should whoever started it be gone and unable to end it."""


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answer frame after frame until the input ends."""
    session = Session()
    gc.disable()  # nothing here is cyclic, and a pause for the collector would be a decision's pause
    while len(head := incoming.read(4)) == 4:
        request = marshal.loads(incoming.read(int.from_bytes(head, "big")))
        signal.alarm(LONGEST_ANSWER)
        body = json.dumps(answer(session, request)).encode()
        signal.alarm(0)
        outgoing.write(len(body).to_bytes(4, "big") + body)
        outgoing.flush()


def answer(session: Session, request: dict[str, object]) -> dict[str, object]:
    """`{"truths": [...], "rulesets": n}` or `{"fault": code}`, with the request's number."""
    number, program = request["number"], str(request["program"])
    try:
        if "sources" in request:
            sources = [_ruleset(source) for source in request["sources"]]  # type: ignore[attr-defined]
            session.build(program, request["fields"], sources)  # type: ignore[arg-type]
        fired = session.run(program, request["row"])  # type: ignore[arg-type]
        truths = verdicts(fired, int(str(request["count"])))
    except EngineFault as fault:
        return {"number": number, "fault": fault.code}
    except Exception as error:  # whatever else went wrong is no answer either
        return {"number": number, "fault": type(error).__name__}
    return {"number": number, "truths": truths, "rulesets": session.count}


def _ruleset(source: dict[str, object]) -> Ruleset:
    meaning = {name: [tuple(firing) for firing in firings] for name, firings in source["meaning"].items()}  # type: ignore[attr-defined]
    return Ruleset(str(source["definition"]), tuple(source["fields"]), meaning)  # type: ignore[arg-type]


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
