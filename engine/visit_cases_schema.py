"""What may stand in a specialty's `cases.yaml`?"""

from engine.clinics_schema import STATE, ZIP
from engine.shapes import DAY, NAME, SLUG, Anything, Either, Key, ListOf, MapOf, Number, OneOf, Record, Text
from engine.visits_steps import DURATION, GATES

PLAIN_ACTS = (
    *("book", "pay", "answer", "attest", "consent", "arrive", "leave", "admit", "join", "end", "sign", "cancel"),
    *("refer", "order"),
)
OPEN, SHUT, UNASKED = "open", "shut", "unasked"
_ANSWERS = (OPEN, SHUT, UNASKED)

_LICENSE = Record(
    "a licence",
    {
        "state": Key(STATE, "where it counts", required=True),
        "profession": Key(Text(), "the profession; the clinician's own unless written"),
        "kind": Key(Text(), "full unless written"),
        "status": Key(Text(), "active unless written"),
        "issued": Key(DAY, "the day it was issued"),
        "expires": Key(DAY, "the last valid day"),
    },
)
_DEA = Record(
    "a DEA registration",
    {
        "state": Key(STATE, "where it counts", required=True),
        "schedules": Key(ListOf(OneOf(("II", "III", "IV", "V")), least=1), "the schedules", required=True),
        "expires": Key(DAY, "the last valid day"),
    },
)
_PROVIDER = Record(
    "a clinician of the cases",
    {
        "profession": Key(Text(), "the profession, a word of the vocabulary", required=True),
        "home_state": Key(STATE, "the state of primary residence", required=True),
        "licenses": Key(ListOf(_LICENSE), "licences", required=True),
        "dea": Key(ListOf(_DEA), "DEA registrations"),
        "facts": Key(MapOf(Anything()), "further facts below `provider`"),
    },
)
_PLACE = Record(
    "a place",
    {"state": Key(STATE, "the state", required=True), "zip": Key(ZIP, "the ZIP code", required=True)},
)
_PATIENT = Record(
    "a patient of the cases",
    {
        "born": Key(DAY, "the date of birth", required=True),
        "residence": Key(STATE, "where the patient lives", required=True),
        "place": Key(_PLACE, "where the patient will be", required=True),
    },
)
_ORDER = Record(
    "a prescription of the cases",
    {
        "drug": Key(Text(), "its name in the drug base", required=True),
        "days": Key(Number(least=1, most=365), "for how many days", required=True),
        "refills": Key(Number(least=0, most=11), "how many refills"),
        "purpose": Key(NAME, "what the treatment is for", required=True),
        "states": Key(MapOf(Anything()), "what the prescriber states, by path of the vocabulary"),
    },
)
_ACT = Either(
    (
        OneOf(PLAIN_ACTS),
        Record("answering one form", {"answer": Key(Text(), "the form", required=True)}),
        Record("attesting another place", {"attest": Key(_PLACE, "the place", required=True)}),
        Record("prescribing", {"prescribe": Key(NAME, "the prescription", required=True)}),
        Record("waiting", {"wait": Key(DURATION, "for how long", required=True)}),
    )
)
_GATE = Either(
    (
        OneOf(_ANSWERS),
        Record(
            "what a gate answers",
            {
                "is": Key(OneOf((OPEN, SHUT)), "open or shut", required=True),
                "because": Key(ListOf(NAME), "every reason why it is shut, by its code"),
                "owes": Key(ListOf(NAME), "every duty that is left for later"),
            },
        ),
    )
)
_GIVEN = Record(
    "what a case begins with",
    {
        "visit": Key(NAME, "the visit type", required=True),
        "at": Key(Text(words="an instant such as 2026-12-01T10:00:00-05:00"), "when it is booked", required=True),
        "starts_in": Key(DURATION, "how long after that the slot begins", required=True),
        "clinic": Key(SLUG, "the clinic whose own policy counts too; the law alone unless written"),
        "patient": Key(NAME, "one of `patients`", required=True),
        "provider": Key(NAME, "one of `providers`", required=True),
        "payer": Key(NAME, "who pays; self_pay unless written"),
        "kind": Key(NAME, "new unless written"),
        "answers": Key(ListOf(NAME, single=True), "which of `answers` are given; of one form the later ones count"),
    },
)
_THEN = Record(
    "what comes of a case",
    {
        "stage": Key(NAME, "where the visit stands at the end (asked by `--visits`)"),
        "gates": Key(MapOf(_GATE, Text("|".join(GATES), "a gate")), "what each gate answered last"),
        "flags": Key(ListOf(Text()), "every red flag that was raised, as `area/form:flag`"),
        "messages": Key(ListOf(NAME), "every notice that was sent, in any order (`--visits`)"),
        "tasks": Key(ListOf(NAME), "every task the clinicians got, in any order (`--visits`)"),
        "refused": Key(MapOf(NAME, NAME), "every act that was turned away, and with which code (`--visits`)"),
    },
)
_CASE = Record(
    "a case",
    {
        "name": Key(Text(), "what it shows, as a sentence", required=True),
        "given": Key(_GIVEN, "who, where and when", required=True),
        "when": Key(ListOf(_ACT, least=1), "what people do, one act after the other", required=True),
        "then": Key(_THEN, "what must come of it", required=True),
    },
)
VISIT_CASES = Record(
    "the cases of a specialty",
    {
        "specialty": Key(NAME, "the specialty, which is its folder", required=True),
        "providers": Key(MapOf(_PROVIDER, NAME), "clinicians by a name of the cases' own", required=True),
        "patients": Key(MapOf(_PATIENT, NAME), "patients by a name of the cases' own", required=True),
        "answers": Key(MapOf(MapOf(MapOf(Anything("an answer"), NAME))), "sets of answers, by form and item"),
        "orders": Key(MapOf(_ORDER, NAME), "prescriptions by a name of the cases' own"),
        "cases": Key(ListOf(_CASE, least=1), "the cases", required=True),
    },
)
