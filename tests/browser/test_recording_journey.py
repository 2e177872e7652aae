"""A call is recorded with everybody's agreement, ends, and plays for its clinician; on the disk it is sealed."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import shutil
import subprocess
from pathlib import Path

import av
import pytest
from playwright.async_api import Page, expect

from tests.browser.test_visit_journey import JUNE, Booked, Visit, in_call, prepared, stack, visit
from tests.media.helpers_clip import reading

__all__ = ["stack", "visit"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


async def test_a_call_is_recorded_when_all_agree_and_plays_by_permission(visit: Visit) -> None:
    patient, clinician = visit.patient, visit.clinician
    await prepared(visit, Booked(JUNE, "June Hartley", "Achebe"))
    await in_call(visit)
    await clinician.page.get_by_role("button", name="Record this call").click()
    await expect(patient.page.get_by_text("Do you agree to this call being recorded?")).to_be_visible(timeout=30_000)
    await patient.look("recording-asked")
    await patient.page.get_by_role("button", name="I agree", exact=True).click()
    for person in (patient, clinician):
        await expect(person.page.get_by_text("This call is being recorded.")).to_be_visible(timeout=30_000)
    await clinician.look("recording-on")
    await patient.page.wait_for_timeout(6_000)  # what is recorded, not what is waited for
    await clinician.page.get_by_role("button", name="Stop recording").click()
    await expect(patient.page.get_by_text("The recording has ended.")).to_be_visible(timeout=30_000)
    await clinician.press("End for all")
    await clinician.says("Finish the note and sign")

    await clinician.page.get_by_role("link", name="Recordings of the call").click()
    await finished(visit)
    await clinician.page.reload()
    players = clinician.page.locator("[data-part]")
    await expect(players.nth(1)).to_be_attached()
    for player in await players.all():
        await player.evaluate("async (video) => { video.muted = true; await video.play(); }")
        await expect(player).to_have_js_property("paused", False)
        handle = await player.element_handle()
        await clinician.page.wait_for_function("(video) => video.currentTime > 0.3", arg=handle)
        await player.evaluate("(video) => { video.currentTime = video.duration / 2; }")
        await clinician.page.wait_for_function(
            "(video) => !video.seeking && video.currentTime >= video.duration / 2", arg=handle
        )
    await clinician.look("recordings")
    address = await clinician.page.locator("video[data-part]").first.get_attribute("src")
    assert address is not None
    status, kept, data = await fetched(clinician.page, address)
    assert (status, kept) == (200, "no-store")
    assert (await fetched(clinician.page, address, "bytes=100-199"))[::2] == (206, data[100:200])
    assert b"<!doctype html>" in (await fetched(patient.page, address))[2][:200].lower(), "the way to sign in, no sound"
    await released(visit)
    check_tracks(data)
    assert_sealed(visit.stack.data / "files", data)
    assert [one for one in visit.trouble if "404 (Not Found)" not in one] == []  # that of what was taken back


async def released(visit: Visit) -> None:
    """The patient asks until the clinician lets them; then it plays for them, too, and is taken back again."""
    patient, clinician = visit.patient, visit.clinician
    await patient.go(f"/visits/{patient.visit}/recordings")
    await patient.says("You may ask your care team to let you play it.")
    assert await patient.page.locator("[data-part]").count() == 0
    await patient.look("recordings-not-released")
    await clinician.press("Let the patient play it for 30 days")
    await clinician.says("The patient may play it until")
    await patient.page.reload()
    await patient.says("You may play it until")
    player = patient.page.locator("[data-part]").first
    await player.evaluate("async (one) => { one.muted = true; await one.play(); }")
    await patient.page.wait_for_function("(one) => one.currentTime > 0.3", arg=await player.element_handle())
    await patient.look("recordings-released")
    address = await player.get_attribute("src")
    await clinician.press("Take it back from the patient")
    await clinician.says("The patient may not play it.")
    assert address is not None and (await fetched(patient.page, address))[0] == 404


async def fetched(page: Page, address: str, span: str = "") -> tuple[int, str, bytes]:
    """What the page's own browser gets there: status, how it may be kept, bytes."""
    script = """async ([address, span]) => {
      const got = await fetch(address, span ? {headers: {Range: span}} : {});
      const bytes = new Uint8Array(await got.arrayBuffer());
      let text = '';
      for (const one of bytes) text += String.fromCharCode(one);
      return [got.status, got.headers.get('cache-control') ?? '', btoa(text)];
    }"""
    status, kept, data = await page.evaluate(script, [address, span])
    return int(status), str(kept), base64.b64decode(data)


async def finished(visit: Visit) -> None:
    """Waits until the media program has made files of all that was recorded."""
    async with asyncio.timeout(90):
        while True:
            with visit.stack.records() as scope:
                (one,) = scope.recordings.for_visit(visit.patient.visit)
            if not [part for part in one.parts if part.state == "writing"]:
                break
            await asyncio.sleep(0.5)
    shown = [(part.role, part.label, part.state, part.media_type, part.duration_ms) for part in one.parts]
    # A machine that is short of breath may have stepped one side's picture down to sound.
    assert {part.role for part in one.parts if part.plays} == {"patient", "provider"}, shown
    assert "video/webm" in {part.media_type for part in one.parts}, shown
    assert {(said.role, said.agrees) for said in one.answers} == {("patient", True), ("provider", True)}


def check_tracks(data: bytes) -> None:
    """Sound and picture of the same length; `ffprobe` says the same where there is one."""
    with reading(data) as file:
        assert sorted(stream.type for stream in file.streams) == ["audio", "video"]
        last: dict[str, float] = {}
        for packet in file.demux():
            if packet.pts is not None and packet.time_base is not None:
                last[packet.stream.type] = float(packet.pts * packet.time_base)
    assert last["audio"] > 4 and last["video"] > 1
    if shutil.which("ffprobe"):
        command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", "-"]
        told = json.loads(subprocess.run(command, input=data, capture_output=True, check=True, timeout=30).stdout)
        assert {stream["codec_name"] for stream in told["streams"]} == {"vp8", "opus"}


def assert_sealed(folder: Path, data: bytes) -> None:
    """Nothing of any frame lies in the folder as it is."""
    lying = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert lying
    with av.open(io.BytesIO(data)) as file:
        assert isinstance(file, av.container.InputContainer)
        frames = [bytes(packet)[:48] for packet in file.demux() if packet.size > 48]
    assert len(frames) > 50
    assert not [1 for frame in frames for content in lying if frame in content]
