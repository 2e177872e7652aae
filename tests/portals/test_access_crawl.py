"""Every route, as every role, as another clinic's people and signed out: each answers as the access table says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import httpx
import pytest

from engine.access import Relation, Standing, decide_act
from records.access import STAFF, TABLE, Role
from tests.portals.helpers_clinic import build_clinic
from tests.portals.helpers_crawl import MINE, OTHER, PARAMETER, Asker, Crawl, Route, crawl_of, routes_of, two_clinics
from tests.portals.helpers_doors import GONE, HALF_WAY, NOT_THEIRS, PUBLIC, SIGNED_IN, Door, clinic_wide, own, visit

pytestmark = pytest.mark.slow


WRITES = "notes:note:modified"
ORDERS = "orders:order:created"
DOORS: Mapping[str, Door] = {
    "GET /healthz": PUBLIC,
    "GET /brand.css": PUBLIC,
    "GET /brand/logo": Door(public=True, also=(404,)),
    "GET /health": PUBLIC,
    "GET /ready": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /": PUBLIC,
    "GET /design": PUBLIC,
    "GET /design/{sheet}": PUBLIC,
    "GET /privacy": PUBLIC,
    "GET /sign-in": PUBLIC,
    "POST /sign-in": Door(public=True, also=(401,)),
    "GET /sign-up": PUBLIC,
    "POST /sign-up": PUBLIC,
    "POST /demo/sign-in": Door(public=True, also=(404,)),
    "POST /demo/enter": Door(public=True, also=(404,)),
    "GET /demo/enter": Door(public=True, also=(303, 404)),
    "GET /staff/demo/enter": Door(public=True, also=(303, 404)),
    "GET /demo/clock": Door(public=True, also=(404,)),
    "POST /demo/clock": Door(public=True, also=(404,)),
    "POST /sign-out": PUBLIC,
    "POST /language": PUBLIC,
    "GET /staff/sign-in": PUBLIC,
    "POST /staff/sign-in": Door(public=True, also=(401,)),
    "POST /staff/demo/sign-in": Door(public=True, also=(404,)),
    "POST /staff/sign-out": PUBLIC,
    "POST /staff/language": PUBLIC,
    **{
        f"{method} {portal}{path}": door
        for portal in ("", "/staff")
        for method, path, door in (
            ("GET", "/forgot", PUBLIC),
            ("POST", "/forgot", PUBLIC),
            ("GET", "/forgot/sent", PUBLIC),
            ("GET", "/sign-in/code", HALF_WAY),
            ("POST", "/sign-in/code", HALF_WAY),
            ("GET", "/sign-in/set-up", HALF_WAY),
            ("POST", "/sign-in/set-up", HALF_WAY),
            ("GET", "/session", HALF_WAY),
            ("POST", "/proof", SIGNED_IN),
            ("GET", "/proof/{token}", GONE),
            ("POST", "/proof/{token}", GONE),
            ("GET", "/reset/{token}", GONE),
            ("POST", "/reset/{token}", GONE),
            ("POST", "/passkeys/sign-in/options", PUBLIC),
            ("POST", "/passkeys/sign-in", Door(public=True, also=(401, 403))),
            ("GET", "/security", SIGNED_IN),
            ("GET", "/security/app", SIGNED_IN),
            ("POST", "/security/app", SIGNED_IN),
            ("POST", "/security/app/remove", SIGNED_IN),
            ("POST", "/security/codes", SIGNED_IN),
            ("GET", "/security/password", SIGNED_IN),
            ("POST", "/security/password", SIGNED_IN),
            ("GET", "/security/passkeys/new", SIGNED_IN),
            ("POST", "/security/passkeys", Door(own=True, also=(401, 403))),
            ("POST", "/security/passkeys/options", SIGNED_IN),
            ("POST", "/security/passkeys/{passkey}/name", NOT_THEIRS),
            ("POST", "/security/passkeys/{passkey}/remove", NOT_THEIRS),
            ("POST", "/security/sessions/{other}/end", NOT_THEIRS),
            ("POST", "/security/sessions/end", SIGNED_IN),
            ("GET", "/confirm", SIGNED_IN),
            ("POST", "/confirm", Door(own=True, also=(401, 403))),
            ("GET", "/confirm/done", Door(own=True, also=(404,))),
            ("POST", "/confirm/passkey", Door(own=True, also=(401, 403))),
            ("POST", "/confirm/passkey/options", SIGNED_IN),
        )
    },
    "GET /staff/provider": HALF_WAY,
    "GET /staff/provider/back": HALF_WAY,
    "GET /accesses": own("audit:own:viewed"),
    "GET /record": own("record:copy:exported"),
    "GET /record/download": own("record:copy:exported"),
    "POST /record/download": Door(acts=("record:copy:exported",), own=True, also=(403,)),
    "GET /messages": SIGNED_IN,
    "GET /messages/new": SIGNED_IN,
    "POST /messages/new": SIGNED_IN,
    **{
        f"{method} {portal}/messages/{{conversation}}{path}": Door(acts=(f"conversations:{act}",), also=also)
        for portal in ("", "/staff")
        for method, path, act, also in (
            ("GET", "", "conversation:viewed", ()),
            ("POST", "", "message:created", ()),
            ("POST", "/draft", "draft:modified", ()),
            ("POST", "/close", "conversation:modified", ()),
            ("GET", "/files/{blob}", "file:viewed", (404,)),
            ("POST", "/files/{blob}/remove", "file:deleted", ()),
        )
    },
    "POST /messages/{conversation}/drop": Door(acts=("conversations:conversation:deleted",)),
    "GET /staff/messages": own("conversations:list:viewed"),
    "POST /staff/messages/{conversation}/hand-over": Door(acts=("conversations:clinician:modified",), also=(404,)),
    "POST /staff/messages/{conversation}/take": clinic_wide("conversations:cover:modified"),
    "POST /staff/visits/{visit}/messages": visit("conversations:conversation:created"),
    "GET /outbox": PUBLIC,
    "GET /staff/invitations": clinic_wide("accounts:invitation:viewed"),
    "POST /staff/invitations": clinic_wide("accounts:invitation:created"),
    "POST /staff/invitations/people/{person}": clinic_wide("accounts:invitation:created", also=(404,)),
    "POST /staff/invitations/{invitation}/revoke": clinic_wide("accounts:invitation:deleted", also=(404,)),
    "GET /staff/invitation/{token}": GONE,
    "POST /staff/invitation/{token}": GONE,
    "POST /api/v1/decisions": PUBLIC,
    "GET /api/v1/openapi.json": PUBLIC,
    "GET /book/{specialty}/{kind}": PUBLIC,
    "POST /book/{specialty}/{kind}": PUBLIC,
    "GET /book/{specialty}/{kind}/times": PUBLIC,
    "POST /book/{specialty}/{kind}/times": PUBLIC,
    "GET /book/review": SIGNED_IN,
    "POST /book/review": SIGNED_IN,
    "GET /texts": own("people:texts:viewed"),
    "POST /texts": own("people:texts:modified"),
    "POST /texts/answer": own("people:texts:modified"),
    "GET /visits": own("visits:list:viewed"),
    "GET /family": own("people:acting:viewed"),
    "GET /family/child": SIGNED_IN,
    "POST /family/child": SIGNED_IN,
    "GET /family/{relationship}/end": SIGNED_IN,
    "POST /family/{relationship}/end": NOT_THEIRS,
    "GET /family/share/{whose}": NOT_THEIRS,
    "POST /family/share/{whose}": NOT_THEIRS,
    "GET /family/invitation/{token}": Door(own=True, also=(410,)),
    "POST /family/invitation/{token}": Door(own=True, also=(410,)),
    "GET /visits/{visit_id}": visit(),
    "GET /visits/{visit_id}/waiting": visit("visits:waiting:viewed"),
    "GET /visits/{visit_id}/waiting/state": visit("visits:waiting:viewed"),
    "GET /visits/{visit}/check": visit(),
    "POST /visits/{visit}/check": visit("visits:check:modified"),
    "POST /visits/{visit}/check/echo": visit(also=(403, 503)),  # who only booked takes no part; no node runs here
    "POST /visits/{visit_id}/arrive": visit("visits:arrival:modified"),
    "POST /visits/{visit_id}/leave": visit("visits:arrival:modified"),
    "POST /visits/{visit_id}/move/undo": visit("visits:move:created"),
    "POST /visits/{visit_id}/step-out": visit("visits:arrival:modified"),
    "POST /visits/{visit_id}/come-back": visit("visits:arrival:modified"),
    "GET /visits/back/{token}": Door(own=True, also=(410,)),
    "POST /visits/back/{token}": Door(own=True, also=(410,)),
    "POST /visits/{visit_id}/join": visit("visits:arrival:modified"),
    "GET /visits/join/{token}": replace(visit("links:link:viewed"), personal=True),
    "POST /visits/join/{token}": replace(visit("links:link:modified"), personal=True),
    "GET /visits/{visit_id}/pay": visit("payments:method:modified"),
    "POST /visits/{visit_id}/pay": visit("payments:method:modified"),
    "GET /visits/{visit_id}/intake": visit("forms:answers:viewed"),
    "GET /visits/{visit_id}/intake/review": visit("forms:answers:viewed"),
    "POST /visits/{visit_id}/intake/submit": visit("forms:submission:created"),
    "GET /visits/{visit_id}/intake/{number}": visit("forms:answers:viewed"),
    "POST /visits/{visit_id}/intake/{number}": visit("forms:answer:modified"),
    "POST /visits/{visit_id}/intake/photos/{item_id}/{shot_id}": visit("forms:answers:viewed"),
    "GET /visits/{visit_id}/emergency": visit(),
    "GET /visits/{visit_id}/place": visit("visits:place:created"),
    "POST /visits/{visit_id}/place": visit("visits:place:created"),
    "GET /visits/{visit_id}/consent": visit("consents:consent:created"),
    "POST /visits/{visit_id}/consent": visit("consents:consent:created"),
    "GET /visits/{visit_id}/consent/signed": visit("consents:consent:viewed"),
    "GET /visits/{visit_id}/consent/take-back": visit("consents:consent:viewed"),
    "POST /visits/{visit_id}/consent/take-back": visit("consents:consent:modified"),
    "GET /visits/{visit_id}/summary": visit("documents:document:viewed"),
    "GET /visits/{visit_id}/summary.pdf": visit("documents:document:viewed"),
    "GET /visits/{visit_id}/receipt": visit(),
    "GET /visits/{visit_id}/changes": visit(),
    "GET /visits/{visit_id}/case": visit("visits:visit:viewed"),
    "POST /visits/{visit_id}/case/reply": visit("cases:reply:created"),
    "GET /visits/{visit_id}/files": visit("files:list:viewed"),
    "POST /visits/{visit_id}/files": visit("files:file:created"),
    "GET /visits/{visit_id}/files/{blob}": visit("files:file:viewed"),
    "POST /visits/{visit_id}/files/{blob}/remove": visit("files:file:deleted"),
    "GET /visits/{visit_id}/photos-again": visit("visits:visit:viewed"),
    "POST /visits/{visit_id}/photos-again/{refused}": visit("files:file:created"),
    "GET /visits/{visit_id}/cancel": visit(),
    "GET /visits/{visit_id}/move": visit(),
    "POST /visits/{visit_id}/move": visit("visits:move:created"),
    "GET /visits/{visit_id}/calendar.ics": visit(),
    "POST /visits/{visit_id}/cancel": visit("visits:cancel:created"),
    "GET /visits/{visit}/call": visit("links:link:viewed"),
    "POST /visits/{visit}/room-access": visit("links:link:viewed", also=(403,)),
    **dict.fromkeys(("GET /visits/{visit}/people", "GET /staff/visits/{visit}/people"), visit("links:guest:viewed")),
    "POST /visits/{visit}/guests": visit("links:guest:created", also=(404,)),  # a role that may be invited is not named
    "POST /visits/{visit}/guests/{guest}/revoke": visit("links:guest:deleted", also=(404,)),
    **dict.fromkeys(("GET /visits/{visit}/chat", "GET /staff/visits/{visit}/chat"), visit("conversations:list:viewed")),
    "POST /visits/{visit}/chat": visit("conversations:conversation:created", also=(422,)),
    "GET /guest/enter": PUBLIC,
    "POST /guest/enter": Door(public=True, also=(410, 422)),
    **dict.fromkeys(("GET /guest", "GET /guest/check", "POST /guest/check", "POST /guest/check/echo"), GONE),
    "POST /guest/room-access": HALF_WAY,
    "GET /staff": SIGNED_IN,
    "GET /staff/law": SIGNED_IN,
    "GET /staff/law/map": SIGNED_IN,
    "GET /staff/law/report": SIGNED_IN,
    "GET /staff/law/states/{code}": NOT_THEIRS,
    "GET /staff/law/attestations": clinic_wide("law:attestation:viewed"),
    "GET /staff/law/attest": clinic_wide("law:attestation:created", also=(404,)),
    "POST /staff/law/attest": clinic_wide("law:attestation:created", also=(404,)),
    "POST /staff/law/attestations/{attestation}/withdraw": clinic_wide("law:attestation:deleted", also=(404,)),
    "GET /staff/law/differing": clinic_wide("gates:comparison:viewed"),
    "GET /staff/schedule": clinic_wide("visits:schedule:viewed"),
    "GET /staff/ops/visits": clinic_wide("visits:replay:viewed"),
    "GET /staff/ops/visits.csv": clinic_wide("visits:list:exported"),
    "GET /staff/ops/visits/{visit}": clinic_wide("visits:replay:viewed"),
    "GET /staff/reviews": clinic_wide("reviews:item:viewed"),
    "GET /staff/reviews/{review}": clinic_wide("reviews:item:viewed", also=(404,)),
    "POST /staff/reviews/{review}/take": clinic_wide("reviews:item:modified", also=(404,)),
    "POST /staff/reviews/{review}/leave": clinic_wide("reviews:item:modified", also=(404,)),
    "POST /staff/reviews/{review}/give": clinic_wide("reviews:item:modified", also=(404,)),
    "POST /staff/reviews/{review}/comment": clinic_wide("reviews:item:modified", also=(404,)),
    "POST /staff/reviews/{review}/decide": clinic_wide("reviews:decision:created", also=(404,)),
    "POST /staff/reviews/{review}/confirm": clinic_wide("reviews:decision:created", also=(404,)),
    "GET /staff/people": clinic_wide("people:staff:viewed"),
    "POST /staff/people/{person}/shut": clinic_wide("people:staff:modified", also=(404,)),
    "POST /staff/people/{person}/reopen": clinic_wide("people:staff:modified", also=(404,)),
    "GET /staff/credentials": clinic_wide("credentials:credential:viewed"),
    "POST /staff/credentials/ask": clinic_wide("credentials:source:created"),
    "POST /staff/credentials/agreements": clinic_wide("credentials:agreement:created"),
    "POST /staff/credentials/agreements/end": clinic_wide("credentials:agreement:modified"),
    "POST /staff/credentials/agreements/undo": clinic_wide("credentials:agreement:modified", also=(404,)),
    "GET /staff/hours": own("hours:week:viewed"),
    "POST /staff/hours": own("hours:week:modified"),
    "POST /staff/hours/recurring": own("hours:week:modified"),
    "POST /staff/hours/recurring/remove": Door(acts=("hours:week:modified",), own=True, also=(404,)),
    "POST /staff/hours/limits": own("hours:week:modified"),
    "POST /staff/hours/undo": Door(acts=("hours:week:modified",), own=True, also=(404,)),
    "GET /staff/hours/hours.ics": Door(acts=("hours:week:viewed",), own=True, also=(404,)),
    "POST /staff/hours/rules": own("hours:week:modified"),
    "POST /staff/hours/copy-week": own("hours:exception:created"),
    "POST /staff/hours/exceptions/restore": Door(acts=("hours:exception:created",), own=True, also=(404,)),
    "POST /staff/hours/exceptions": own("hours:exception:created"),
    "POST /staff/hours/exceptions/remove": Door(acts=("hours:exception:deleted",), own=True, also=(404,)),
    "GET /staff/connections": clinic_wide("visits:connection:viewed"),
    "POST /staff/connections": clinic_wide("visits:connection:viewed"),
    "GET /staff/connections/{visit}": clinic_wide("visits:connection:viewed"),
    "GET /staff/emergency": own("emergency:access:created"),
    "POST /staff/emergency": own("emergency:access:created"),
    "GET /staff/emergency/{emergency}": Door(acts=("notes:note:viewed", "emergency:access:viewed"), own_case=True),
    "GET /staff/emergency/{emergency}/visits/{visit}": Door(acts=("notes:note:viewed",), own_case=True),
    "POST /staff/emergency/{emergency}/end": Door(acts=("emergency:access:modified",), own_case=True),
    "GET /staff/studio": clinic_wide("studio:page:viewed"),
    "GET /staff/studio/state": clinic_wide("studio:page:viewed"),
    "GET /staff/studio/specialties/{specialty}": clinic_wide("studio:page:viewed"),
    "GET /staff/studio/specialties/{specialty}/screen": clinic_wide("studio:page:viewed"),
    "POST /staff/studio/specialties/{specialty}/answer": clinic_wide("studio:page:viewed"),
    "GET /staff/studio/checks": clinic_wide("studio:page:viewed"),
    "GET /staff/studio/checks/download": clinic_wide("studio:page:viewed", also=(404,)),
    "POST /staff/studio/checks": clinic_wide("studio:check:created"),
    "GET /staff/oversight": clinic_wide("emergency:review:viewed"),
    "GET /staff/oversight/{emergency}": Door(acts=("emergency:review:viewed",)),
    "POST /staff/oversight/{emergency}": Door(acts=("emergency:review:created",)),
    "GET /staff/audit": clinic_wide("audit:entries:viewed", "people:circle:viewed"),
    "POST /staff/audit": clinic_wide("audit:entries:viewed", "people:circle:viewed"),
    "POST /staff/audit/verify": clinic_wide("audit:entries:viewed", "people:circle:viewed"),
    "POST /staff/audit/export": clinic_wide("audit:entries:exported", "people:circle:viewed"),
    "GET /staff/credentials/new": clinic_wide("credentials:credential:created"),
    "POST /staff/credentials/new": clinic_wide("credentials:credential:created"),
    "GET /staff/credentials/{person}/{credential}": clinic_wide("credentials:credential:modified", also=(404,)),
    "POST /staff/credentials/{person}/{credential}": clinic_wide("credentials:credential:modified", also=(404,)),
    "GET /staff/relationships": clinic_wide("people:circle:viewed"),
    "POST /staff/relationships": clinic_wide("people:circle:viewed"),
    "GET /staff/relationships/{relationship}": clinic_wide("people:circle:viewed", also=(404,)),
    "POST /staff/relationships/{relationship}": clinic_wide("people:relationship:deleted", also=(404,)),
    "GET /staff/takeovers": clinic_wide("people:takeover:viewed"),
    "POST /staff/takeovers": clinic_wide("people:takeover:created"),
    "POST /staff/takeovers/{invitation}/release": clinic_wide("people:takeover_release:modified", also=(404,)),
    "POST /staff/takeovers/{invitation}/revoke": clinic_wide("accounts:invitation:deleted", also=(404,)),
    "GET /takeover/{token}": GONE,
    "POST /takeover/{token}": GONE,
    "GET /staff/access": clinic_wide("audit:entries:viewed"),
    "GET /staff/queue/changes": own("visits:queue:viewed"),
    "GET /staff/inbox": own("visits:queue:viewed"),
    "POST /staff/alerts/{alert}/seen": visit("alerts:alert:modified"),
    "GET /staff/visits/{visit}/call-off": visit("visits:calling_off:modified"),
    "POST /staff/visits/{visit}/call-off": visit("visits:calling_off:modified"),
    "GET /staff/visits/{visit}/requests": visit("requests:request:viewed", "notes:note:viewed"),
    "POST /staff/visits/{visit}/requests": visit("requests:request:created"),
    "POST /staff/visits/{visit}/requests/withdraw": visit("requests:request:deleted", also=(404,)),
    "GET /visits/{visit_id}/papers/{paper}": visit("requests:request:viewed", also=(404,)),
    "GET /visits/{visit_id}/papers/{paper}/letter.pdf": visit("requests:request:viewed", also=(404,)),
    "GET /staff/visits/{visit}/hand-off": visit("handoffs:writing:created"),
    "POST /staff/visits/{visit}/hand-off": visit("handoffs:writing:created"),
    "POST /staff/visits/{visit}/hand-off/keep": visit("handoffs:writing:created"),
    "POST /staff/offers/{handoff}/take": own("visits:queue:viewed"),
    "POST /staff/offers/{handoff}/decline": own("visits:queue:viewed"),
    "GET /staff/visits/{visit}": visit("notes:note:viewed", "gates:gate:viewed"),
    "GET /staff/visits/{visit}/files/{blob}": visit("files:file:viewed"),
    "GET /staff/visits/{visit}/recordings": visit("recordings:list:viewed"),
    "GET /staff/visits/{visit}/recordings/{part}": visit("recordings:part:viewed", also=(404,)),
    "POST /staff/visits/{visit}/recordings/{recording}/release": visit("recordings:release:deleted", also=(404,)),
    "POST /staff/visits/{visit}/recordings/{recording}/hold": visit("recordings:hold:modified", also=(404,)),
    "GET /staff/visits/{visit}/bill": clinic_wide("payments:receipt:viewed"),
    "GET /visits/{visit}/recordings": visit("recordings:list:viewed"),
    "GET /visits/{visit}/recordings/{part}": visit("recordings:part:viewed", also=(404,)),
    "GET /staff/visits/{visit}/changes": visit("notes:note:viewed"),
    "POST /staff/visits/{visit}/room-access": visit("links:link:modified", also=(403,)),
    "POST /staff/visits/{visit}/guests": visit("links:guest:created", also=(404,)),
    "POST /staff/visits/{visit}/guests/{guest}/revoke": visit("links:guest:deleted", also=(404,)),
    "POST /staff/visits/{visit}/chat": visit("conversations:conversation:created", also=(422,)),
    "POST /staff/visits/{visit}/admit": visit(WRITES),
    "POST /staff/visits/{visit}/call-back": visit(WRITES),
    "POST /staff/visits/{visit}/ask-more": visit("cases:question:created"),
    "POST /staff/visits/{visit}/join": visit(WRITES),
    "POST /staff/visits/{visit}/end": visit(WRITES),
    "POST /staff/visits/{visit}/note": visit(WRITES),
    "POST /staff/visits/{visit}/addendum": visit("notes:addendum:created"),
    "POST /staff/visits/{visit}/orders": visit(ORDERS),
    "POST /staff/visits/{visit}/orders/{order}/send": visit(ORDERS),
    "GET /staff/visits/{visit}/orders/{order}/cancel": visit("orders:order:viewed"),
    "POST /staff/visits/{visit}/orders/{order}/cancel": visit("orders:cancellation:modified"),
    "POST /staff/visits/{visit}/orders/{order}/cancel/undo": visit("orders:cancellation:deleted"),
    "POST /staff/visits/{visit}/orders/{order}/discard": visit("orders:order:deleted"),
    "POST /staff/visits/{visit}/sign": visit("notes:signature:created"),
    "POST /staff/visits/{visit}/finish": visit("notes:signature:created"),
    "POST /staff/visits/{visit}/recheck": visit(WRITES),
    "POST /staff/visits/{visit}/lists": visit("lists:entry:created"),
    "POST /staff/visits/{visit}/monitoring": visit("monitoring:report:created"),
    "POST /staff/visits/{visit}/duties": visit("duties:statement:created"),
}
PARAMETERS = {
    "visit",
    "visit_id",
    "order",
    "alert",
    "emergency",
    "token",
    "conversation",
}  # of the visit that everybody asks for
SEE_IT = ("the patient", "the clinician", "the helper", "the proxy", "the booker")
TURNED_AWAY = (401, 403, 404, 410)  # 410: a way in that is none for who asks


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    folder = tmp_path_factory.mktemp("crawl")
    clinic = build_clinic(folder / "data", several=two_clinics())
    yield crawl_of(clinic)
    clinic.database.close()


def routes(crawl: Crawl) -> list[Route]:
    """Reading first, then what changes something, and what ends the visit last."""
    found = sorted(routes_of(crawl.clinic.app), key=lambda one: (one.method != "GET", "cancel" in one.path, one.path))
    return [one for one in found if f"{one.method} {one.path}" in DOORS]


def may_enter(asker: Asker, route: Route) -> bool:
    door = DOORS[f"{route.method} {route.path}"]
    if door.public:
        return True
    if asker.role == Role.VISITOR or asker.portal != route.portal:
        return False
    relations = asker.relations
    if door.own_case:
        if asker.name != "the helper":
            return False
        relations = frozenset(relations | {Relation.SELF})
    if asker.clinic != MINE and PARAMETERS.intersection(PARAMETER.findall(route.path)):
        return False
    if door.personal:
        relations -= {Relation.PROXY}
    if door.clinic_wide:
        relations -= {Relation.TREATING, Relation.EMERGENCY}
    if door.own:
        mine = {Relation.SELF, Relation.TREATING} if asker.role == Role.PROVIDER else {Relation.SELF}
        relations = frozenset(relations | mine)
    standing = Standing(role=asker.role, relations=relations, scopes=asker.scopes)
    return all(decide_act(TABLE, standing, act).allowed for act in door.acts)


def who_asks(crawl: Crawl, route: Route) -> list[Asker]:
    """Who is turned away first, then who may come in: a change may end what others would have been refused.

    At a door that asks for nothing but a log-in, and for staff at a patient's door (where they are strangers), one or
    two stand for the others.
    """
    few = ("nobody", "the patient", "the clinician", f"{Role.PATIENT} elsewhere")
    strangers = ("nobody", f"{Role.PROVIDER} here", f"{Role.PATIENT} elsewhere")
    door = DOORS[f"{route.method} {route.path}"]
    alike = door.public or not door.acts
    asking = [
        one
        for one in crawl.askers
        if (one.name in few if alike else one.portal == route.portal or one.name in strangers)
    ]
    return sorted(asking, key=lambda one: may_enter(one, route))


def turned_away(answer: httpx.Response, door: Door) -> bool:
    led_away = not door.public and "sign-in" in answer.headers.get("location", "")
    return answer.status_code in TURNED_AWAY or led_away


def test_no_route_is_unknown_to_this_test(crawl: Crawl) -> None:
    assert {f"{one.method} {one.path}" for one in routes_of(crawl.clinic.app)} - set(DOORS) == set()


def test_every_route_answers_everybody_as_the_table_says(crawl: Crawl) -> None:
    wrong = []
    for route in routes(crawl):
        door = DOORS[f"{route.method} {route.path}"]
        for asker in who_asks(crawl, route):
            expected = may_enter(asker, route)
            before = crawl.refusals(asker.clinic)
            answer = crawl.send(asker, route, crawl.visits[MINE].ids, changes=expected and route.method != "GET")
            if not expected and answer.status_code == 303 and "sign-in" not in answer.headers["location"]:
                answer = crawl.follow(asker, answer)  # a form sent back is refused by the page that would show it
            said = f"{route.method} {route.path} as {asker.name}: {answer.status_code}"
            if answer.status_code >= 500 and answer.status_code not in door.also:
                wrong.append(f"{said}, broken")
            elif expected and turned_away(answer, door) and answer.status_code not in door.also:
                wrong.append(f"{said}, but may")
            elif not expected and not turned_away(answer, door):
                wrong.append(f"{said}, but may not")
            elif not expected and _known(asker, route) and crawl.refusals(asker.clinic) == before:
                wrong.append(f"{said}, not audited")
            wrong += [f"{said} shows {text}" for text in shown(crawl, asker, expected, answer)]
    assert wrong == [], "\n".join(wrong)


def test_another_clinics_people_get_nothing_with_the_cookies_of_their_own(crawl: Crawl) -> None:
    """A session of one clinic is none at another, whatever host its cookie is sent to."""
    wrong = []
    for asker in (one for one in crawl.askers if one.clinic == OTHER):
        strayed = replace(asker, name=f"{asker.name}, strayed")
        browser = crawl.browser_of(asker)
        astray = crawl.clinic.browser(f"{MINE}.localhost")
        for name, value in browser.cookies.items():
            astray.cookies.set(name, value, domain=f"{MINE}.localhost")
        crawl.browsers[strayed.name] = astray
        for route in (one for one in routes(crawl) if one.method == "GET" and not DOORS[f"GET {one.path}"].public):
            answer = crawl.send(strayed, route, crawl.visits[MINE].ids)
            if not turned_away(answer, DOORS[f"GET {route.path}"]):
                wrong.append(f"{route.path} as {strayed.name}: {answer.status_code}")
    assert wrong == []


def _known(asker: Asker, route: Route) -> bool:
    """Whether the route's portal knows who asks: a stranger leaves no trace in the audit."""
    return asker.role != Role.VISITOR and asker.portal == route.portal


def shown(crawl: Crawl, asker: Asker, expected: bool, answer: httpx.Response) -> list[str]:
    """What the answer shows that its reader may not see: another clinic's texts, and this visit's to who may not."""
    theirs = crawl.visits[OTHER if asker.clinic == MINE else MINE].secrets
    mine = () if expected and asker.name in SEE_IT else crawl.visits[MINE].secrets
    if expected and asker.role == Role.COMPLIANCE:  # sees patients by their number
        mine = tuple(text for text in mine if text != crawl.visits[MINE].patient)
    held = answer.text + str(answer.headers)
    return [text for text in dict.fromkeys((*theirs, *mine)) if text in held]


def test_everybody_is_among_those_who_ask(crawl: Crawl) -> None:
    roles = {one.role for one in crawl.askers}
    assert roles == set(Role) - {Role.SYSTEM}
    assert {one.clinic for one in crawl.askers if one.role in STAFF} == {MINE, OTHER}
