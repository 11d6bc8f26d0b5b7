"""The shape of a policy version. The numbers themselves belong to the registry's policy, never to code.

Every duration names its unit; times of day are Asia/Shanghai; temperatures are degrees Celsius; concentrations are
milligrams of available chlorine per litre.
"""

from datetime import date, time
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.events.policy_inspections import InspectionRules, VenueRules
from shared.events.policy_part import Part
from shared.events.policy_reporting import DailyReportRules, ReportingRules
from shared.events.policy_supervision import SupervisionRules

Category = Literal["focus", "higher_risk", "concern", "other", "close_contact"]
RegisteredOrigin = Literal["ignore", "ask", "category"]
Measure = Literal["centralized_observation", "home_quarantine", "home_self_monitoring", "medical"]
SiteKind = Literal[
    "lift", "stairwell", "gatehouse", "waste_room", "bin_point", "mask_bin", "public_area", "other"
]
PlaceKind = Literal["neighbourhood", "compound", "checkpoint", "grid"]
WorkerKind = Literal[
    "work_group_leader",
    "work_group_member",
    "auxiliary_police",
    "guard",
    "grid_leader",
    "community_police",
    "grid_worker",
    "health_worker",
    "enforcement_officer",
    "property_staff",
    "stair_leader",
    "volunteer",
    "named_person",
]
LeadCategory = Literal["unregistered_outsider", "gathering", "hidden_travel", "gate_unattended", "other"]


def _without_zone(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("时刻为北京时间，不写时区。A time of day is Asia/Shanghai and names no zone.")
    return at


LocalTime = Annotated[time, AfterValidator(_without_zone)]
"""A time of day on the clocks of Asia/Shanghai."""

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


class Window(Part):
    """A declaration window of the day, and until when a late one still counts for it (observation rules)."""

    opens: time
    closes: time
    late_until: time


class ObservationRules(Part):
    """Fourteen days, twice a day (R2.7, R4.6 to R4.10)."""

    days: int = Field(ge=1)
    morning: Window
    evening: Window
    measures: dict[Category, Measure]
    approval_required: tuple[tuple[Category, Measure], ...]
    visit_after_missed: int
    headquarters_after_missed: int


class RoundRule(Part):
    """Disinfection of one kind of site (R5.1, R5.5)."""

    kind: SiteKind
    rounds_per_day: int = Field(ge=1)
    spacing_minutes: int = Field(ge=0)
    concentration_from_mg_l: int
    concentration_to_mg_l: int


class LateEntryRules(Part):
    """What is logged after its day (R5.1).

    A log by a place's code may come so many hours after it was done, from a phone that had no network; whatever comes
    later needs an explanation, and so many days after its day nothing is entered or closed any more.
    """

    code_hours: int = Field(ge=0)
    entry_days: int = Field(ge=0)


class AiringRule(Part):
    """Airing of one kind of site: how often a day, and how many minutes at least (R5.1)."""

    kind: SiteKind
    times_per_day: int = Field(ge=1)
    minutes: int = Field(ge=1)


class WasteRules(Part):
    """Waste of households under home quarantine, and bins for discarded masks (R5.2).

    `usual_hour` holds where no hour was agreed with a household. A quarantine that begins before `same_day_before` has
    its first pickup on that day. What was collected is handed over within `hand_over_hours`; a mask bin is emptied at
    least every `mask_bin_hours`.
    """

    usual_hour: LocalTime
    same_day_before: LocalTime
    hand_over_hours: int = Field(ge=1)
    mask_bin_hours: int = Field(ge=1)


class PhotoRules(Part):
    """How long photos are kept: so many hours when they prove nothing, so many days when they do (Data and law)."""

    unused_hours: int = Field(ge=1)
    keep_days: int = Field(ge=1)


class SanitationRules(Part):
    """Disinfection rounds, airing and waste (R5.1, R5.2)."""

    rounds: tuple[RoundRule, ...]
    late: LateEntryRules | None = None
    airing: tuple[AiringRule, ...] | None = None
    waste: WasteRules | None = None
    photos: PhotoRules | None = None


class PassRules(Part):
    """Entry passes (R2.4, R2.7)."""

    valid_days: int = Field(ge=1)


class TemporaryPassKind(Part):
    """For one purpose: at most how many days, within which hours of a day, and which roles issue it (gate rules)."""

    purpose: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    max_days: int = Field(ge=1)
    daily_from: LocalTime
    daily_until: LocalTime
    roles: tuple[str, ...]


class TemporaryPassRules(Part):
    """Temporary passes: only for the purposes named here (gate rules)."""

    kinds: tuple[TemporaryPassKind, ...]


class PassApplicationRules(Part):
    """Papers that an application for a pass needs verified: of each group one is enough (R2.4)."""

    papers: tuple[tuple[str, ...], ...]


class RiskRules(Part):
    """How a risk list is proposed from case counts, and what being registered in a listed place is (R4.6 to R4.8)."""

    focus_codes: tuple[str, ...]
    higher_risk_from: int
    concern_from: int
    origin: RegisteredOrigin | None = None


class RetentionRules(Part):
    """How long something is kept, in days (Data and law).

    Health, contact and trip: after the release. Of checks at a gate, after their receipt, `check_reading_days`: the
    reading and the answers; `check_person_days`: whose check it was. `lead_days`: after a lead was closed. `list_days`:
    after a watch list was closed or its last day, and after an entry of the call list was last touched. `survey_days`:
    after a form came in. `application_days`: after an application for a pass or for service was settled.
    `business_days`: after it closed. `note_days`: what was written about a thing (a site, an order, a duty, a finding),
    after that thing was over. `worker_days`: name and phone of a worker, after the last post and the last charge ended.
    """

    health_days: int
    contact_days: int
    trip_days: int
    check_reading_days: int | None = Field(default=None, ge=1)
    check_person_days: int | None = Field(default=None, ge=1)
    lead_days: int | None = Field(default=None, ge=1)
    list_days: int | None = Field(default=None, ge=1)
    survey_days: int | None = Field(default=None, ge=1)
    application_days: int | None = Field(default=None, ge=1)
    business_days: int | None = Field(default=None, ge=1)
    note_days: int | None = Field(default=None, ge=1)
    worker_days: int | None = Field(default=None, ge=1)


class SecondPersonRules(Part):
    """When one person's word is not enough, and how long a request waits for the other's (Trust).

    `export_people`: an export that names more people than this, in full; `bulk_cases`: one decision about more cases.
    """

    export_people: int = Field(ge=0)
    bulk_cases: int = Field(ge=0)
    hours: int = Field(ge=1)


class LeadRules(Part):
    """Leads of residents: within how many hours two may be the same, and how long each kind may take (R6.3)."""

    duplicate_hours: int = Field(ge=0)
    due_hours: dict[LeadCategory, int]


class PostNeed(Part):
    """How many people of a kind a place of a kind needs.

    `stand_ins` are kinds that fill the post as well; `staffed_only`: only where a compound cannot be closed (R1.1).
    """

    place: PlaceKind
    kind: WorkerKind
    number: int = Field(ge=1)
    stand_ins: tuple[WorkerKind, ...] = ()
    staffed_only: bool = False


class NoticeRules(Part):
    """Within how many hours a notice hangs wherever it is to hang (R6.1)."""

    post_within_hours: int = Field(ge=1)


class PostRules(Part):
    """Posts and who fills them (R1.1, R3.1 to R3.3).

    `several_at_once` are the kinds whose people may serve at more than one post at the same time.
    """

    needs: tuple[PostNeed, ...]
    several_at_once: tuple[WorkerKind, ...]


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


Witness = Literal["property_staff", "neighbour", "grid_leader"]


class SurveyRules(Part):
    """Survey rounds: who may confirm that nobody lives somewhere, and when nobody-home calls for the phone (R4.1, P8).

    `absent_visits` count when they are at least `visit_spacing_minutes` apart.
    """

    empty_witnesses: tuple[Witness, ...]
    absent_visits: int = Field(ge=1)
    visit_spacing_minutes: int = Field(ge=0)


class GateTableRow(Part):
    """What reasons call for at a gate (gate rules): by who comes and in which direction.

    Without `cases` or `directions` every one is meant. Of several rows for a cell the last one holds.
    """

    reasons: tuple[GateReason, ...] = Field(min_length=1)
    cases: tuple[GateCase, ...] = ()
    directions: tuple[Literal["entry", "exit"], ...] = ()
    verdict: Literal["admit", "admit_with_action", "cannot_verify", "refuse"]
    action: GateAction


class FollowUpRules(Part):
    """What follows on a declaration window that closed empty, in minutes after it closed (observation rules).

    Steps that fall between `quiet_from` and `quiet_until` wait until `quiet_until`. After how many windows in a row a
    door visit and headquarters follow is said by `ObservationRules`.
    """

    remind_after_minutes: tuple[int, ...] = Field(max_length=3)
    grid_worker_after_minutes: int = Field(ge=0)
    quiet_from: LocalTime
    quiet_until: LocalTime


class DoorRules(Part):
    """Technical means at the door of a home quarantine (R4.6): when openings are one burst, when silence is a fault.

    A heartbeat that is missing for `heartbeat_minutes` (real time) raises a task.
    """

    burst_minutes: int = Field(ge=0)
    heartbeat_minutes: int = Field(ge=1)


class AuditRules(Part):
    """When reading looks like browsing: more than `records_per_hour` people by one account within an hour.

    A request that tells of `list_from` people or more is a list and does not count.
    """

    records_per_hour: int = Field(ge=1)
    list_from: int = Field(ge=2)


class PatternRules(Part):
    """When declarations look made up, so that somebody looks at them; nobody is punished for it (O11).

    `same_second_days`: the same value at the same second of so many days. `same_value_days`: every value of so many
    days is the same. `family_days`: on so many days, at least `family_people` were declared for by one link within
    `family_within_seconds`, all with the same value.
    """

    same_second_days: int = Field(ge=2)
    same_value_days: int = Field(ge=2)
    family_people: int = Field(ge=2)
    family_within_seconds: int = Field(ge=0)
    family_days: int = Field(ge=1)


class PolicyDocument(Part):
    """Every number that a rule of this system reads, as one dated version (R1.2)."""

    text_reference: str
    checkpoints: CheckpointRules
    temperature: TemperatureRules
    gate: GateRules
    observation: ObservationRules
    sanitation: SanitationRules
    passes: PassRules
    risk: RiskRules
    reporting: ReportingRules
    retention: RetentionRules
    leads: LeadRules
    posts: PostRules | None = None
    notices: NoticeRules | None = None
    pass_applications: PassApplicationRules | None = None
    temporary_passes: TemporaryPassRules | None = None
    duty: DutyRules | None = None
    vehicles: VehicleRules | None = None
    survey: SurveyRules | None = None
    follow_up: FollowUpRules | None = None
    doors: DoorRules | None = None
    patterns: PatternRules | None = None
    audit: AuditRules | None = None
    gate_table: tuple[GateTableRow, ...] | None = None
    venues: VenueRules | None = None
    inspections: InspectionRules | None = None
    supervision: SupervisionRules | None = None
    daily_report: DailyReportRules | None = None
    second_person: SecondPersonRules | None = None
