"""A hundred faults of every kind, each seeded alone, are told on their line with their number.

An entry is the file, what is replaced (where it first stands), by what, the code, and how many lines from there it is
told. The installation is small, so that all of them together cost little.
"""

from pathlib import Path

import pytest

from engine.content import Backdrop, compile_content
from engine.diagnostics import BrokenInput, Problems, as_text
from engine.evaluators import ClosuresOnly
from engine.failing_cases import report_failing
from engine.last_resort import FAILED
from engine.law_case_names import check_named
from engine.law_cases import bulk_cases, check_starts, examples
from engine.law_examples import check_examples
from engine.library import read_library
from engine.rulebook import LawPack, join, load_law, read_pack
from tests.engine.helpers_small_tree import FILES, ZONES, plant

VOC = "rules/vocabulary.yaml"
TOP = "rules/topics.yaml"
ZON = "rules/us/zones.yaml"
DRG = "rules/us/drugs.yaml"
LIC = "rules/us/fl/licensing.yaml"
PRE = "rules/us/fl/prescribing.yaml"
FRM = "forms/care/intake.yaml"
CLA = "forms/consent/clauses.yaml"
SPE = "specialties/care/specialty.yaml"
NOT = "specialties/care/note.yaml"
FOR = "specialties/care/formulary.yaml"
CLI = "clinics/elm.yaml"
EXA = "rules/us/examples.yaml"
CAS = "tests/rules/us/fl/prescribing.yaml"

ATTESTED = (
    "{id: one, rule: us/fl/prescribing/looks, title: One looks first, by: bo, on: 2026-12-01, until: 2027-12-01,\n"
)
ATTESTED += "  source: The act, url: 'https://example.org/act'}"
SCHEDULE = "{from: 2010-01-01, is: II, cite: act, confidence: high}"

Fault = tuple[str, str, str, str, int]
READING: tuple[Fault, ...] = (
    (PRE, "  title: One looks first", "\ttitle: One looks first", "READ001", 0),
    (SPE, "{kind: pay, after: book}", "{kind: pay, after: book", "READ001", 1),
    (VOC, "says: Pregnant.", f"says: {'[' * 64}{']' * 64}", "READ001", 0),
    (LIC, "  law: Act 1\n", "  law: Act 1\n  law: Act 2\n", "READ002", 1),
    (LIC, "  law: Act 1\n", "  <<: {law: Act 1}\n", "READ003", 0),
    (VOC, "says: Pregnant.", "says: !!binary Pregnant.", "READ003", 0),
    (ZON, ZONES, "# nothing yet\n", "READ004", 0),
    (CLA, "  look: treatment", "  [look]: treatment", "READ005", 0),
    (NOT, "{en: Plan,", "{en: Pl\udcffan,", "READ007", 0),
)
SHAPES: tuple[Fault, ...] = (
    (LIC, "  law: Act 1", "  laws: Act 1", "SHAPE001", 0),
    (VOC, "unit: kg,", "units: kg,", "SHAPE001", 0),
    (FRM, "  optional: true", "  optionel: true", "SHAPE001", 0),
    (CLI, "logo_text: Elm", "logotext: Elm", "SHAPE001", 0),
    (LIC, "  title: In an emergency anyone may\n", "", "SHAPE002", -1),
    (LIC, "{title: The act, url: 'https://example.org/act',", "{title: The act,", "SHAPE002", 0),
    (CLI, "time_zone: America/New_York\n", "", "SHAPE002", -5),
    (FRM, "version: 1", "version: one", "SHAPE003", 0),
    (TOP, "needs_permit: true", "needs_permit: yes", "SHAPE003", 0),
    (CLI, "npi: '1900000013'", "npi: 1900000013", "SHAPE003", 0),
    (FOR, "days_supply: 10", "days_supply: ten", "SHAPE003", 0),
    (LIC, "confidence: high\n  when: {enc", "confidence: sure\n  when: {enc", "SHAPE004", 0),
    (VOC, "{type: flag, says: Pregnant.", "{type: bool, says: Pregnant.", "SHAPE004", 0),
    (VOC, "of: professions, says: Profession", "of: profession, says: Profession", "SHAPE004", 0),
    (VOC, "among: [expired]", "among: [lapsed]", "SHAPE004", 0),
    (TOP, "carried_by: state\n    duties", "carried_by: province\n    duties", "SHAPE004", 0),
    (TOP, "asks: {licensing: slot}", "asks: {licensing: later}", "SHAPE004", 0),
    (DRG, "schedule: II,", "schedule: 2,", "SHAPE004", 0),
    (FRM, "severity: emergency", "severity: severe", "SHAPE004", 0),
    (CLA, "  kind: treatment", "  kind: care", "SHAPE004", 0),
    (CLA, "  treatment: {en: T", "  treating: {en: T", "SHAPE004", 0),
    (SPE, "modality: audio_video", "modality: video", "SHAPE004", 0),
    (SPE, "professions: [MD, NP]", "professions: [MD, PT]", "SHAPE004", 0),
    (NOT, "type: text", "type: prose", "SHAPE004", 0),
    (NOT, "[plan.words]", "[plan.word]", "SHAPE004", 0),
    (CLI, "{state: FL, kind: full,", "{state: FL, kind: whole,", "SHAPE004", 0),
    (LIC, "from: 2010-01-01", "from: 1 January 2010", "SHAPE005", 0),
    (PRE, "due: before_prescribe", "due: soon", "SHAPE005", 0),
    (LIC, "url: 'https://example.org/act'", "url: example.org/act", "SHAPE005", 0),
    (VOC, "patient.weight:", "patient.Weight:", "SHAPE005", 0),
    (VOC, "greatest_age: 1 day", "greatest_age: 1 month", "SHAPE005", 0),
    (ZON, "GA: [", "Georgia: [", "SHAPE005", 0),
    (CLI, "phone: +1 305 555 0142", "phone: 305 555 0142", "SHAPE005", 0),
    (CLI, "'#1f6f54'", "green", "SHAPE005", 0),
    (SPE, "professions: [MD, NP]", "professions: []", "SHAPE006", 0),
    (SPE, "kinds: [treatment]", "kinds: [treatmnt]", "SHAPE004", 0),
    (FOR, "quantity: 20", "quantity: 0", "SHAPE007", 0),
    (PRE, "rules:\n", "rules:\n-\n", "SHAPE003", 1),
    (PRE, "rules:\n", "rules:\n- 5\n", "SHAPE003", 1),
    (PRE, "rules:\n", "rules:\n- [a]\n", "SHAPE003", 1),
    (CLI, "policy:\n", "policy:\n- 5\n", "SHAPE003", 1),
)
OF_II = "when: {drug.schedule: II, "
CONDITIONS: tuple[Fault, ...] = (
    (PRE, OF_II, f"{OF_II}drug.name: oxycodon, ", "COND004", 0),
    (PRE, OF_II, f"{OF_II}drug.classes: {{has: opiod}}, ", "COND004", 0),
    (PRE, OF_II, f"{OF_II}patient.jurisdiction: us/florida, ", "COND004", 0),
    (PRE, OF_II, f"{OF_II}patient.location.country: usa, ", "COND004", 0),
    (PRE, OF_II, f"{OF_II}patient.location.time_zone: {{not: [America/Nowhere]}}, ", "COND004", 0),
    (PRE, "detail: {form: written}", "detail: {consent: tretment}", "COND004", 0),
    (PRE, "when: {drug.schedule: II", "when: {drug.shedule: II", "COND001", 0),
    (PRE, "where: {days: {at_least: 1}}", "where: {dayz: {at_least: 1}}", "COND001", 0),
    (PRE, "{fact: patient.birth_date", "{fact: patient.birthdate", "COND001", 0),
    (CLI, "when: {drug.classes:", "when: {drug.class:", "COND001", 0),
    (FRM, "show_when: {problem: chest}", "show_when: {problems: chest}", "COND001", 0),
    (PRE, "{not: in_person}", "{nt: in_person}", "COND002", 0),
    (PRE, "plus: 16 years", "pluss: 16 years", "COND002", 0),
    (PRE, "latest: {of", "newest: {of", "COND002", 0),
    (PRE, "less: 4}", "fewer: 4}", "COND002", 0),
    (PRE, "drug.schedule: II,", "drug.schedule: {less: II},", "COND003", 0),
    (PRE, "met_by: {patient.pregnant: false}", "met_by: {patient.pregnant: {within: 3 days}}", "COND003", 0),
    (PRE, "- treatment.purpose: pain\n", "- treatment.purpose: paine\n", "COND004", 0),
    (PRE, "at_least: 40,", "at_least: '40',", "COND004", 0),
    (PRE, "within: 24 months", "within: two years", "COND004", 0),
    (PRE, "within: 24 months", "within: 24 hours", "COND004", 0),
    (PRE, "within: 48 hours", "within: 2 days", "COND004", 0),
    (PRE, "plus: 16 years", "plus: P16Q", "COND004", 0),
    (PRE, "less: 4}", "less: 4.5}", "COND004", 0),
    (PRE, "is: 14,", "is: fourteen,", "COND004", 0),
    (PRE, "is: 14,", "is: 2 mo,", "COND004", 0),
    (CLI, "max: 10}", "max: ten}", "COND004", 0),
    (CLI, "max: 10}", "max: 10 mg}", "COND004", 0),
    (FRM, "show_when: {problem: chest}", "show_when: {problem: chests}", "COND004", 0),
    (PRE, "    any:\n", "    all: []\n    any:\n", "COND005", 0),
    (LIC, "when: {encounter.emergency: true}", "when: always", "COND006", 0),
    (LIC, "when: {encounter.emergency: true}", "when: {any: {encounter.emergency: true}}", "COND010", 0),
    (LIC, "{fact: patient.location.state}", "{fact: patient.age}", "COND007", 0),
    (PRE, "{at_least: 16,", "{at_least: {fact: prescription.days},", "COND007", 0),
    (PRE, "plus: 16 years", "plus: 16 years, minus: 1 day", "COND007", 0),
    (PRE, "less: 90 kg", "less: 90 cm", "COND008", 0),
    (PRE, "at_least: 30 d}", "at_least: 1 mo}", "COND008", 0),
    (PRE, "less: 216 mo", "less: 216 months", "COND008", 0),
    (PRE, "less: 4}", "less: 4 d}", "COND008", 0),
    (FRM, "at_least: 40 Cel", "at_least: 40 kg", "COND008", 0),
    (PRE, "sum: {of: days, at", "sum: {at", "COND009", 0),
    (PRE, "latest: {of: 'on',", "latest: {of: days,", "COND009", 0),
)
VOCABULARY: tuple[Fault, ...] = (
    (VOC, "source: patient}\n  patient.weight", "source: patient, when_untold: false}\n  patient.weight", "VOC003", 0),
    (VOC, "- encounter.emergency", "- encounter.emergancy", "COND001", 0),
    (VOC, "when_untold: false", "when_untold: no", "COND004", 0),
    (VOC, "when_untold: false", "when_untold: true", "VOC009", 0),
    (VOC, "- encounter.emergency\n", "- encounter.emergency\n- consents\n", "VOC009", 1),
    (VOC, "- encounter.emergency\n", "- encounter.emergency\n- drug.schedule\n", "VOC009", 1),
    (VOC, "- encounter.emergency\n", "- encounter.emergency\n- patient.location.state\n", "VOC009", 1),
    (VOC, "- encounter.emergency\n", "- encounter.emergency\n- provider.licenses\n", "VOC009", 1),
    (VOC, "- encounter.emergency\n", "- encounter.emergency\n- patient.age\n", "VOC009", 1),
    (VOC, "records: provider.licenses", "records: provider.license", "COND001", 0),
    (VOC, "field: status", "field: state_of", "COND001", 0),
    (VOC, "unit: kg,", "unit: kilo,", "VOC007", 0),
    (TOP, "ages: {type: number, unit: a", "ages: {type: number, unit: years", "VOC007", 0),
    (VOC, "{type: flag, says: Pregnant.", "{type: flag, least: 0, says: Pregnant.", "VOC008", 0),
    (TOP, "days: {type: number, unit: d", "days: {type: text, unit: d", "VOC008", 0),
    (VOC, "    fields: {on: {type: date}, at: {type: instant}, days", "    of: {on: {type: date}, days", "VOC008", 0),
    (TOP, "inputs: [provider.profession]", "inputs: [provider.proffesion]", "COND001", 0),
    (TOP, "fact: prescription.days", "fact: prescription.day", "COND001", 0),
    (TOP, "fact: prescription.days, unit: d", "fact: prescription.days, unit: h", "COND007", 0),
    (TOP, "fact: prescription.days, unit: d", "fact: prescription.days, unit: days", "VOC007", 0),
    (TOP, "otherwise: null", "otherwise: soon", "COND004", 0),
    (ZON, "America/Chicago", "America/Chigago", "VOC005", 0),
    (CLI, "facts: {hours: 4000}", "facts: {hour: 4000}", "VOC001", 0),
    (CLI, "facts: {hours: 4000}", "facts: {hours: many}", "VOC002", 0),
)
LAW: tuple[Fault, ...] = (
    (LIC, "topic: licensing", "topic: licencing", "LAW001", 0),
    (TOP, "asks: {licensing: slot}", "asks: {license: slot}", "LAW001", 0),
    (LIC, "  cite: act\n  law", "  law", "LAW002", -3),
    (PRE, "  cite: note", "  cite: notes", "LAW003", 0),
    (LIC, "- id: us/fl/licensing/emergency", "- id: us/fl/licensing/full", "LAW004", 0),
    (PRE, "until: 2019-12-31", "until: 2020-06-30", "LAW005", 1),
    (PRE, "until: 2019-12-31", "until: 2019-11-30", "LAW006", 1),
    (PRE, "  days:\n", "  dayz:\n", "LAW007", 0),
    (LIC, "permit: practise, path: full", "permit: practice, path: full", "LAW008", 0),
    (PRE, "limit: days, max: {fact", "limit: day, max: {fact", "LAW008", 0),
    (PRE, "require: look", "require: lok", "LAW008", 0),
    (LIC, "id: us/fl/licensing/full", "id: us/ga/licensing/full", "LAW009", 0),
    (CLI, "id: clinic/prescribing/days", "id: clinic/prescription/days", "LAW009", 0),
    (PRE, "  from: 2010-01-01\n  cite: note", "  from: 2010-01-01\n  until: 2009-01-01\n  cite: note", "LAW010", 1),
    (LIC, "jurisdiction: us/fl", "jurisdiction: us/ga", "LAW011", 0),
    (PRE, "given: {treatment.purpose", "given: {treatment.porpose", "LAW013", 0),
    (PRE, "outcome: permitted", "outcome: permited", "LAW013", 0),
    (PRE, "then: {forbid: prescribe}", "then: {prohibit: prescribe}", "LAW014", 0),
    (CLI, "then: {limit: days, max: 10}", "then: {permit: prescribe}", "LAW015", 0),
    (PRE, "2026-11-21, confidence: medium", "2026-11-21, confidence: high", "LAW016", 0),
    (DRG, "name: oxycodone", "name: amoxicillin", "LAW017", 0),
    (PRE, "{title: The act,", "{title: That act,", "LAW018", 0),
    (PRE, "applies: us/fl/prescribing/look", "applies: us/fl/licensing/full", "LAW019", 0),
    (PRE, "applies: us/fl/prescribing/look", "applies: us/fl/prescribing/looks", "LAW019", 0),
    (LIC, "  law: Act 1\n", "  law: Act 1\n  authority: payer\n", "LAW023", 4),
    (PRE, "{from: 2020-01-01, is", "{from: 2020-01-01, until: 2027-01-01, is", "LAW025", 0),
    (PRE, "rules:\n", f"schedules:\n  codeine:\n  - {SCHEDULE}\nrules:\n", "LAW024", 2),
    (TOP, "    limits: {days", "    stated: {look: {fact: patient.pregnant}}\n    limits: {days", "LAW027", 0),
    (PRE, "rules:\n", "without:\n  days: {cite: act, confidence: high}\nrules:\n", "LAW030", 1),
    (LIC, "  law: Act 1\n", "  law: Act 1\n  like: us/common/licensing/none\n", "LAW039", -4),
)
OF_A_CLINIC: tuple[Fault, ...] = (
    (CLI, "policy:\n", "guidance: [us/fl/prescribing/look]\npolicy:\n", "LAW021", 0),
    (CLI, "policy:\n", f"attestations:\n- {ATTESTED}\npolicy:\n", "LAW022", 1),
    (CLI, "policy:\n", "facts: {patient.pregnant: true}\npolicy:\n", "LAW026", 0),
)
CASES: tuple[Fault, ...] = (
    (EXA, "from: in_florida", "form: in_florida", "SHAPE001", 0),
    (EXA, "from: in_florida", "from: in_florid", "LAW033", 0),
    (EXA, "from: in_florida", "from: in_pain", "LAW033", 0),
    (EXA, "patient.location.state", "patient.location.sate", "COND001", 0),
    (EXA, "treatment.purpose: pain", "treatment.purpose: paine", "COND004", 0),
    (CAS, "topic: prescribing", "topic: prescription", "LAW001", 0),
    (CAS, "  start: in_pain", "  strat: in_pain", "SHAPE001", 0),
    (CAS, "  on: 2026-12-01\n", "", "SHAPE002", -2),
    (CAS, "  start: in_pain", "  start: in_pains", "LAW013", 0),
    (CAS, "on: 2026-12-01", "on: 2026-02-30", "LAW013", 0),
    (CAS, "provider.hours: 1000", "provider.hour: 1000", "LAW013", 0),
    (CAS, "provider.hours: 1000", "provider.hours: many", "COND004", 0),
    (CAS, "modality: in_person", "modality: in_persons", "COND004", 6),  # told where the word stands
    (CAS, "modality: in_person", "modalty: in_person", "COND004", 6),
    (CAS, "outcome: permitted", "outcome: permited", "LAW013", 0),
    (CAS, "{<duty>: met}", "{looks: met}", "LAW013", 0),
    (CAS, "{<duty>: met}", "{<duty>: done}", "SHAPE004", 0),
    (CAS, "{<duty>: met}", "{<duty>: unmet}", "LAW032", 0),
    (CAS, "outcome: permitted", "outcome: forbidden", "LAW032", 0),
)
FORMS: tuple[Fault, ...] = (
    (FRM, "{en: Fever?, es: ¿Fiebre?}", "{en: Fever?}", "TEXT001", 0),
    (CLA, "{en: Care, es: Atención}", "{en: Care}", "TEXT001", 0),
    (FRM, "- id: pregnant", "- id: fever", "FORM001", 0),
    (FRM, "- id: place", "- id: any", "FORM002", 0),
    (FRM, "show_when: {problem: chest}", "show_when: {pregnant: true}", "FORM003", 0),
    (FRM, "show_when: {problem: chest}", "show_when: {degrees: {less: 100}}", "FORM004", -3),
    (FRM, "show_when: {fever: true}", "show_when: {fever: true, problem: skin}", "FORM005", 0),
    (FRM, "at_least: 40 Cel", "at_least: 50 Cel", "FORM006", 0),
    (FRM, "  text: {en: Fever?", "  least: 3\n  text: {en: Fever?", "FORM007", 0),
    (FRM, "  unit: '[degF]'\n", "", "FORM008", -2),
    (FRM, "path: patient.pregnant", "path: patient.pregnent", "FORM009", 0),
    (FRM, "path: patient.pregnant", "path: patient.weight", "FORM010", 0),
    (FRM, "  text: {en: How high?", "  fills: {path: patient.weight}\n  text: {en: How high?", "FORM010", 0),
    (FRM, "unit: '[degF]'", "unit: degF", "VOC007", 0),
    (FRM, "when: {degrees: {at_least: 40 Cel}}", "when: {place: two}", "FORM011", 0),
    (FRM, "form: care/intake", "form: care/intakes", "FORM012", 0),
    (FRM, "  least: 90\n", "  least: 120\n", "FORM013", 1),
    (FRM, "hides: [fever]", "hides: [problem]", "FORM016", 0),
    (FRM, "{problem: skin, pregnant", "{problam: skin, pregnant", "FORM018", 0),
    (FRM, "degrees: 105", "degrees: 200", "FORM019", 0),
    (FRM, "items: [place]", "items: [places]", "FORM020", 0),
    (FRM, ", weight: 2}", "}", "FORM021", 0),
    (FRM, "from: 0, text", "from: 1, text", "FORM022", 0),
)
VISITS: tuple[Fault, ...] = (
    (SPE, "kind: pay,", "kind: paid,", "VISIT001", 0),
    (SPE, "{kind: pay, after", "{kind: pay, id: book, after", "VISIT002", 0),
    (SPE, "after: [intake, locate]", "after: [intake, location]", "VISIT003", 0),
    (SPE, "{kind: pay, after: book}", "{kind: pay, after: consult}", "VISIT004", 0),
    (SPE, "form: care/intake", "form: care/intakes", "VISIT005", 0),
    (SPE, "gate: sign", "gate: join", "VISIT006", 0),
    (SPE, "  - {kind: document, after: consult, gate: sign}\n", "", "VISIT007", -8),
    (SPE, "{kind: consult, after: wait", "{kind: consult, after: intake", "VISIT008", 0),
    (SPE, "hold: 10 min", "hold: ten minutes", "VISIT009", 0),
    (FOR, "name: amoxicillin", "name: amoxicilin", "VISIT011", 0),
    (FOR, "name: amoxicillin", "name: oxycodone", "VISIT011", 0),
)
CLINICS: tuple[Fault, ...] = (
    (CLI, "specialties: [care]", "specialties: [caring]", "CLINIC001", 0),
    (CLI, "  care/video:", "  care/audio:", "CLINIC002", 0),
    (CLI, "  care/video:", "  care/audio:", "CLINIC003", 0),
    (CLI, "08:00-17:30", "17:30-08:00", "CLINIC004", 0),
    (CLI, "time_zone: America/New_York", "time_zone: America/Newyork", "CLINIC005", 0),
    (CLI, "'#1f6f54'", "'#ffaa00'", "CLINIC006", 0),
    (CLI, "{id: bo,", "{id: ada,", "CLINIC007", 0),
    (CLI, "states: [FL]", "states: [FL, GA]", "CLINIC008", 0),
    (CLI, "expires: today+430d", "expires: next year", "CLINIC009", 0),
    (CLI, "postal_code: '33132'", "postal_code: '30301'", "CLINIC010", 0),
    (CLI, "languages: [en, es]", "languages: [en, es, fr]", "CLINIC011", 3),
)
FAULTS = (*READING, *SHAPES, *CONDITIONS, *VOCABULARY, *LAW, *OF_A_CLINIC, *CASES, *FORMS, *VISITS, *CLINICS)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def law(installation: Path) -> LawPack:
    return load_law(installation)


def told(root: Path, law: LawPack, file: str, text: str) -> Problems:
    """What is told of the installation with one file changed, which is put back afterwards.

    What a file cannot change is not read again, so that all faults together cost little.
    """
    problems = Problems()
    plant(root, {file: text})
    try:
        if file in (EXA, CAS):
            _ask_cases(root, law, problems)
        elif file.startswith("rules/"):
            read_pack(root, problems)
        else:
            _read_content(root, law, problems)
    finally:
        plant(root, {file: FILES[file]})
    return problems


def _ask_cases(root: Path, law: LawPack, problems: Problems) -> None:
    known = examples(root, problems)
    check_examples(known, law.vocabulary, problems)
    cases = bulk_cases(root, law.vocabulary, law.topics, problems)
    check_starts(cases, known, problems)
    check_named(cases, law, problems)
    if not problems.errors:
        report_failing(join(law), cases, known, ClosuresOnly(), problems)


def _read_content(root: Path, law: LawPack, problems: Problems) -> None:
    schedules = {name: drug.schedule for name, drug in law.drugs.items()}
    content = compile_content(root, (), Backdrop(vocabulary=law.vocabulary, schedules=schedules), problems)
    for clinic in content.clinics.values() if content else ():
        try:
            join(law, clinic.own_law)
        except BrokenInput as broken:
            problems.found.extend(broken.diagnostics)


def test_the_installation_itself_has_no_fault(installation: Path) -> None:
    problems = Problems()
    library = read_library(installation, (), problems)
    assert library is not None
    _ask_cases(installation, library.law, problems)
    assert not problems.found, as_text(problems)


@pytest.mark.parametrize("file", FILES)
def test_a_check_of_everything_survives_a_broken_file(tmp_path: Path, file: str) -> None:
    """All faults of a file at once, through the whole check."""
    faults = [fault for fault in FAULTS if fault[0] == file and fault[3] != "READ007"]
    changed = FILES[file]
    for _, old, new, *_ in faults:
        changed = changed.replace(old, new, 1)
    problems = Problems()
    library = read_library(plant(tmp_path, {**FILES, file: changed}), (), problems)
    if library is not None:
        _ask_cases(tmp_path, library.law, problems)
    assert bool(problems.errors) is bool(faults)
    assert FAILED not in {problem.code for problem in problems}


def test_a_field_that_the_program_stands_on_is_missed_where_it_is_used(tmp_path: Path) -> None:
    changed = FILES[VOC].replace("kind: {type: choice, of: [treatment", "kynd: {type: choice, of: [treatment")
    problems = Problems()
    assert read_library(plant(tmp_path, {**FILES, VOC: changed}), (), problems) is None
    told_of = [(one.code, one.location.file, one.what) for one in problems]
    assert told_of == [("COND001", CLA, "unknown fact `consents.kind`; did you mean `kynd`?")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (FRM, "version: 1", "version: 0", "0 is out of range: at least 1"),
        (LIC, "from: 2010-01-01", "from: 20100101", "fix: write a date such as"),
        (LIC, "from: 2010-01-01", "from: null", "fix: write a date such as"),
        (CLI, "npi: '1900000013'", "npi: 1900000013", "fix: put it in quotes"),
        (LIC, "when: {enc", "when: {any: {a: b}}\n  unless: {enc", "`any` takes a list of conditions; found a mapping"),
    ],
)
def test_what_is_told_leads_out(installation: Path, law: LawPack, file: str, old: str, new: str, words: str) -> None:
    assert words in as_text(told(installation, law, file, FILES[file].replace(old, new, 1)))


def test_a_class_of_drugs_that_no_drug_has_is_told_of_a_clinics_policy(tmp_path: Path) -> None:
    problems = Problems()
    changed = FILES[CLI].replace("{has: antibiotic}", "{has_any: [antibiotics]}")
    assert read_library(plant(tmp_path, {**FILES, CLI: changed}), (), problems) is None
    reason = "there is none of that name; did you mean `antibiotic`?"
    assert [one.what for one in problems] == [f"`antibiotics` cannot be a value of `drug.classes`: {reason}"]


def test_a_reader_that_fails_is_told_of_its_file_with_all_that_is_wrong_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("what the file says")

    monkeypatch.setattr("engine.content.compile_form", fails)
    problems = Problems()
    changed = {CLI: FILES[CLI].replace("logo_text: Elm", "logotext: Elm"), PRE: FILES[PRE].replace("look,", "lok,")}
    # Nobody has read this form before: one whose text was read is remembered and would not be compiled again.
    changed[FRM] = "# read here first\n" + FILES[FRM]
    assert read_library(plant(tmp_path, {**FILES, **changed}), (), problems) is None
    assert {(one.code, one.location.file) for one in problems} >= {(FAILED, FRM), ("SHAPE001", CLI), ("LAW008", PRE)}
    assert "KeyError at test_hundred_faults.py:" in as_text(problems)
    assert "what the file says" not in as_text(problems)


@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new", "code", "shift"), FAULTS, ids=[f"{f[3]} {f[2][:40]!a}" for f in FAULTS])
def test_a_fault_is_told_on_its_line(
    installation: Path, law: LawPack, file: str, old: str, new: str, code: str, shift: int
) -> None:
    text = FILES[file]
    assert old in text, "the seeded fault has nothing to stand on"
    problems = told(installation, law, file, text.replace(old, new, 1))
    assert FAILED not in {problem.code for problem in problems}, as_text(problems)
    line = text[: text.index(old)].count("\n") + 1 + shift
    assert (file, line, code) in [(d.location.file, d.location.line, d.code) for d in problems], as_text(problems)


def test_there_are_a_hundred_and_every_family_of_numbers_has_some() -> None:
    assert len(set(FAULTS)) == len(FAULTS) >= 100
    families = {fault[3].rstrip("0123456789") for fault in FAULTS}
    assert families == {"READ", "SHAPE", "COND", "VOC", "LAW", "TEXT", "FORM", "VISIT", "CLINIC"}
