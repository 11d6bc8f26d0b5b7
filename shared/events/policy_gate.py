"""What a policy version says of gates: what is answered when, who mans them, what their devices may do."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from shared.events.policy_part import Part

GateCase = Literal[
    "resident",
    "visitor",
    "emergency",
    "unknown",
    "home_self_monitoring",
    "home_quarantine",
    "centralized_observation",
    "medical",
    "measure_elsewhere",
]

GateReason = Literal[
    "fever",
    "under_quarantine",
    "self_monitoring",
    "pass_forged",
    "pass_revoked",
    "pass_replaced",
    "pass_suspended",
    "wrong_compound",
    "pass_expired",
    "pass_not_yet_valid",
    "outside_hours",
    "no_pass",
    "pass_unknown",
    "pass_unverifiable",
    "list_too_old",
    "not_checkable_offline",
    "subject_unknown",
    "subject_ambiguous",
    "no_mask",
    "incomplete",
    "pass_not_shown",
    "pass_not_scanned",
    "list_aged",
    "follow_up",
]

GateAction = Literal[
    "fever_path",
    "turn_back",
    "hold_for_transfer",
    "hold_and_report",
    "go_straight_home",
    "stay_home",
    "stay_home_and_report",
    "report_forgery",
    "apply_at_community",
    "call_community",
    "use_newest_pass",
    "go_to_own_compound",
    "wait_for_validity",
    "handover_point",
    "note_departure",
    "log_and_let_through",
    "call_shift_leader",
    "match_document",
    "check_typing",
    "offer_reprint",
    "put_on_mask",
    "complete_check",
    "measure_temperature",
    "measure_again",
    "look_at_mask",
    "ask_questions",
    "report_to_community",
]


class AreaLimit(Part):
    """From this floor area on, at most so many checkpoints (R2.1)."""

    from_m2: int = Field(ge=0)
    checkpoints: int = Field(ge=0)


class CheckpointRules(Part):
    """How many checkpoints a compound may open: the smaller of the city's and the town's limit (R2.1)."""

    city_limits: tuple[AreaLimit, ...]
    town_limit: int = Field(ge=0)
    temporary_hours: int | None = Field(default=None, ge=1)
    """For how many hours at most a temporary gate for fire engines and ambulances may be opened."""


class TemperatureRules(Part):
    """When a reading is a fever, and when it is no body temperature at all (gate rules)."""

    fever_from_c: Decimal
    plausible_from_c: Decimal
    plausible_to_c: Decimal


class OfflineRules(Part):
    """What a device may decide from its own list, by the list's age in minutes (gate rules)."""

    admit_up_to_minutes: int
    action_up_to_minutes: int
    online_answer_within_ms: int


class SyncRules(Part):
    """How near in time two checks of one person at two gates are too near (G9, F15)."""

    two_places_within_seconds: int = Field(ge=0)
    copied_pass_within_seconds: int = Field(ge=0)


class DeviceRules(Part):
    """A checkpoint's devices: how long without a word one counts as away (real time), and when all have keys.

    From the business day `keys_required_from` on, one that has no key of its own can do nothing but give itself one.
    """

    quiet_after_seconds: int = Field(ge=1)
    keys_required_from: date | None = None


class OverrideRules(Part):
    """Within how many hours headquarters look at who was let through against a verdict (gate rules, G18)."""

    review_within_hours: int = Field(ge=1)


class GateRules(Part):
    """Entry checks (R2.3, R2.5, R2.6)."""

    musts: tuple[str, ...]
    offline: OfflineRules
    future_stamp_seconds: int
    sync: SyncRules | None = None
    devices: DeviceRules | None = None
    overrides: OverrideRules | None = None


class DutyRules(Part):
    """Manning a post day and night, in minutes (R2.2).

    `grace_minutes`: how late somebody may be before a gap is told. `early_minutes`: how early a check-in counts for
    the shift that follows. `unplanned_turn_minutes`: how long a turn without a plan counts when nobody checks out.
    """

    grace_minutes: int = Field(ge=0)
    early_minutes: int = Field(ge=0)
    longest_shift_minutes: int = Field(ge=1)
    unplanned_turn_minutes: int = Field(ge=1)


class VehicleRules(Part):
    """Vehicle checks (R2.3): how many minutes a person's check may lie from that of the vehicle they sit in."""

    occupant_check_minutes: int = Field(ge=1)


class GateTableRow(Part):
    """What reasons call for at a gate (gate rules): by who comes and in which direction.

    Without `cases` or `directions` every one is meant. Of several rows for a cell the last one holds.
    """

    reasons: tuple[GateReason, ...] = Field(min_length=1)
    cases: tuple[GateCase, ...] = ()
    directions: tuple[Literal["entry", "exit"], ...] = ()
    verdict: Literal["admit", "admit_with_action", "cannot_verify", "refuse"]
    action: GateAction
