"""Marked health information, typed into every field of a whole visit, is found nowhere in the clear.

Looked at: every file of the data folder (records, Temporal's histories, simulators, logs), what ``up`` printed, every
address the browsers asked for, the metrics, and the pages of errors.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.helpers_people import DESK, PHONE, Clinician, Patient, chromium, context_of, enter_call
from tests.browser.helpers_stack import Stack, running_stack
from tests.browser.test_visit_journey import ACHEBE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

# One marker for each field, so that a leak names what leaked. None occurs in any file of the project's, and none is a
# word of ours after two letters: a key in base64 that ends in "zQ" and stands before "note" once looked like a leak.
GIVEN, FAMILY, MAIL, PHONE_DIGITS = "Zqgivenzq", "Zqfamilyzq", "zqmailzq", "3055550193"
ANSWER, STREET, CITY, POSTAL = "zqanswerzq", "Zqstreetzq", "Zqcityzq", "33132"
NOTE, SIG, PHARMACY_NOTE, CARD_NAME = "zqnotezq", "zqsigzq", "zqpharmzq", "Zqcardzq"
BORN = "1931-07-23"
MARKERS = (GIVEN, FAMILY, MAIL, PHONE_DIGITS, ANSWER, STREET, CITY, NOTE, SIG, PHARMACY_NOTE, CARD_NAME, BORN)
PASSWORD = "zqpassword-long-enough-1"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("canary")) as running:
        yield running


async def sign_up(patient: Patient) -> None:
    await patient.go("/sign-up")
    month, day, year = BORN[5:7], BORN[8:], BORN[:4]
    texts = {
        "given": GIVEN,
        "family": FAMILY,
        "birth_date-m": month,
        "birth_date-d": day,
        "birth_date-y": year,
        "email": f"{MAIL}@patients.example",
        "phone": PHONE_DIGITS,
        "password": PASSWORD,
    }
    for name, text in texts.items():
        await patient.page.locator(f"[name='{name}']").fill(text)
    await patient.page.locator("input[name=sex][value=female]").check(force=True)
    await patient.page.locator("form[action='/sign-up'] button").click()
    await patient.page.wait_for_url(lambda url: not url.endswith("/sign-up"))


async def say_marked_place(patient: Patient) -> None:
    await patient.go(f"/visits/{patient.visit}/place")
    for name, text in {"street": STREET, "city": CITY, "postal_code": POSTAL}.items():
        await patient.page.locator(f"input[name={name}]").fill(text)
    await patient.page.locator("select[name=state]").select_option("FL")
    await patient.page.locator("input[name=here]").check(force=True)
    await patient.page.locator("main form button").first.click()
    await patient.page.wait_for_url(lambda url: not url.endswith("/place"))


async def whole_visit(patient: Patient, clinician: Clinician) -> None:
    await sign_up(patient)
    await patient.book("Achebe")
    await patient.answer_everything()
    await say_marked_place(patient)
    await patient.consent(f"{GIVEN} {FAMILY}")
    await patient.wait()
    await clinician.sign_in(ACHEBE)
    await clinician.open(patient.visit)
    await clinician.press("Let the patient in")
    await clinician.press("Join the call")
    await enter_call(clinician)
    await patient.join()
    await clinician.write_note()
    await clinician.draft("amoxicillin", "other", sig=SIG, note=PHARMACY_NOTE)
    await clinician.send("amoxicillin")
    await clinician.says("Sent to the simulated pharmacy network")
    await clinician.press("End for all")
    await clinician.says("Finish the note and sign")
    await clinician.press("Sign the note")
    await clinician.says("The visit is complete")
    await patient.go(f"/visits/{patient.visit}/summary")


async def test_marked_health_information_is_nowhere_in_the_clear(stack: Stack) -> None:
    addresses: list[str] = []
    async with chromium() as browser:
        phone, desk = await context_of(browser, PHONE), await context_of(browser, DESK)
        patient = Patient("patient", await phone.new_page(), stack, words=f"{ANSWER} sore throat")
        clinician = Clinician("clinician", await desk.new_page(), stack, words=f"{NOTE} tonsils red")
        for person in (patient, clinician):
            person.page.on("request", lambda request: addresses.append(request.url))
        await whole_visit(patient, clinician)
        shown = await patient.page.content()
    # The markers did go in: the summary shows them to the patient.
    assert SIG in shown
    assert leaks("\n".join(addresses).encode()) == []
    assert leaks(metrics(stack)) == []
    assert leaks(errors(stack, patient.visit)) == []
    files = [stack.folder / "up.log", *(path for path in stack.data.rglob("*") if path.is_file())]
    found = {path.name: leaks(path.read_bytes()) for path in files}
    assert {name: markers for name, markers in found.items() if markers} == {}
    assert {"records.sqlite3", "spans.jsonl"} <= found.keys()
    assert "activity" in (stack.data / "logs" / "spans.jsonl").read_text()
    assert any(name.startswith("temporal") for name in found)


def test_a_planted_marker_would_be_found(tmp_path: Path) -> None:
    planted = tmp_path / "log"
    planted.write_bytes(b"... " + FAMILY.upper().encode() + b" ... " + NOTE.encode("utf-16-le"))
    assert leaks(planted.read_bytes()) == [FAMILY, NOTE]


def leaks(content: bytes) -> list[str]:
    """The markers in ``content``, in any case, as UTF-8 or UTF-16."""
    lower = content.lower()
    return [one for one in MARKERS if any(one.lower().encode(how) in lower for how in ("utf-8", "utf-16-le"))]


def metrics(stack: Stack) -> bytes:
    text = _fetch(stack, "/metrics")
    assert re.search(rb"^# TYPE ", text, re.MULTILINE)
    return text


def errors(stack: Stack, visit: str) -> bytes:
    """What strangers and wrong addresses get to see of this visit."""
    paths = ("/nowhere", f"/visits/{visit}/summary", f"/staff/visits/{visit}", "/api/v1/decisions")
    return b"".join(_fetch(stack, path) for path in paths)


def _fetch(stack: Stack, path: str) -> bytes:
    """A page of the clinic's, asked for by somebody without a session."""
    host = stack.clinic.removeprefix("http://")
    request = urllib.request.Request(f"http://127.0.0.1:{stack.port}{path}", headers={"Host": host})
    try:
        with urllib.request.urlopen(request) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        return bytes(error.read())
