"""How may people of a clinic sign in: who needs a second factor, when a screen closes, which acts want a fresh proof?

The table stands here and a clinic's file may change it line by line (its key ``sign_in``). Outside a demo a role that
works for the clinic needs a second factor unless the file says otherwise; in a demo only where the file says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from engine.reading import Node
from engine.shapes import Key, Number, OneOf, Record, Text

STAFF_ROLES = ("provider", "clinic_admin", "clinical_ops", "compliance", "support", "platform_operator")
ROLES = ("patient", "caregiver", *STAFF_ROLES)
REQUIRED, OFFERED = "required", "offered"
SECOND_FACTOR: Mapping[str, str] = MappingProxyType(
    {role: REQUIRED if role in STAFF_ROLES else OFFERED for role in ROLES}
)
# Minutes without a touch until a session ends, and until it ends whatever is done with it.
IDLE_MINUTES: Mapping[str, int] = MappingProxyType({role: 30 if role in STAFF_ROLES else 60 for role in ROLES})
LONGEST_MINUTES = 12 * 60
# Acts that want a proof (a factor, or the password of an account that has none) not older than so many minutes.
FRESH_MINUTES: Mapping[str, int] = MappingProxyType(
    {
        "sign_note": 15,
        "send_prescription": 15,
        "change_factors": 10,
        "invite": 15,
        "download_record": 10,
        "end_relationship": 15,
        "change_credentials": 15,
        "attest_law": 15,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """An OpenID provider that staff may sign in with; its client's secret is a setting, never in the file."""

    issuer: str
    client_id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRules:
    """The rules of one clinic. ``told`` are the roles whose second factor its own file settles.

    ``demo`` is how the program runs, and no line of any file: only there the demo's public password opens anything.
    """

    second_factor: Mapping[str, str] = field(default_factory=lambda: SECOND_FACTOR)
    told: frozenset[str] = frozenset()
    idle_minutes: Mapping[str, int] = field(default_factory=lambda: IDLE_MINUTES)
    fresh_minutes: Mapping[str, int] = field(default_factory=lambda: FRESH_MINUTES)
    provider: IdentityProvider | None = None
    demo: bool = False

    def needs_second_factor(self, role: str) -> bool:
        """Whether nobody of the role gets in with a password alone; an unknown role does not."""
        return self.second_factor.get(role, REQUIRED) == REQUIRED

    def idle_seconds(self, role: str) -> int:
        """How long a session of the role may lie untouched; the shortest time for an unknown role."""
        return 60 * self.idle_minutes.get(role, min(self.idle_minutes.values()))

    def fresh_seconds(self, act: str) -> int:
        """How old a proof may be for the act; none is fresh enough for an act that the table does not know."""
        return 60 * self.fresh_minutes.get(act, 0)

    def in_demo(self) -> "SignInRules":
        """The same where demo people sign in with one click: a factor is required only where the file says so."""
        wanted = {role: word if role in self.told else OFFERED for role, word in self.second_factor.items()}
        return replace(self, second_factor=wanted, demo=True)


HOUSE_RULES = SignInRules()

_MINUTES = Number(least=1, most=LONGEST_MINUTES)
_PROVIDER = Record(
    "an OpenID provider",
    {
        "issuer": Key(
            Text(r"https://[^\s?#]+|http://(localhost|127\.0\.0\.1)(:\d+)?[^\s?#]*", "an address with https://"),
            "its issuer, exactly as the provider writes it",
            required=True,
        ),
        "client_id": Key(Text(), "the client's id there", required=True),
        "label": Key(Text(), "what the button says after `Sign in with`", required=True),
    },
)
SHAPE = Record(
    "rules of signing in",
    {
        "second_factor": Key(
            Record("second factors", {role: Key(OneOf((REQUIRED, OFFERED)), f"for {role}") for role in ROLES}),
            "whether a role needs a second factor",
        ),
        "idle_minutes": Key(
            Record("idle times", {role: Key(_MINUTES, f"for {role}") for role in ROLES}),
            "minutes without a touch until a session ends, by role",
        ),
        "fresh_minutes": Key(
            Record("ages of proofs", {act: Key(_MINUTES, f"for {act}") for act in FRESH_MINUTES}),
            "how old the last proof may be, in minutes, by act",
        ),
        "provider": Key(_PROVIDER, "an OpenID provider for staff"),
    },
)


def read_sign_in(node: Node | None) -> SignInRules:
    """The rules of a clinic's file, whose shape is right; the house's own where it says nothing."""
    if node is None:
        return HOUSE_RULES
    factors = _words(node.get("second_factor"))
    return SignInRules(
        second_factor={**SECOND_FACTOR, **factors},
        told=frozenset(factors),
        idle_minutes={**IDLE_MINUTES, **_numbers(node.get("idle_minutes"))},
        fresh_minutes={**FRESH_MINUTES, **_numbers(node.get("fresh_minutes"))},
        provider=_provider(node.get("provider")),
    )


def _words(node: Node | None) -> dict[str, str]:
    return {key: value.raw for key, value in node.items()} if node is not None else {}


def _numbers(node: Node | None) -> dict[str, int]:
    return {key: int(value.raw) for key, value in node.items()} if node is not None else {}


def _provider(node: Node | None) -> IdentityProvider | None:
    if node is None:
        return None
    return IdentityProvider(issuer=node.text("issuer"), client_id=node.text("client_id"), label=node.text("label"))
