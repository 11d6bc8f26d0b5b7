"""What all answers of reporting share."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from services.reporting import queries
from shared.http.models import Answer
from shared.runtime import Context


def context_of(request: Request) -> Context:
    """The service's context."""
    found: Context = request.app.state.context
    return found


InContext = Annotated[Context, Depends(context_of)]
IfNoneMatch = Annotated[str | None, Header(description="The ETag of an earlier answer.")]


class SourceAsOf(Answer):
    """How far a source is in this answer.

    `event_time`: business time of the newest event applied; `moved_at`: real time of the last movement.
    """

    source: str
    event_time: datetime | None
    moved_at: datetime | None


def conditional(answer: BaseModel, if_none_match: str | None) -> Response:
    """The answer with its ETag, or 304 when the caller has exactly this one."""
    body = answer.model_dump_json().encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    known = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def as_of(sources: Sequence[queries.Source]) -> list[SourceAsOf]:
    """Sources as an answer names them."""
    return [SourceAsOf(source=one.name, event_time=one.event_time, moved_at=one.moved_at) for one in sources]
