"""Property companies and what they answer for (R5.4)."""

from datetime import date, timedelta
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query

from services.sanitation.api.common import Day, InContext, Text, cause
from services.sanitation.handlers import property_record as handlers
from services.sanitation.handlers import sites as sites_handlers
from shared.events.policy_inspections import Inspected
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.problem import HttpRefusal
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["inspections"])

_LONGEST = timedelta(days=92)
_USUAL = timedelta(days=13)


class DaysImpossible(HttpRefusal):
    """The days are in the wrong order, or too many."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "days_impossible"


class CompanyBody(Body):
    """The company that answers for a compound from a day on; today when left out."""

    name: Text
    from_day: Day | None = None


class CompanyLine(Answer):
    """A company, and the day from which it answers."""

    name: str
    from_day: date


class OrdersOf(Answer):
    """Orders that began in these days, as they stand now. `gone_up`: not mended in time at least once."""

    ordered: int
    open: int
    overdue: int
    gone_up: int
    rectified: int
    mended_in_time: int
    withdrawn: int
    handed_to_discipline: int


class ItemOf(Answer):
    """How often something was ordered to be put right."""

    item: str
    title: str
    ordered: int
    open: int


class RoundsOf(Answer):
    """Rounds of days that are closed: owed, done, done in time, missed."""

    required: int
    done: int
    on_time: int
    missed: int
    days_short: int


class InspectionsOf(Answer):
    """Inspections of a kind; of rounds these are spot checks."""

    inspected: Inspected
    inspections: int
    passed: int
    flagged: int
    failed: int


class ReportsOf(Answer):
    """What residents reported."""

    reported: int
    upheld: int
    dismissed: int


class RecordAnswer(Answer):
    """A compound's record from the first day to the last one, both included."""

    compound: CompoundId
    first: date
    last: date
    companies: list[CompanyLine]
    orders: OrdersOf
    items: list[ItemOf]
    rounds: RoundsOf
    inspections: list[InspectionsOf]
    reports: ReportsOf


@router.put(
    "/v1/compounds/{compound}/property-company", status_code=204, summary="Say which company answers for it"
)
async def name_company(compound: CompoundId, body: CompanyBody, who: Caller, context: InContext) -> None:
    """Keep the company's name from a day on; what was before stays in the record. The same again changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await handlers.name_company(compound, body.name, body.from_day or tx.today, who=who, tx=tx)


@router.get("/v1/compounds/{compound}/property-record", summary="What its property company answers for")
async def property_record(
    compound: CompoundId,
    who: Caller,
    context: InContext,
    first: Annotated[Day | None, Query(description="Two weeks when left out.")] = None,
    last: Annotated[Day | None, Query(description="Today when left out.")] = None,
) -> RecordAnswer:
    """Tell orders, missed rounds, inspections, spot checks and reports of some days."""
    end = last or context.clock.today()
    begin = first or end - _USUAL
    if not timedelta() <= end - begin < _LONGEST:
        raise DaysImpossible(
            "日期先后有误，或超过 92 天。In the wrong order, or more than 92 days.", field="first"
        )
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        found = await handlers.record(conn, compound, first=begin, last=end, now=context.clock.now())
    return RecordAnswer(
        compound=compound,
        first=begin,
        last=end,
        companies=[CompanyLine(**dict(row)) for row in found.companies],
        orders=OrdersOf(**dict(found.orders)),
        items=[ItemOf(**dict(row)) for row in found.items],
        rounds=RoundsOf(**dict(found.rounds)),
        inspections=[InspectionsOf(**dict(row)) for row in found.inspections],
        reports=ReportsOf(**dict(found.reports)),
    )
