"""Whether a browser's answer to a passkey's challenge holds (WebAuthn level 3): our host, our challenge, a known user.

The relying party is the clinic's own host name, so a passkey of one clinic is none of another. A user must have been
verified by the authenticator (a finger, a face, a PIN): a passkey is two factors, and no less is taken.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from records.errors_identity import FactorRefused
from records.passkeys import PasskeyDraft, PasskeyView
from records.second_step import Assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """A clinic as passkeys know it: its name and its own address (scheme, host and port)."""

    clinic: str
    base: str

    @property
    def id(self) -> str:
        return urlsplit(self.base).hostname or ""


def creation_options(party: RelyingParty, label: str, handle: bytes, known: tuple[PasskeyView, ...]) -> dict[str, Any]:
    """What a browser is asked in order to make a passkey; ``known`` ones are not made twice on one authenticator."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.clinic,
        user_name=label,
        user_display_name=label,
        user_id=handle,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential) for one in known],
    )
    return _plain(webauthn.options_to_json(options))


def request_options(party: RelyingParty, allowed: tuple[PasskeyView, ...] = ()) -> dict[str, Any]:
    """What a browser is asked in order to show a passkey; without ``allowed`` the person chooses one of theirs."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one.credential) for one in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _plain(webauthn.options_to_json(options))


def registered(party: RelyingParty, challenge: str, answer: dict[str, Any], name: str) -> PasskeyDraft:
    """The new passkey of a browser's answer. Raises `FactorRefused` (wrong) for anything that does not hold."""
    try:
        found = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.base,
            require_user_verification=True,
        )
    except Exception:  # whatever somebody sends: the library's own refusals, or its stumbling over the shape
        raise FactorRefused("wrong") from None
    return PasskeyDraft(
        credential=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        name=name,
    )


def asserted(party: RelyingParty, challenge: str, answer: dict[str, Any], passkey: PasskeyView) -> Assertion:
    """A passkey's verified answer; records say whether its counter went on. Raises `FactorRefused` (wrong)."""
    try:
        found = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.base,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # records compare and keep it in one step, and audit a copy by its name
            require_user_verification=True,
        )
    except Exception:
        raise FactorRefused("wrong") from None
    return Assertion(credential=found.credential_id, before=passkey.sign_count, after=found.new_sign_count)


def credential_of(answer: dict[str, Any]) -> bytes:
    """The credential id that an answer names. Raises `FactorRefused` (unknown) when it names none."""
    try:
        return base64url_to_bytes(str(answer["rawId"]))
    except (KeyError, ValueError):
        raise FactorRefused("unknown") from None


def handle_of(answer: dict[str, Any]) -> str:
    """The user handle that an answer carries, as it is written; empty when it carries none."""
    response = answer.get("response")
    found = response.get("userHandle") if isinstance(response, dict) else None
    return found.rstrip("=") if isinstance(found, str) else ""


def as_text(handle: bytes) -> str:
    """A user handle as answers write it."""
    return bytes_to_base64url(handle)


def _plain(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found
