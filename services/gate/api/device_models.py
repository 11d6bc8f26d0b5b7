"""What devices say of themselves, and what those who look after them are shown."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from services.gate.api.models import DeviceKey, DeviceTime
from shared.http.models import Answer, Body
from shared.kernel.ids import CheckpointId, CompoundId

Count = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]
AppVersion = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+_-]{0,39}$")]


class VerdictTime(Body):
    """How long somebody stood before a verdict."""

    mode: Literal["online", "offline"]
    seconds: float = Field(ge=0, le=600, description="From the capture to the verdict on the screen.")


MEASURED = {"device_class", "verdicts", "errors"}
"""What a heartbeat says for the figures alone; nothing of it is kept."""


class HeartbeatBody(Body):
    """How the device is. Send it once a minute, and after every upload."""

    device_time: DeviceTime = Field(description="The device's own clock, read when this is sent.")
    app_version: AppVersion
    queue_length: Count = Field(description="Checks decided and not handed in yet.")
    oldest_queued_at: DeviceTime | None = Field(default=None, description="The device's time.")
    quarantined: Count = Field(default=0, description="Items that were answered `quarantined`.")
    rejected: Count = Field(default=0, description="Items that were answered `rejected`.")
    list_made_at: DeviceTime | None = Field(
        default=None, description="`made_at` of the oldest of the device's lists; null: it has none."
    )
    device_class: Literal["browser", "handset", "fixed", "other"] = "other"
    verdicts: list[VerdictTime] = Field(
        default=[], max_length=500, description="Of the checks since the last heartbeat that was answered."
    )
    errors: dict[Literal["camera", "list", "network", "storage", "other"], Count] = Field(
        default={}, description="How often something went wrong since the last heartbeat that was answered."
    )


class HeartbeatAnswer(Answer):
    """The server's time, and how far the device's clock is from it."""

    now: datetime = Field(description="The server's business time.")
    clock_skew_seconds: int = Field(description="Device minus server: what to take off the device's time.")
    policy_version: int | None
    ticket: str | None = Field(
        default=None,
        description="Of a device with a key: stands for a signature with `POST /v1/entry-checks`, for five minutes.",
    )


class RotateBody(Body):
    """Ask for the next credential."""

    request_id: UUID = Field(description="Made by the device; asked again, the answer is the same.")
    public_key: DeviceKey | None = Field(
        default=None, description="Of a device that has none yet: its own, which it signs this request with."
    )


class CredentialAnswer(Answer):
    """The next credential. It counts from its first use on; until then the present one does as well."""

    device_id: UUID
    credential: str = Field(description="Store it, then use it: its first use makes the present one void.")


class DeviceLine(Answer):
    """A device, and how it last said it was. Null where it has not said anything yet."""

    device_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    state: Literal["in_service", "revoked"]
    enrolled_at: datetime
    revoked_at: datetime | None
    seen_at: datetime | None = Field(description="Real time.")
    app_version: str | None
    queue_length: int | None
    oldest_queued_at: datetime | None
    quarantined: int | None
    rejected: int | None
    list_made_at: datetime | None
    list_age_seconds: int | None = Field(description="Of the device's oldest list.")
    clock_skew_seconds: int | None = Field(description="Device minus server.")
    held: int = Field(description="Its items that wait in quarantine.")


class SeqRun(Answer):
    """A run of numbers that has not come, both ends included."""

    first: int
    last: int


class OneDevice(DeviceLine):
    """A device with what is missing of what it sent: numbers below its highest that did not come (yet)."""

    highest_seq: int | None
    missing: list[SeqRun] = Field(description="The first 20 runs.")
