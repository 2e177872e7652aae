"""A skin case on a phone from the start page to its answer: photos are judged, more is asked for, it is signed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image, ImageFilter
from playwright.async_api import FilePayload, Locator, expect

from tests.browser.helpers_people import DESK, PHONE, Clinician, Patient, chromium, context_of
from tests.browser.helpers_scale import drawn
from tests.browser.helpers_shots import shots
from tests.browser.helpers_stack import Stack, running_stack

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

JUNE = "june.hartley@patients.example"
DESKS = {
    "Achebe": "rosalind.achebe@marigoldquay.example",
    "Ibarra": "tomas.ibarra@marigoldquay.example",
    "Okafor": "wilhelmina.okafor@marigoldquay.example",
}
ANSWERS = {"concern": "mole", "body_site": "arm_leg", "started": "weeks", "pregnant": "not_for_me"}
WORDS = "A spot that grew over the summer"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("clinic")) as running:
        yield running


def photo(seed: int, kind: str = "good") -> FilePayload:
    """A photo: a sharp and well lit one, a blurred, a dark, a bright or a small one."""
    size = (300, 400) if kind == "small" else (700, 900)
    noise = Image.effect_noise((size[0] // 4, size[1] // 4), 90 + seed).resize(size, Image.Resampling.NEAREST)
    if kind == "blurred":
        noise = noise.filter(ImageFilter.GaussianBlur(24))
    if kind == "dark":
        noise = noise.point(lambda value: value // 8)
    if kind == "bright":
        noise = noise.point(lambda value: 235 + value // 16)
    kept = io.BytesIO()
    noise.convert("RGB").save(kept, "JPEG")
    return {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": kept.getvalue()}


async def test_a_skin_case_from_the_start_page_to_its_answer(stack: Stack) -> None:
    folder = shots()
    async with chromium() as browser:
        patient = Patient("case", await (await context_of(browser, PHONE)).new_page(), stack, folder, words=WORDS)
        desk = Clinician("case-desk", await (await context_of(browser, DESK)).new_page(), stack, folder, words=WORDS)
        await patient.sign_in(JUNE)
        await _book(patient)
        await _questions(patient)
        await _photos(patient)
        await patient.answer_everything()
        await patient.say_place()
        await patient.consent("June Hartley")
        await patient.go(f"/visits/{patient.visit}/case")
        await patient.says("You get your answer by", 60)
        await patient.look("due")
        with stack.records() as scope:
            provider = scope.people.provider(scope.visits.get(patient.visit).provider).display_name
        await desk.sign_in(next(mail for name, mail in DESKS.items() if name in provider))
        await _ask_for_more(desk, patient)
        await _reply(patient)
        await _answer(desk, patient)
        await patient.go(f"/visits/{patient.visit}/summary")
        await patient.says(WORDS)
        await patient.look("summary")
        await _in_spanish(patient)
        with stack.records() as scope:
            assert scope.visits.get(patient.visit).stage == "completed"
        assert patient.trouble + desk.trouble == []


async def _book(patient: Patient) -> None:
    await patient.go("/")
    await patient.look("home")
    await patient.page.locator("a[href='/book/dermatology/photo_review']").click()
    await patient.page.locator("select[name=state]").select_option("FL")
    await patient.page.locator("input[name=postal_code]").fill("33132")
    await patient.page.locator("main form button").first.click()
    await patient.says("No appointment is needed")
    await patient.look("start")
    await patient.page.locator("main form button").first.click()
    await patient.page.wait_for_url("**/review")
    await patient.look("review")
    await patient.page.locator("main form button").first.click()
    await patient.page.wait_for_url("**/pay")
    found = re.search(r"/visits/(vis_\w+)", patient.page.url)
    assert found
    patient.visit = found[1]
    for name, text in {"name": "June Hartley", "number": "4242424242424242", "expires": "12/29", "code": "123"}.items():
        await patient.page.locator(f"input[name={name}]").fill(text)
    await patient.page.locator("main form button").first.click()
    await patient.page.wait_for_url(f"**/visits/{patient.visit}?new=booked")
    await patient.look("booked")


async def _questions(patient: Patient) -> None:
    """Answers until the photos are asked for."""
    await patient.go(f"/visits/{patient.visit}/intake")
    page = patient.page
    for _ in range(12):
        form = page.locator("form[data-intake], [data-photos]").first
        await form.wait_for()
        if await page.locator("[data-photos]").count():
            return
        item = await form.locator("input[name=item]").get_attribute("value") or ""
        if item in ANSWERS:
            await form.locator(f"input[name=answer][value='{ANSWERS[item]}']").check(force=True)
        elif await form.locator("input[name=answer][type=checkbox]").count():
            await form.locator("input[name=answer][value=none]").check(force=True)
        elif await form.locator("textarea[name=answer]").count():
            await form.locator("textarea[name=answer]").fill(WORDS)
        await form.locator("button").first.click()
        await page.wait_for_function(
            "item => !document.querySelector(`form[data-intake] input[name=item][value='${item}']`)", arg=item
        )
    raise AssertionError("no photos are asked for")


async def _photos(patient: Patient) -> None:
    """Each photo is judged before it is sent, a poor one is taken again, and Continue sends all that were chosen."""
    page = patient.page
    first = page.locator("form[data-shot]").first
    verdict = first.locator("[data-verdict]")
    for kind, words in (
        ("blurred", "looks blurred"),
        ("dark", "too dark"),
        ("bright", "too bright"),
        ("small", "too small"),
    ):
        await first.locator("input[type=file]").set_input_files(photo(1, kind))
        await expect(verdict).to_contain_text(words)
    await patient.look("photo-poor")
    for number, shot in enumerate(("overview", "close_up", "scale")):
        form = page.locator(f"form[data-shot]:has(#shot-{shot})")
        await form.locator("input[type=file]").set_input_files(photo(number))
        await expect(form.locator("[data-verdict]")).to_contain_text("sharp and well lit")
        if shot == "scale":
            await _measured(patient, form.locator("[data-seen]"), form.locator("input[type=file]"))
        if shot == "overview":  # by its own button; Continue sends the others
            await form.locator("[data-send]").click()
            await expect(page.locator(f"section:has(#shot-{shot}) .shot-sent img")).to_be_visible()
    await patient.look("photos")
    await page.locator("#go-on button").click()
    await page.wait_for_url(lambda url: "photos" not in url and not url.endswith("#go-on"))
    await page.locator("form[data-intake]").wait_for()


async def _measured(patient: Patient, seen: Locator, chosen: Locator) -> None:
    """Without a scale the patient is asked whether there is one; with a coin, and with a ruler, nobody is."""
    confirm = patient.page.locator("[data-confirm]")
    await expect(seen).to_contain_text("could not tell")
    await expect(confirm).to_be_visible()
    await patient.look("photo-unsure")
    for scene in ("ruler", "coin"):
        await chosen.set_input_files({"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": drawn(scene)})
        await expect(seen).to_contain_text(f"There is a {scene} in it", timeout=30_000)
        await expect(confirm).to_be_hidden()
    await patient.look("photo-scale")


async def _ask_for_more(desk: Clinician, patient: Patient) -> None:
    await desk.go("/staff/inbox")
    await desk.says("June Hartley")
    await desk.look("inbox")
    await desk.open(patient.visit)
    await desk.press("Open the case")
    await desk.page.locator("#ask-more summary").click()
    await desk.look("visit")
    await desk.page.locator("#ask-more textarea").fill("Please photograph the spot from the side.")
    await desk.press("Send the question")
    await desk.says("The patient was asked")


async def _reply(patient: Patient) -> None:
    await patient.go(f"/visits/{patient.visit}/case")
    await patient.says("Please photograph the spot from the side.")
    await patient.look("asked")
    await patient.follow("Add photos")
    await patient.page.locator("#file").set_input_files(photo(9))
    await patient.page.locator("form[data-files] button").last.click()
    await patient.says("It was sent")
    await patient.go(f"/visits/{patient.visit}/case")
    await patient.page.locator("textarea[name=text]").fill("I added one from the side.")
    await patient.press("Send my reply")
    await patient.says("I added one from the side.")
    await patient.says("You get your answer by", 60)


async def _answer(desk: Clinician, patient: Patient) -> None:
    await desk.open(patient.visit)
    await desk.says("I added one from the side.")
    await expect(desk.page.locator("#chart details img").first).to_be_visible()
    await desk.says("A coin was seen")
    await desk.write_note()
    await desk.draft("triamcinolone", "other")
    await desk.send("triamcinolone")
    await desk.says("Sent to the simulated pharmacy network")
    await desk.press("Sign the note")
    await desk.says("Signed. The visit is complete")
    await desk.look("signed")


async def _in_spanish(patient: Patient) -> None:
    await patient.page.context.add_cookies([{"name": "cw_language", "value": "es", "url": patient.stack.clinic}])
    await patient.go("/")
    await patient.says("Atención de la piel por foto")
    await patient.look("home-es")
    await patient.go(f"/visits/{patient.visit}/case")
    await patient.says("Ya tiene su respuesta")
    await patient.look("case-es")
