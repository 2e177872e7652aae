"""Whether a sign-up form can become an account: reads its fields, keeps what was typed, names each problem."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from engine.questions import age
from engine.sign_in_rules import HOUSE_RULES, SignInRules
from portals.base.requests import field
from records.people import PatientDraft
from records.sign_in import PUBLIC_PASSWORD

SEXES = ("female", "male", "other", "unknown")
SHORTEST_PASSWORD = 10
OLDEST_YEARS, ADULT_YEARS = 120, 18
LONGEST: Mapping[str, int] = {"given": 100, "family": 100, "email": 254, "phone": 40}
PHONE = re.compile(r"(\+?1[ .-]*)?\(?[2-9]\d{2}\)?[ .-]*[2-9]\d{2}[ .-]*\d{4}\Z")
# What browsers call a valid e-mail address (WHATWG HTML, "valid e-mail address"), with a dot in the host.
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z")
FIELDS = ("given", "family", "email", "phone", "sex", "birth_date-m", "birth_date-d", "birth_date-y")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignUpForm:
    """A sign-up as typed: ``values`` to show again (never the password), ``errors`` as (field, message key)."""

    values: Mapping[str, str]
    password: str
    born: date | None
    errors: tuple[tuple[str, str], ...]


def password_problem(password: str, rules: SignInRules) -> str:
    """The key of what is wrong with a password that somebody chose; empty when nothing is."""
    if len(password) < SHORTEST_PASSWORD:
        return "sign_up.error.password"
    return "sign_up.error.password_public" if password == PUBLIC_PASSWORD and not rules.demo else ""


def read_sign_up(form: Mapping[str, object], today: date, rules: SignInRules = HOUSE_RULES) -> SignUpForm:
    """Reads the form; every problem at once."""
    values = {name: field(form, name) for name in FIELDS}
    raw_password = form.get("password", "")
    password = raw_password if isinstance(raw_password, str) else ""
    born = read_date(values, "birth_date")
    errors = [*_name_errors(values), *_birth_errors(values, born, today)]
    if values["sex"] not in SEXES:
        errors.append(("sex", "sign_up.error.sex"))
    errors += _contact_errors(values)
    if problem := password_problem(password, rules):
        errors.append(("password", problem))
    return SignUpForm(values=values, password=password, born=born, errors=tuple(errors))


def patient_draft(form: SignUpForm, language: str, state: str, postal_code: str) -> PatientDraft:
    """The patient that an error-free form describes.

    Raises:
        ValueError: the form still has errors.
    """
    if form.errors or form.born is None:
        raise ValueError("the sign-up form has errors")
    values = form.values
    return PatientDraft(
        given=values["given"],
        family=values["family"],
        birth_date=form.born,
        sex=values["sex"],
        email=values["email"],
        phone=values["phone"],
        residence_state=state,
        postal_code=postal_code,
        language=language,
    )


def read_date(values: Mapping[str, str], name: str) -> date | None:
    """The date typed in three fields, None when it is none."""
    try:
        return date(int(values[f"{name}-y"]), int(values[f"{name}-m"]), int(values[f"{name}-d"]))
    except ValueError:
        return None


def _name_errors(values: Mapping[str, str]) -> list[tuple[str, str]]:
    names = ("given", "family")
    missing = [(name, f"sign_up.error.{name}") for name in names if not values[name]]
    return missing + [(name, "sign_up.error.too_long") for name in names if len(values[name]) > LONGEST[name]]


def _birth_errors(values: Mapping[str, str], born: date | None, today: date) -> list[tuple[str, str]]:
    """One sentence for each way a date of birth can be wrong; a parent adds a child from an account of their own."""
    if not all(values[f"birth_date-{part}"] for part in "mdy"):
        code = "birth_date"
    elif born is None:
        code = "birth_impossible"
    elif born > today:
        code = "birth_future"
    elif born.year < today.year - OLDEST_YEARS:
        code = "birth_too_early"
    elif age(born.isoformat(), today.isoformat()) < ADULT_YEARS:
        code = "minor"
    else:
        return []
    return [("birth_date", f"sign_up.error.{code}")]


def _contact_errors(values: Mapping[str, str]) -> list[tuple[str, str]]:
    errors = []
    if not EMAIL.match(values["email"]) or len(values["email"]) > LONGEST["email"]:
        errors.append(("email", "sign_up.error.email"))
    if not PHONE.match(values["phone"]):
        errors.append(("phone", "sign_up.error.phone"))
    return errors
