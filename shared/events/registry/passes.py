"""Entry passes, vehicle passes, and the applications for them."""

from datetime import time
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.kernel.ids import CompoundId, PersonRef


class EntryPassIssued(
    Event, type="fangkong.registry.EntryPassIssued.v1", channel="passes", key="pass_id", place="compound"
):
    """One active pass per person and compound. `serial` dies when the pass is reprinted (R2.4, R2.7).

    A reprint is told again with a higher serial. A temporary pass names its purpose and the hours of each day, local
    time, in which it admits.
    """

    pass_id: UUID
    number: str
    serial: int
    person_ref: PersonRef
    compound: CompoundId
    kind: Literal["resident", "temporary"]
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    policy_version: int
    purpose: str | None = None
    daily_from: time | None = None
    daily_until: time | None = None


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


class EntryPassReinstated(
    Event,
    type="fangkong.registry.EntryPassReinstated.v1",
    channel="passes",
    key="pass_id",
    place="compound",
):
    """A suspended pass admits again; the reason is a code (gate rules)."""

    pass_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    reason: str


class HoldSettled(
    Event,
    type="fangkong.registry.HoldSettled.v1",
    channel="passes",
    key="settlement_id",
):
    """A clerk or headquarters decided that what stood against a person is over, with or without a pass (G2)."""

    settlement_id: UUID
    person_ref: PersonRef
    kind: Literal["fever", "medical", "close_contact"]
    settled_at: AwareDatetime


class VehiclePassIssued(
    Event,
    type="fangkong.registry.VehiclePassIssued.v1",
    channel="vehicle_passes",
    key="vehicle_pass_id",
    place="compound",
):
    """A vehicle may enter a compound with this pass; the plate crosses on a sealed card only (R2.3, R2.4).

    A new print of the same pass is told again with a higher serial.
    """

    vehicle_pass_id: UUID
    number: str
    serial: int
    vehicle_ref: UUID
    compound: CompoundId
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    policy_version: int


class VehiclePassRevoked(
    Event,
    type="fangkong.registry.VehiclePassRevoked.v1",
    channel="vehicle_passes",
    key="vehicle_pass_id",
    place="compound",
):
    """A vehicle pass is void for good; the reason is a code."""

    vehicle_pass_id: UUID
    vehicle_ref: UUID
    compound: CompoundId
    reason: str


class PassApplicationReceived(
    Event,
    type="fangkong.registry.PassApplicationReceived.v1",
    channel="applications",
    key="application_id",
    place="compound",
):
    """Somebody applied for a pass (R2.4). The Suzhou code is for reference only (R2.8)."""

    application_id: UUID
    compound: CompoundId
    via: Literal["desk", "online", "gate"]
    suzhou_code: Literal["green", "yellow", "red", "green_pending", "none"]
    received_at: AwareDatetime


class PassApplicationSettled(
    Event,
    type="fangkong.registry.PassApplicationSettled.v1",
    channel="applications",
    key="application_id",
    place="compound",
):
    """A clerk verified an application and issued a pass or refused it; the reason is a code (R2.4)."""

    application_id: UUID
    compound: CompoundId
    outcome: Literal["issued", "refused", "withdrawn"]
    reason: str | None
    settled_at: AwareDatetime
