"""Codes, passkeys, known browsers and mails' tokens: each is used once, wrong ones wait, and nobody is locked out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pyotp
import pytest

from engine.sign_in_rules import HOUSE_RULES, IdentityProvider, SignInRules, read_sign_in
from records.ceremonies import Begun, Kind, begin, look, take
from records.database import Database
from records.devices import Browser, browser_code
from records.errors import AccessRefused, AlreadyDone, SignInRefused
from records.errors_identity import FactorRefused, SecondFactorNeeded, TokenRefused
from records.factor_mails import tell_owner
from records.factors import use_code
from records.mails import MailDraft
from records.passkeys import PasskeyDraft, note_use
from records.proofs import ask_reset, finish_reset, set_password
from records.second_step import (
    Assertion,
    Step,
    finish_enrolment,
    finish_with_code,
    finish_with_passkey,
    finish_with_provider,
    first_totp,
)
from records.sign_in import FREE_FAILURES, Credentials, SignedIn, SignUp, hash_password, sign_in, sign_up
from records.tables.people import Account
from records.work import Actor, Work
from tests.records.helpers import PATIENT, PROVIDER, HandClock, World, build_world

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"
HOME, ELSEWHERE = "ip:192.0.2.1", "ip:198.51.100.9"
DEVICE = "d" * 32
STEP = timedelta(seconds=30)


@pytest.fixture
def signed_up(database: Database) -> SignedIn:
    browser = Browser(secret="guest-1", device=DEVICE)
    return sign_up(
        database, SignUp(clinic="palmetto", patient=PATIENT, password=PASSWORD, origin=HOME, browser=browser)
    )


def step(origin: str = HOME, secret: str = "guest-2", device: str = "", portal: str = "patient") -> Step:
    return Step(clinic="palmetto", portal=portal, browser=Browser(secret=secret, device=device), origin=origin)


def tried(password: str = PASSWORD, at: Step | None = None) -> Credentials:
    where = at or step()
    return Credentials(
        clinic="palmetto",
        email=PATIENT.email,
        password=password,
        portal="patient",
        origin=where.origin,
        browser=where.browser,
    )


def with_app(database: Database, signed: SignedIn) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    """Gives the account an app; returns its generator and the recovery codes."""
    with database.scope("palmetto", signed.session.actor()) as scope:
        totp = pyotp.TOTP(scope.factors.begin_totp(signed.session.account))
        assert scope.factors.confirm_totp(signed.session.account, totp.at(database.now()))
        return totp, scope.factors.new_recovery_codes(signed.session.account)


def used(database: Database, account: str, code: str) -> str:
    with database.work("palmetto", Actor.system()) as work:
        return use_code(work, account, code)


def test_a_code_counts_one_step_early_and_late_and_never_twice(
    database: Database, signed_up: SignedIn, clock: HandClock
) -> None:
    totp, _ = with_app(database, signed_up)
    account, start = signed_up.session.account, clock.now()
    assert used(database, account, totp.at(start)) == ""  # confirmed the app with it
    assert used(database, account, totp.at(start + 1 * STEP)) == "totp"  # a clock that is 30 seconds ahead
    clock.move(seconds=90)
    assert used(database, account, totp.at(start + 1 * STEP)) == ""
    assert used(database, account, totp.at(clock.now() - 2 * STEP)) == ""
    assert used(database, account, totp.at(clock.now() - 1 * STEP)) == "totp"  # one that is behind
    assert used(database, account, totp.at(clock.now() - 1 * STEP)) == ""


def test_a_secret_counts_only_after_its_first_code(database: Database, signed_up: SignedIn) -> None:
    account = signed_up.session.account
    with database.scope("palmetto", signed_up.session.actor()) as scope:
        secret = scope.factors.begin_totp(account)
        assert not scope.factors.confirm_totp(account, "000000")
        assert not scope.factors.view(account).any
    assert used(database, account, pyotp.TOTP(secret).at(database.now())) == ""
    assert sign_in(database, tried())


def test_an_app_that_counts_is_not_replaced_unasked(database: Database, signed_up: SignedIn) -> None:
    with_app(database, signed_up)
    with database.scope("palmetto", signed_up.session.actor()) as scope:
        with pytest.raises(AlreadyDone):
            scope.factors.begin_totp(signed_up.session.account)
        scope.factors.remove_totp(signed_up.session.account)
        assert scope.factors.view(signed_up.session.account).recovery_left == 0


def test_a_recovery_code_works_once_and_new_ones_end_the_old(database: Database, signed_up: SignedIn) -> None:
    _, codes = with_app(database, signed_up)
    account = signed_up.session.account
    assert [used(database, account, codes[0].upper().replace("-", " ")) for _ in range(2)] == ["recovery", ""]
    with database.scope("palmetto", signed_up.session.actor()) as scope:
        assert scope.factors.view(account).recovery_left == 9
        scope.factors.new_recovery_codes(account)
    assert used(database, account, codes[1]) == ""


def test_the_right_password_alone_opens_nothing_once_there_is_a_factor(
    database: Database, signed_up: SignedIn, clock: HandClock
) -> None:
    totp, _ = with_app(database, signed_up)
    clock.move(seconds=60)
    with pytest.raises(SecondFactorNeeded) as needed:
        sign_in(database, tried())
    assert needed.value.needs == "code"
    with pytest.raises(FactorRefused):
        finish_with_code(database, step(secret="another browser"), totp.at(clock.now()))
    with pytest.raises(FactorRefused):
        finish_with_code(database, step(), "000000")
    assert finish_with_code(database, step(), totp.at(clock.now())).session.method == "password_code"
    with pytest.raises(FactorRefused) as over:
        finish_with_code(database, step(), totp.at(clock.now()))
    assert over.value.code == "expired"


def test_a_second_step_ends_after_ten_minutes(database: Database, signed_up: SignedIn, clock: HandClock) -> None:
    totp, _ = with_app(database, signed_up)
    with pytest.raises(SecondFactorNeeded):
        sign_in(database, tried())
    clock.move(minutes=11)
    with pytest.raises(FactorRefused):
        finish_with_code(database, step(), totp.at(clock.now()))


def told(work: Work, account: str) -> None:
    """Tells the owner of an account that it has a factor now."""
    compose = partial(MailDraft, template="factor", subject="s", body="b")
    tell_owner(work, account, lambda _, address, language: compose(address=address, language=language))


def test_staff_without_a_factor_set_one_up_before_they_are_in(database: Database, clock: HandClock) -> None:
    world = build_world(database)
    desk = step(portal="staff")
    begun = Begun(account=account_of(world, world.provider), portal="staff")
    with database.work("palmetto", Actor.system()) as work:
        begin(work, Kind.ENROL, desk.browser.secret, begun)
    secret = first_totp(database, desk)
    assert first_totp(database, desk) == secret
    with pytest.raises(FactorRefused):
        finish_enrolment(database, desk, "000000", told)
    signed, codes = finish_enrolment(database, desk, pyotp.TOTP(secret).at(clock.now()), told)
    assert (signed.session.role, len(codes)) == ("provider", 10)
    with database.scope("palmetto", Actor.system()) as scope:
        assert [(one.template, one.address) for one in scope.mails.outbox()] == [("factor", "lena@clinic.example")]


def enrolling(world: World, secret: str) -> Step:
    """A browser in which the clinician is to set a first factor up."""
    begun = Begun(account=account_of(world, world.provider), portal="staff")
    with world.database.work("palmetto", Actor.system()) as work:
        begin(work, Kind.ENROL, secret, begun)
    return step(portal="staff", secret=secret)


def test_a_secret_that_one_browser_was_shown_is_shown_to_no_other(database: Database, clock: HandClock) -> None:
    world = build_world(database)
    strangers, owners = enrolling(world, "guest-3"), enrolling(world, "guest-4")
    known = first_totp(database, strangers)
    own = first_totp(database, owners)
    assert own != known
    with pytest.raises(FactorRefused):
        finish_enrolment(database, strangers, pyotp.TOTP(own).at(clock.now()), told)
    signed, _ = finish_enrolment(database, owners, pyotp.TOTP(own).at(clock.now()), told)
    assert used(database, signed.session.account, pyotp.TOTP(known).at(clock.now())) == ""
    with pytest.raises(FactorRefused, match="expired"):
        first_totp(database, strangers)


def test_a_secret_that_was_shown_and_never_confirmed_is_forgotten(
    database: Database, signed_up: SignedIn, clock: HandClock
) -> None:
    account = signed_up.session.account
    with database.scope("palmetto", signed_up.session.actor()) as scope:
        shown = pyotp.TOTP(scope.factors.begin_totp(account))
    clock.move(minutes=16)
    with database.scope("palmetto", signed_up.session.actor()) as scope:
        assert not scope.factors.confirm_totp(account, shown.at(clock.now()))
        with pytest.raises(FactorRefused):
            scope.factors.pending_totp(account)
        again = pyotp.TOTP(scope.factors.begin_totp(account))
    with database.work("palmetto", Actor.system()) as work:
        set_password(work, work.row(Account, account), "another hash")
    with database.scope("palmetto", signed_up.session.actor()) as scope:
        assert not scope.factors.confirm_totp(account, again.at(clock.now()))


def test_whose_second_factor_is_the_provider_gets_none_for_a_password(database: Database) -> None:
    world = build_world(database)
    provider = IdentityProvider(issuer="https://id.example", client_id="c", label="Example")
    rules = replace(HOUSE_RULES, provider=provider)
    desk = replace(step(portal="staff"), browser=Browser(secret="guest-5", rules=rules))
    account = account_of(world, world.provider)
    with database.work("palmetto", Actor.system()) as work:
        set_password(work, work.row(Account, account), hash_password(PASSWORD))
    known = replace(tried(at=desk), email=PROVIDER.staff.email, portal="staff")
    with pytest.raises(SecondFactorNeeded, match="enrol"):  # nobody has vouched for them yet
        sign_in(database, known)
    finish_with_provider(database, desk, PROVIDER.staff.email, several_factors=True)
    elsewhere = replace(desk, browser=replace(desk.browser, secret="guest-6"))
    with pytest.raises(SecondFactorNeeded, match="provider"):
        sign_in(database, replace(known, browser=elsewhere.browser))
    with pytest.raises(SecondFactorNeeded, match="provider"):
        finish_with_provider(database, elsewhere, PROVIDER.staff.email, several_factors=False)
    with pytest.raises(FactorRefused):
        first_totp(database, elsewhere)
    with_app(database, finish_with_provider(database, desk, PROVIDER.staff.email, several_factors=True))
    with pytest.raises(SecondFactorNeeded, match="code"):
        sign_in(database, known)


def account_of(world: World, person: str) -> str:
    with world.database.scope(world.clinic, world.as_system) as scope:
        found = scope.accounts.of_person(person)
    assert found is not None
    return found.account


def test_a_known_browser_gets_in_while_a_stranger_from_the_same_place_waits(
    database: Database, signed_up: SignedIn
) -> None:
    for _ in range(FREE_FAILURES):
        with pytest.raises(SignInRefused):
            sign_in(database, tried("wrong"))
    with pytest.raises(SignInRefused) as refused:
        sign_in(database, tried())
    assert refused.value.code == "blocked"
    assert sign_in(database, tried(at=step(device=DEVICE)))
    with pytest.raises(SignInRefused):
        sign_in(database, tried(at=step(device="x" * 32)))


def test_waits_grow_to_five_minutes_and_are_never_the_accounts_own(
    database: Database, signed_up: SignedIn, clock: HandClock
) -> None:
    waits = []
    for _ in range(FREE_FAILURES + 8):
        with pytest.raises(SignInRefused) as refused:
            sign_in(database, tried("wrong"))
        waits.append(refused.value.retry_after_seconds)
        clock.move(seconds=refused.value.retry_after_seconds)
    assert waits[: FREE_FAILURES - 1] == [0] * (FREE_FAILURES - 1)
    growing = waits[FREE_FAILURES - 1 :]
    assert growing == sorted(growing)
    assert growing[-1] == 301
    assert sign_in(database, tried(at=step(origin=ELSEWHERE)))


def passkey(database: Database, signed: SignedIn, counter: int = 5) -> str:
    draft = PasskeyDraft(credential=b"credential", public_key=b"key", sign_count=counter, name="Phone")
    with database.scope("palmetto", signed.session.actor()) as scope:
        return scope.passkeys.add(signed.session.account, draft)


@pytest.mark.parametrize(("before", "after"), [(5, 5), (5, 4), (5, 0)])
def test_a_passkey_whose_counter_did_not_go_on_is_a_copy(
    database: Database, signed_up: SignedIn, before: int, after: int
) -> None:
    passkey(database, signed_up)
    with pytest.raises(FactorRefused) as refused:
        finish_with_passkey(database, step(), Assertion(credential=b"credential", before=before, after=after))
    assert refused.value.code == "counter"
    with database.scope("palmetto", Actor.system()) as scope:
        assert "accounts:passkey:refused" in [entry.act for entry in scope.audit.entries()]


def test_a_passkey_signs_in_past_any_wait_and_counts_on(database: Database, signed_up: SignedIn) -> None:
    kept = passkey(database, signed_up)
    for _ in range(FREE_FAILURES):
        with pytest.raises(SignInRefused):
            sign_in(database, tried("wrong"))
    shown = Assertion(credential=b"credential", before=5, after=6)
    assert finish_with_passkey(database, step(), shown).session.method == "passkey"
    with database.work("palmetto", Actor.system()) as work, pytest.raises(FactorRefused):
        note_use(work, kept, 5, 7)  # another use of the same answer came first


def test_a_passkey_that_does_not_count_stays_at_nothing(database: Database, signed_up: SignedIn) -> None:
    passkey(database, signed_up, counter=0)
    shown = Assertion(credential=b"credential", before=0, after=0)
    assert all(finish_with_passkey(database, step(), shown) for _ in range(2))


def test_a_passkey_of_a_patient_opens_no_desk(database: Database, signed_up: SignedIn) -> None:
    passkey(database, signed_up)
    with pytest.raises(FactorRefused) as refused:
        finish_with_passkey(database, step(portal="staff"), Assertion(credential=b"credential", before=5, after=6))
    assert refused.value.code == "unknown"


@pytest.mark.parametrize(
    "act",
    [
        lambda scope, account: scope.factors.view(account),
        lambda scope, account: scope.factors.begin_totp(account),
        lambda scope, account: scope.factors.new_recovery_codes(account),
        lambda scope, account: scope.passkeys.of_account(account),
        lambda scope, account: scope.sessions.of_account(account),
        lambda scope, account: scope.sessions.close_others(account),
        lambda scope, account: scope.accounts.address_proved(account),
    ],
)
def test_nobody_reaches_the_factors_of_a_colleague(database: Database, act: Callable[[object, str], object]) -> None:
    world = build_world(database)
    other = account_of(world, world.provider)
    with pytest.raises(AccessRefused), database.scope("palmetto", world.as_patient) as scope:
        act(scope, other)


def test_a_ceremony_is_taken_once_and_belongs_to_its_browser_and_portal(database: Database) -> None:
    def there(work: Work, secret: str, portal: str) -> bool:
        return look(work, Kind.PASSKEY_SIGN_IN, secret, portal) is not None

    with database.work("palmetto", Actor.system()) as work:
        begin(work, Kind.PASSKEY_SIGN_IN, "one", Begun(portal="patient", challenge="c"))
        assert (there(work, "one", "patient"), there(work, "two", "patient"), there(work, "one", "staff")) == (
            True,
            False,
            False,
        )
        assert take(work, Kind.PASSKEY_SIGN_IN, "one", "patient") is not None
        assert take(work, Kind.PASSKEY_SIGN_IN, "one", "patient") is None


def test_a_reset_ends_the_second_step_that_waited(database: Database, signed_up: SignedIn) -> None:
    with_app(database, signed_up)
    with pytest.raises(SecondFactorNeeded):
        sign_in(database, tried())
    sent: list[str] = []

    def compose(token: str, address: str, language: str) -> MailDraft:
        sent.append(token)
        return MailDraft(template="reset", language="en", address=address, subject="s", body="b")

    ask_reset(database, step(), PATIENT.email.upper(), compose)
    finish_reset(database, step(), sent[0], "another long sentence", compose)
    with pytest.raises(FactorRefused) as over:
        finish_with_code(database, step(), "000000")
    assert over.value.code == "expired"
    with pytest.raises(TokenRefused):
        finish_reset(database, step(), sent[0], "a third long sentence", compose)
    assert database.sessions.resolve("palmetto", signed_up.token, "patient") is None


@pytest.mark.parametrize(
    ("agent", "code"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "firefox/linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "safari/ios"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "edge/windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36", "chrome/android"),
        ("<script>", "other/other"),
    ],
)
def test_a_browser_gets_a_rough_code_and_nothing_it_said(agent: str, code: str) -> None:
    assert browser_code(agent) == code


def test_the_rules_are_strict_where_nothing_was_said() -> None:
    assert HOUSE_RULES.needs_second_factor("provider")
    assert HOUSE_RULES.needs_second_factor("somebody new")
    assert not HOUSE_RULES.needs_second_factor("patient")
    assert not HOUSE_RULES.in_demo().needs_second_factor("provider")
    assert HOUSE_RULES.fresh_seconds("an act nobody listed") == 0
    assert HOUSE_RULES.idle_seconds("somebody new") == 30 * 60
    assert read_sign_in(None) == HOUSE_RULES
    told = SignInRules(told=frozenset({"provider"})).in_demo()
    assert told.needs_second_factor("provider")
