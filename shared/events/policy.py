"""The shape of a policy version. The numbers themselves belong to the registry's policy, never to code.

The sections of gates, observation, sanitation and reporting lie in modules of their own beside this one.

Every duration names its unit; times of day are Asia/Shanghai; temperatures are degrees Celsius; concentrations are
milligrams of available chlorine per litre.
"""

from typing import Literal

from pydantic import Field

from shared.events.policy_gate import (
    CheckpointRules,
    DutyRules,
    GateRules,
    GateTableRow,
    TemperatureRules,
    VehicleRules,
)
from shared.events.policy_inspections import InspectionRules, VenueRules
from shared.events.policy_observation import DoorRules, FollowUpRules, ObservationRules, PatternRules
from shared.events.policy_part import LocalTime, Part
from shared.events.policy_reporting import DailyReportRules, ReportingRules
from shared.events.policy_sanitation import SanitationRules
from shared.events.policy_supervision import SupervisionRules

RegisteredOrigin = Literal["ignore", "ask", "category"]
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


Witness = Literal["property_staff", "neighbour", "grid_leader"]


class SurveyRules(Part):
    """Survey rounds: who may confirm that nobody lives somewhere, and when nobody-home calls for the phone (R4.1, P8).

    `absent_visits` count when they are at least `visit_spacing_minutes` apart.
    """

    empty_witnesses: tuple[Witness, ...]
    absent_visits: int = Field(ge=1)
    visit_spacing_minutes: int = Field(ge=0)


class AuditRules(Part):
    """When reading looks like browsing: more than `records_per_hour` people by one account within an hour.

    A request that tells of `list_from` people or more is a list and does not count.
    """

    records_per_hour: int = Field(ge=1)
    list_from: int = Field(ge=2)


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
