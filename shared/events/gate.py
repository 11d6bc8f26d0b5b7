"""What the gate tells: checks, alerts, devices."""

from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.kernel.ids import CheckpointId, CompoundId, PersonRef

Verdict = Literal["admit", "admit_with_action", "refuse", "cannot_verify"]


class EntryChecked(
    Event, type="fangkong.gate.EntryChecked.v1", channel="checks", key="check_id", place="compound"
):
    """Someone asked to enter or leave a compound and the checkpoint answered (R2.3, R2.5).

    One per attempt, also for attempts recorded offline: `checked_at` is when it happened at the gate, the envelope's
    `time` is when gate recorded it.
    """

    check_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    person_ref: PersonRef | None
    direction: Literal["entry", "exit"]
    verdict: Verdict
    reasons: tuple[str, ...]
    temperature_c: Decimal | None
    checked_at: AwareDatetime
    offline: bool
    policy_version: int


class FeverSeen(Event, type="fangkong.gate.FeverSeen.v1", channel="alerts", key="check_id", place="compound"):
    """A resident's reading at a checkpoint was a fever; gate holds them already (gate rules, G2)."""

    check_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    checkpoint: CheckpointId
    temperature_c: Decimal
    checked_at: AwareDatetime


class DeviceEnrolled(
    Event,
    type="fangkong.gate.DeviceEnrolled.v1",
    channel="devices",
    key="device_id",
    place="compound",
    archive_only=True,
):
    """A device took up service at one checkpoint."""

    device_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    enrolled_at: AwareDatetime
