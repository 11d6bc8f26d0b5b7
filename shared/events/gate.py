"""What the gate tells: checks, alerts, duty, devices."""

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
    `time` is when gate recorded it. `corrects` names an earlier check whose reading was mistyped; both are kept.

    `person_ref` and `temperature_c` are null: who was where, and how warm, is the gate's own (0044). A fever that
    others have to act on is told as FeverSeen.
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
    corrects: UUID | None = None


class FeverSeen(Event, type="fangkong.gate.FeverSeen.v1", channel="alerts", key="check_id", place="compound"):
    """A resident's reading at a checkpoint was a fever; gate holds them already (gate rules, G2)."""

    check_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    checkpoint: CheckpointId
    temperature_c: Decimal
    checked_at: AwareDatetime


class FeverWithdrawn(
    Event, type="fangkong.gate.FeverWithdrawn.v1", channel="alerts", key="check_id", place="compound"
):
    """A fever that was told as FeverSeen was a mistyped reading: the check `check_id` corrects it (R2.3, G2).

    It takes back that one fever and nothing else; another one of the same person stands. The registry lifts what it
    had suspended for it. A correction that is a fever itself is told as a FeverSeen of its own, before this.
    """

    check_id: UUID
    corrects: UUID
    person_ref: PersonRef
    compound: CompoundId
    withdrawn_at: AwareDatetime


class DeviceEnrolled(
    Event,
    type="fangkong.gate.DeviceEnrolled.v1",
    channel="devices",
    key="device_id",
    place="compound",
):
    """A device took up service at one checkpoint."""

    device_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    enrolled_at: AwareDatetime


class VehicleChecked(
    Event,
    type="fangkong.gate.VehicleChecked.v1",
    channel="checks",
    key="check_id",
    place="compound",
):
    """A vehicle asked to pass and the checkpoint answered; its occupants have their own checks (R2.3, G7).

    `occupants` is the number of people in it, each with an EntryChecked of their own. Ambulance, fire engine and police
    on duty (`emergency`) are let through and logged. `vehicle_ref` is null: whose car was where is the gate's own.
    """

    check_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    vehicle_ref: UUID | None
    direction: Literal["entry", "exit"]
    verdict: Literal["complete", "held", "refuse"]
    reasons: tuple[str, ...]
    emergency: bool
    occupants: int
    boot_opened: bool | None
    checked_at: AwareDatetime
    offline: bool
    policy_version: int


class FirstReturnSeen(
    Event,
    type="fangkong.gate.FirstReturnSeen.v1",
    channel="alerts",
    key="check_id",
    place="compound",
):
    """Somebody with a dwelling here stood at the gate coming back from elsewhere; an intake is due (R2.5, G17).

    `held` says that they wait for transfer. What they answered crosses as IntakeAnswersSealed.
    """

    check_id: UUID
    person_ref: PersonRef | None
    compound: CompoundId
    checkpoint: CheckpointId
    held: bool
    checked_at: AwareDatetime


class FocusAreaPersonReported(
    Event,
    type="fangkong.gate.FocusAreaPersonReported.v1",
    channel="alerts",
    key="check_id",
    place="compound",
):
    """Somebody from a focus area stands at the gate: reported upward at once (R2.5)."""

    check_id: UUID
    person_ref: PersonRef | None
    compound: CompoundId
    checkpoint: CheckpointId
    checked_at: AwareDatetime


class CaseContactReported(
    Event,
    type="fangkong.gate.CaseContactReported.v1",
    channel="alerts",
    key="check_id",
    place="compound",
):
    """Somebody said at the gate to have been in contact with a confirmed case: somebody finds out more (R2.5)."""

    check_id: UUID
    person_ref: PersonRef | None
    compound: CompoundId
    checkpoint: CheckpointId
    checked_at: AwareDatetime


class QuarantineExitSeen(
    Event,
    type="fangkong.gate.QuarantineExitSeen.v1",
    channel="alerts",
    key="check_id",
    place="compound",
):
    """Somebody in home quarantine stood at the way out: reported to whoever looks after them (gate rules).

    `verdict`: what they were answered; a device that decided alone may have let them out.
    """

    check_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    checkpoint: CheckpointId
    verdict: Literal["admit", "admit_with_action", "refuse", "cannot_verify"]
    checked_at: AwareDatetime


class PassApplicationRequested(
    Event,
    type="fangkong.gate.PassApplicationRequested.v1",
    channel="alerts",
    key="check_id",
    place="compound",
):
    """A newcomer without a pass has papers and asks for one; the code is for reference only (R2.4, R2.8, G4)."""

    check_id: UUID
    person_ref: PersonRef | None
    compound: CompoundId
    checkpoint: CheckpointId
    suzhou_code: Literal["green", "yellow", "red", "green_pending", "none"]
    checked_at: AwareDatetime


class IntakeAnswersSealed(
    Event,
    type="fangkong.gate.IntakeAnswersSealed.v1",
    channel="cards_registry",
    key="check_id",
    place="compound",
):
    """What a first returnee or a newcomer answered at the gate, encrypted for the registry alone (JWE).

    `answers` is None when it was taken back.
    """

    check_id: UUID
    compound: CompoundId
    answers: str | None


class AdmittedAfterRevocation(
    Event,
    type="fangkong.gate.AdmittedAfterRevocation.v1",
    channel="alerts",
    key="check_id",
    place="compound",
):
    """An offline device admitted a pass that had ended before, which it could not know; history stays (G10)."""

    check_id: UUID
    pass_id: UUID
    person_ref: PersonRef | None
    compound: CompoundId
    checkpoint: CheckpointId
    ended_as: Literal["revoked", "suspended", "replaced"]
    ended_at: AwareDatetime
    checked_at: AwareDatetime


class CheckFlagged(
    Event,
    type="fangkong.gate.CheckFlagged.v1",
    channel="alerts",
    key="check_id",
    place="compound",
):
    """Something about a check needs a look: the same pass at two gates, a clock that is wrong (G9, G11)."""

    check_id: UUID
    person_ref: PersonRef | None
    compound: CompoundId
    checkpoint: CheckpointId
    flag: Literal["two_places_at_once", "copied_pass", "clock_ahead", "clock_behind"]
    other_check_id: UUID | None
    flagged_at: AwareDatetime


class CheckOverridden(
    Event,
    type="fangkong.gate.CheckOverridden.v1",
    channel="alerts",
    key="check_id",
    place="compound",
):
    """A shift leader let somebody pass against the verdict, with a reason; HQ reviews it (gate rules, G18).

    `review_due_at`: by when, as the policy in force has it; None where it says nothing.
    """

    check_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    verdict: Verdict
    reason: Literal["identity_confirmed", "medical_need", "system_fault", "order_of_headquarters", "other"]
    overridden_at: AwareDatetime
    review_due_at: AwareDatetime | None = None


class OverrideReviewed(
    Event,
    type="fangkong.gate.OverrideReviewed.v1",
    channel="alerts",
    key="check_id",
    place="compound",
):
    """Headquarters looked at an override, by somebody else than who overrode: it was right, or it was not (G18).

    `objection` is what is held against it, None where there is nothing.
    """

    check_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    outcome: Literal["confirmed", "objected"]
    objection: (
        Literal["no_grounds", "measure_ignored", "identity_not_checked", "wrong_reason", "other"] | None
    )
    reviewed_at: AwareDatetime


class ShiftStarted(
    Event, type="fangkong.gate.ShiftStarted.v1", channel="duty", key="turn_id", place="compound"
):
    """A worker checked in to a post (R2.2).

    A turn is what was held, a shift what was planned: `shift_id` is the plan that the turn fulfils, None for who
    stepped in. `late_minutes` is 0 within the grace of the policy.
    """

    turn_id: UUID
    shift_id: UUID | None
    worker_ref: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    started_at: AwareDatetime
    late_minutes: int


class ShiftEnded(Event, type="fangkong.gate.ShiftEnded.v1", channel="duty", key="turn_id", place="compound"):
    """A worker left a post; the minutes count for the service record (R2.2, R7.3).

    `lapsed`: nobody checked out, so the turn counts to the end of its plan. Who checks out after that did stay: the
    turn is told again with a higher version.
    """

    turn_id: UUID
    worker_ref: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    ended_at: AwareDatetime
    minutes: int
    ended_by: Literal["check_out", "handover", "lapsed"]


class DutyGapOpened(
    Event, type="fangkong.gate.DutyGapOpened.v1", channel="duty", key="gap_id", place="compound"
):
    """A post is not manned: nobody is planned, or nobody checked in (R2.2, G15)."""

    gap_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    cause: Literal["not_planned", "not_checked_in"]
    began_at: AwareDatetime


class DutyGapClosed(
    Event, type="fangkong.gate.DutyGapClosed.v1", channel="duty", key="gap_id", place="compound"
):
    """A gap is over: the post is manned, or the cause is another one from here on (R2.2, G15).

    `minutes` may be 0: what was heard later showed that somebody had been there all along.
    """

    gap_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    ended_at: AwareDatetime
    minutes: int


class DeviceRevoked(
    Event,
    type="fangkong.gate.DeviceRevoked.v1",
    channel="devices",
    key="device_id",
    place="compound",
):
    """A device may no longer speak for a checkpoint; what it still sends is quarantined (G16)."""

    device_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    revoked_at: AwareDatetime


class DeviceSeen(
    Event,
    type="fangkong.gate.DeviceSeen.v1",
    channel="devices",
    key="device_id",
    place="compound",
):
    """How a device is, as it said itself; told at most once a minute (screens §6.2)."""

    device_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    seen_at: AwareDatetime
    queue_length: int
    oldest_queued_at: AwareDatetime | None
    list_made_at: AwareDatetime | None
    clock_skew_seconds: int
