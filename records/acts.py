"""What can be done to records: one tag ``source:subject:action`` for each act, for the audit and the access table."""

from enum import StrEnum


class Act(StrEnum):
    """An audited act. The last part is the action: viewed, created, modified, refused, exported, deleted."""

    KEYS_CREATED = "keys:clinic:created"
    KEYS_VIEWED = "keys:clinic:viewed"
    KEYS_ROTATED = "keys:clinic:modified"
    ERASURE_CONSIDERED = "keys:patient:viewed"
    KEY_SHREDDED = "keys:patient:deleted"
    CLINIC_SEEDED = "clinic:people:created"
    ACCESS_REFUSED = "access:record:refused"

    PATIENT_CREATED = "people:patient:created"
    PATIENT_VIEWED = "people:patient:viewed"
    PATIENT_MODIFIED = "people:patient:modified"
    DEPENDENT_ADDED = "people:dependent:created"
    RELATIONSHIP_GRANTED = "people:relationship:created"
    HELPERS_VIEWED = "people:helpers:viewed"
    ACTING_VIEWED = "people:acting:viewed"
    RELATIONSHIP_ACCEPTED = "people:relationship:modified"
    RELATIONSHIP_ENDED = "people:relationship:deleted"
    RELATIONSHIP_REFUSED = "people:relationship:refused"
    CIRCLE_VIEWED = "people:circle:viewed"
    TAKEOVER_INVITED = "people:takeover:created"
    TAKEOVERS_VIEWED = "people:takeover:viewed"
    TAKEOVER_ACCEPTED = "people:takeover:modified"
    TAKEOVER_RELEASED = "people:takeover_release:modified"
    TAKEOVER_REFUSED = "people:takeover:refused"
    TAKEOVER_DOOR_REFUSED = "accounts:takeover:refused"
    PROVIDER_CREATED = "people:provider:created"
    PROVIDER_VIEWED = "people:provider:viewed"
    CREDENTIALS_VIEWED = "credentials:credential:viewed"
    CREDENTIAL_MADE = "credentials:credential:created"
    CREDENTIAL_CHANGED = "credentials:credential:modified"
    CREDENTIAL_CHECKED = "credentials:check:created"
    SOURCE_ASKED = "credentials:source:created"
    EXPIRY_TOLD = "credentials:notice:created"
    AGREEMENTS_VIEWED = "credentials:agreement:viewed"
    AGREEMENT_MADE = "credentials:agreement:created"
    AGREEMENT_CHANGED = "credentials:agreement:modified"
    HOURS_VIEWED = "hours:week:viewed"
    HOURS_CHANGED = "hours:week:modified"
    EXCEPTION_MADE = "hours:exception:created"
    EXCEPTION_REMOVED = "hours:exception:deleted"

    STAFF_CREATED = "people:staff:created"
    STAFF_VIEWED = "people:staff:viewed"

    ACCOUNT_CREATED = "accounts:account:created"
    ACCOUNT_VIEWED = "accounts:account:viewed"
    PASSWORD_CHANGED = "accounts:password:modified"
    RESET_ASKED = "accounts:reset:created"
    RESET_REFUSED = "accounts:reset:refused"
    ADDRESS_PROOF_ASKED = "accounts:address:created"
    ADDRESS_PROVED = "accounts:address:modified"
    SIGN_IN = "accounts:session:created"
    SIGN_IN_REFUSED = "accounts:session:refused"
    SIGN_OUT = "accounts:session:deleted"
    SESSIONS_VIEWED = "accounts:session:viewed"
    SESSION_PROVED = "accounts:session:modified"

    FACTORS_VIEWED = "accounts:factor:viewed"
    FACTOR_BEGUN = "accounts:factor:created"
    FACTOR_CONFIRMED = "accounts:factor:modified"
    FACTOR_REMOVED = "accounts:factor:deleted"
    FACTOR_REFUSED = "accounts:factor:refused"
    RECOVERY_MADE = "accounts:recovery:created"
    RECOVERY_USED = "accounts:recovery:modified"
    PASSKEY_ADDED = "accounts:passkey:created"
    PASSKEY_USED = "accounts:passkey:viewed"
    PASSKEY_RENAMED = "accounts:passkey:modified"
    PASSKEY_REMOVED = "accounts:passkey:deleted"
    PASSKEY_REFUSED = "accounts:passkey:refused"

    INVITED = "accounts:invitation:created"
    INVITATIONS_VIEWED = "accounts:invitation:viewed"
    INVITATION_ACCEPTED = "accounts:invitation:modified"
    INVITATION_REVOKED = "accounts:invitation:deleted"
    INVITATION_REFUSED = "accounts:invitation:refused"

    MAIL_QUEUED = "identity:mail:created"
    MAILS_VIEWED = "identity:mail:viewed"
    MAIL_SENT = "identity:mail:modified"
    MAIL_REFUSED = "identity:mail:refused"

    TEXTS_VIEWED = "people:texts:viewed"
    TEXTS_CHANGED = "people:texts:modified"

    VISIT_CREATED = "visits:visit:created"
    VISIT_VIEWED = "visits:visit:viewed"
    VISITS_LISTED = "visits:list:viewed"
    VISIT_TIMES_LISTED = "visits:times:viewed"
    QUEUE_VIEWED = "visits:queue:viewed"
    WAITING_VIEWED = "visits:waiting:viewed"
    EVENTS_VIEWED = "visits:events:viewed"
    DOSSIER_VIEWED = "visits:dossier:viewed"
    PLACE_ATTESTED = "visits:place:created"
    CANCEL_ASKED = "visits:cancel:created"
    MOVE_ASKED = "visits:move:created"
    CHECK_KEPT = "visits:check:modified"
    CHECK_VIEWED = "visits:check:viewed"
    VISIT_CALLED_OFF = "visits:calling_off:modified"
    VISIT_MOVED = "visits:time:modified"
    ROOM_ASKED = "visits:arrival:modified"
    STAGE_CHANGED = "visits:stage:modified"
    ROOM_PLACED = "visits:room:created"

    PAYMENT_METHOD_SET = "payments:method:modified"
    PAYMENT_VIEWED = "payments:payment:viewed"
    PAYMENT_RECORDED = "payments:payment:modified"

    SLOTS_VIEWED = "slots:slot:viewed"
    SLOT_HELD = "slots:slot:created"
    SLOT_REFUSED = "slots:slot:refused"
    SLOT_RELEASED = "slots:slot:deleted"

    ANSWER_SAVED = "forms:answer:modified"
    ANSWERS_VIEWED = "forms:answers:viewed"
    FLAG_RAISED = "forms:flag:created"
    FORM_SUBMITTED = "forms:submission:created"

    CONSENT_SIGNED = "consents:consent:created"
    CONSENTS_VIEWED = "consents:consent:viewed"
    CONSENT_REVOKED = "consents:consent:modified"

    NOTE_SAVED = "notes:note:modified"
    NOTE_VIEWED = "notes:note:viewed"
    NOTE_SIGNED = "notes:signature:created"
    ADDENDUM_ADDED = "notes:addendum:created"

    ORDER_DRAFTED = "orders:order:created"
    ORDER_REVISED = "orders:order:modified"
    ORDER_DISCARDED = "orders:order:deleted"
    ORDER_VIEWED = "orders:order:viewed"
    ORDER_DISPATCHED = "orders:dispatch:modified"
    ORDER_FILLED = "orders:fill:modified"
    ORDER_CANCEL_ASKED = "orders:cancellation:modified"
    ORDER_CANCEL_UNDONE = "orders:cancellation:deleted"

    LIST_CHANGED = "lists:entry:created"
    LISTS_VIEWED = "lists:entry:viewed"

    LAW_ATTESTED = "law:attestation:created"
    LAW_WITHDRAWN = "law:attestation:deleted"
    LAW_ATTESTATIONS_VIEWED = "law:attestation:viewed"

    MONITORING_ASKED = "monitoring:report:created"
    MONITORING_VIEWED = "monitoring:report:viewed"
    MONITORING_ANSWERED = "monitoring:answer:modified"

    GATE_OPENED = "gates:gate:created"
    GATE_SHUT = "gates:gate:refused"
    GATE_VIEWED = "gates:gate:viewed"

    ALERT_RAISED = "alerts:alert:created"
    ALERTS_VIEWED = "alerts:alert:viewed"
    ALERT_CLOSED = "alerts:alert:modified"

    DUTY_STATED = "duties:statement:created"
    DUTIES_VIEWED = "duties:statement:viewed"

    REQUEST_WRITTEN = "requests:request:created"
    REQUEST_WITHDRAWN = "requests:request:deleted"
    REQUESTS_VIEWED = "requests:request:viewed"
    REQUEST_ISSUED = "requests:issue:created"

    HANDOFF_WRITTEN = "handoffs:writing:created"
    HANDOFF_VIEWED = "handoffs:handoff:viewed"
    HANDOFFS_VIEWED = "handoffs:offers:viewed"
    VISIT_OFFERED = "handoffs:offer:created"
    VISIT_HANDED_OVER = "handoffs:visit:modified"

    CASE_VIEWED = "cases:messages:viewed"
    CASE_ASKED = "cases:question:created"
    CASE_REPLIED = "cases:reply:created"
    DOCUMENT_WRITTEN = "documents:document:created"
    DOCUMENT_VIEWED = "documents:document:viewed"
    DOCUMENT_EXPORTED = "documents:document:exported"

    FILE_ADDED = "files:file:created"
    FILE_VIEWED = "files:file:viewed"
    FILE_REMOVED = "files:file:deleted"
    FILE_REFUSED = "files:file:refused"
    FILES_LISTED = "files:list:viewed"
    PHOTO_JUDGED = "files:judgement:created"
    FILE_SETTLED = "files:check:modified"

    RECORDING_ASKED = "recordings:recording:created"
    RECORDING_MOVED = "recordings:recording:modified"
    RECORDING_ANSWERED = "recordings:answer:created"
    RECORDING_PART_ADDED = "recordings:part:created"
    RECORDING_PART_SETTLED = "recordings:part:modified"
    RECORDING_PLAYED = "recordings:part:viewed"
    RECORDINGS_LISTED = "recordings:list:viewed"
    RECORDING_RELEASED = "recordings:release:created"
    RECORDING_RELEASE_ENDED = "recordings:release:deleted"
    RECORDING_HELD = "recordings:hold:modified"
    RECORDING_CONSIDERED = "recordings:keeping:viewed"
    RECORDING_DESTROYED = "recordings:keeping:deleted"

    MESSAGE_QUEUED = "messages:message:created"
    MESSAGES_VIEWED = "messages:message:viewed"
    MESSAGE_SENT = "messages:message:modified"
    MESSAGE_REFUSED = "messages:message:refused"

    CONVERSATIONS_LISTED = "conversations:list:viewed"
    CONVERSATION_BEGUN = "conversations:conversation:created"
    CONVERSATION_VIEWED = "conversations:conversation:viewed"
    CONVERSATION_CLOSED = "conversations:conversation:modified"
    CONVERSATION_DROPPED = "conversations:conversation:deleted"
    CONVERSATION_DRAFTED = "conversations:draft:modified"
    CONVERSATION_WRITTEN = "conversations:message:created"
    CONVERSATION_FILE_ADDED = "conversations:file:created"
    CONVERSATION_FILE_VIEWED = "conversations:file:viewed"
    CONVERSATION_FILE_REMOVED = "conversations:file:deleted"
    CONVERSATION_HANDED = "conversations:clinician:modified"
    CONVERSATIONS_OVERDUE = "conversations:cover:viewed"
    CONVERSATION_TAKEN = "conversations:cover:modified"
    RECEIPT_VIEWED = "payments:receipt:viewed"
    RECORD_EXPORTED = "record:copy:exported"

    LINK_ISSUED = "links:link:created"
    LINK_VIEWED = "links:link:viewed"
    LINK_CONSUMED = "links:link:modified"
    LINK_REFUSED = "links:link:refused"
    GUEST_INVITED = "links:guest:created"
    GUESTS_VIEWED = "links:guest:viewed"
    GUEST_REVOKED = "links:guest:deleted"

    SCHEMA_CHANGED = "backups:schema:modified"
    BACKUP_TAKEN = "backups:backup:exported"
    BACKUP_RESTORED = "backups:backup:modified"

    AUDIT_VIEWED = "audit:entries:viewed"

    EMERGENCY_OPENED = "emergency:access:created"
    EMERGENCY_REFUSED = "emergency:access:refused"
    EMERGENCY_VIEWED = "emergency:access:viewed"
    EMERGENCY_ENDED = "emergency:access:modified"
    EMERGENCY_REVIEW_VIEWED = "emergency:review:viewed"
    EMERGENCY_REVIEWED = "emergency:review:created"

    REVIEW_RAISED = "reviews:item:created"
    REVIEW_SETTLED = "reviews:item:deleted"
    REVIEWS_VIEWED = "reviews:item:viewed"
    REVIEW_CHANGED = "reviews:item:modified"
    REVIEW_REFUSED = "reviews:item:refused"
    REVIEW_DECIDED = "reviews:decision:created"
    VISITS_EXPORTED = "visits:list:exported"
    REPLAY_VIEWED = "visits:replay:viewed"
    DECISIONS_COMPARED = "gates:comparison:viewed"
    STAFF_CHANGED = "people:staff:modified"

    CONNECTION_VIEWED = "visits:connection:viewed"
    STUDIO_VIEWED = "studio:page:viewed"
    CHECK_BEGUN = "studio:check:created"
    SCHEDULE_VIEWED = "visits:schedule:viewed"
    AUDIT_EXPORTED = "audit:entries:exported"
    ACCESSES_VIEWED = "audit:own:viewed"

    @property
    def action(self) -> str:
        return self.value.rpartition(":")[2]


# What is said for a visit. A draft is no visit yet: its time is not held and nobody will look at it.
_OF_A_BEGUN_VISIT = frozenset(
    {
        Act.ANSWER_SAVED,
        Act.FLAG_RAISED,
        Act.FORM_SUBMITTED,
        Act.PLACE_ATTESTED,
        Act.CONSENT_SIGNED,
        Act.DUTY_STATED,
        Act.FILE_ADDED,
        Act.PHOTO_JUDGED,
        Act.CHECK_KEPT,
    }
)


def changes(act: Act) -> bool:
    """Whether the act changes what it is done to, so that it has to wait for whoever else is changing that."""
    return act.action in ("created", "modified", "deleted")


def needs_begun(act: Act) -> bool:
    """Whether the act adds to a visit that has begun, so that a draft refuses it; reading never does."""
    return act in _OF_A_BEGUN_VISIT
