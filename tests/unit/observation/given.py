"""Values that the unit tests of observation start from."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from services.observation.domain.calendar import EVENING, MORNING, Calendar, PolicyVersion, Slot
from services.observation.domain.case import Case
from services.observation.domain.declaring import Declared, Draft, decide_declaration
from services.observation.domain.settling import Fact, decide_settling, next_step
from shared.events.policy import (
    LeadRules,
    PassRules,
    PolicyDocument,
    RetentionRules,
    RiskRules,
    SecondPersonRules,
)
from shared.events.policy_gate import CheckpointRules, GateRules, OfflineRules, TemperatureRules
from shared.events.policy_observation import DoorRules, FollowUpRules, ObservationRules, PatternRules, Window
from shared.events.policy_reporting import ReportingRules
from shared.events.policy_sanitation import SanitationRules
from shared.kernel.days import at_local
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef

RULES = ObservationRules(
    days=14,
    morning=Window(opens=time(6), closes=time(10), late_until=time(17)),
    evening=Window(opens=time(17), closes=time(21), late_until=time(6)),
    measures={
        "focus": "centralized_observation",
        "higher_risk": "home_quarantine",
        "concern": "home_quarantine",
        "other": "home_self_monitoring",
        "close_contact": "centralized_observation",
    },
    approval_required=(("focus", "home_quarantine"),),
    visit_after_missed=2,
    headquarters_after_missed=3,
)


FOLLOW_UP = FollowUpRules(
    remind_after_minutes=(0, 120, 240),
    grid_worker_after_minutes=300,
    quiet_from=time(22),
    quiet_until=time(7),
)

DOORS = DoorRules(burst_minutes=10, heartbeat_minutes=30)
PATTERNS = PatternRules(
    same_second_days=3, same_value_days=5, family_people=3, family_within_seconds=10, family_days=3
)


def policy(rules: ObservationRules = RULES) -> PolicyDocument:
    return PolicyDocument(
        follow_up=FOLLOW_UP,
        doors=DOORS,
        patterns=PATTERNS,
        second_person=SecondPersonRules(export_people=200, bulk_cases=50, hours=24),
        text_reference="test",
        checkpoints=CheckpointRules(city_limits=(), town_limit=1),
        temperature=TemperatureRules(
            fever_from_c=Decimal("37.3"), plausible_from_c=Decimal("34.0"), plausible_to_c=Decimal("43.0")
        ),
        gate=GateRules(
            musts=("mask",),
            offline=OfflineRules(
                admit_up_to_minutes=240, action_up_to_minutes=1440, online_answer_within_ms=800
            ),
            future_stamp_seconds=120,
        ),
        observation=rules,
        sanitation=SanitationRules(rounds=()),
        passes=PassRules(valid_days=30),
        risk=RiskRules(focus_codes=("42",), higher_risk_from=100, concern_from=10),
        reporting=ReportingRules(cut_off=time(17)),
        retention=RetentionRules(health_days=30, contact_days=30, trip_days=30),
        leads=LeadRules(duplicate_hours=24, due_hours={"other": 24}),
    )


def calendar_of(*dated: tuple[date, ObservationRules]) -> Calendar:
    return Calendar(
        PolicyVersion(version=number, effective_from=day, document=policy(rules))
        for number, (day, rules) in enumerate(dated, start=1)
    )


CALENDAR = calendar_of((date(2020, 1, 1), RULES))


def at(day: date, clock: str) -> datetime:
    """An instant by Shanghai's clocks; `24:00` is midnight at the day's end."""
    if clock == "24:00":
        return at_local(day + timedelta(days=1), time(0))
    return at_local(day, time.fromisoformat(clock))


def a_case(anchor: date, opened_at: datetime, *, days: int = 14) -> Case:
    return Case(
        case_id=UUID(int=1),
        person_ref=PersonRef(UUID(int=2)),
        compound=CompoundId("lj-001"),
        dwelling_id=DwellingId(UUID(int=3)),
        grid=GridId("lj-001-w01"),
        category="other",
        measure="home_self_monitoring",
        anchor_date=anchor,
        anchor_basis="registration_date",
        days=days,
        policy_version=1,
        opened_at=opened_at,
        settled_through=opened_at,
        version=1,
    )


def a_draft(
    temperature: str | None = "36.5", *, symptoms: tuple[str, ...] = (), at_: datetime | None = None
) -> Draft:
    return Draft(
        declaration_id=uuid4(),
        channel="self",
        temperature_c=None if temperature is None else Decimal(temperature),
        cannot_measure_reason="no_thermometer" if temperature is None else None,
        symptoms=symptoms,  # type: ignore[arg-type]
        at=at_,
    )


def declared(
    case: Case, now: datetime, temperature: str | None = "36.5", *, symptoms: tuple[str, ...] = ()
) -> tuple[Case, Declared]:
    """As a command does it: settle what fell due, then take the declaration."""
    case, _ = decide_settling(case, CALENDAR, until=now)
    return decide_declaration(case, a_draft(temperature, symptoms=symptoms), CALENDAR, now=now)


def settled(case: Case, until: datetime, calendar: Calendar = CALENDAR) -> tuple[Case, list[Fact]]:
    """As the ticker does it: step by step, each at the instant at which it falls due."""
    told: list[Fact] = []
    while (step := next_step(case, calendar)) is not None and step <= until:
        case, facts = decide_settling(case, calendar, until=step)
        told += facts
    return case, told


def answered(case: Case, answers: Mapping[Slot, datetime]) -> Case:
    return replace(case, answers={**case.answers, **answers})


def every_window(first: date, last: date) -> dict[Slot, datetime]:
    """An answer in time for each window of the days."""
    found: dict[Slot, datetime] = {}
    day = first
    while day <= last:
        found[day, MORNING] = at(day, "07:00")
        found[day, EVENING] = at(day, "18:00")
        day += timedelta(days=1)
    return found
