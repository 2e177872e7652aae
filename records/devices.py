"""Which browsers an account has signed in from: a long-lived cookie, its hash here, and a rough name for its owner."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from engine.sign_in_rules import HOUSE_RULES, SignInRules
from records.attempts import Lane
from records.tables.identity import KnownDevice
from records.work import Work

# The first that fits wins: many browsers name others they descend from.
_BROWSERS = (("edg", "edge"), ("opr/", "opera"), ("firefox", "firefox"), ("chrom", "chrome"), ("safari", "safari"))
_SYSTEMS = (
    ("android", "android"),
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("windows", "windows"),
    ("mac os", "macos"),
    ("cros", "chromeos"),
    ("linux", "linux"),
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Browser:
    """The browser that somebody signs in with, and the clinic's rules for it.

    ``secret`` is its present cookie's (a ceremony belongs to it), ``device`` its long-lived one's, ``name`` a code.
    """

    secret: str = ""
    device: str = ""
    name: str = ""
    rules: SignInRules = HOUSE_RULES


def browser_code(agent: str) -> str:
    """A rough code of a browser's own words, ``firefox/linux``: its owner knows it again, and nobody is followed."""
    words = agent.casefold()
    browser = next((code for sign, code in _BROWSERS if re.search(re.escape(sign), words)), "other")
    system = next((code for sign, code in _SYSTEMS if sign in words), "other")
    return f"{browser}/{system}"


def is_known(work: Work, account: str, device: str) -> bool:
    """Whether the account has signed in from the browser before."""
    return bool(device) and work.session.get(KnownDevice, (work.clinic, account, _hash(device))) is not None


def remember(work: Work, account: str, device: str) -> None:
    """Keeps that the account has signed in from the browser."""
    if not device:
        return
    row = work.session.get(KnownDevice, (work.clinic, account, _hash(device)))
    if row is None:
        row = KnownDevice(clinic=work.clinic, account=account, device_hash=_hash(device), created_at=work.now)
        work.session.add(row)
    row.used_at = work.now
    work.session.flush()


def lane_of(work: Work, name: str, account: str, browser: Browser) -> Lane:
    """Where tries are counted: a browser that the account knows has a lane of its own, others share their origin's."""
    if account and is_known(work, account, browser.device):
        return Lane(name, work.blind("device", _hash(browser.device)))
    return Lane(name, work.blind("origin", work.actor.origin))


def _hash(device: str) -> str:
    return hashlib.sha256(b"device|" + device.encode()).hexdigest()
