"""Proofs by mail, second factors, step-up, devices and invitations, as a browser without scripts meets them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from records.scope import Actor
from records.sign_in import hash_password
from records.tables.identity import IdentityToken
from records.tables.people import Account, SessionRow
from tests.portals.helpers_clinic import SLUG, Clinic, build_clinic, csrf_of, password, post, sign_in

pytestmark = pytest.mark.slow

JUNE = "june.hartley@patients.example"
ADMIN = "inez.calloway@marigoldquay.example"
ACHEBE = "rosalind.achebe@marigoldquay.example"
NEW = "a quite different sentence"
OWN = "a sentence of their own"


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Clinic]:
    """A clinic that is no demonstration: staff need a second factor, and nobody signs in with one click."""
    built = build_clinic(tmp_path, demo=False)
    with built.database.writing() as session:
        session.execute(update(Account).values(password=hash_password(OWN)))
        session.commit()
    yield built
    built.database.close()


def mails(clinic: Clinic) -> list[tuple[str, str, str]]:
    """The address, template and link of each mail, the newest first."""
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        found = scope.mails.outbox()
    return [(one.address, one.template, re.findall(r"http://[^/]+(/\S*)", one.body)[0].rstrip(".,")) for one in found]


def with_password(browser: TestClient, email: str, word: str, door: str = "") -> str:
    """Signs in with a password; returns the path one is led to."""
    return str(post(browser, f"{door}/sign-in", {"email": email, "password": word}).url.path)


def acts(clinic: Clinic) -> list[str]:
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        return [entry.act for entry in scope.audit.entries()]


def enrol(browser: TestClient, at: str = "/security/app") -> tuple[str, str, list[str]]:
    """Sets an app up; returns its secret, the code that did it, and the recovery codes."""
    page = browser.get(at).text
    secret = re.sub(r"\s", "", re.findall(r'<p class="secret wrap"><code>([A-Z2-7 ]+)</code>', page)[0])
    code = pyotp.TOTP(secret).now()
    shown = browser.post(at, data={"csrf": csrf_of(page), "code": code})
    return secret, code, re.findall(r"<li><code>([a-z0-9-]{11})</code>", shown.text)


def test_a_reset_link_is_shown_by_get_and_used_by_one_post(clinic: Clinic) -> None:
    elsewhere, browser = clinic.browser(), clinic.browser()
    sign_in(elsewhere)
    post(browser, "/forgot", {"email": JUNE})
    address, template, link = mails(clinic)[0]
    assert (address, template) == (JUNE, "reset")
    assert [browser.get(link).status_code for _ in range(2)] == [200, 200]
    assert post(browser, link, {"password": "short"}).status_code == 422
    assert post(browser, link, {"password": NEW}).url.path == "/sign-in"
    assert browser.get(link).status_code == 410
    assert elsewhere.get("/visits").url.path == "/sign-in"
    assert with_password(clinic.browser(), JUNE, password()) == "/sign-in"
    assert with_password(clinic.browser(), JUNE, NEW) == "/visits"
    assert mails(clinic)[0][1] == "password_changed"


def test_a_used_link_changes_nothing_when_it_is_posted_again(clinic: Clinic) -> None:
    browser = clinic.browser()
    post(browser, "/forgot", {"email": JUNE})
    link = mails(clinic)[0][2]
    token = csrf_of(browser.get(link).text)
    answers = [browser.post(link, data={"csrf": token, "password": word}).status_code for word in (NEW, "x" * 12)]
    assert answers == [200, 410]
    assert with_password(clinic.browser(), JUNE, NEW) == "/visits"


def test_nobody_learns_who_has_an_account(clinic: Clinic) -> None:
    told = []
    for email in (JUNE, "nobody@patients.example"):
        browser = clinic.browser()
        page = post(browser, "/forgot", {"email": email})
        told.append((page.status_code, page.url.path, re.sub(r"[0-9a-f]{64}", "", page.text)))
    assert told[0] == told[1]
    assert [(address, template) for address, template, _ in mails(clinic)] == [
        ("nobody@patients.example", "no_account"),
        (JUNE, "reset"),
    ]
    with clinic.database.reading() as session:
        assert session.query(IdentityToken).count() == 2


def test_a_staff_address_has_no_account_at_the_patients_door(clinic: Clinic) -> None:
    post(clinic.browser(), "/forgot", {"email": ACHEBE})
    assert mails(clinic)[0][1] == "no_account"
    post(clinic.browser(), "/staff/forgot", {"email": ACHEBE})
    assert mails(clinic)[0][2].startswith("/staff/reset/")


def test_an_old_link_and_a_foreign_one_do_nothing(clinic: Clinic) -> None:
    browser = clinic.browser()
    post(browser, "/forgot", {"email": JUNE})
    link = mails(clinic)[0][2]
    with clinic.database.writing() as session:
        session.execute(update(IdentityToken).values(expires_at=clinic.database.now() - timedelta(seconds=1)))
        session.commit()
    assert browser.get(link).status_code == 410
    assert browser.get("/reset/" + "x" * 43).status_code == 410
    assert "accounts:password:modified" not in acts(clinic)


def test_an_address_gets_a_few_mails_an_hour_and_no_more(clinic: Clinic) -> None:
    for _ in range(8):
        assert post(clinic.browser(), "/forgot", {"email": JUNE}).url.path == "/forgot/sent"
    assert len(mails(clinic)) == 5


def test_a_mail_names_neither_a_person_nor_anything_of_their_health(clinic: Clinic) -> None:
    post(clinic.browser(), "/forgot", {"email": JUNE})
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        mail = scope.mails.outbox()[0]
    words = (mail.subject + mail.body).casefold()
    assert not any(word in words for word in ("june", "hartley", "visit", "urgent", "clinician"))


def test_the_outbox_is_there_in_a_demo_on_this_machine_only(clinic: Clinic, strict: Clinic) -> None:
    post(clinic.browser(), "/forgot", {"email": JUNE})
    page = clinic.browser().get("/outbox").text
    assert "Simulated mail" in page
    assert "/reset/" in page
    assert clinic.browser(address="192.0.2.7").get("/outbox").status_code == 404
    assert strict.browser().get("/outbox").status_code == 404


def test_an_address_is_proved_by_its_mail(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    assert "Nobody has confirmed yet" in browser.get("/security").text
    post(browser, "/security", {}, to="/proof")
    link = mails(clinic)[0][2]
    reader = clinic.browser()
    assert "This address is mine" in reader.get(link).text
    assert "Nobody has confirmed yet" in browser.get("/security").text
    assert "Your address is confirmed" in post(reader, link, {}).text
    assert post(reader, "/forgot", {}, to=link).status_code == 410
    assert "Nobody has confirmed yet" not in browser.get("/security").text


def test_after_the_password_comes_the_code_and_each_works_once(clinic: Clinic) -> None:
    first = clinic.browser()
    assert with_password(first, JUNE, password()) == "/visits"
    _, used, codes = enrol(first)
    assert len(set(codes)) == 10
    browser = clinic.browser()
    assert with_password(browser, JUNE, password()) == "/sign-in/code"
    assert browser.get("/visits").url.path == "/sign-in"
    assert post(browser, "/sign-in/code", {"code": used}).status_code == 401
    assert post(browser, "/sign-in/code", {"code": codes[0]}).url.path == "/visits"
    again = clinic.browser()
    with_password(again, JUNE, password())
    assert post(again, "/sign-in/code", {"code": codes[0]}).status_code == 401
    assert post(again, "/sign-in/code", {"code": codes[1].replace("-", " ").upper()}).url.path == "/visits"
    assert {"accounts:factor:refused", "accounts:recovery:modified"} <= set(acts(clinic))


def test_the_owner_is_told_by_mail_of_every_change_of_how_they_sign_in(clinic: Clinic) -> None:
    browser = clinic.browser()
    with_password(browser, JUNE, password())
    enrol(browser)
    post(browser, "/security", {}, to="/security/codes")
    post(browser, "/security", {}, to="/security/app/remove")
    post(browser, "/security", {}, to="/security/app/remove")  # nothing is left to remove, and nothing to tell
    post(browser, "/security/password", {"password": "four quiet words"})
    changes = ("app was added", "new recovery codes", "app was removed", "password of your account")
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        told = list(reversed(scope.mails.outbox()))
    assert [one.address for one in told] == [JUNE] * 4
    assert [(change in one.body) for change, one in zip(changes, told, strict=True)] == [True] * 4


def test_a_second_step_belongs_to_the_browser_that_gave_the_password(clinic: Clinic) -> None:
    first = clinic.browser()
    with_password(first, JUNE, password())
    _, _, codes = enrol(first)
    with_password(clinic.browser(), JUNE, password())
    thief = clinic.browser()
    assert post(thief, "/sign-in", {"code": codes[0]}, to="/sign-in/code").url.path == "/sign-in"


def test_wrong_codes_wait_longer_and_a_known_browser_does_not(clinic: Clinic) -> None:
    known = clinic.browser()
    with_password(known, JUNE, password())
    _, _, codes = enrol(known)
    post(known, "/security", {}, to="/sign-out")
    stranger = clinic.browser()
    with_password(stranger, JUNE, password())
    told = [post(stranger, "/sign-in/code", {"code": "000000"}).status_code for _ in range(6)]
    assert told[0] == 401
    assert told[-1] == 429
    with_password(known, JUNE, password())
    assert post(known, "/sign-in/code", {"code": codes[0]}).url.path == "/visits"


def test_staff_outside_a_demo_set_a_factor_up_before_they_are_in(strict: Clinic) -> None:
    browser = strict.browser()
    assert with_password(browser, ACHEBE, OWN, "/staff") == "/staff/sign-in/set-up"
    assert browser.get("/staff").url.path == "/staff/sign-in"
    assert "<svg" in browser.get("/staff/sign-in/set-up").text
    _, _, codes = enrol(browser, "/staff/sign-in/set-up")
    assert len(codes) == 10
    assert browser.get("/staff/security").url.path == "/staff/security"
    said = post(browser, "/staff/security", {}, to="/staff/security/app/remove").text
    assert "your last second step" in said


def test_outside_a_demo_the_demos_password_opens_nothing_and_is_nobodys_choice(strict: Clinic) -> None:
    with strict.database.writing() as session:
        session.execute(update(Account).values(password=hash_password(password())))
        session.commit()
    assert with_password(strict.browser(), JUNE, password()) == "/sign-in"
    post(strict.browser(), "/forgot", {"email": JUNE})
    link = mails(strict)[0][2]
    refused = post(strict.browser(), link, {"password": password()})
    assert refused.status_code == 422 and "printed in our manual" in refused.text
    assert post(strict.browser(), link, {"password": NEW}).url.path == "/sign-in"


def test_outside_a_demo_nobody_signs_in_with_one_click(strict: Clinic) -> None:
    assert post(strict.browser(), "/sign-in", {"person": "june_hartley"}, to="/demo/sign-in").status_code == 404


def test_an_old_proof_is_asked_for_anew_and_nothing_sent_is_lost(clinic: Clinic) -> None:
    browser = clinic.browser()
    with_password(browser, JUNE, password())
    age(clinic, minutes=11)
    page = browser.post("/security/password", data={"csrf": csrf_of(browser.get("/security").text), "password": NEW})
    assert page.status_code == 403
    assert "Confirm that it is you" in page.text
    hidden = re.findall(r'name="(on_\w+)" value="([^"]*)"', page.text)
    sent = {name: html.unescape(value) for name, value in hidden}
    assert NEW in sent["on_fields"]
    wrong = browser.post("/confirm", data={"csrf": csrf_of(page.text), **sent, "password": "wrong"})
    assert wrong.status_code == 401
    right = browser.post("/confirm", data={"csrf": csrf_of(page.text), **sent, "password": password()})
    assert "Press once more" in right.text
    assert 'action="/security/password"' in right.text
    done = browser.post("/security/password", data={"csrf": csrf_of(right.text), "password": NEW})
    assert done.url.path == "/sign-in"
    assert with_password(clinic.browser(), JUNE, NEW) == "/visits"


@pytest.mark.parametrize("path", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_a_proof_sends_nothing_on_to_another_site(clinic: Clinic, path: str) -> None:
    browser = clinic.browser()
    with_password(browser, JUNE, password())
    sent = {"on_path": path, "on_fields": "[]", "password": password()}
    assert post(browser, "/confirm", sent).url.path == "/confirm/done"


def test_a_demo_person_confirms_with_one_click_that_says_so(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    age(clinic, minutes=11)
    assert "only in this demonstration" in browser.get("/security/app").text
    assert post(browser, "/confirm", {"on_path": "/security/app"}).url.path == "/security/app"


def age(clinic: Clinic, minutes: int) -> None:
    """Makes every proof so many minutes older."""
    with clinic.database.writing() as session:
        session.execute(update(SessionRow).values(proved_at=clinic.database.now() - timedelta(minutes=minutes)))
        session.commit()


def test_one_sees_where_one_is_signed_in_and_ends_the_others(clinic: Clinic) -> None:
    here, there, third = clinic.browser(), clinic.browser(), clinic.browser()
    there.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
    for browser in (here, there, third):
        sign_in(browser)
    page = here.get("/security").text
    assert "Firefox, Linux" in page
    assert page.count("(this browser)") == 1
    other = re.findall(r"/security/sessions/(ses_\w+)/end", page)
    assert len(other) == 2
    post(here, "/security", {}, to=f"/security/sessions/{other[0]}/end")
    assert len(re.findall(r"/security/sessions/ses_", here.get("/security").text)) == 1
    post(here, "/security", {}, to="/security/sessions/end")
    assert [browser.get("/visits").url.path for browser in (here, there, third)] == ["/visits", "/sign-in", "/sign-in"]


def test_nobody_ends_somebody_elses_session(clinic: Clinic) -> None:
    june, mateo = clinic.browser(), clinic.browser()
    sign_in(june)
    sign_in(mateo, "mateo_villareal")
    with clinic.database.reading() as session:
        ids = {row.person: row.id for row in session.query(SessionRow)}
    assert len(ids) == 2
    for one in ids.values():
        assert post(mateo, "/security", {}, to=f"/security/sessions/{one}/end").status_code == 404
    assert june.get("/visits").url.path == "/visits"


def test_a_page_that_asks_by_itself_does_not_keep_a_session_alive(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    old = clinic.database.now() - timedelta(minutes=30)
    with clinic.database.writing() as session:
        session.execute(update(SessionRow).values(seen_at=old))
        session.commit()
    assert browser.get("/session", headers={"x-idle": "1"}).json()["seconds"] <= 30 * 60
    assert browser.get("/session", headers={"x-idle": "1"}).json()["seconds"] <= 30 * 60
    browser.get("/session")
    assert browser.get("/session", headers={"x-idle": "1"}).json()["seconds"] > 59 * 60


def test_an_administrator_invites_and_the_link_works_once(clinic: Clinic) -> None:
    admin = clinic.browser()
    post(admin, "/staff/sign-in", {"person": "clinic_admin"}, to="/staff/demo/sign-in")
    values = {"given": "Ines", "family": "Moreau", "email": "ines@marigoldquay.example", "role": "support"}
    assert "on its way" in post(admin, "/staff/invitations", values).text
    address, template, link = mails(clinic)[0]
    assert (address, template) == ("ines@marigoldquay.example", "invitation")
    new = clinic.browser()
    assert "Support" in new.get(link).text
    post(new, link, {"password": NEW})
    assert new.get("/staff/security").url.path == "/staff/security"
    assert clinic.browser().get(link).status_code == 410
    assert with_password(clinic.browser(), "ines@marigoldquay.example", NEW, "/staff") != "/staff/sign-in"
    assert "Accepted" in admin.get("/staff/invitations").text
    assert post(admin, "/staff/invitations", values).status_code == 409


def test_a_revoked_invitation_and_a_replaced_one_do_nothing(clinic: Clinic) -> None:
    admin = clinic.browser()
    post(admin, "/staff/sign-in", {"person": "clinic_admin"}, to="/staff/demo/sign-in")
    values = {"given": "Ines", "family": "Moreau", "email": "ines@marigoldquay.example", "role": "support"}
    for _ in range(2):
        post(admin, "/staff/invitations", values)
    newest, older = (link for _, _, link in mails(clinic)[:2])
    assert [clinic.browser().get(link).status_code for link in (newest, older)] == [200, 410]
    invitation = re.findall(r"/staff/invitations/(inv_\w+)/revoke", admin.get("/staff/invitations").text)
    assert len(invitation) == 1
    post(admin, "/staff/invitations", {}, to=f"/staff/invitations/{invitation[0]}/revoke")
    assert clinic.browser().get(newest).status_code == 410


def test_only_an_administrator_invites_and_nobody_into_any_role(clinic: Clinic) -> None:
    doctor, admin = clinic.browser(), clinic.browser()
    post(doctor, "/staff/sign-in", {"person": "rosalind_achebe"}, to="/staff/demo/sign-in")
    assert doctor.get("/staff/invitations").status_code == 403
    post(admin, "/staff/sign-in", {"person": "clinic_admin"}, to="/staff/demo/sign-in")
    values = {"given": "Ines", "family": "Moreau", "email": "ines@marigoldquay.example"}
    for role in ("provider", "platform_operator", "system", "patient", ""):
        assert post(admin, "/staff/invitations", {**values, "role": role}).status_code == 422
    assert mails(clinic) == []


def test_an_invited_person_outside_a_demo_sets_a_factor_up_first(strict: Clinic) -> None:
    admin = strict.browser()
    with_password(admin, ADMIN, OWN, "/staff")
    enrol(admin, "/staff/sign-in/set-up")
    values = {"given": "Ines", "family": "Moreau", "email": "ines@marigoldquay.example", "role": "compliance"}
    post(admin, "/staff/invitations", values)
    new = strict.browser()
    assert post(new, mails(strict)[0][2], {"password": NEW}).url.path == "/staff/sign-in/set-up"
    assert new.get("/staff").url.path == "/staff/sign-in"
    enrol(new, "/staff/sign-in/set-up")
    assert new.get("/staff/security").url.path == "/staff/security"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"rawId": 5}', b'{"rawId": "AA", "response": 7}', b"\xff"])
def test_anything_that_is_no_passkey_is_refused_calmly(clinic: Clinic, body: bytes) -> None:
    browser = clinic.browser()
    headers = {"x-csrf-token": csrf_of(browser.get("/sign-in").text)}
    assert browser.post("/passkeys/sign-in/options", headers=headers).status_code == 200
    assert browser.post("/passkeys/sign-in", headers=headers, content=body).status_code in (400, 401)


def test_a_passkeys_challenge_is_for_our_host_and_wants_a_verified_user(clinic: Clinic) -> None:
    browser = clinic.browser()
    headers = {"x-csrf-token": csrf_of(browser.get("/sign-in").text)}
    options = browser.post("/passkeys/sign-in/options", headers=headers).json()
    assert (options["rpId"], options["userVerification"]) == ("marigold.localhost", "required")
    assert options["allowCredentials"] == []
    other = browser.post("/passkeys/sign-in/options", headers=headers).json()
    assert other["challenge"] != options["challenge"]
    assert browser.post("/security/passkeys/options", headers=headers).status_code in (303, 200)
