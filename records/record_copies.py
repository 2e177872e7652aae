"""A copy of a whole record that leaves the clinic's pages: who took whose, and that it was taken."""

from __future__ import annotations

from records.acts import Act
from records.work import Repository


class RecordCopies(Repository):
    """The copies that patients take, and whoever reads their record for them."""

    def may_take(self, patient: str) -> None:
        """Raises `AccessRefused` for who may not; nothing is audited but that."""
        self._work.patient(patient, Act.RECORD_EXPORTED)

    def take(self, patient: str) -> None:
        """Audits that the copy is taken now. What is in it is read, and audited, one by one."""
        self._work.patient(patient, Act.RECORD_EXPORTED)
        self._work.note(Act.RECORD_EXPORTED, patient)
