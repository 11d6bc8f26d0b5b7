"""Divisions, case counts and risk areas over HTTP (R4.6 to R4.9, H5)."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, StringConstraints

from services.registry.api.common import Day, Number, Running, cause
from services.registry.api.versions import Since, VersionLine, compared_with, held
from services.registry.domain.errors import NoCaseCounts
from services.registry.domain.risk import ProposedArea
from services.registry.domain.versions import tenures_by_number
from services.registry.handlers import risk as handlers
from services.registry.handlers.risk import PublishRiskAreas
from services.registry.store import risk as store
from services.registry.store.risk import RiskList
from shared.events.policy_observation import Category
from shared.http.access import IDENTIFIED, Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page

router = APIRouter(tags=["risk areas"])
_DIVISIONS_AFTER = Cursor(str)

Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
AreaCategory = Literal["focus", "higher_risk", "concern", "other"]
Areas = Annotated[
    dict[Code, AreaCategory], Field(max_length=4_000, examples=[{"420000": "focus", "330300": "concern"}])
]


class DivisionAnswer(Answer):
    """An administrative division. `same_as` names the code that stands for the place where code sets differ."""

    code: str
    name: str
    level: Literal["province", "city", "county"]
    parent: str | None
    within: list[str]
    same_as: str | None


class CountAnswer(Answer):
    """Cumulative figures of a place at the end of a day."""

    day: date
    code: str
    name: str
    confirmed: int
    suspected: int
    cured: int
    dead: int


class ProposalBody(Body):
    """The day whose figures are asked about."""

    day: Day = Field(examples=["2020-02-24"])


class AreaAnswer(Answer):
    """A place, the category that the thresholds give it, and the figure behind it."""

    code: str
    name: str
    category: Category
    confirmed: int


class ProposalAnswer(Answer):
    """A risk list as policy's thresholds would have it. Nothing is in force until somebody publishes it.

    `left_out` lies in the town's own prefecture. `revision` is the number under which it could be published.
    """

    day: date
    revision: int
    policy_version: int
    areas: list[AreaAnswer]
    left_out: list[AreaAnswer]


class RiskAreasBody(Body):
    """The whole list from a day on. A county inherits from its prefecture and province unless listed itself."""

    revision: Number
    effective_from: Day
    areas: Areas
    proposed_from: Day | None = Field(
        default=None, description="The day of the figures that it was made from."
    )


class RiskAreasAnswer(Answer):
    """A revision of the risk list."""

    revision: int
    effective_from: date
    areas: dict[str, Category]
    proposed_from: date | None
    published_by: str


class RiskLine(VersionLine):
    """A revision without its areas; `places` counts its entries by category.

    One is `replaced` when a later one begins no later.
    """

    revision: int
    proposed_from: date | None
    published_by: str
    published_at: datetime
    places: dict[str, int]


class AreaChange(Answer):
    """A place that is listed otherwise; None where it is not listed itself."""

    code: str
    name: str
    old: str | None
    new: str | None


class RiskChanges(Answer):
    """What lies between two revisions."""

    since: int
    revision: int
    changes: list[AreaChange]


class PlaceAnswer(Answer):
    """What a place was on a day, and why.

    `code` is the place's one code where code sets differ. `listed_code` is the entry that decides: the place itself,
    or what it inherits from; None where nothing around it is listed.
    """

    code: str
    name: str
    day: date
    revision: int
    effective_from: date
    category: Category
    listed_code: str | None
    listed_name: str | None
    inherited: bool


@router.get("/v1/divisions", summary="Look up division codes", dependencies=IDENTIFIED)
async def find_divisions(
    context: Running,
    query: Annotated[
        str, Query(min_length=1, max_length=40, description="Part of a name, or how a code begins.")
    ],
    *,
    after: After = None,
    limit: Limit = 20,
) -> Page[DivisionAnswer]:
    """Tell divisions by name or code (GB/T 2260). Public: these are the names of places."""
    last = "" if after is None else _DIVISIONS_AFTER.read(after)[0]
    async with context.database.read() as conn:
        rows = await store.find_divisions(conn, query.strip(), limit=limit + 1, after=last)
    items = [
        DivisionAnswer(
            code=row["code"],
            name=row["name"],
            level=row["level"],
            parent=row["parent"],
            within=[name for name in (row["grandparent_name"], row["parent_name"]) if name],
            same_as=row["same_as"],
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=_DIVISIONS_AFTER.write(items[-1].code) if len(rows) > limit else None)


@router.get("/v1/case-counts", summary="Case counts of a place on a day")
async def read_count(
    _who: Caller,
    context: Running,
    day: Annotated[Day, Query()],
    code: Annotated[Code, Query(examples=["420100"])],
) -> CountAnswer:
    """Tell the figures as they were loaded."""
    async with context.database.read() as conn:
        row = await store.count_of(conn, day, code)
    if row is None:
        raise NoCaseCounts("没有该地该日的数据。There are no case counts for that place and day.")
    return CountAnswer(**dict(row))


@router.post("/v1/risk-areas/proposals", summary="Propose risk areas from a day's case counts")
async def propose_risk_areas(body: ProposalBody, _who: Caller, context: Running) -> ProposalAnswer:
    """Apply policy's thresholds to the real counts of a day. Changes nothing; people edit the list and publish it."""
    async with context.database.read() as conn:
        proposal, version, revision = await handlers.propose(
            body.day, conn=conn, own_prefecture=context.settings.own_prefecture
        )
    return ProposalAnswer(
        day=body.day,
        revision=revision,
        policy_version=version,
        areas=[_area(area) for area in proposal.areas],
        left_out=[_area(area) for area in proposal.left_out],
    )


@router.post("/v1/risk-areas", summary="Publish a risk list", status_code=201)
async def publish_risk_areas(
    body: RiskAreasBody, who: Caller, context: Running, response: Response
) -> RiskAreasAnswer:
    """Put a list in force and tell every service. Sent twice it is one (200); other content is 422."""
    who.require_town()
    cmd = PublishRiskAreas(
        revision=body.revision,
        effective_from=body.effective_from,
        areas=dict(body.areas),
        proposed_from=body.proposed_from,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        risk, new = await handlers.publish(cmd, tx=tx)
    response.status_code = 201 if new else 200
    return _answer(risk)


@router.get("/v1/risk-areas/current", summary="The risk list in force today")
async def current_risk_areas(_who: Caller, context: Running) -> RiskAreasAnswer:
    """Tell the list of the business day; 409 while none is published."""
    async with context.database.read() as conn:
        return _answer(await handlers.in_force(conn, context.clock.today()))


@router.get("/v1/risk-areas", summary="The revisions of the risk list")
async def list_revisions(_who: Caller, context: Running) -> list[RiskLine]:
    """List all revisions, the newest first: which is in force, and which follow from when."""
    async with context.database.read() as conn:
        rows = await store.lines(conn)
    tenures = tenures_by_number((row["revision"], row["effective_from"]) for row in rows)
    today = context.clock.today()
    return [
        RiskLine(
            **dict(row),
            **held(tenures, row["revision"], today),
        )
        for row in rows
    ]


@router.get("/v1/risk-areas/place", summary="What a place was on a day, and why")
async def read_place(
    _who: Caller,
    context: Running,
    code: Annotated[Code, Query(examples=["330382"])],
    day: Annotated[Day | None, Query(description="The day; else today.")] = None,
) -> PlaceAnswer:
    """Tell the category of a place by the list of that day, and from which entry it comes."""
    on = day or context.clock.today()
    async with context.database.read() as conn:
        found = await handlers.place(conn, code, on)
    return PlaceAnswer(
        code=found.code,
        name=found.name,
        day=on,
        revision=found.risk.revision,
        effective_from=found.risk.effective_from,
        category=found.category,
        listed_code=found.listed_code,
        listed_name=found.listed_name,
        inherited=found.listed_code not in {None, found.code},
    )


@router.get("/v1/risk-areas/{revision}", summary="A revision of the risk list")
async def read_revision(
    revision: Annotated[Number, Path()], _who: Caller, context: Running
) -> RiskAreasAnswer:
    """Tell the whole list of a revision, whenever it was or will be in force."""
    async with context.database.read() as conn:
        return _answer(await handlers.revision(conn, revision, field="revision"))


@router.get("/v1/risk-areas/{revision}/changes", summary="What a revision changed")
async def read_risk_changes(
    revision: Annotated[Number, Path()],
    _who: Caller,
    context: Running,
    since: Since = None,
) -> RiskChanges:
    """Tell place by place what a revision lists otherwise than another."""
    before = compared_with(revision, since)
    async with context.database.read() as conn:
        changes, names = await handlers.changes(conn, since=before, to=revision)
    return RiskChanges(
        since=before,
        revision=revision,
        changes=[
            AreaChange(code=change.field, name=names.get(change.field, ""), old=change.old, new=change.new)
            for change in changes
        ],
    )


def _area(area: ProposedArea) -> AreaAnswer:
    return AreaAnswer(code=area.code, name=area.name, category=area.category, confirmed=area.confirmed)


def _answer(risk: RiskList) -> RiskAreasAnswer:
    return RiskAreasAnswer(
        revision=risk.revision,
        effective_from=risk.effective_from,
        areas=risk.areas,
        proposed_from=risk.proposed_from,
        published_by=risk.published_by,
    )
