"""What signing in needs of a request: the clinic's rules, the browser it comes from, and the cookies it leaves with."""

from __future__ import annotations

import dataclasses
import secrets
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.sign_in_rules import SignInRules
from portals.auth.sessions import view_of
from portals.base.hosts import clinic_base
from portals.base.middleware import cookie
from portals.base.requests import deps_of, origin
from portals.base.templating import go
from portals.base.throttle import Throttle
from portals.base.visitor import COOKIES, PATIENT, STAFF, read_cookie, visitor
from records.devices import Browser, browser_code
from records.second_step import Step
from records.sign_in import SignedIn

HOMES = {PATIENT: "/visits", STAFF: "/staff"}
DEVICE_COOKIES = {PATIENT: "cw_patient_device", STAFF: "cw_staff_device"}
YEAR = 365 * 86400
LONGEST_DEVICE = 64


def rules_of(request: Request) -> SignInRules:
    """The rules of the clinic's file; in a demo nobody needs a second factor unless the file says so."""
    deps, who = deps_of(request), visitor(request)
    rules: SignInRules = deps.content().clinic(who.here.slug).sign_in
    return rules.in_demo() if deps.settings.demo else rules


def door(request: Request) -> str:
    """What the paths of this portal begin with."""
    return "/staff" if visitor(request).portal == STAFF else ""


@dataclass(frozen=True, slots=True)
class Limit:
    """How often one origin may try something at a clinic: so many at once, then one more every so many seconds."""

    kind: str
    tries: int
    seconds: float


SIGN_INS = Limit("sign-in", 20, 6)
MAIL_ASKS = Limit("mail", 10, 30)


def may_try(request: Request, limit: Limit) -> bool:
    """Takes one try of this program's bucket for the origin of a request."""
    throttles: dict[str, Throttle] = request.app.state.throttles
    throttle = throttles.setdefault(limit.kind, Throttle(tries=limit.tries, seconds=limit.seconds))
    return throttle.allow(visitor(request).here.slug, origin(request))


def at_a_clinic(request: Request) -> None:
    """Raises: HTTPException: 404 at the address without a clinic."""
    if visitor(request).clinic is None:
        raise HTTPException(404)


def step_of(request: Request) -> Step:
    """Where somebody proves who they are."""
    who = visitor(request)
    return Step(clinic=who.here.slug, portal=who.portal, browser=browser_of(request), origin=origin(request))


def browser_of(request: Request) -> Browser:
    """The browser of a request; one without a long-lived cookie is nobody's known one."""
    who = visitor(request)
    device = read_cookie(request, DEVICE_COOKIES[who.portal])
    return Browser(
        secret=who.secret,
        device=device if 20 <= len(device) <= LONGEST_DEVICE else "",
        name=browser_code(request.headers.get("user-agent", "")),
        rules=rules_of(request),
    )


def with_device(request: Request) -> Step:
    """The same for a browser that is about to become a known one: without a long-lived cookie it gets one."""
    step = step_of(request)
    if step.browser.device:
        return step
    return dataclasses.replace(step, browser=dataclasses.replace(step.browser, device=secrets.token_urlsafe(24)))


def start(request: Request, signed: SignedIn, step: Step, path: str) -> Response:
    """Leads on with the cookies of a new session."""
    return leave_cookies(request, signed, step, go(path))


def leave_cookies(request: Request, signed: SignedIn, step: Step, answer: Response) -> Response:
    """Gives an answer the cookies of a new session and of its browser."""
    portal = visitor(request).portal
    https = request.url.scheme == "https"
    answer.headers.append("set-cookie", cookie(COOKIES[portal], signed.token, https=https))
    device = cookie(DEVICE_COOKIES[portal], step.browser.device, https=https, seconds=YEAR)
    answer.headers.append("set-cookie", device)
    return answer


def as_signed_in(request: Request, signed: SignedIn) -> None:
    """Lets the page of this very answer be the new session's: its forms carry the token of the new cookie."""
    view = view_of(signed.session)
    request.scope["visitor"] = dataclasses.replace(visitor(request), session=view, secret=signed.token, fresh=False)


def base_of(request: Request) -> str:
    """The clinic's own address, for links in mails and for passkeys."""
    return clinic_base(deps_of(request).settings.public_base, visitor(request).here.slug)
