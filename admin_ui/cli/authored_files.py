"""Everything people have authored, read and checked together: the law, the content, and each clinic's own policy."""

from dataclasses import dataclass

from engine.content import Content, read_content
from engine.diagnostics import Diagnostic, Problems
from engine.law_reading import read_policy
from engine.rulebook import LawPack, read_pack
from engine.settings import Settings, clinic_files


@dataclass(frozen=True, slots=True)
class Authored:
    """What was read, and the warnings met on the way."""

    law: LawPack
    content: Content
    warnings: tuple[Diagnostic, ...]


def read_everything(settings: Settings) -> Authored:
    """Read all files of an installation in one pass; raises `BrokenInput` with every diagnostic."""
    problems = Problems()
    law = read_pack(settings.root, problems)
    content = read_content(settings.root, clinic_files(settings), problems)
    if law is not None and content is not None:
        for clinic in content.clinics.values():
            if clinic.policy is not None:
                read_policy(clinic.policy, law.vocabulary, law.topics, problems)
    problems.stop_if_broken()
    if law is None or content is None:
        raise RuntimeError("a file could not be read, and nothing said why")
    return Authored(law, content, tuple(problems))
