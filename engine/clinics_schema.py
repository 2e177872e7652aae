"""What may stand in a clinic's file?"""

from engine.attestations import LIST as ATTESTATIONS
from engine.clinic_recordings import RECORDINGS
from engine.clinic_terms import CANCELLATION, HOLIDAYS, MESSAGES, QUIET
from engine.law import RULE_ID
from engine.prices import PRICE
from engine.shapes import DAY, LINK, NAME, SLUG, Anything, Flag, Key, ListOf, MapOf, OneOf, Record, Text
from engine.sign_in_rules import SHAPE as SIGN_IN
from engine.texts import LANGUAGE, LANGUAGES, TEXTS

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ROLES = ("clinic_admin", "clinical_ops", "compliance", "support")
STATE = Text(r"[A-Z]{2}", "a state's code of two letters")
COLOUR = Text(r"#[0-9a-fA-F]{6}", "a colour such as #1f6f54, in quotes")
MAIL = Text(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", "a mail address")
PHONE = Text(r"\+1 \d{3} \d{3} \d{4}", "a phone number such as +1 305 555 0142")
ZIP = Text(r"\d{5}", "five digits in quotes")
OPENINGS = ListOf(Text(words="an opening such as 08:00-17:30"), single=True)
DAY_RULE = Text(words="a day such as 2027-01-31, today or today+400d")

_HOURS = {
    "every_day": Key(OPENINGS, "the openings of every day not written by itself"),
    **{day: Key(OPENINGS, f"the openings of {day}; an empty list is closed") for day in WEEKDAYS},
    "closed": Key(ListOf(DAY), "days on which nothing is open"),
}
HOURS = Record("opening hours", _HOURS)
PICTURE = Text(r"[a-z0-9][a-z0-9_-]*\.(?:svg|png)", "a file beside the clinic's such as harbourlight.svg")
_LOGO = Record(
    "a logo",
    {
        "file": Key(PICTURE, "an SVG or a PNG beside the clinic's file", required=True),
        "alt": Key(Text(), "what it shows, for who does not see it; the logo's text unless written"),
        "has_name": Key(Flag(), "the name is in the picture, so that no text stands beside it"),
    },
)
_BRAND = Record(
    "a brand",
    {
        "colour": Key(COLOUR, "the one colour of the brand", required=True),
        "logo_text": Key(Text(), "the name as the logo writes it", required=True),
        "logo": Key(_LOGO, "a picture for the head of pages, mails and papers; a tile with a letter without one"),
    },
)
_MAIL = Record(
    "mails about visits",
    {"discreet": Key(Flag(), "they name no clinic and lead nowhere; they name it unless written")},
)
_CONTACT = Record(
    "contact",
    {
        "phone": Key(PHONE, "the phone number", required=True),
        "email": Key(MAIL, "the mail address", required=True),
        "address": Key(Text(), "the postal address on one line", required=True),
        "website": Key(LINK, "the clinic's own website"),
    },
)
_PHARMACY = Record(
    "a pharmacy",
    {
        "id": Key(NAME, "its id", required=True),
        "name": Key(Text(), "its name", required=True),
        "address": Key(Text(), "street and number", required=True),
        "city": Key(Text(), "the city", required=True),
        "state": Key(STATE, "the state", required=True),
        "postal_code": Key(ZIP, "the ZIP code", required=True),
        "phone": Key(PHONE, "the phone number", required=True),
    },
)
_COUNTS_IN = Key(
    ListOf(STATE, least=1, single=True), "where it counts: a state, or a list of one in each", required=True
)
_LICENSE = Record(
    "a licence",
    {
        "state": _COUNTS_IN,
        "profession": Key(Text(), "the profession; the clinician's own unless written"),
        "kind": Key(Text(), "full, compact_privilege, registration, special or waiver", required=True),
        "status": Key(Text(), "its status, a word of the vocabulary", required=True),
        "issued": Key(DAY_RULE, "the day it was issued"),
        "expires": Key(DAY_RULE, "the last valid day"),
        "number": Key(Text(), "its number, in quotes; `{state}` in it stands for the code of the state"),
    },
)
_DEA = Record(
    "a DEA registration",
    {
        "state": _COUNTS_IN,
        "schedules": Key(ListOf(OneOf(("II", "III", "IV", "V")), least=1), "the schedules", required=True),
        "expires": Key(DAY_RULE, "the last valid day"),
    },
)
_PERSON = {
    "id": Key(NAME, "the person's id in this file", required=True),
    "given": Key(Text(), "given name", required=True),
    "family": Key(Text(), "family name", required=True),
    "email": Key(MAIL, "mail address, also the sign-in name", required=True),
}
_PROVIDER = Record(
    "a clinician",
    {
        **_PERSON,
        "profession": Key(Text(), "the profession, a word of the vocabulary", required=True),
        "credentials": Key(Text(), "the letters after the name; the profession unless written"),
        "npi": Key(Text(r"\d{10}", "ten digits in quotes"), "National Provider Identifier", required=True),
        "home_state": Key(STATE, "the state of primary residence", required=True),
        "location_state": Key(STATE, "where the clinician usually sits; the home state unless written"),
        "languages": Key(LANGUAGES, "languages of care"),
        "visit_types": Key(ListOf(Text(), least=1), "what the clinician practises; everything unless written"),
        "licenses": Key(ListOf(_LICENSE), "licences", required=True),
        "dea": Key(ListOf(_DEA), "DEA registrations"),
        "hours": Key(HOURS, "opening hours; the clinic's unless written"),
        "facts": Key(MapOf(Anything()), "further facts below `provider`, such as `supervision.agreement: true`"),
    },
)
_STAFF = Record("a member of staff", {**_PERSON, "role": Key(OneOf(ROLES), "the role", required=True)})
_PATIENT = Record(
    "a demonstration patient",
    {
        **_PERSON,
        "phone": Key(PHONE, "phone number", required=True),
        "birth_date": Key(DAY, "date of birth", required=True),
        "sex": Key(OneOf(("female", "male", "other", "unknown")), "administrative sex", required=True),
        "residence_state": Key(STATE, "where the patient lives", required=True),
        "address": Key(MapOf(Text()), "line, city, state, postal_code"),
        "language": Key(LANGUAGE, "the language of pages and mails"),
    },
)
_SCOPES = ("schedule", "intake", "join", "messages", "see_record")  # what engine/access.yaml lets them hold
_HELPER = Record(
    "somebody who acts for a demonstration child",
    {
        "person": Key(Text(), "a demonstration patient", required=True),
        "kind": Key(OneOf(("caregiver", "proxy")), "as what", required=True),
        "relation": Key(NAME, "how they are related, such as `grandparent`", required=True),
        "scopes": Key(ListOf(OneOf(_SCOPES), least=1), "what they may do", required=True),
    },
)
_CHILD = Record(
    "a demonstration child, who has no log-in and lives where the guardian does",
    {
        "id": _PERSON["id"],
        "given": _PERSON["given"],
        "family": _PERSON["family"],
        "birth_date": Key(DAY, "date of birth", required=True),
        "sex": Key(OneOf(("female", "male", "other", "unknown")), "administrative sex", required=True),
        "guardian": Key(Text(), "the demonstration patient who is the parent", required=True),
        "helpers": Key(ListOf(_HELPER), "others who act for the child"),
    },
)
_PEOPLE = Record(
    "people",
    {
        "providers": Key(ListOf(_PROVIDER), "clinicians"),
        "staff": Key(ListOf(_STAFF), "staff"),
        "patients": Key(ListOf(_PATIENT), "demonstration patients"),
        "children": Key(ListOf(_CHILD), "demonstration children"),
    },
)
CLINIC = Record(
    "a clinic",
    {
        "clinic": Key(SLUG, "its short name, which is its file and its host name", required=True),
        "name": Key(Text(), "its name", required=True),
        "brand": Key(_BRAND, "how it looks", required=True),
        "languages": Key(LANGUAGES, "the languages of its pages", required=True),
        "states": Key(ListOf(STATE, least=1), "where it sees patients", required=True),
        "time_zone": Key(Text(), "the zone of its hours, such as America/New_York", required=True),
        "specialties": Key(ListOf(NAME, least=1), "what it offers", required=True),
        "hours": Key(HOURS, "when it is open", required=True),
        "holidays": Key(HOLIDAYS, "days on which nobody works, but for extra hours, with their names"),
        "cancellation": Key(CANCELLATION, "until when patients may move and cancel a visit, and what it costs later"),
        "quiet_hours": Key(QUIET, "the night of patients, in which no reminder is sent; 21:00-08:00 unless written"),
        "messages": Key(MESSAGES, "how soon messages of patients are answered; within two days unless written"),
        "recordings": Key(RECORDINGS, "how long recordings of calls are kept, and what patients get of theirs"),
        "prices": Key(
            MapOf(PRICE), "the price of each visit type, by `specialty/type`, unless it has a usual one", required=True
        ),
        "contact": Key(_CONTACT, "how to reach it", required=True),
        "emergency": Key(TEXTS, "what to do in an emergency, by language", required=True),
        "texts": Key(MapOf(TEXTS, NAME), "its own sentences for patients, by name"),
        "pharmacies": Key(ListOf(_PHARMACY), "pharmacies to choose from"),
        "policy": Key(ListOf(Anything("a rule")), "its own rules, which only tighten the law"),
        "facts": Key(MapOf(Anything("a value")), "what is the same for all its encounters, by path of the vocabulary"),
        "guidance": Key(ListOf(RULE_ID), "guidance of the law, by rule id, that it lets block and not only warn"),
        "attestations": Key(ATTESTATIONS, "law that its compliance officer vouches for, for this clinic alone"),
        "sign_in": Key(SIGN_IN, "how its people sign in"),
        "mail": Key(_MAIL, "how its mails about visits look"),
        "people": Key(_PEOPLE, "the people it starts with"),
    },
)
