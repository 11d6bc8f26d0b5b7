"""What happens to somebody who came back from elsewhere? Pure (R2.7, R4.6 to R4.9, observation rules)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.registry.domain.errors import ApprovalRequired, ArrivalInFuture, MeasureNotAllowed, PeriodOver
from shared.events.policy_observation import Category, Measure, ObservationRules
from shared.events.registry.returnees import AnchorBasis

Transport = Literal["train", "plane", "coach", "car", "ship", "other"]

STRICTNESS: dict[Measure, int] = {
    "home_self_monitoring": 1,
    "home_quarantine": 2,
    "centralized_observation": 3,
    "medical": 4,
}

RULE_TEXTS: dict[Category, str] = {
    "focus": "重点地区返回人员，原则上集中观察。Back from a focus area: centralized observation in principle. (R4.6)",
    "higher_risk": "较高风险地区返回人员，视情居家隔离或集中观察。Back from a higher-risk area: case by case. (R4.7)",
    "concern": "关注地区返回人员，原则上居家隔离。Back from an area of concern: home quarantine in principle. (R4.8)",
    "other": "其他地区返回人员，一般居家自律健康观察。Back from elsewhere: home self-monitoring in general. (R4.9)",
    "close_contact": "密切接触者，集中观察。Close contact: centralized observation. (R4.10)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Where somebody has been and how they came back. `proof`: a ticket or the like was shown."""

    origin_code: str
    arrived_on: date
    transport: Transport
    proof: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the officer chose; nothing chosen means what policy proposes. `reason` is for the record."""

    measure: Measure | None = None
    reason: str | None = None
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeDecision:
    """Day 0 is `anchor_date`; the observation is complete at the end of `last_day`. `proposed` is policy's measure."""

    category: Category
    proposed: Measure
    measure: Measure
    anchor_date: date
    anchor_basis: AnchorBasis
    last_day: date
    pass_from: date


def decide_intake(
    trip: Trip, choice: Choice, *, category: Category, rules: ObservationRules, registered_on: date
) -> IntakeDecision:
    """Decide measure and period. The category comes from where they have been, never from where they are from.

    Raises:
        ArrivalInFuture: the arrival lies after the day of registration.
        MeasureNotAllowed, ApprovalRequired: the chosen measure is not policy's.
    """
    if trip.arrived_on > registered_on:
        raise ArrivalInFuture(
            "到达日期晚于登记日期。The arrival lies after the day of registration.", field="trip.arrived_on"
        )
    anchor_date, basis = anchor_of(trip, registered_on)
    last_day = anchor_date + timedelta(days=rules.days)
    return IntakeDecision(
        category=category,
        proposed=rules.measures[category],
        measure=decide_measure(category, choice, rules),
        anchor_date=anchor_date,
        anchor_basis=basis,
        last_day=last_day,
        pass_from=last_day + timedelta(days=1),
    )


def check_period(decision: IntakeDecision, registered_on: date) -> None:
    """Insist that something is left of the period when somebody is registered; a correction may find it over.

    Raises:
        PeriodOver: naming its last day, and what to do where nobody observed those days.
    """
    if decision.last_day < registered_on:
        raise PeriodOver(
            f"自该到达日期起的观察期已于 {decision.last_day} 结束。"
            f"The period from this arrival ended on {decision.last_day}.",
            field="trip.arrived_on",
            remedy="请核对日期；期间未经观察的，不附行程证明登记，自登记日起算。"
            "Check the date; where nobody observed those days, register without proof: day 0 is then today.",
            last_day=decision.last_day.isoformat(),
        )


def anchor_of(trip: Trip, registered_on: date) -> tuple[date, AnchorBasis]:
    """Day 0: the arrival when it is proven, else the day of registration."""
    if trip.proof:
        return trip.arrived_on, "arrival_with_proof"
    return registered_on, "registration_date"


def decide_measure(category: Category, choice: Choice, rules: ObservationRules) -> Measure:
    """Policy's measure, or the one chosen: stricter with a reason, milder only where policy names it and approved.

    Raises:
        MeasureNotAllowed, ApprovalRequired: as their names say.
    """
    proposed = rules.measures[category]
    chosen = choice.measure or proposed
    if chosen == proposed:
        return proposed
    milder = STRICTNESS[chosen] < STRICTNESS[proposed]
    if chosen == "medical" or (milder and (category, chosen) not in rules.approval_required):
        raise MeasureNotAllowed(
            f"该类别不能采取此措施：{RULE_TEXTS[category]}", field="choice.measure", proposed=proposed
        )
    if not choice.reason or (milder and not choice.approved_by):
        raise ApprovalRequired(
            "改用其他措施须写明理由，从宽的还须有批准人。Another measure needs a reason; a milder one an approver too.",
            field="choice.approved_by" if choice.reason else "choice.reason",
            proposed=proposed,
        )
    return chosen


def told_by_id(number: str) -> tuple[date, Literal["male", "female"]]:
    """Birth date and sex as a verified resident ID or residence permit (GB 11643, 18 characters) tells them."""
    born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    return born, "male" if int(number[16]) % 2 else "female"
