"""What a scope offers: one clinic, one actor, and one repository for each family of rows, made when first asked for."""

from __future__ import annotations

from functools import cached_property

from records.accounts import Accounts
from records.agreements import Agreements
from records.alerts import Alerts
from records.attesting import Attesting
from records.audit_trail import AuditTrail
from records.blobs import Blobs
from records.call_chat import CallChat
from records.cases import Cases
from records.circles import Circles
from records.comparisons import Comparisons
from records.consents import Consents
from records.conversations import Conversations
from records.credentials import Credentials
from records.documents import Documents
from records.duties import Duties
from records.emergency import Emergencies
from records.factor_mails import FactorMails
from records.factors import Factors
from records.forms import Forms
from records.gates import Gates
from records.guests import Guests
from records.handoffs import Handoffs
from records.hours import Hours
from records.invitations import Invitations
from records.late_refusals import LateRefusals
from records.law_attestations import LawAttestations
from records.links import Links
from records.lists import Lists
from records.mails import Mails
from records.messages import Messages
from records.monitoring import Monitoring
from records.notes import Notes
from records.orders import Orders
from records.overview import Overview
from records.parts import Parts
from records.passkeys import Passkeys
from records.people import People
from records.receipts import Receipts
from records.record_copies import RecordCopies
from records.recordings import Recordings
from records.relationships import Relationships
from records.replays import Replays
from records.reviews import Reviews
from records.roster import Roster
from records.service_requests import ServiceRequests
from records.sessions import Sessions
from records.slots import Slots
from records.takeovers import Takeovers
from records.tech_checks import TechChecks
from records.text_wishes import TextWishes
from records.visits import Visits
from records.work import Actor, Work

__all__ = ["Actor", "Scope"]


class Scope:
    """The repositories of one transaction; none works once the scope has ended."""

    def __init__(self, work: Work) -> None:
        self._work = work

    @property
    def clinic(self) -> str:
        return self._work.clinic

    @cached_property
    def people(self) -> People:
        return People(self._work)

    @cached_property
    def comparisons(self) -> Comparisons:
        return Comparisons(self._work)

    @cached_property
    def credentials(self) -> Credentials:
        return Credentials(self._work)

    @cached_property
    def attesting(self) -> Attesting:
        return Attesting(self._work)

    @cached_property
    def law_attestations(self) -> LawAttestations:
        return LawAttestations(self._work)

    @cached_property
    def agreements(self) -> Agreements:
        return Agreements(self._work)

    @cached_property
    def hours(self) -> Hours:
        return Hours(self._work)

    @cached_property
    def texts(self) -> TextWishes:
        return TextWishes(self._work)

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self._work)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self._work)

    @cached_property
    def factors(self) -> Factors:
        return Factors(self._work)

    @cached_property
    def factor_mails(self) -> FactorMails:
        return FactorMails(self._work)

    @cached_property
    def passkeys(self) -> Passkeys:
        return Passkeys(self._work)

    @cached_property
    def invitations(self) -> Invitations:
        return Invitations(self._work)

    @cached_property
    def mails(self) -> Mails:
        return Mails(self._work)

    @cached_property
    def circles(self) -> Circles:
        return Circles(self._work)

    @cached_property
    def takeovers(self) -> Takeovers:
        return Takeovers(self._work)

    @cached_property
    def relationships(self) -> Relationships:
        return Relationships(self._work)

    @cached_property
    def visits(self) -> Visits:
        return Visits(self._work)

    @cached_property
    def parts(self) -> Parts:
        return Parts(self._work)

    @cached_property
    def forms(self) -> Forms:
        return Forms(self._work)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self._work)

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self._work)

    @cached_property
    def chats(self) -> CallChat:
        return CallChat(self._work)

    @cached_property
    def record_copies(self) -> RecordCopies:
        return RecordCopies(self._work)

    @cached_property
    def receipts(self) -> Receipts:
        return Receipts(self._work)

    @cached_property
    def notes(self) -> Notes:
        return Notes(self._work)

    @cached_property
    def orders(self) -> Orders:
        return Orders(self._work)

    @cached_property
    def lists(self) -> Lists:
        return Lists(self._work)

    @cached_property
    def monitoring(self) -> Monitoring:
        return Monitoring(self._work)

    @cached_property
    def gates(self) -> Gates:
        return Gates(self._work)

    @cached_property
    def alerts(self) -> Alerts:
        return Alerts(self._work)

    @cached_property
    def duties(self) -> Duties:
        return Duties(self._work)

    @cached_property
    def emergencies(self) -> Emergencies:
        return Emergencies(self._work)

    @cached_property
    def overview(self) -> Overview:
        return Overview(self._work)

    @cached_property
    def checks(self) -> TechChecks:
        return TechChecks(self._work)

    @cached_property
    def late_refusals(self) -> LateRefusals:
        return LateRefusals(self._work)

    @cached_property
    def reviews(self) -> Reviews:
        return Reviews(self._work)

    @cached_property
    def replays(self) -> Replays:
        return Replays(self._work)

    @cached_property
    def roster(self) -> Roster:
        return Roster(self._work)

    @cached_property
    def cases(self) -> Cases:
        return Cases(self._work)

    @cached_property
    def service_requests(self) -> ServiceRequests:
        return ServiceRequests(self._work)

    @cached_property
    def handoffs(self) -> Handoffs:
        return Handoffs(self._work)

    @cached_property
    def documents(self) -> Documents:
        return Documents(self._work)

    @cached_property
    def blobs(self) -> Blobs:
        return Blobs(self._work)

    @cached_property
    def recordings(self) -> Recordings:
        return Recordings(self._work)

    @cached_property
    def messages(self) -> Messages:
        return Messages(self._work)

    @cached_property
    def links(self) -> Links:
        return Links(self._work)

    @cached_property
    def guests(self) -> Guests:
        return Guests(self._work)

    @cached_property
    def slots(self) -> Slots:
        return Slots(self._work)

    @cached_property
    def audit(self) -> AuditTrail:
        return AuditTrail(self._work)
