"""One visit, end to end, on all the real parts: a patient on a phone, a clinician at a desk, and what the law stops."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Page, expect

from records.consents import ConsentDraft
from records.scope import Actor
from tests.browser.helpers_people import (
    DESK,
    PHONE,
    WORDS,
    Clinician,
    Patient,
    chromium,
    context_of,
    enter_call,
    frames_decoded,
)
from tests.browser.helpers_shots import shots
from tests.browser.helpers_stack import Stack, running_stack

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

JUNE = "june.hartley@patients.example"
MATEO = "mateo.villareal@patients.example"
AGNES = "agnes.tollefsen@patients.example"
ACHEBE = "rosalind.achebe@marigoldquay.example"
OKAFOR = "wilhelmina.okafor@marigoldquay.example"
STATUTE = re.compile(r"Fla\. Stat\.|C\.F\.R\.|U\.S\.C\.|CFR")


@dataclass(frozen=True)
class Booked:
    """Who books, and whose time (by family name): each test takes another pair, so that all find a time soon."""

    email: str
    name: str
    clinician: str


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("clinic")) as running:
        yield running


@dataclass
class Visit:
    """The two people of a visit."""

    patient: Patient
    clinician: Clinician
    stack: Stack

    @property
    def trouble(self) -> list[str]:
        return self.patient.trouble + self.clinician.trouble

    def refusals(self) -> list[str]:
        """The audit's entries of shut gates of this visit."""
        with self.stack.records() as scope:
            entries = scope.audit.entries(self.patient.visit)
        return [entry.act for entry in entries if "refused" in entry.act]

    def stage(self) -> str:
        with self.stack.records() as scope:
            return scope.visits.get(self.patient.visit).stage


@pytest.fixture
async def visit(stack: Stack) -> AsyncIterator[Visit]:
    folder = shots()
    async with chromium() as browser:
        phone, desk = await context_of(browser, PHONE), await context_of(browser, DESK)
        patient = Patient("patient", await phone.new_page(), stack, folder)
        clinician = Clinician("clinician", await desk.new_page(), stack, folder)
        yield Visit(patient, clinician, stack)


async def prepared(visit: Visit, who: Booked, look: bool = False) -> None:
    """A visit whose patient has done everything and sits in the waiting room."""
    patient, name = visit.patient, who.name
    await patient.sign_in(who.email)
    await patient.book(who.clinician, look)
    await patient.answer_everything(look)
    await patient.say_place(look=look)
    await patient.consent(name, look)
    await patient.wait(look)


async def in_call(visit: Visit, look: bool = False) -> None:
    """The clinician lets the patient in and both enter the room."""
    patient, clinician = visit.patient, visit.clinician
    await clinician.sign_in(ACHEBE)
    if look:
        await clinician.look("queue")
    await clinician.open(patient.visit)
    if look:
        await clinician.look("visit-waiting")
    await clinician.press("Let the patient in")
    await clinician.press("Join the call")
    await enter_call(clinician, look)
    await patient.join(look)


async def test_a_visit_from_booking_to_summary(visit: Visit) -> None:
    patient, clinician = visit.patient, visit.clinician
    await patient.go("/")
    await patient.look("home")
    await prepared(visit, Booked(JUNE, "June Hartley", "Achebe"), look=True)
    await in_call(visit, look=True)

    await both_decode(visit)
    await patient.look("call")
    await patient.page.reload()
    await clinician.says("The other person has left the call.")
    await enter_call(patient)
    await both_decode(visit)
    await clinician.says("You are connected.")
    await clinician.write_note()
    await clinician.draft("amoxicillin", "other")
    await clinician.look("visit-in-call")
    await clinician.send("amoxicillin")
    await clinician.says("Sent to the simulated pharmacy network")
    await both_decode(visit)

    await clinician.press("End for all")
    await patient.says("The call has ended")
    await patient.look("call-over")
    await clinician.says("Finish the note and sign")
    await clinician.press("Sign the note")
    await clinician.says("Your note is signed")
    await clinician.says("Signed. The visit is complete")
    await clinician.look("visit-signed")

    await patient.go(f"/visits/{patient.visit}/summary")
    await patient.says("amoxicillin")
    await patient.look("summary")
    assert visit.stage() == "completed"
    assert visit.trouble == []


async def test_an_expired_licence_is_refused_at_booking(visit: Visit, stack: Stack) -> None:
    patient = visit.patient
    with stack.records() as scope:
        expired = next(one.person for one in scope.people.providers() if "Lindqvist" in one.display_name)
    await patient.sign_in(MATEO)
    await patient.go("/book/urgent_care/video_visit")
    await patient.page.locator("select[name=state]").select_option("FL")
    await patient.page.locator("input[name=postal_code]").fill("32202")
    await patient.page.locator("main form button").first.click()
    await patient.page.locator("button[name=time]").first.wait_for()
    assert "Lindqvist" not in await patient.page.content()
    # Nobody is offered to somebody who may not see them; so the page is bent to ask for him all the same.
    button = patient.page.locator("button[name=time]").first
    await button.evaluate("(one, person) => { one.value = person + one.value.slice(one.value.indexOf('|')) }", expired)
    await button.click()
    await patient.page.locator("main form button").first.click()
    await patient.says(STATUTE)
    await patient.look("refused-licence")
    with stack.records() as scope:
        assert scope.visits.queue(expired) == ()
        acts = [entry.act for entry in scope.audit.entries(limit=50)]
    assert any(act.endswith("gate:refused") for act in acts)
    # The browser itself notes that the answer was a refusal (409); nothing else may be amiss.
    assert [one for one in visit.trouble if "409" not in one] == []


@pytest.mark.parametrize(
    ("state", "postal_code", "cited"),
    [("NY", "10001", re.compile(r"Educ\. Law")), ("GA", "30303", re.compile("checked on"))],
    ids=["its law forbids it", "its law is not carried"],
)
async def test_another_state_than_at_booking_stops_the_visit(
    visit: Visit, state: str, postal_code: str, cited: re.Pattern[str]
) -> None:
    patient = visit.patient
    await patient.sign_in(MATEO)
    await patient.book("Ibarra")
    await patient.say_place(state, postal_code)
    await patient.page.locator(".law").wait_for(timeout=40_000)
    await patient.look(f"blocked-place-{state}")
    assert cited.search(await patient.page.locator(".law").first.inner_text())
    assert visit.stage() == "blocked"
    assert visit.refusals()
    assert visit.trouble == []


async def test_a_consent_for_another_state_keeps_the_room_shut(visit: Visit, stack: Stack) -> None:
    await prepared(visit, Booked(AGNES, "Agnes Tollefsen", "Okafor"))
    _move_consents(stack, visit.patient.visit, "us/ga")
    clinician = visit.clinician
    await clinician.sign_in(OKAFOR)
    await clinician.open(visit.patient.visit)
    await clinician.press("Let the patient in")
    await clinician.says("The law does not allow this now")
    card = clinician.page.locator("#law [data-gate=join]")
    await expect(card).to_have_attribute("data-open", "false")
    assert STATUTE.search(await card.inner_text())
    await clinician.look("consent-elsewhere")
    assert visit.refusals()
    assert visit.trouble == []


async def test_a_schedule_ii_drug_for_pain_is_not_sent(visit: Visit) -> None:
    await prepared(visit, Booked(MATEO, "Mateo Villareal", "Achebe"))
    await in_call(visit)
    clinician = visit.clinician
    await clinician.draft("oxycodone", "acute_pain", sig="Take 1 tablet", quantity="10", unit="tablet", days="3")
    await clinician.send("oxycodone")
    await clinician.says("The law does not allow this now")
    order = clinician.page.locator(".order", has_text="oxycodone")
    words = await order.inner_text()
    assert "must not be sent" in words and STATUTE.search(words)
    await clinician.look("schedule-ii")
    assert visit.refusals()
    assert visit.trouble == []


async def test_no_link_and_no_way_back_leaves_a_live_call(visit: Visit) -> None:
    await prepared(visit, Booked(AGNES, "Agnes Tollefsen", "Achebe"))
    await in_call(visit)
    page, beside = visit.clinician.page, visit.clinician.page.locator("#beside")
    history = page.get_by_label("History", exact=False).first
    await history.fill(WORDS)
    await page.locator("#requests a").click()
    await expect(beside.locator("h2").first).to_have_text("Referrals and tests")
    await expect(page.locator("#law")).to_be_visible()
    await visit.clinician.look("beside-requests")
    await beside.locator("[name=reason]").first.fill("Not better after a week")
    await page.go_back()
    await expect(beside).to_be_hidden()
    await page.locator("#requests a").press("Enter")
    await expect(beside.locator("[name=reason]").first).to_have_value("Not better after a week")
    await beside.locator("[name=to]").fill("An ear, nose and throat clinic")
    await beside.locator("[name=urgency]").first.select_option("routine")
    await beside.get_by_role("button", name="Save").first.click()
    await expect(beside).to_contain_text("An ear, nose and throat clinic")
    await page.keyboard.press("Escape")
    await expect(page.locator("#requests a")).to_be_focused()
    await page.locator("#messages form button").click()
    await beside.locator("[name=text]").fill("Your results come on Friday")
    await expect(beside.locator("[data-said]")).to_have_text(re.compile("saved", re.IGNORECASE))
    await beside.locator("[data-beside-close]").click()
    await elsewhere(page, ".desk-back a", "**/staff")
    await asks_before_it_leaves(page)
    await expect(history).to_have_value(WORDS)
    await expect(page.locator("[data-saved]")).to_have_text(re.compile("^Saved"))
    phone = visit.patient.page
    await phone.locator(".menu summary").click()
    await elsewhere(phone, ".menu a[href='/messages']", "**/messages")
    await asks_before_it_leaves(phone)
    await both_decode(visit)
    assert visit.trouble == []


async def elsewhere(page: Page, link: str, address: str) -> None:
    """The link opens a window of its own; the one with the call stays."""
    async with page.context.expect_page() as opened:
        await page.locator(link).click()
    other = await opened.value
    await other.wait_for_url(address)
    await other.close()
    await expect(page.locator("[data-call][data-state=connected]")).to_be_visible()
    await expect(page.locator("[data-status]")).to_contain_text("Your call goes on here")


async def asks_before_it_leaves(page: Page) -> None:
    await page.go_back()
    await expect(page.locator(".call__stay")).to_be_visible()
    await page.locator("[data-stay-here]").click()
    await expect(page.locator("[data-call][data-state=connected]")).to_be_visible()


async def both_decode(visit: Visit) -> None:
    """Both sides decode new frames of the other's picture within half a minute."""
    for person in (visit.patient, visit.clinician):
        before = await frames_decoded(person)
        for _ in range(120):
            await asyncio.sleep(0.25)
            if await frames_decoded(person) > before + 5:
                break
        else:
            raise AssertionError(f"{person.name} sees no new frames after {before}\n{visit.stack.logs()}")


def _move_consents(stack: Stack, visit: str, jurisdiction: str) -> None:
    """Signs the patient's consents anew for another state and withdraws those of this one."""
    with stack.records() as scope:
        patient = scope.visits.get(visit).patient
    with stack.records(Actor(person=patient, role="patient", session="", origin="")) as scope:
        for old in scope.consents.for_visit(visit):
            scope.consents.sign(
                ConsentDraft(
                    visit=visit,
                    kind=old.kind,
                    form=old.form,
                    jurisdiction=jurisdiction,
                    clauses=old.clauses,
                    text=scope.consents.text(old.id) + " ",
                    language=old.language,
                    signature="Agnes Tollefsen",
                )
            )
            scope.consents.revoke(old.id)
