"""Workers and volunteers: how one is described, and what becomes of an application. Pure (R3.1, R6.2)."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from services.registry.domain.people import Sex
from shared.events.policy import WorkerKind
from shared.kernel.refusal import Refusal


class ApplicationUnknown(Refusal):
    """There is no such application."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "application_unknown"


class ApplicationSettled(Refusal):
    """It was accepted or refused already; that stays."""

    code: ClassVar[str] = "application_settled"
    usual_remedy: ClassVar[str | None] = "仍需办理的，重新申请。Who still needs it asks anew."


class WorkerIsAnother(Refusal):
    """The person serves under another staff number already."""

    code: ClassVar[str] = "worker_is_another"


class ReasonMissing(Refusal):
    """Who is refused is told why."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "reason_missing"
    usual_remedy: ClassVar[str | None] = "填写原因后重新提交。State the reason, then send it again."


class VolunteerRefusal(StrEnum):
    """Why somebody does not serve as a volunteer."""

    NOT_A_RESIDENT = "not_a_resident"
    UNDER_OBSERVATION = "under_observation"
    AGE = "age"
    HEALTH = "health"
    NOT_REACHED = "not_reached"
    NOT_NEEDED = "not_needed"


class ClaimRefusal(StrEnum):
    """Why a claim of a post was not confirmed."""

    FILLED = "filled"
    NOT_SUITABLE = "not_suitable"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFacts:
    """What is stated of a worker. `code` is the office's own staff number (工号)."""

    code: str
    name: str = field(repr=False)
    sex: Sex
    phone: str = field(repr=False)
    kind: WorkerKind
    home_unit: str
    work_group: str | None
    home_compound: str | None

    def content(self) -> str:
        """All of it as one text."""
        parts = (self.code, self.name, self.sex, self.phone, self.kind, self.home_unit)
        return "\n".join((*parts, self.work_group or "", self.home_compound or ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingPlan:
    """A posting as somebody asks for it, under an id that the client made."""

    posting_id: UUID
    place_kind: str
    place: str
    from_day: date
    until_day: date | None
