"""Which facts of patients may stand in a link to a question of law? Looked at one by one."""

SHARED_OF_PATIENTS = {
    "patient.location.attested",
    "patient.residence.state",
    "patient.age",
    "patient.setting",
    "patient.guardian_present",
    "patient.registered_facility",
    "patient.with_registered_practitioner",
    "patient.pregnant",
    "patient.has_primary_care",
    "patient.identity_verified",
    "patient.life_threatening_condition",
    "patient.primary_physician_documentation",
    "patient.clinical_trial_unavailable",
    "patient.service",
    "patient.hiv_service",
    "patient.counseling_for",
    "patient.living_apart",
    "patient.self_consent_documented",
    "patient.outpatient_emergency",
    "patient.privacy_notice.acknowledged",
}
