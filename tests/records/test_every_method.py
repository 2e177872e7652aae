"""Whatever a repository shows or changes leaves an audit entry, and every act is somebody's to do."""

from __future__ import annotations

import pytest

from records.access import MAY, Role, may
from records.acts import Act
from records.audit import verify
from records.database import Database
from tests.records.helpers_calls import ALL, MAKES_ITS_OWN, account_of, call
from tests.records.helpers_journey import walk

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


# What discloses nothing about a patient: numbers, digests, the public directory, one's own log-in, a plan and
# its texts, an address token, free time, and what a page leaves out (`visits.glimpse` audits where it shows something).
# Everything else has to be in the audit.
UNAUDITED = {
    "accounts.address_proved",
    "accounts.of_person",
    "cases.clock",
    "conversations.unread",
    "emergencies.current",
    "hours.offered",
    "links.address",
    "guests.may_invite",
    "links.admits",
    "links.guest_pass",
    "links.peek",
    "links.room_pass",
    "people.called",
    "people.provider",
    "people.providers",
    "checks.tried",
    "replays.steps",
    "reviews.count",
    "slots.held_until",
    "slots.taken",
    "visits.changes",
    "visits.document",
    "record_copies.may_take",
    "parts.given",
    "parts.leads_to",
    "parts.unasked",
    "visits.glimpse",
    "visits.missed_call_back",
    "late_refusals.for_visit",
    "law_attestations.marks",
    "law_attestations.standing",  # law and who vouches for it, as every decision that goes by it says
    "late_refusals.send_again",  # nothing was refused in this visit: the call is turned away and leaves no trace
    "visits.participant_of",
    "visits.participants",
    "visits.plan",
    "visits.queue_changes",
    "visits.waiting",
}
# A second time changes and shows nothing, so there is nothing to audit.
REPEATED = {"forms.save_answer", "messages.sent", "sessions.close_all"}
USED_UP = {
    "agreements.undo",
    "emergencies.review",
    "relationships.end",  # by `circles.end`
    "visits.attest_place",
    "alerts.close",
    "handoffs.write",
    "service_requests.save",
    "service_requests.withdraw",
    "cases.ask",
    "cases.reply",
    "conversations.drop",  # by `conversations.close`, as all of these
    "conversations.hand_over",
    "conversations.send",
    "conversations.take",
    "conversations.type",
    "chats.open",  # the walked visit is in no call: test_call_chat.py is about these
    "chats.say",
    "orders.discard",
    "orders.revise",
    "notes.save",
    "people.update_patient",
    "reviews.confirm",  # of another version: test_reviews.py is about these
    "reviews.decide",
    "reviews.give",
    "reviews.leave",
    "reviews.take",
    "roster.reopen",  # there is a visit with them: test_roster.py is about these
    "roster.shut",
    "links.consume",
}


def test_every_call_is_audited_or_known_to_disclose_nothing(database: Database) -> None:
    walked = walk(database, "palmetto", "Aaa")
    account, silent = account_of(walked), set()
    for name, method in ALL:
        if f"{name}.{method}" in MAKES_ITS_OWN | REPEATED | USED_UP:
            continue
        before = verify(database, "palmetto").entries
        call(walked, walked, walked.world.as_system, (name, method, account))
        if verify(database, "palmetto").entries == before:
            silent.add(f"{name}.{method}")
    assert silent == UNAUDITED


def test_every_act_is_one_tag_of_three_parts() -> None:
    actions = {"viewed", "created", "modified", "deleted", "refused", "exported"}
    for act in Act:
        source, subject, action = act.value.split(":")
        assert (bool(source), bool(subject), action in actions) == (True, True, True)


def test_every_role_has_a_line_in_the_table_and_only_the_system_may_do_all() -> None:
    assert set(MAY) == set(Role)
    assert [role for role, acts in MAY.items() if acts == frozenset(Act)] == [Role.SYSTEM]


@pytest.mark.parametrize("role", [Role.CLINIC_ADMIN, Role.CLINICAL_OPS, Role.SUPPORT, Role.PLATFORM_OPERATOR])
def test_who_runs_the_clinic_reads_nothing_clinical(role: Role) -> None:
    clinical = {
        Act.ANSWERS_VIEWED,
        Act.NOTE_VIEWED,
        Act.ORDER_VIEWED,
        Act.DOCUMENT_VIEWED,
        Act.DOSSIER_VIEWED,
        Act.PATIENT_VIEWED,
        Act.CONSENTS_VIEWED,
        Act.QUEUE_VIEWED,
        Act.GATE_VIEWED,
    }
    assert {act for act in clinical if may(role, act)} == set()
