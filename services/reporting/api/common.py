"""What all answers of reporting share."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Header, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from services.reporting import queries
from shared.context import Context
from shared.events.envelope import Cause
from shared.http.access import Principal
from shared.http.models import Answer
from shared.kernel.ids import uuid7
from shared.obs.logging import current_correlation


def context_of(request: Request) -> Context:
    """The service's context."""
    found: Context = request.app.state.context
    return found


InContext = Annotated[Context, Depends(context_of)]
FIRST_INSTANT, LAST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
Instant = Annotated[
    AwareDatetime,
    Field(ge=FIRST_INSTANT, lt=LAST_INSTANT),
    AfterValidator(lambda instant: instant.astimezone(UTC)),
]
KnownAt = Annotated[Instant | None, Query(description="As it was known at this instant; now when left out.")]
IfNoneMatch = Annotated[str | None, Header(max_length=4_000, description="The ETag of an earlier answer.")]


def roles_of(who: Principal) -> str:
    """The roles that opened the route, for the log of what was done."""
    return ",".join(sorted({grant.role for grant in who.grants}))


def cause() -> Cause:
    """What a request sets off carries the request's correlation id."""
    return Cause(correlation=current_correlation() or uuid7())


class SourceAsOf(Answer):
    """How far a source is in this answer.

    `event_time`: business time of the newest event applied; `moved_at`: real time of the last movement. `age_seconds`:
    real time since everything that its producer had said was in it; `stale`: longer than policy allows, null while
    policy does not say. The ETag does not follow the age, only what is stale.
    """

    source: str
    event_time: datetime | None
    moved_at: datetime | None
    age_seconds: int | None
    stale: bool | None


_AGES = re.compile(rb'"age_seconds":\d+')


def conditional(answer: BaseModel, if_none_match: str | None) -> Response:
    """The answer with its ETag, or 304 when the caller has exactly this one, ages aside."""
    body = answer.model_dump_json().encode()
    etag = f'"{hashlib.sha256(_AGES.sub(b"", body)).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    known = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def as_of(sources: Sequence[queries.Source]) -> list[SourceAsOf]:
    """Sources as an answer names them."""
    return [
        SourceAsOf(
            source=one.name,
            event_time=one.event_time,
            moved_at=one.moved_at,
            age_seconds=None if one.age is None else max(0, int(one.age)),
            stale=one.stale,
        )
        for one in sources
    ]
