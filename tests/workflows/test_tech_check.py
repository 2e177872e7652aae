"""The call waits for a try of the devices, and nobody is locked out by one."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import Scene
from tests.workflows.helpers import FULL_STEPS, plan_of, step

pytestmark = pytest.mark.slow

CHECKED = (
    *(one for one in FULL_STEPS if one.kind not in ("wait", "consult")),
    step("tech_check", "pay"),
    step("wait", "intake", "license", "consent", no_show_seconds=900),
    step("consult", "wait", "tech_check", gate="join", medium="video"),
)


async def finished(scene: Scene) -> None:
    """Waits until the check is behind the visit."""
    for _ in range(200):
        if "tech_check" in (await scene.status()).finished:
            return
        await scene.skip(milliseconds=50)
    raise AssertionError("the check is still open")


async def test_a_check_is_open_until_a_device_was_tried(scene: Scene) -> None:
    scene.plan = plan_of(CHECKED)
    await scene.prepare()
    assert "tech_check" in (await scene.status()).open
    await scene.tell("tech_checked")
    await finished(scene)
    assert (await scene.ask("arrive", "patient")).done
    assert (await scene.ask("admit")).done
    assert (await scene.ask("end_call")).done


async def test_who_arrives_without_a_check_is_let_in(scene: Scene) -> None:
    scene.plan = plan_of(CHECKED)
    await scene.prepare()
    assert (await scene.ask("arrive", "patient")).done
    await finished(scene)
    assert (await scene.ask("admit")).done
    assert (await scene.ask("end_call")).done


async def test_a_check_that_is_written_before_all_else_holds_nothing_up(scene: Scene) -> None:
    """However a plan is written: place, consents and the waiting room are open to who tries nothing."""
    wait = step("wait", "tech_check", "intake", "license", "consent", no_show_seconds=900)
    locate = step("locate", "tech_check")
    scene.plan = plan_of([{"wait": wait, "locate": locate}.get(one.kind, one) for one in CHECKED])
    await scene.prepare()
    assert "tech_check" in (await scene.status()).open
    assert (await scene.ask("arrive", "patient")).done
    assert (await scene.ask("admit")).done
