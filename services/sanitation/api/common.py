"""What all routes of sanitation share."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Request
from pydantic import AfterValidator, AwareDatetime, Field

from services.sanitation.domain.words import EXPLAINED, LETTERS
from shared.context import Context
from shared.events.envelope import Cause
from shared.http.access import Principal
from shared.kernel.ids import uuid7
from shared.obs.logging import current_correlation

_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
Instant = Annotated[
    AwareDatetime, Field(ge=_FIRST, lt=_LAST), AfterValidator(lambda instant: instant.astimezone(UTC))
]
Day = Annotated[date, Field(ge=_FIRST.date(), lt=_LAST.date())]
Explanation = Annotated[str, Field(min_length=EXPLAINED, max_length=200)]
"""Why something comes late or is not done; kept sealed."""
Words = Annotated[str, Field(min_length=LETTERS, max_length=500)]
"""What somebody found, did, or has to say; kept sealed."""
Text = Annotated[str, Field(min_length=1, max_length=100)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]


def context_of(request: Request) -> Context:
    """The service's context."""
    found: Context = request.app.state.context
    return found


InContext = Annotated[Context, Depends(context_of)]


def roles_of(who: Principal) -> str:
    """The roles that opened the route, for the log of readings."""
    return ",".join(sorted({grant.role for grant in who.grants}))


def cause() -> Cause:
    """What a request sets off carries the request's correlation id."""
    return Cause(correlation=current_correlation() or uuid7())
