"""Does a visit without a call say how soon it is answered, and is the law asked about what it really is?"""

from collections.abc import Mapping

from engine.diagnostics import Problems
from engine.reading import Node

ASYNCHRONOUS = "asynchronous"
WITHOUT_A_CALL = ("store_and_forward", "questionnaire")
"""The modalities of the vocabulary that an encounter without a call may be."""
_OF_THE_CLOCK = ("answer_within", "remind_before", "escalate_after")


def report_asynchronous(visit_type: Node, steps: Mapping[str, Node], problems: Problems) -> None:
    """Report a missing or needless clock, a waiting room nobody waits in, and a modality that is another one."""
    without_call = False
    for step in steps.values():
        if step.text("kind") != "consult":
            continue
        if "medium" in step and step.text("medium") == ASYNCHRONOUS:
            without_call = True
            if "answer_within" not in step:
                problems.report("VISIT014", step["medium"].at)
        else:
            for key in _OF_THE_CLOCK:
                if key in step:
                    problems.report("VISIT015", step.entries[key].key_at, key=key)
    modality = visit_type["modality"]
    if without_call != (modality.raw in WITHOUT_A_CALL):
        allowed = "store_and_forward" if without_call else "audio_video"
        problems.report("VISIT016", modality.at, modality=modality.raw, allowed=allowed)
    for step in steps.values():
        if without_call and step.text("kind") == "wait":
            problems.report("VISIT017", step["kind"].at)
