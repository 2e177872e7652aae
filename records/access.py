"""Which role may do which act: a closed table; what is not in it is refused.

The table decides by role only; which rows an act may reach (a patient's own, a provider's own visits) is decided by
:func:`reaches`. Both are the place where access by role, field and action as data comes in; callers do not change.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from records.acts import Act


class Role(StrEnum):
    """What an actor is to the clinic. ``visitor`` has not signed in; ``system`` is the workflow and its timers."""

    PATIENT = "patient"
    CAREGIVER = "caregiver"
    PROVIDER = "provider"
    CLINIC_ADMIN = "clinic_admin"
    CLINICAL_OPS = "clinical_ops"
    COMPLIANCE = "compliance"
    SUPPORT = "support"
    PLATFORM_OPERATOR = "platform_operator"
    VISITOR = "visitor"
    SYSTEM = "system"


_PUBLIC = frozenset({Act.PROVIDER_VIEWED, Act.SLOTS_VIEWED})
# What everybody who has signed in does with their own log-in; the repositories refuse it for anybody else's.
_OWN_ACCOUNT = frozenset(
    {
        Act.ACCOUNT_VIEWED,
        Act.PASSWORD_CHANGED,
        Act.ADDRESS_PROOF_ASKED,
        Act.SIGN_OUT,
        Act.SESSIONS_VIEWED,
        Act.SESSION_PROVED,
        Act.FACTORS_VIEWED,
        Act.FACTOR_BEGUN,
        Act.FACTOR_CONFIRMED,
        Act.FACTOR_REMOVED,
        Act.RECOVERY_MADE,
        Act.RECOVERY_USED,
        Act.PASSKEY_ADDED,
        Act.PASSKEY_USED,
        Act.PASSKEY_RENAMED,
        Act.PASSKEY_REMOVED,
    }
)
_SIGNED_IN = _PUBLIC | _OWN_ACCOUNT
_INVITING = frozenset({Act.INVITED, Act.INVITATIONS_VIEWED, Act.INVITATION_REVOKED})
_SCHEDULES = frozenset({Act.VISITS_LISTED, Act.VISIT_VIEWED, Act.EVENTS_VIEWED, Act.MESSAGES_VIEWED, Act.STAFF_VIEWED})
_AT_THE_VISIT = frozenset({Act.VISIT_VIEWED, Act.WAITING_VIEWED, Act.LINK_VIEWED, Act.LINK_CONSUMED, Act.GATE_VIEWED})
_PATIENT = (
    _SIGNED_IN
    | _AT_THE_VISIT
    | {
        Act.PATIENT_VIEWED,
        Act.PATIENT_MODIFIED,
        Act.VISIT_CREATED,
        Act.VISITS_LISTED,
        Act.EVENTS_VIEWED,
        Act.DOSSIER_VIEWED,
        Act.PLACE_ATTESTED,
        Act.PAYMENT_METHOD_SET,
        Act.ANSWER_SAVED,
        Act.ANSWERS_VIEWED,
        Act.FLAG_RAISED,
        Act.FORM_SUBMITTED,
        Act.CONSENT_SIGNED,
        Act.CONSENTS_VIEWED,
        Act.CONSENT_REVOKED,
        Act.ORDER_VIEWED,
        Act.DOCUMENT_VIEWED,
    }
)
_PROVIDER = (
    _SIGNED_IN
    | _AT_THE_VISIT
    | {
        Act.PATIENT_VIEWED,
        Act.VISITS_LISTED,
        Act.QUEUE_VIEWED,
        Act.EVENTS_VIEWED,
        Act.DOSSIER_VIEWED,
        Act.ANSWERS_VIEWED,
        Act.CONSENTS_VIEWED,
        Act.NOTE_SAVED,
        Act.NOTE_VIEWED,
        Act.NOTE_SIGNED,
        Act.ADDENDUM_ADDED,
        Act.ORDER_DRAFTED,
        Act.ORDER_REVISED,
        Act.ORDER_DISCARDED,
        Act.ORDER_VIEWED,
        Act.ALERTS_VIEWED,
        Act.ALERT_CLOSED,
        Act.DUTY_STATED,
        Act.DUTIES_VIEWED,
        Act.DOCUMENT_VIEWED,
    }
)

MAY: Mapping[Role, frozenset[Act]] = MappingProxyType(
    {
        Role.SYSTEM: frozenset(Act),
        Role.VISITOR: _PUBLIC | {Act.PATIENT_CREATED, Act.ACCOUNT_CREATED, Act.SIGN_IN},
        Role.PATIENT: _PATIENT,
        Role.CAREGIVER: _SIGNED_IN | _AT_THE_VISIT,
        Role.PROVIDER: _PROVIDER,
        Role.CLINIC_ADMIN: _SIGNED_IN | _SCHEDULES | _INVITING,
        Role.CLINICAL_OPS: _SIGNED_IN | _SCHEDULES,
        Role.COMPLIANCE: _SIGNED_IN | _SCHEDULES | {Act.GATE_VIEWED, Act.AUDIT_VIEWED},
        Role.SUPPORT: _SIGNED_IN | {Act.VISIT_VIEWED},
        Role.PLATFORM_OPERATOR: _PUBLIC | {Act.AUDIT_VIEWED, Act.MESSAGES_VIEWED},
    }
)

# Acts whose rows are only the actor's own, by role; the other roles reach every row of their clinic.
_OWN_AS_PATIENT = frozenset({Role.PATIENT})
_OWN_AS_PROVIDER = frozenset({Role.PROVIDER})
_WHOLE_CLINIC = frozenset(
    {Role.SYSTEM, Role.CLINIC_ADMIN, Role.CLINICAL_OPS, Role.COMPLIANCE, Role.SUPPORT, Role.PLATFORM_OPERATOR}
)


def may(role: str, act: Act) -> bool:
    """Whether the role may do the act at all; an unknown role may do nothing."""
    try:
        return act in MAY[Role(role)]
    except ValueError:
        return False


def reaches(role: str, person: str, patient: str, provider: str | None) -> bool:
    """Whether an actor reaches a row that belongs to ``patient`` and, when it is a visit's, to ``provider``."""
    if role in _OWN_AS_PATIENT:
        return person == patient
    if role in _OWN_AS_PROVIDER:
        return person == provider
    return role in _WHOLE_CLINIC
