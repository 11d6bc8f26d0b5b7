"""A model of what fourteen days miss, for headquarters: an aid, never a rule (observation rules)."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services.observation.api.models import Day, Running
from services.observation.domain.incubation import (
    MEANLOG,
    PUBLISHED_DAYS,
    RISKS,
    SDLOG,
    RiskLevel,
    expected_missed,
    falls_ill_after,
)
from services.observation.domain.worklists import check_range
from services.observation.store.released import released
from shared.http.access import Caller
from shared.http.models import Answer
from shared.kernel.days import end_of, start_of

router = APIRouter(tags=["released"])
_SOURCE = (
    "Lauer SA et al. The Incubation Period of Coronavirus Disease 2019 (COVID-19) From Publicly Reported Confirmed "
    "Cases. Ann Intern Med 2020;172:577-582. doi:10.7326/M20-0504"
)
_NOTE = (
    "仅供参考，不是解除或延长观察的依据。point_estimate 由对数正态分布的点估计计算；"
    "published_* 为论文以自助法公布的数值，仅适用于14天。"
    "An aid, never a rule. `point_estimate` follows from the point estimates of the log-normal distribution; "
    "`published_*` are the figures that the paper gives from a bootstrap, for 14 days only."
)


class LengthAnswer(Answer):
    """People released after so many days, and the share of infected people who fall ill later still."""

    days: int
    people: int
    falls_ill_later: float


class ExpectedAnswer(Answer):
    """Expected numbers of people who fall ill after release, if each was infected with this probability."""

    risk: RiskLevel
    probability: float
    point_estimate: float
    published_mean: float | None
    published_p99: float | None


class ReleasedModelAnswer(Answer):
    """The model, with what it rests on."""

    first: date
    last: date
    released: int
    lengths: list[LengthAnswer]
    expected: list[ExpectedAnswer]
    distribution: str
    source: str
    note: str


@router.get("/v1/released-model", summary="What fourteen days miss")
async def released_model(
    who: Caller,
    context: Running,
    first: Annotated[Day, Query(alias="from", description="The first day of release.")],
    last: Annotated[Day, Query(alias="to", description="The last, at most 31 days later.")],
) -> ReleasedModelAnswer:
    """Tell how many of the people released in a range of days are expected to fall ill still. Decides nothing."""
    who.require_town()
    check_range(first, last)
    async with context.database.read() as conn:
        lengths = await released(conn, start_of(first), end_of(last))
    expected = [(risk, expected_missed(lengths, probability)) for risk, probability in RISKS.items()]
    return ReleasedModelAnswer(
        first=first,
        last=last,
        released=sum(lengths.values()),
        lengths=[
            LengthAnswer(days=days, people=people, falls_ill_later=falls_ill_after(days))
            for days, people in lengths.items()
        ],
        expected=[
            ExpectedAnswer(
                risk=risk,
                probability=RISKS[risk],
                point_estimate=missed.point,
                published_mean=missed.published_mean,
                published_p99=missed.published_p99,
            )
            for risk, missed in expected
        ],
        distribution=f"LogNormal({MEANLOG}, {SDLOG}) days; published figures for {PUBLISHED_DAYS} days",
        source=_SOURCE,
        note=_NOTE,
    )
