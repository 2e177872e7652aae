"""Time in a room is counted from its events, also of a participant who never said goodbye."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engine.rooms import Presence, RoomEvent, RoomEventKind, RoomRole, RoomState
from media.tally import Tally

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)


def event(kind: RoomEventKind, after: float, **more: object) -> RoomEvent:
    return RoomEvent(
        kind=kind,
        room_id="vis_1.1",
        clinic="lakeside",
        visit_id="vis_1",
        at=START + timedelta(seconds=after),
        participant_id="par_1",
        role=RoomRole.PATIENT,
        **more,  # type: ignore[arg-type]
    )


def look(after: float, *, connected: bool = True) -> RoomState:
    person = Presence(participant_id="par_1", role=RoomRole.PATIENT, joined_at=START, connected=connected)
    return RoomState(room_id="vis_1.1", at=START + timedelta(seconds=after), open=True, participants=(person,))


def test_presence_is_counted_while_it_lasts_and_media_while_it_flows() -> None:
    tally = Tally()
    tally.heard(event(RoomEventKind.JOINED, 0))
    tally.looked(look(10, connected=False), 10)
    tally.looked(look(20), 10)
    (stay,) = tally.changed()
    assert (stay.seconds, stay.media_seconds, stay.joins) == (20, 10, 1)
    tally.heard(event(RoomEventKind.LEFT, 25, reason="left"))
    tally.heard(event(RoomEventKind.JOINED, 100, reason="rejoined"))
    tally.heard(event(RoomEventKind.LEFT, 130, reason="ended"))
    (stay,) = tally.changed()
    assert (stay.seconds, stay.joins, stay.last_at) == (55, 2, START + timedelta(seconds=130))
    assert tally.changed() == ()
    tally.again([stay])
    assert tally.changed() == (stay,)
    tally.forget("vis_1.1")
    tally.again([stay])
    assert tally.changed() == ()


def test_of_what_a_browser_measured_the_worst_is_kept_and_strange_names_are_not() -> None:
    tally = Tally()
    tally.heard(event(RoomEventKind.QUALITY, 1, measures={"loss_in": 1.0}))
    assert tally.changed() == (), "nobody who is not there"
    tally.heard(event(RoomEventKind.JOINED, 2))
    for loss, freezes in ((0.3, 1.0), (0.01, 4.0)):
        measures = {"loss_in": loss, "freezes": freezes, "name": 7.0}
        tally.heard(event(RoomEventKind.QUALITY, 3, measures=measures))
    (stay,) = tally.changed()
    assert stay.figures == {"loss_in": 0.3, "freezes": 4.0}
