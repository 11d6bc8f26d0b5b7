"""Airing of public places."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from services.sanitation.api.common import Explanation, InContext, Instant, cause
from services.sanitation.domain.late import Source
from services.sanitation.domain.ventilation import LONGEST_MINUTES
from services.sanitation.handlers import ventilation as handlers
from shared.events.policy_sanitation import SiteKind
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.kernel.ids import CompoundId, SiteId

router = APIRouter(tags=["sanitation"])


class VentilationBody(Body):
    """An airing that is over. `began_at` is the phone's time; see `RoundBody` for `sent_at` and late entries."""

    ventilation_id: UUID
    site_code: SiteId
    began_at: Instant
    minutes: Annotated[int, Field(ge=1, le=LONGEST_MINUTES)]
    sent_at: Instant | None = None
    source: Source = "code"
    explanation: Explanation | None = None


class VentilationAnswer(Answer):
    """An airing; it belongs to the day on which it began."""

    ventilation_id: UUID
    site_code: SiteId
    compound: CompoundId
    kind: SiteKind
    day: date
    began_at: datetime
    minutes: int

    @classmethod
    def of(cls, one: handlers.LoggedVentilation) -> Self:
        """The airing as it is kept."""
        return cls(
            ventilation_id=one.ventilation_id,
            site_code=one.site_code,
            compound=one.compound,
            kind=one.kind,
            day=one.day,
            began_at=one.began_at,
            minutes=one.minutes,
        )


@router.post("/v1/ventilations", status_code=201, summary="Log that a place was aired")
async def log_ventilation(
    body: VentilationBody, who: Caller, context: InContext, response: Response
) -> VentilationAnswer:
    """Keep an airing. A repeat of id and content gets the first answer."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        logged = await handlers.log_ventilation(
            handlers.LogVentilation(**body.model_dump()), who=who, tx=tx, vault=context.vault
        )
    response.status_code = 201 if logged.fresh else 200
    return VentilationAnswer.of(logged)
