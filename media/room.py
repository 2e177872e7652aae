"""Who is in a room, what they show each other, and how long it lasts.

A room knows participants, roles and publications; how media flows is a peer's business, how messages travel a
channel's. Everything is keyed by ids. A participant who joins again replaces their own earlier connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any

from engine.room_roles import SCREENS, RoomAct
from engine.rooms import (
    ENDED_BY_PROVIDER,
    NODE_STOPPED,
    RoomClaims,
    RoomEventKind,
    RoomKept,
    RoomReport,
    RoomSpec,
    RoomState,
)
from media import protocol, sdp
from media.company import Company
from media.doorway import Doorway
from media.leading import Leading
from media.line import Line
from media.participant import Channel, Hush, Participant, Refused, Services
from media.peer import Peer, PeerHooks
from media.publication import Publication
from media.quality import BEST, LinkQuality, View
from media.record_room import RoomRecording
from media.room_clock import RoomClock

LINGER_SECONDS = 6.0
# The same for whom media still reaches: they are there, and only cannot be told anything.
AWAY_SECONDS = 20.0
QUALITY_EVERY = 15.0
MAX_PUBLICATIONS = 4


class Room:
    """One open media session."""

    def __init__(self, spec: RoomSpec, services: Services) -> None:
        self._company = Company(spec, services)
        self.report: asyncio.Future[RoomReport] = asyncio.get_running_loop().create_future()
        self.last_state: RoomState | None = None
        self._services = services
        self._loop = asyncio.get_running_loop()
        self._opened_at = services.wall()
        self._present = self._company.present
        self.people = self._present.values()  # whoever is there, as they come and go
        kept = spec.kept
        self._seen = set(kept.seen)
        # Who was asked to be quiet and is not here now; whether their microphone was off.
        self._hushed = dict(kept.hushed)
        self._seconds: dict[str, float] = {}
        self._media_seconds: dict[str, float] = {}
        self._closing = False
        self._door = Doorway(kept)
        self.clock = RoomClock(self._company, services, kept.extended)
        self.leading = Leading(self._company, self._door, enter=self._enter, leave=self.leave)
        self.recording = RoomRecording(services.recordings, self)

    @property
    def spec(self) -> RoomSpec:
        return self._company.spec

    @spec.setter
    def spec(self, spec: RoomSpec) -> None:
        self._company.spec = spec

    @property
    def open(self) -> bool:
        return not self._closing

    # --- coming and going --------------------------------------------------------------------------------------------

    def admit(self, claims: RoomClaims, channel: Channel) -> Participant:
        """Lets a verified participant in, in place of their earlier connection, or has them wait. Raises `Refused`."""
        self.check(claims)
        before = self._present.pop(claims.participant_id, None)
        participant = self.stranger(claims, channel)
        if claims.participant_id in self._hushed:
            participant.hush = Hush(True, self._hushed.pop(claims.participant_id))
            participant.muted = protocol.MuteState(False, participant.muted.video)
        if before is not None:
            participant.joined_at = before.joined_at
            participant.hush, participant.muted = before.hush, before.muted
            self._retire(before, protocol.REPLACED, "replaced")
        if self._door.must_wait(claims):
            self._knock(participant)
        else:
            self._enter(participant)
        return participant

    def stranger(self, claims: RoomClaims, channel: Channel) -> Participant:
        """Somebody as they would be, who is not here yet."""
        return Participant(
            claims=claims,
            channel=channel,
            joined_at=self._services.wall(),
            since=self._loop.time(),
            quality=LinkQuality(self._services.ladder),
        )

    def _enter(self, participant: Participant) -> None:
        known = participant.id in self._seen
        self._seen.add(participant.id)
        self._door.let_in(participant)
        self._present[participant.id] = participant
        participant.send(self._welcome(participant))
        self._company.tell_others(participant, {"type": "participant", "participant": participant.view()})
        self._company.emit(RoomEventKind.JOINED, participant, "rejoined" if known else "new")
        self.recording.came(participant)

    def _knock(self, participant: Participant) -> None:
        before = self._door.wait(participant)
        if before is not None and before.channel is not None:
            before.channel.close(protocol.REPLACED, "replaced")
            before.channel = None
        participant.send({"type": "waiting", "version": protocol.VERSION, "role": participant.claims.role.value})
        self._company.tell_hosts({"type": "knock", "participant": participant.view()})
        if before is None:
            self._company.emit(RoomEventKind.KNOCKED, participant, "")

    def check(self, claims: RoomClaims) -> None:
        """Raises `Refused` for whom the room does not take now."""
        spec = self.spec
        if (claims.room_id, claims.clinic, claims.visit_id) != (spec.room_id, spec.clinic, spec.visit_id):
            raise Refused(protocol.REFUSED, "wrong_room")
        now = self._services.visit_time()
        if self._closing or self.clock.is_over(now):
            raise Refused(protocol.ENDED, "ended")
        if spec.opens_at is not None and now < spec.opens_at:
            raise Refused(protocol.NOT_OPEN, "not_open_yet")
        if claims.participant_id not in self._present and len(self._present) >= spec.max_participants:
            raise Refused(protocol.FULL, "room_full")
        self._door.check(claims, inside_before=claims.participant_id in self._seen)

    def _welcome(self, participant: Participant) -> protocol.Outbound:
        others = [other for other in self._present.values() if other is not participant]
        hosts = RoomAct.ADMIT in participant.rights.acts
        shown = [pub for other in others for pub in other.publications.values()]
        return {
            "type": "welcome",
            "version": protocol.VERSION,
            "participant": participant.id,
            "role": participant.claims.role.value,
            "may": participant.rights.listed,
            "participants": [other.view() for other in others],
            "waiting": [other.view() for other in self._door.everybody()] if hosts else [],
            "locked": self._door.locked,
            "muted": participant.hush.asked,
            "publications": [_describe(pub) for pub in shown if pub.label in participant.rights.receives],
            "recording": self.recording.told(),
            "resume": self._services.resumes.issue(self, participant),
            "levels": protocol.levels(self._services.ladder),
            **self._services.ice(),
        }

    def asked_again(self) -> tuple[Participant, ...]:
        """Those present whose right to be here hangs on what somebody else granted."""
        everybody = (*self._present.values(), *self._door.everybody())
        return tuple(one for one in everybody if one.rights.asked_again or one.claims.guest)

    def is_inside(self, participant: Participant) -> bool:
        """Whether they have been let in; who has not may only leave."""
        return not self._door.holds(participant)

    def channel_lost(self, participant: Participant) -> None:
        """The WebSocket went away without a word: media may go on for a little, then the participant has left."""
        if self._door.holds(participant):
            self.leave(participant, "lost")
        elif self._present.get(participant.id) is participant:
            participant.away = True
            if participant.lingering is None:
                has_media = participant.peer is not None and participant.peer.connected
                patience = AWAY_SECONDS if has_media else LINGER_SECONDS
                participant.lingering = self._loop.call_later(patience, self.leave, participant, "lost")

    def take_up(self, participant: Participant, channel: Channel, heard: int) -> None:
        """Goes on with them over another WebSocket: nobody else notices. Raises `Refused`."""
        line = participant.channel
        is_here = self._present.get(participant.id) is participant
        if not is_here or not isinstance(line, Line) or (participant.lingering is not None and not participant.away):
            raise Refused(protocol.NO_RESUME, "resume_over")
        first = {"type": "resumed", "resume": self._services.resumes.issue(self, participant)}
        line.take_up(channel, heard, first)
        if participant.lingering is not None:
            participant.lingering.cancel()
        participant.away, participant.lingering = False, None
        self._company.emit(RoomEventKind.RESUMED, participant, "")

    def resume_refused(self, participant: Participant) -> None:
        """Somebody showed a token of theirs that was used before."""
        self._company.emit(RoomEventKind.RESUME_REFUSED, participant, "replayed")

    def leave(self, participant: Participant, reason: str, code: int = protocol.LEFT, *, by: str | None = None) -> None:
        """Takes a participant out; a second call does nothing."""
        if self._door.go(participant):
            self._gone_from_door(participant, code, reason)
            return
        if self._present.get(participant.id) is not participant:
            return
        del self._present[participant.id]
        if participant.hush.asked:  # going and coming again is no way around it
            self._hushed[participant.id] = participant.hush.was_off
        self._retire(participant, code, reason, tell=False)
        self._company.tell_others(participant, {"type": "left", "participant": participant.id, "reason": reason})
        self._company.emit(RoomEventKind.LEFT, participant, reason, by=by)
        self.recording.gone(participant)

    def _gone_from_door(self, participant: Participant, code: int, reason: str) -> None:
        if participant.channel is not None:
            participant.channel.close(code, reason)
            participant.channel = None
        self._company.tell_hosts({"type": "knock_over", "participant": participant.id})

    def _retire(self, participant: Participant, code: int, reason: str, *, tell: bool = True) -> None:
        """Ends a participant's connection and counts its time; the caller has taken it out of the room."""
        if participant.lingering is not None:
            participant.lingering.cancel()
        self._services.resumes.forget(participant)
        self._count_time(participant)
        if tell:
            for publication in participant.publications.values():
                self._company.tell_others(participant, {"type": "unpublished", "publication": publication.id})
        participant.publications = {}
        self.recording.changed(participant)
        if participant.channel is not None:
            participant.channel.close(code, reason)
            participant.channel = None
        if participant.peer is not None:
            self._services.spawn(self._loop.create_task(participant.peer.close()))

    def _count_time(self, participant: Participant) -> None:
        now = self._loop.time()
        _add(self._seconds, participant.id, now - participant.since)
        if participant.media_since is not None:
            _add(self._media_seconds, participant.id, now - participant.media_since)

    # --- what participants do ----------------------------------------------------------------------------------------

    def offer(self, participant: Participant, message: protocol.Offer) -> str:
        """Applies an offer, announces what is new, returns the answer's SDP. Raises `Refused` or `sdp.BadOffer`."""
        parsed = sdp.parse_offer(message.sdp)
        if not set(message.publish.values()) <= participant.rights.sends:
            raise Refused(protocol.REFUSED, "may_not_publish")
        if len(message.publish) > MAX_PUBLICATIONS:
            raise Refused(protocol.REFUSED, "too_many_publications")
        subscribe = {mid: self._publication(participant, wanted) for mid, wanted in message.subscribe.items()}
        peer = participant.peer or self._new_peer(participant)
        publish = {mid: self._published(participant, peer, mid, label) for mid, label in message.publish.items()}
        try:
            answer = peer.negotiate(parsed, publish, {mid: pub for mid, pub in subscribe.items() if pub})
        except sdp.BadOffer:
            if participant.peer is None:
                self._services.spawn(self._loop.create_task(peer.close()))
            raise
        participant.peer = peer
        self._announce(participant, publish)
        return answer

    def _new_peer(self, participant: Participant) -> Peer:
        hooks = PeerHooks(
            connected=lambda: self._media_up(participant), lost=lambda why: self._media_lost(participant, why)
        )
        return Peer(self._services.port, self._services.addresses, hooks)

    def _publication(self, participant: Participant, wanted: str) -> Publication | None:
        """The publication to subscribe to; None when it has just gone (its section stays idle)."""
        for other in self._present.values():
            if other is participant:
                continue
            for publication in other.publications.values():
                if publication.id == wanted and publication.label in participant.rights.receives:
                    return publication
        return None

    def _published(self, participant: Participant, peer: Peer, mid: str, label: str) -> Publication:
        known = participant.publications.get(mid)
        if known is not None and known.label == label:
            return known
        return Publication(
            participant_id=participant.id,
            stream=peer.stream,
            label=label,
            feedback=peer.feedback,
        )

    def _announce(self, participant: Participant, publish: Mapping[str, Publication]) -> None:
        before, participant.publications = participant.publications, dict(publish)
        for mid, publication in before.items():
            if publish.get(mid) is not publication:
                self._company.tell_others(participant, {"type": "unpublished", "publication": publication.id})
        participant.hold()
        for mid, publication in publish.items():
            if before.get(mid) is publication:
                continue
            for other in self._company.others(participant):
                if publication.label in other.rights.receives:
                    other.send({"type": "published", "publication": _describe(publication)})
            if publication.label in SCREENS and publication.kind == "video":
                self._company.emit(RoomEventKind.SHARED, participant, publication.label)
        self.recording.changed(participant)

    def applied(self, participant: Participant) -> None:
        if participant.peer is not None:
            participant.peer.activate()

    def mute(self, participant: Participant, state: protocol.MuteState) -> None:
        participant.muted = protocol.MuteState(participant.hush.told(state.audio), state.video)
        participant.hold()
        self._company.tell_others(participant, {"type": "participant", "participant": participant.view()})

    def stats(self, participant: Participant, measures: Mapping[str, float]) -> None:
        """Passes the browser's measures on as a quality event, with ours, not more often than every few seconds."""
        now = self._loop.time()
        participant.quality.told(measures.get("available"), now)
        participant.camera_is(int(measures.get("camera_height", 0)))
        if participant.peer is None or now < participant.quality_due:
            return
        participant.quality_due = now + QUALITY_EVERY
        own = participant.peer.measures() | participant.quality.measures()
        theirs = {f"client_{name}": value for name, value in measures.items()}
        self._company.emit(RoomEventKind.QUALITY, participant, "", {**theirs, **own})

    async def end(self, participant: Participant) -> None:
        """Ends the room for everybody. Raises `Refused` for a role that may not."""
        participant.require(RoomAct.END)
        await self.close(ENDED_BY_PROVIDER)

    # --- media -------------------------------------------------------------------------------------------------------

    def _media_up(self, participant: Participant) -> None:
        participant.media_since = self._loop.time()
        if participant.peer is not None:
            participant.peer.activate()

    def _media_lost(self, participant: Participant, why: str) -> None:
        if why == "dtls_closed" and participant.channel is not None and not participant.away:
            # The browser closes its connection right before it says that it leaves, or before it comes back.
            self._linger_for_media(participant)
            return
        self.leave(participant, "lost", protocol.MEDIA_LOST)

    def _linger_for_media(self, participant: Participant) -> None:
        """The media association was closed by the browser while its WebSocket still stands."""
        if participant.lingering is None and self._present.get(participant.id) is participant:
            participant.lingering = self._loop.call_later(
                LINGER_SECONDS, self.leave, participant, "lost", protocol.MEDIA_LOST
            )

    def tick(self, now: float) -> None:
        self.clock.look(now)
        for participant in list(self._present.values()):
            if participant.peer is not None:
                participant.peer.tick(now)
                self._mind_quality(participant, participant.peer, now)
                participant.ask_layers()

    def _mind_quality(self, participant: Participant, peer: Peer, now: float) -> None:
        view = View(wanted=self._most_shown(participant), top=self._top_of)
        for told in participant.quality.look(peer, view, now):
            participant.send(told)

    def _most_shown(self, participant: Participant) -> int:
        """The lines of the best picture that anybody's link shows of this participant."""
        shown = [other.quality.down.step.level.height for other in self._company.others(participant)]
        return max(shown, default=BEST)

    def _top_of(self, publication: Publication) -> int:
        """How high the best layer of a publication is, as its publisher has to send it now."""
        owner = self._present.get(publication.participant_id)
        if owner is None or publication.label != "camera":
            return publication.lines or BEST
        sent = owner.quality.up.step.level.height
        return min(publication.lines or BEST, self._most_shown(owner), sent)

    # --- being looked at and closed ----------------------------------------------------------------------------------

    @property
    def overdue(self) -> bool:
        """Whether the time the room was opened for is over."""
        return self.open and self.clock.is_over(self._services.visit_time())

    def kept(self) -> RoomKept:
        """What of the room outlives its node."""
        hushed = {one.id: one.hush.was_off for one in self._present.values() if one.hush.asked}
        return replace(
            self._door.kept(),
            seen=frozenset(self._seen),
            hushed={**self._hushed, **hushed},
            extended=self.clock.extended,
        )

    def state(self) -> RoomState:
        if self.last_state is not None:
            return self.last_state
        people = tuple(participant.presence() for participant in self._present.values())
        return RoomState(
            room_id=self.spec.room_id,
            at=self._services.wall(),
            open=self.open,
            participants=people,
            packets_in=sum(person.packets_in for person in people),
            packets_out=sum(person.packets_out for person in people),
        )

    async def close(self, reason: str) -> RoomReport:
        """Tells everybody, ends all connections and fixes the report. A room that stops with its node says so to
        browsers by a restart code, because they may find it again elsewhere."""
        if self._closing:
            return await asyncio.shield(self.report)
        self._closing = True
        moved = reason == NODE_STOPPED
        recorded = self._loop.create_task(self.recording.close())
        peers = []
        for guest in self._door.everybody():
            if not moved:
                guest.send({"type": "ended", "reason": reason})
            self._door.go(guest)
            self._gone_from_door(guest, protocol.RESTART if moved else protocol.ENDED, reason)
        for participant in list(self._present.values()):
            if not moved:
                participant.send({"type": "ended", "reason": reason})
            peer, participant.peer = participant.peer, None
            peers.append(peer)
            self._retire(participant, protocol.RESTART if moved else protocol.ENDED, reason, tell=False)
            self._company.emit(RoomEventKind.LEFT, participant, "ended")
        self._present.clear()
        await asyncio.gather(recorded, *(peer.close() for peer in peers if peer), return_exceptions=True)
        self.last_state = RoomState(room_id=self.spec.room_id, at=self._services.wall(), open=False)
        report = self._report(reason)
        self._company.emit(RoomEventKind.ENDED, None, reason)
        self.report.set_result(report)
        return report

    def _report(self, reason: str) -> RoomReport:
        return RoomReport(
            room_id=self.spec.room_id,
            reason=reason,
            opened_at=self._opened_at,
            ended_at=self._services.wall(),
            seconds={person: round(seconds) for person, seconds in self._seconds.items()},
            media_seconds={person: round(seconds) for person, seconds in self._media_seconds.items()},
        )

    # --- its recording -----------------------------------------------------------------------------------------------

    def everybody(self) -> list[Participant]:
        return self._company.everybody()

    def tell(self, message: protocol.Outbound) -> None:
        self._company.tell(message)

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        self._services.spawn(self._loop.create_task(work))


def _describe(publication: Publication) -> protocol.Outbound:
    return {
        "id": publication.id,
        "participant": publication.participant_id,
        "kind": publication.kind,
        "label": publication.label,
    }


def _add(total: dict[str, float], name: str, seconds: float) -> None:
    total[name] = total.get(name, 0.0) + seconds
