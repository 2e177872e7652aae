"""A small installation of every kind of file, as text: one law, one form, one specialty, one clinic."""

from collections.abc import Mapping
from pathlib import Path

VOCABULARY = """\
vocabulary: us
lists:
  states: [FL, GA]
  professions: [MD, NP]
  modalities: [audio_video, in_person]
may_be_presumed:
- encounter.emergency
facts:
  encounter.modality: {type: choice, of: modalities, says: How they meet., source: clinic}
  encounter.date: {type: date, says: The day., source: engine}
  encounter.instant: {type: instant, says: The instant., source: engine}
  encounter.emergency: {type: flag, says: An emergency., source: provider, when_untold: false,
    presumed_unless: {records: provider.licenses, field: status, among: [expired]}}
  patient.location.country: {type: text, says: Country., source: patient}
  patient.location.state: {type: choice, of: states, says: State., source: patient, greatest_age: 1 day}
  patient.location.time_zone: {type: text, says: Zone., source: clinic}
  patient.jurisdiction: {type: text, says: Law of the place., source: engine}
  patient.residence.state: {type: choice, of: states, says: Home., source: patient}
  patient.birth_date: {type: date, says: Birth., source: patient}
  patient.age: {type: number, unit: a, says: Age., source: engine}
  patient.pregnant: {type: flag, says: Pregnant., source: patient}
  patient.weight: {type: number, unit: kg, least: 0, says: Weight., source: patient}
  provider.profession: {type: choice, of: professions, says: Profession., source: clinic}
  provider.home_state: {type: choice, of: states, says: Home., source: clinic}
  provider.location.state: {type: choice, of: states, says: Place., source: provider}
  provider.hours: {type: number, unit: h, says: Hours of practice., source: board}
  provider.licenses:
    type: records
    says: Licences.
    source: board
    fields:
      state: {type: choice, of: states}
      profession: {type: choice, of: professions}
      kind: {type: choice, of: [full, waiver]}
      status: {type: choice, of: [active, expired]}
      issued: {type: date, nullable: true}
      expires: {type: date, nullable: true}
      number: {type: text, nullable: true}
  provider.dea:
    type: records
    says: Registrations.
    source: board
    fields: {state: {type: choice, of: states}}
  provider.activity:
    type: records
    says: Work done.
    source: clinic
    fields: {on: {type: date}, at: {type: instant}, days: {type: number, unit: d, least: 0}}
  consents:
    type: records
    says: Consents.
    source: patient
    fields: {kind: {type: choice, of: [treatment, privacy]}, at: {type: instant}}
  treatment.purpose: {type: choice, of: [pain, other], says: What for., source: provider}
  drug.name: {type: text, says: Name., source: provider}
  drug.schedule: {type: choice, of: [II, III], nullable: true, says: Schedule., source: provider}
  drug.classes: {type: choices, says: Classes., source: provider}
  drug.approved_for_oud: {type: flag, says: Approved., source: provider}
  prescription.days: {type: number, unit: d, says: Days., source: provider}
"""
TOPICS = """\
topics:
  licensing:
    {says: Who may practise., act: practise, needs_permit: true, carried_by: state, inputs: [provider.profession]}
  prescribing:
    says: What may be prescribed.
    act: prescribe
    carried_by: state
    duties: {look: Look first., tell: Tell them.}
    limits: {days: {says: Days., fact: prescription.days, unit: d}}
    values:
      days: {type: number, unit: d, says: Most days.}
      ages: {type: number, unit: a, nullable: true, otherwise: null, says: From which age.}
    orders: {form: [spoken, written]}
gates:
  book: {says: the slot, asks: {licensing: slot}, due: [before_booking], opens: the clinic}
"""
LICENSING = """\
jurisdiction: us/fl
topic: licensing
rules:
- id: us/fl/licensing/full
  title: A full licence permits
  from: 2010-01-01
  cite: act
  law: Act 1
  confidence: high
  when: {provider.licenses: {any: {state: {fact: patient.location.state}, status: active}}}
  then: {permit: practise, path: full}
- id: us/fl/licensing/emergency
  title: In an emergency anyone may
  from: 2010-01-01
  cite: act
  confidence: high
  when: {encounter.emergency: true}
  then: {permit: practise, path: emergency}
sources:
  act: {title: The act, url: 'https://example.org/act', checked: 2026-11-21, confidence: high}
"""
PRESCRIBING = """\
jurisdiction: us/fl
topic: prescribing
values:
  days:
  - {from: 2010-01-01, until: 2019-12-31, is: 1 wk, cite: act, confidence: high}
  - {from: 2020-01-01, is: 14, cite: act, confidence: high}
rules:
- id: us/fl/prescribing/schedule-ii
  title: Schedule II only in person
  from: 2010-01-01
  cite: act
  confidence: high
  when: {drug.schedule: II, encounter.modality: {not: in_person}}
  unless:
    any:
    - treatment.purpose: pain
    - patient.weight: {at_least: 40, less: 90 kg}
  then: {forbid: prescribe}
  cases:
  - name: Pain may be treated
    on: 2026-12-01
    given: {treatment.purpose: pain}
    expect: {outcome: permitted}
- id: us/fl/prescribing/look
  title: One looks first
  from: 2010-01-01
  cite: act
  confidence: medium
  when: {patient.age: {at_least: 16, less: 216 mo}, provider.hours: {at_least: 30 d}}
  then:
  - {require: look, due: before_prescribe, met_by: {patient.pregnant: false}, detail: {form: written}}
  - {limit: days, max: {fact: law.days}}
- id: us/fl/prescribing/recent
  title: Only after recent work
  from: 2010-01-01
  cite: note
  confidence: medium
  when:
    provider.activity:
      latest: {of: 'on', where: {days: {at_least: 1}}, within: 24 months}
      sum: {of: days, at_most: 30}
      count: {where: {at: {within: 48 hours}}, less: 4}
    encounter.date: {on_or_after: {fact: patient.birth_date, plus: 16 years}}
    applies: us/fl/prescribing/look
  then: {advise: Mind the work.}
sources:
  act: {title: The act, url: 'https://example.org/act', checked: 2026-11-21, confidence: high}
  note: {title: A note, class: background, checked: 2026-11-21, confidence: medium}
"""
COMMON = """\
jurisdiction: us/common
topic: prescribing
rules:
- id: us/common/prescribing/most
  title: So many days
  when: {patient.age: {at_least: {fact: law.ages}}}
  then: {limit: days, max: {fact: law.days}}
"""
DRUGS = """\
cite: [base]
drugs:
- {name: amoxicillin, classes: [antibiotic]}
- {name: oxycodone, schedule: II, classes: [opioid]}
sources:
  base: {title: A base, url: 'https://example.org/drugs', checked: 2026-11-21, confidence: high}
"""
ZONES = """\
zones:
  FL: [America/New_York, America/Chicago]
  GA: [America/New_York]
"""
INTAKE = """\
form: care/intake
version: 1
languages: [en, es]
title: {en: Before the visit, es: Antes de la consulta}
items:
- id: problem
  type: choice
  text: {en: What is it?, es: ¿Qué es?}
  choices:
  - {id: chest, text: {en: Chest, es: Pecho}}
  - {id: skin, text: {en: Skin, es: Piel}}
- id: fever
  type: boolean
  text: {en: Fever?, es: ¿Fiebre?}
  show_when: {problem: chest}
- id: degrees
  type: decimal
  unit: '[degF]'
  least: 90
  most: 110
  text: {en: How high?, es: ¿Cuánta?}
  show_when: {fever: true}
- id: pregnant
  type: boolean
  text: {en: Pregnant?, es: ¿Embarazada?}
  fills: {path: patient.pregnant}
- id: place
  type: choice
  text: {en: Why?, es: ¿Por qué?}
  optional: true
  choices:
  - {id: one, text: {en: One, es: Uno}, weight: 0}
  - {id: two, text: {en: Two, es: Dos}, weight: 2}
scores:
- id: sum
  title: {en: Sum, es: Suma}
  items: [place]
  bands:
  - {id: low, from: 0, text: {en: Low, es: Bajo}}
  - {id: high, from: 2, text: {en: High, es: Alto}}
flags:
- id: hot
  severity: emergency
  call: '911'
  when: {degrees: {at_least: 40 Cel}}
  text: {en: Get help, es: Busque ayuda}
  advice: {en: Call, es: Llame}
cases:
- name: High fever is told at once
  given: {problem: chest, fever: true, degrees: 105}
  expect: {flags: [hot], shows: [degrees]}
- name: A sum falls in its band
  given: {problem: skin, pregnant: false, place: two}
  expect: {scores: {sum: 2}, bands: {sum: high}, hides: [fever], next: none}
"""
CLAUSES = """\
languages: [en, es]
kinds:
  treatment: {en: Treatment, es: Tratamiento}
duties:
  look: treatment
agreement: {en: I agree., es: Estoy de acuerdo.}
clauses:
- id: care
  version: 1
  kind: treatment
  title: {en: Care, es: Atención}
  text: {en: We care., es: Atendemos.}
"""
SPECIALTY = """\
specialty: care
languages: [en, es]
title: {en: Care, es: Atención}
summary: {en: Care for all., es: Atención para todos.}
visit_types:
- id: video
  title: {en: Video visit, es: Consulta por video}
  about: {en: By video., es: Por video.}
  modality: audio_video
  duration: 20 min
  professions: [MD, NP]
  steps:
  - {kind: book, gate: book, hold: 10 min}
  - {kind: pay, after: book}
  - {kind: intake, after: pay, form: care/intake}
  - {kind: locate, after: pay}
  - {kind: consent, after: locate, kinds: [treatment]}
  - {kind: wait, after: [intake, locate], no_show: 15 min}
  - {kind: consult, after: wait, gate: join, medium: video}
  - {kind: prescribe, after: consult, gate: prescribe}
  - {kind: document, after: consult, gate: sign}
  reminders:
  - {before: 24 h, template: visit_tomorrow}
"""
NOTE = """\
note: care/note
version: 1
sections:
- id: plan
  title: {en: Plan, es: Plan}
  fields:
  - {id: words, type: text, required: true, label: {en: Words, es: Palabras}}
  - id: enough
    type: choice
    label: {en: Enough?, es: ¿Bastó?}
    choices: [{id: enough_yes, text: {en: 'Yes', es: Sí}}, {id: enough_no, text: {en: 'No', es: 'No'}}]
for_patient: [plan.words]
"""
FORMULARY = """\
formulary: care/formulary
drugs:
- name: amoxicillin
  strength: 500 mg
  dose_form: capsule
  sigs:
  - {text: {en: Take one, es: Tome una}, quantity: 20, unit: capsule, days_supply: 10}
never:
- {schedules: [II], reason: {en: Not here., es: Aquí no.}}
"""
CLINIC = """\
clinic: elm
name: Elm
brand: {colour: '#1f6f54', logo_text: Elm}
languages: [en, es]
states: [FL]
time_zone: America/New_York
specialties: [care]
hours: {every_day: 08:00-17:30, closed: [2026-12-25]}
prices:
  care/video: {cents: 7900, currency: USD}
contact: {phone: +1 305 555 0142, email: care@elm.example, address: 'Elm Street 1, Miami, FL 33132'}
emergency: {en: Call 911., es: Llame al 911.}
pharmacies:
- {id: gull, name: Gull, address: Gull Street 1, city: Miami, state: FL, postal_code: '33132', phone: +1 305 555 0170}
policy:
- id: clinic/prescribing/days
  title: At most ten days
  when: {drug.classes: {has: antibiotic}}
  then: {limit: days, max: 10}
people:
  providers:
  - id: ada
    given: Ada
    family: Elm
    email: ada@elm.example
    profession: MD
    npi: '1900000013'
    home_state: FL
    licenses:
    - {state: FL, kind: full, status: active, issued: 2014-06-02, expires: today+430d}
    facts: {hours: 4000}
  staff:
  - {id: bo, given: Bo, family: Elm, email: bo@elm.example, role: compliance}
  patients:
  - {id: cy, given: Cy, family: Oak, email: cy@oak.example, phone: +1 305 555 0188, birth_date: 1988-07-14,
    sex: female, residence_state: FL}
"""

EXAMPLES = """\
examples:
  in_florida:
    given: {patient.location.state: FL, patient.location.time_zone: America/New_York}
  in_pain:
    from: in_florida
    given: {treatment.purpose: pain, drug.name: oxycodone, encounter.modality: audio_video}
"""
CASES = """\
jurisdiction: us/fl
topic: prescribing
each:
- {modality: audio_video, duty: look}
- {modality: in_person, duty: look}
cases:
- name: Pain may be treated by <modality>
  start: in_pain
  on: 2026-12-01
  given:
    encounter.modality: <modality>
    patient.birth_date: 2010-01-01
    provider.hours: 1000
    patient.pregnant: false
    provider.activity: []
    prescription.days: 10
  expect:
    outcome: permitted
    duties: {<duty>: met}
"""

FILES: Mapping[str, str] = {
    "rules/vocabulary.yaml": VOCABULARY,
    "rules/topics.yaml": TOPICS,
    "rules/us/zones.yaml": ZONES,
    "rules/us/drugs.yaml": DRUGS,
    "rules/us/examples.yaml": EXAMPLES,
    "rules/us/fl/licensing.yaml": LICENSING,
    "rules/us/fl/prescribing.yaml": PRESCRIBING,
    "rules/us/common/prescribing.yaml": COMMON,
    "forms/care/intake.yaml": INTAKE,
    "forms/consent/clauses.yaml": CLAUSES,
    "specialties/care/specialty.yaml": SPECIALTY,
    "specialties/care/note.yaml": NOTE,
    "specialties/care/formulary.yaml": FORMULARY,
    "clinics/elm.yaml": CLINIC,
    "tests/rules/us/fl/prescribing.yaml": CASES,
}


def plant(root: Path, files: Mapping[str, str] = FILES) -> Path:
    """Write the files under a folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return root
