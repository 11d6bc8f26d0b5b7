"""Applications for a pass: what is asked, what must be verified, when they are settled. Pure (R2.4, R2.8)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.policy import PassApplicationRules
from shared.kernel.refusal import Refusal

Via = Literal["desk", "online", "gate"]
Colour = Literal["green", "yellow", "red", "green_pending", "none"]
ApplicationState = Literal["open", "issued", "refused", "withdrawn"]
PaperKind = Literal[
    "identity_document",
    "lease",
    "ownership",
    "household_confirmation",
    "employer_letter",
    "travel_proof",
    "spending_proof",
    "health_certificate",
]
RefusalReason = Literal[
    "papers_missing", "papers_false", "not_a_resident", "under_observation", "code_held", "other"
]
HOLDING: tuple[Colour, ...] = ("yellow", "red")
"""Colours that hold an application; every other one, and none at all, decides nothing (R2.8)."""


class ApplicationUnknown(Refusal):
    """There is no such application."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "application_unknown"


class ApplicationReceiptUnknown(Refusal):
    """No application has this receipt."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "receipt_unknown"


class ApplicationSettled(Refusal):
    """It was settled already, in another way."""

    code: ClassVar[str] = "application_settled"
    usual_remedy: ClassVar[str | None] = "仍需办理的，重新申请。Who still needs it asks anew."


class ApplicationHeld(Refusal):
    """The latest Suzhou code is yellow or red: reported, and held until it is another one (R2.8)."""

    code: ClassVar[str] = "application_held"


class ApplicationIncomplete(Refusal):
    """Not verified yet: the person, or papers that policy asks for. `missing` names everything."""

    code: ClassVar[str] = "application_incomplete"
    usual_remedy: ClassVar[str | None] = (
        "核验 missing 所列各项后再签发。Verify what `missing` names, then issue."
    )


class ApplicationsUnruled(Refusal):
    """The policy in force does not say which papers an application needs."""

    code: ClassVar[str] = "applications_unruled"


class CodeSeenInFuture(Refusal):
    """The colour is said to have been seen at a time that is still to come."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "code_seen_in_future"
    usual_remedy: ClassVar[str | None] = "核对时间。Check the time."


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application as rules see it. `papers` were verified; `colour` is the latest that was seen."""

    application_id: UUID
    compound: str
    via: Via
    state: ApplicationState
    person_ref: UUID | None
    colour: Colour
    code_seen_at: datetime
    papers: frozenset[str]
    pass_id: UUID | None
    reason: str | None
    received_at: datetime
    key_ref: UUID
    version: int

    @property
    def held(self) -> bool:
        """Whether the latest colour holds it."""
        return self.state == "open" and self.colour in HOLDING


def decide_open(application: Application) -> None:
    """Only an open application is worked on.

    Raises:
        ApplicationSettled: it was settled.
    """
    if application.state != "open":
        raise ApplicationSettled(
            "该申请已办结。The application is settled.", state=application.state, reason=application.reason
        )


def decide_colour(seen_at: datetime, now: datetime, *, field: str) -> None:
    """A colour was seen at a time that is not still to come.

    Raises:
        CodeSeenInFuture: it is.
    """
    if seen_at > now:
        raise CodeSeenInFuture("查看时间晚于现在。The time lies in the future.", field=field)


def decide_grant(application: Application, rules: PassApplicationRules | None) -> UUID:
    """Whose pass is issued, once person and papers are verified and nothing holds it. Green shortens nothing.

    Raises:
        ApplicationSettled, ApplicationsUnruled, ApplicationHeld, ApplicationIncomplete: as their names say.
    """
    decide_open(application)
    if rules is None:
        raise ApplicationsUnruled(
            "现行规则未规定办证材料。The policy in force names no papers.",
            remedy="由指挥部修订规则。Headquarters revise the policy.",
        )
    if application.held:
        raise ApplicationHeld(
            "苏城码为黄码或红码，已报告，暂缓办理。The Suzhou code is yellow or red: reported, and held.",
            remedy="转绿后登记新的查看结果。Record the new colour once it has changed.",
            suzhou_code=application.colour,
            since=application.code_seen_at.isoformat(),
        )
    missing = not_verified(application, rules)
    if application.person_ref is None or missing:
        raise ApplicationIncomplete(
            "人员或材料尚未核验。The person or papers are not verified yet.", missing=missing
        )
    return application.person_ref


def not_verified(application: Application, rules: PassApplicationRules) -> list[str]:
    """What is still missing: `person` where nobody said who it is, and each group of papers without any."""
    person = ["person"] if application.person_ref is None else []
    return [*person, *missing_papers(application.papers, rules)]


def missing_papers(verified: Collection[str], rules: PassApplicationRules) -> list[str]:
    """Of every group of papers that policy asks for, one is enough; the groups without any, as `a|b`."""
    return ["|".join(group) for group in rules.papers if not set(group) & set(verified)]
