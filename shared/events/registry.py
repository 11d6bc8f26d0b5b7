"""What the registry tells: premises, people by pseudonym, policy, risk areas, returnees, passes, sealed cards."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.events.policy import Category, LeadCategory, Measure, PolicyDocument
from shared.kernel.ids import CheckpointId, CompoundId, DwellingId, GridId, PersonRef

Recipient = Literal["gate", "observation", "sanitation"]
AnchorBasis = Literal["arrival_with_proof", "registration_date", "last_exposure"]


class PolicyRevised(Event, type="fangkong.registry.PolicyRevised.v1", channel="policy", key="version"):
    """A policy version was put in force from a day on; services keep it as their copy (R1.2)."""

    version: int
    effective_from: date
    revised_by: str
    document: PolicyDocument


class RiskAreasRevised(
    Event, type="fangkong.registry.RiskAreasRevised.v1", channel="policy", key="revision", archive_only=True
):
    """A new dated list of risk areas by division code (GB/T 2260); a county inherits unless listed itself (R4.8)."""

    revision: int
    effective_from: date
    areas: dict[str, Category]


class PassKeyAnnounced(Event, type="fangkong.registry.PassKeyAnnounced.v1", channel="policy", key="key_id"):
    """A public key with which pass signatures verify (ES256, JWK); old ones stay valid until they are retired."""

    key_id: str
    jwk: dict[str, str]
    valid_from: AwareDatetime


class CompoundRegistered(
    Event, type="fangkong.registry.CompoundRegistered.v1", channel="town", key="compound", place="compound"
):
    """A residential compound is in the book, or its entry was corrected (R1.1, R2.1)."""

    compound: CompoundId
    name: str
    neighbourhood: str
    mode: Literal["closed", "staffed"]
    area_m2: int


class CheckpointOpened(
    Event, type="fangkong.registry.CheckpointOpened.v1", channel="town", key="checkpoint", place="compound"
):
    """A checkpoint was opened within the limit in force (R2.1)."""

    checkpoint: CheckpointId
    compound: CompoundId
    name: str
    policy_version: int


class GridRegistered(
    Event,
    type="fangkong.registry.GridRegistered.v1",
    channel="town",
    key="grid",
    place="compound",
    archive_only=True,
):
    """A grid exists; every dwelling belongs to exactly one (R3.2).

    `dwellings` is what the list of grids claims; AddressesRegistered tells how many there are.
    """

    grid: GridId
    compound: CompoundId
    dwellings: int


class AddressesRegistered(
    Event, type="fangkong.registry.AddressesRegistered.v1", channel="town", key="grid", place="compound"
):
    """How many dwellings of the address list lie in a grid now: the denominator of surveys (R4.1).

    The sum over a compound's grids is the compound's number of dwellings, inhabited or not.
    """

    grid: GridId
    compound: CompoundId
    dwellings: int


class WorkerPosted(
    Event,
    type="fangkong.registry.WorkerPosted.v1",
    channel="town",
    key="posting_id",
    place="compound",
    archive_only=True,
):
    """A worker serves at a post from a day on; the worker is a pseudonym (R3.1, R3.2)."""

    posting_id: UUID
    worker_ref: UUID
    kind: str
    compound: CompoundId | None
    grid: GridId | None
    checkpoint: CheckpointId | None
    from_day: date
    until_day: date | None


class PersonRegistered(
    Event, type="fangkong.registry.PersonRegistered.v1", channel="people", key="person_ref", place="compound"
):
    """A person is in the book under a random pseudonym, with their home; the newest version holds (R4.1, Identity).

    The home is the dwelling where the person lives, of several the one registered first; of somebody who lives at
    none of theirs (`resident` is false) it is the first of these. Told again, with a higher version, when the home
    changes: so the newest versions count everybody once, and where they live.
    """

    person_ref: PersonRef
    compound: CompoundId
    dwelling_id: DwellingId
    relation: Literal["owner", "tenant", "dependant"]
    resident: bool


class HouseholdChanged(
    Event, type="fangkong.registry.HouseholdChanged.v1", channel="people", key="dwelling_id", place="compound"
):
    """Who lives in a dwelling now, by pseudonym (R4.3).

    Told of dwellings that stand empty and of those of which somebody was registered, not of every address.
    """

    dwelling_id: DwellingId
    compound: CompoundId
    grid: GridId
    occupancy: Literal["owner_occupied", "let", "empty"]
    members: tuple[PersonRef, ...]


class ReturneeRegistered(
    Event,
    type="fangkong.registry.ReturneeRegistered.v1",
    channel="returnees",
    key="person_ref",
    place="compound",
):
    """Someone came back from elsewhere and a measure was decided for them (R2.7, R4.6 to R4.10).

    `anchor_date` is day 0. `origin_code` is where they have been (GB/T 2260), never where they are registered.
    """

    intake_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    dwelling_id: DwellingId
    grid: GridId
    category: Category
    measure: Measure
    origin_code: str
    anchor_date: date
    anchor_basis: AnchorBasis
    policy_version: int
    risk_revision: int
    registered_at: AwareDatetime


class EntryPassIssued(
    Event, type="fangkong.registry.EntryPassIssued.v1", channel="passes", key="pass_id", place="compound"
):
    """One active pass per person and compound. `serial` dies when the pass is reprinted (R2.4, R2.7)."""

    pass_id: UUID
    number: str
    serial: int
    person_ref: PersonRef
    compound: CompoundId
    kind: Literal["resident", "temporary"]
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    policy_version: int


class EntryPassSuspended(
    Event, type="fangkong.registry.EntryPassSuspended.v1", channel="passes", key="pass_id", place="compound"
):
    """A pass does not admit for now; the reason is a code (gate rules)."""

    pass_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    reason: str


class EntryPassRevoked(
    Event, type="fangkong.registry.EntryPassRevoked.v1", channel="passes", key="pass_id", place="compound"
):
    """A pass is void for good; the reason is a code."""

    pass_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    reason: str


class SubjectCardSealed(
    Event, type="fangkong.registry.SubjectCardSealed.v1", channel="cards", key="person_ref", place="compound"
):
    """The few personal fields that one service needs of a person, encrypted for it alone (JWE, dir + A256GCM).

    `card` is None when the need has ended: the recipient drops its copy. Each recipient has a channel of its own.
    """

    recipient: Recipient
    person_ref: PersonRef
    compound: CompoundId
    card: str | None

    def channel_name(self) -> str:
        """The recipient's own channel, so that nobody else even receives it."""
        return f"cards_{self.recipient}"

    @classmethod
    def channels(cls) -> tuple[str, ...]:
        """One per recipient."""
        return ("cards_gate", "cards_observation", "cards_sanitation")

    def partition_key(self) -> str:
        """Cards to different recipients are different aggregates."""
        return f"{self.recipient}:{self.person_ref}"


class WatchListLineSettled(
    Event,
    type="fangkong.registry.WatchListLineSettled.v1",
    channel="watch_lists",
    key="line_id",
    archive_only=True,
):
    """Somebody wrote down what became of a line of a watch list, or corrected it; codes only (R4.4)."""

    line_id: UUID
    list_id: UUID
    match: Literal["matched", "possible", "none"]
    disposition: Literal["found_here", "elsewhere", "wrong_data", "missed_before", "overdue"]


class LeadReceived(
    Event,
    type="fangkong.registry.LeadReceived.v1",
    channel="leads",
    key="lead_id",
    place="compound",
    archive_only=True,
):
    """Somebody told something: kind, place and way only; who told it is in no event (R6.3)."""

    lead_id: UUID
    compound: CompoundId
    category: LeadCategory
    via: Literal["phone", "wechat", "gate_code", "desk", "other"]
    observed_at: AwareDatetime
    received_at: AwareDatetime


class LeadAssigned(
    Event,
    type="fangkong.registry.LeadAssigned.v1",
    channel="leads",
    key="lead_id",
    place="compound",
    archive_only=True,
):
    """A grid or a unit looks into a lead until `due_at`; passing it on keeps the first clock (R6.3)."""

    lead_id: UUID
    compound: CompoundId
    category: LeadCategory
    assignee_kind: Literal["grid", "unit"]
    assignee: str
    assigned_at: AwareDatetime
    due_at: AwareDatetime


class LeadClosed(
    Event,
    type="fangkong.registry.LeadClosed.v1",
    channel="leads",
    key="lead_id",
    place="compound",
    archive_only=True,
):
    """It was found whether a lead is true; the reason is a code (R6.3)."""

    lead_id: UUID
    compound: CompoundId
    category: LeadCategory
    valid: bool
    reason: str
    closed_at: AwareDatetime


class NoticePublished(
    Event,
    type="fangkong.registry.NoticePublished.v1",
    channel="notices",
    key="notice_id",
    archive_only=True,
):
    """A notice is to be posted in these compounds by these channels (R6.1)."""

    notice_id: UUID
    compounds: tuple[CompoundId, ...]
    channels_wanted: tuple[str, ...]
    published_at: AwareDatetime
