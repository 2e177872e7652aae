"""Which facts does a clinician tell by marking a duty of the law as done?"""

from dataclasses import replace

from engine.dossier import Dossier
from engine.topics import Topics


def with_statements(dossier: Dossier, topics: Topics) -> Dossier:
    """The dossier with what was marked as done told as facts, by the register of the law in force (`stated:`).

    A mark that the register does not know (any more) tells nothing; one about a prescription counts for that alone.
    """
    order = dossier.order.order if dossier.order else ""
    stated = {}
    for mark in dossier.done:
        topic = topics.topics.get(mark.topic)
        known = topic.stated.get(mark.duty) if topic else None
        if known is not None and mark.order in ("", order):
            stated[known.fact] = mark.at
    return replace(dossier, stated=stated)
