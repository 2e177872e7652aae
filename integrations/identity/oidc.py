"""Who an OpenID provider says somebody is: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636).

The provider's document is fetched from its issuer and has to name that very issuer. The answer has to carry our state,
the token our nonce, our client, an issuer that is the one asked, and a signature of the provider's published keys by an
asymmetric algorithm. Anything else is refused, with a code and no word of what was sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
SCOPE = "openid email"
SECONDS = 10.0
LEEWAY_SECONDS = 60
LARGEST = 256 * 1024
# The provider did not answer, or what it told us to ask is no address, or cannot be written into a request.
_UNREACHED = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)


class IdentityRefused(Exception):
    """The provider's word does not count; carries a code, never what was sent."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A clinic as the provider knows it, and where the provider sends people back to."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    redirect: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Asked:
    """What was asked for and has to come back: kept for one browser, used once."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Identity:
    """Somebody as the provider vouches for them: a verified address, and whether it saw more than one factor."""

    email: str
    several_factors: bool


def new_question() -> Asked:
    """Random values for one way there and back."""
    return Asked(state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48))


def challenge_of(verifier: str) -> str:
    """The challenge of a PKCE verifier by S256 (RFC 7636 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


class OpenIdProvider:
    """One provider for one client; ``web`` is for tests, which bring their own transport."""

    def __init__(self, client: Client, web: httpx.Client | None = None) -> None:
        self._client = client
        self._web = web or httpx.Client(timeout=SECONDS, follow_redirects=False)

    def address(self, asked: Asked) -> str:
        """Where the browser goes. Raises `IdentityRefused` (provider) when the provider cannot be asked."""
        wanted = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect,
            "scope": SCOPE,
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": challenge_of(asked.verifier),
            "code_challenge_method": "S256",
        }
        endpoint = self._endpoint(self._document(), "authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(wanted)}"

    def identity(self, asked: Asked, answer: Mapping[str, str]) -> Identity:
        """Whom the browser's answer is about. Raises `IdentityRefused`: state, provider, token or address."""
        if not hmac.compare_digest(answer.get("state", "").encode(), asked.state.encode()):
            raise IdentityRefused("state")
        if answer.get("iss", self._client.issuer) != self._client.issuer:  # RFC 9207: the answer of another provider
            raise IdentityRefused("provider")
        if "error" in answer or not answer.get("code"):
            raise IdentityRefused("provider")
        document = self._document()
        tokens = self._tokens(document, asked, answer["code"])
        claims = self._claims(document, asked, str(tokens.get("id_token", "")))
        if "email" not in claims:
            claims = {**claims, **self._more(document, claims, str(tokens.get("access_token", "")))}
        email = claims.get("email")
        if not isinstance(email, str) or "@" not in email or claims.get("email_verified") is not True:
            raise IdentityRefused("address")
        methods = claims.get("amr")
        return Identity(email=email, several_factors=isinstance(methods, list) and "mfa" in methods)

    def _document(self) -> dict[str, Any]:
        found = self._json(self._get(self._client.issuer.rstrip("/") + "/.well-known/openid-configuration"))
        if found.get("issuer") != self._client.issuer:
            raise IdentityRefused("provider")
        return found

    def _tokens(self, document: dict[str, Any], asked: Asked, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect,
            "code_verifier": asked.verifier,
        }
        try:
            answer = self._web.post(
                self._endpoint(document, "token_endpoint"),
                data=form,
                auth=httpx.BasicAuth(self._client.client_id, self._client.secret),
            )
        except _UNREACHED:
            raise IdentityRefused("provider") from None
        return self._json(answer)

    def _claims(self, document: dict[str, Any], asked: Asked, token: str) -> dict[str, Any]:
        """The claims of the token, once its signature and every claim that binds it to us hold."""
        keys = self._json(self._get(self._endpoint(document, "jwks_uri")))
        wanted = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._client.issuer},
            aud={"essential": True, "value": self._client.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": asked.nonce},
        )
        try:
            found = jwt.decode(token, KeySet.import_key_set({"keys": keys["keys"]}), algorithms=ALGORITHMS)
            wanted.validate(found.claims)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):  # keys and claims of any shape
            raise IdentityRefused("token") from None
        several = isinstance(found.claims["aud"], list) and len(found.claims["aud"]) > 1
        if found.claims.get("azp", self._client.client_id) != self._client.client_id or (
            several and "azp" not in found.claims
        ):
            raise IdentityRefused("token")
        return dict(found.claims)

    def _more(self, document: dict[str, Any], claims: dict[str, Any], access: str) -> dict[str, Any]:
        """The address from the provider's other door, of the very same subject."""
        try:
            answer = self._web.get(
                self._endpoint(document, "userinfo_endpoint"), headers={"authorization": f"Bearer {access}"}
            )
        except _UNREACHED:
            raise IdentityRefused("provider") from None
        found = self._json(answer)
        if found.get("sub") != claims["sub"]:
            raise IdentityRefused("token")
        return {name: found[name] for name in ("email", "email_verified") if name in found}

    def _endpoint(self, document: dict[str, Any], name: str) -> str:
        """An address of the document; in the clear only on this machine, as its issuer is."""
        address = document.get(name)
        here = urlsplit(self._client.issuer)
        try:
            parts = urlsplit(address) if isinstance(address, str) else None
        except ValueError:  # no address at all: half a bracket, say
            parts = None
        if parts is None or not parts.hostname or (parts.scheme != "https" and here.scheme == "https"):
            raise IdentityRefused("provider")
        return str(address)

    def _get(self, address: str) -> httpx.Response:
        try:
            return self._web.get(address, headers={"accept": "application/json"})
        except _UNREACHED:
            raise IdentityRefused("provider") from None

    def _json(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            found = answer.json() if answer.status_code == 200 and len(answer.content) <= LARGEST else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise IdentityRefused("provider")
        return found
