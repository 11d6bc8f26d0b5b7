"""Household forms as requests state them and answers tell them (R4.1, R4.2)."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from services.registry.api.common import Instant
from services.registry.api.returnees import PersonBody, stated_person
from services.registry.api.trip_bodies import TripBody
from services.registry.domain.returnees import Trip
from services.registry.domain.survey_forms import (
    Finding,
    FindingKind,
    Form,
    FormOutcome,
    Member,
    MemberState,
    Offer,
    OfferKind,
    Standing,
)
from services.registry.domain.surveys import State
from services.registry.handlers.survey_forms import SubmitForm, Taken
from shared.events.policy import Witness
from shared.http.models import Answer, Body

Note = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Place = Annotated[int, Field(ge=0, lt=30, description="Place in `members`, from 0.")]


class MemberBody(Body):
    """Somebody of a household: of the record (`present`, or `gone`: not here any more), or `new` with who it is."""

    state: MemberState
    person_ref: UUID | None = None
    person: PersonBody | None = None

    @model_validator(mode="after")
    def _one_way_of_naming(self) -> Self:
        if (self.state == "new") != (self.person is not None) or (self.state == "new") == bool(
            self.person_ref
        ):
            raise ValueError(
                "新增人员填写 person，其他人员填写 person_ref。"
                "Somebody new is stated by person, everybody else by person_ref."
            )
        return self


class FindingBody(Body):
    """Something that has to be followed up; a returnee nobody registered comes with the trip."""

    kind: Literal["unregistered_returnee", "unknown_tenant", "information_differs", "other"]
    member: Place | None = None
    note: Note | None = None
    trip: TripBody | None = None

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """As it was stated."""
        trip = TripBody(**asdict(finding.trip)) if finding.trip else None
        return cls.model_validate(
            {"kind": finding.kind, "member": finding.member, "note": finding.note, "trip": trip}
        )


class OfferBody(Body):
    """A member's own offer to serve (R3.3)."""

    member: Place
    kind: OfferKind
    note: Note | None = None


class FormBody(Body):
    """What was found at a dwelling. `visited_at` is the device's time."""

    outcome: FormOutcome
    visited_at: Instant
    members: tuple[MemberBody, ...] = Field(default=(), max_length=30)
    findings: tuple[FindingBody, ...] = Field(default=(), max_length=20)
    offers: tuple[OfferBody, ...] = Field(default=(), max_length=20)
    witness: Witness | None = Field(default=None, description="Who confirms that nobody lives there.")
    note: Note | None = None

    def form(self) -> Form:
        """As the rules see it.

        Raises:
            PersonIncomplete: somebody new is not stated whole.
        """
        return Form(
            outcome=self.outcome,
            visited_at=self.visited_at,
            members=tuple(_member(one) for one in self.members),
            findings=tuple(
                Finding(
                    kind=one.kind,
                    member=one.member,
                    note=one.note,
                    trip=Trip(**dict(one.trip)) if one.trip else None,
                )
                for one in self.findings
            ),
            offers=tuple(Offer(**dict(one)) for one in self.offers),
            witness=self.witness,
            note=self.note,
        )


class SubmissionBody(FormBody):
    """A form of a round. `submission_id` is made by the client and makes a repeat harmless.

    `corrects` names the form that the sender saw and takes the place of.
    """

    submission_id: UUID
    round_id: UUID
    dwelling_id: UUID
    corrects: UUID | None = None

    def command(self) -> SubmitForm:
        """As the handler takes it; raises as `form` does."""
        return SubmitForm(
            submission_id=self.submission_id,
            round_id=self.round_id,
            dwelling_id=self.dwelling_id,
            source="worker",
            corrects=self.corrects,
            form=self.form(),
            content=self.model_dump_json(exclude={"submission_id"}),
        )


class SubmissionAnswer(Answer):
    """What became of a form. `standing`: it is the record (`current`), disagrees with it (`conflicting`), or is kept.

    `state` and `final` are the dwelling's now, `attempt` its visits so far, `people` who lives there by the book,
    `intakes` the intakes of returnees that the form found.
    """

    submission_id: UUID
    standing: Standing
    state: State
    final: bool
    attempt: int
    people: int
    intakes: list[UUID]

    @classmethod
    def of(cls, taken: Taken) -> Self:
        """With everything that a worker may see."""
        return cls(submission_id=taken.submission_id, **taken.as_json())


class SubmissionBatchBody(Body):
    """Forms that were queued. Each is judged by itself: a bad one does not hold up the others."""

    submissions: Annotated[list[Any], Field(min_length=1, max_length=200)]


class SubmissionItem(Answer):
    """What became of one form of a batch, in the batch's order.

    `created`, `exists`: it is kept, delete it from the queue. `rejected`: it never will be, keep it for a person to
    look at. `retry`: send it again, not before `retry_after` seconds.
    """

    submission_id: UUID | None
    status: Literal["created", "exists", "rejected", "retry"]
    answer: SubmissionAnswer | None = None
    code: str | None = None
    field: str | None = None
    retry_after: int | None = None


class SubmissionBatchAnswer(Answer):
    """One item for each form, in order."""

    items: list[SubmissionItem]


class ResidentLine(Answer):
    """Somebody of the dwelling's record, masked unless the role may see."""

    person_ref: UUID
    name: str
    phone: str | None
    relation: Literal["owner", "tenant", "dependant"]
    registered_on: date


class LastRound(Answer):
    """What the round before found."""

    number: int
    state: State
    final: bool


class FormAnswer(Answer):
    """A form to begin with: who lives there by the record, and how the dwelling stands.

    `phone_check_due`: nobody was home as often as policy says, at different times; unknown without such a policy.
    `current` is the form that holds, to be named by one that corrects it.
    """

    round_id: UUID
    dwelling_id: UUID
    room: str
    occupancy: Literal["owner_occupied", "let", "empty"]
    state: State
    final: bool
    attempts: int
    current: UUID | None
    phone_check_due: bool | None
    masked: bool
    residents: list[ResidentLine]
    last_round: LastRound | None


class FindingAnswer(Answer):
    """A finding; the name is masked. A returnee has the intake that was opened."""

    submission_id: UUID
    dwelling_id: UUID
    room: str
    kind: FindingKind
    person_ref: UUID | None
    name: str | None
    note: str | None
    intake_id: UUID | None


class OfferAnswer(Answer):
    """Somebody's own offer to serve, of the form that holds; the name is masked. `nth` is its place in the form.

    `application_id`: the volunteer's application that it became.
    """

    submission_id: UUID
    nth: int
    dwelling_id: UUID
    compound: str
    kind: OfferKind
    person_ref: UUID
    name: str | None
    note: str | None
    application_id: UUID | None


def _member(body: MemberBody) -> Member:
    stated = stated_person(body.person) if body.person else None
    return Member(state=body.state, person_ref=body.person_ref, stated=stated)
