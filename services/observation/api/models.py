"""What goes in and out over HTTP."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import Depends, Request
from pydantic import AwareDatetime, Field, model_validator

from services.observation.domain.calendar import WindowSpan
from services.observation.domain.case import Approver, Closing, State, TechnicalMeans
from services.observation.domain.deciding import NOT_SEEN, DecisionKind, Seen, Terms
from services.observation.domain.declaring import CannotMeasure, Channel, Draft, Standing, Symptom
from services.observation.domain.grid import Cell, Figures, WindowState
from services.observation.handlers.declaring import Receipt
from shared.context import Context
from shared.events.envelope import Cause
from shared.events.observation import WindowName
from shared.events.policy_observation import Category, Measure
from shared.events.registry.returnees import AnchorBasis
from shared.http.models import Answer, Body, BodyRuleError
from shared.kernel.ids import CompoundId, GridId, PersonRef, uuid7
from shared.obs.logging import current_correlation

_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
Instant = Annotated[AwareDatetime, Field(ge=_FIRST, lt=_LAST)]
Day = Annotated[date, Field(ge=_FIRST.date(), lt=_LAST.date())]
FEVER_PATH = (
    "请戴好口罩、留在家中，网格员会马上联系您，并按指引前往发热门诊，不要乘坐公共交通。"
    "Put on a mask and stay where you are; your grid worker will call at once and guide you to a fever clinic."
)


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Running = Annotated[Context, Depends(_context)]
"""How a handler asks for what the service works with."""


def cause() -> Cause:
    """What a request sets off carries the request's correlation id."""
    return Cause(correlation=current_correlation() or uuid7())


_TERMS: dict[str, frozenset[str]] = {
    "correct_anchor": frozenset({"anchor_date", "anchor_basis"}),
    "extend": frozenset({"extra_days"}),
    "re_exposure": frozenset({"last_exposure"}),
    "change_measure": frozenset({"measure", "category", "approver", "technical_means", "site", "room"}),
}
_EVERY_TERM = frozenset().union(*_TERMS.values())


class DeclarationBody(Body):
    """A declaration: a measured value or why there is none, and the symptoms."""

    declaration_id: UUID
    temperature_c: Annotated[Decimal, Field(max_digits=6, decimal_places=2)] | None = Field(
        default=None, description="Degrees Celsius.", examples=[36.5]
    )
    cannot_measure_reason: CannotMeasure | None = None
    symptoms: list[Symptom] = Field(default_factory=list, max_length=20, examples=[[]])
    at: Instant | None = Field(
        default=None,
        description="When it was taken, where that was before it was sent (no network, a paper slip).",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.temperature_c is None) == (self.cannot_measure_reason is None):
            raise BodyRuleError(
                "temperature_c",
                "填写体温，或说明无法测量的原因（二选一）。Give a temperature or say why it cannot be measured.",
            )
        return self

    def draft(self, channel: Channel) -> Draft:
        """The declaration as the rules take it."""
        return Draft(
            declaration_id=self.declaration_id,
            channel=channel,
            temperature_c=self.temperature_c,
            cannot_measure_reason=self.cannot_measure_reason,
            symptoms=tuple(sorted(set(self.symptoms))),
            at=self.at,
        )


class StaffDeclarationBody(DeclarationBody):
    """A declaration that a grid worker took."""

    via: Literal["phone", "visit"]


class SeenBody(Body):
    """What the page showed on which somebody decided."""

    state: State | None = None
    measure: Measure | None = None
    last_day: Day | None = None


class DecisionBody(Body):
    """An officer's decision."""

    decision_id: UUID
    kind: DecisionKind
    reason: str = Field(min_length=2, max_length=500, examples=["发热门诊排除，继续观察"])
    anchor_date: Day | None = Field(default=None, description="`correct_anchor`: the true day 0.")
    anchor_basis: AnchorBasis | None = Field(default=None, description="`correct_anchor`: what it rests on.")
    extra_days: int | None = Field(default=None, ge=1, le=60, description="`extend`: by how many days.")
    last_exposure: Day | None = Field(default=None, description="`re_exposure`: the day of the new exposure.")
    measure: Measure | None = Field(default=None, description="`change_measure`: how from now on.")
    category: Category | None = Field(default=None, description="`change_measure`: the category from now on.")
    approver: Approver | None = Field(default=None, description="`change_measure`: who approved, by role.")
    technical_means: TechnicalMeans | None = None
    site: str | None = Field(default=None, min_length=1, max_length=100, examples=["集中观察点一"])
    room: str | None = Field(default=None, min_length=1, max_length=40, examples=["301"])

    @model_validator(mode="after")
    def _terms_of_the_kind(self) -> Self:
        named = {name for name in _EVERY_TERM if getattr(self, name) is not None}
        if stray := sorted(named - _TERMS.get(self.kind, frozenset())):
            raise BodyRuleError(
                stray[0], f"该决定不包含 {stray[0]}，请去掉。A decision `{self.kind}` has no {stray[0]}."
            )
        return self

    def terms(self) -> Terms:
        """What the decision names besides its reason, as the rules take it."""
        return Terms(**{name: getattr(self, name) for name in _EVERY_TERM})


class OneDecisionBody(DecisionBody):
    """A decision about one case. With `seen`, it is carried out only while this still holds."""

    seen: SeenBody | None = None

    def saw(self) -> Seen:
        """What somebody saw, as the rules take it."""
        return NOT_SEEN if self.seen is None else Seen(**self.seen.model_dump())


class LinkBody(Body):
    """A new personal link."""

    link_id: UUID


class LinkSessionBody(Body):
    """A link's token, from the fragment of its address."""

    token: str = Field(min_length=16, max_length=200)
    device_key: str | None = Field(
        default=None,
        min_length=22,
        max_length=200,
        description="A random value that only this phone knows: with it, a repeat is answered like the first time.",
    )


class WindowAnswer(Answer):
    """A window of a day and how it stands."""

    day: date
    window: WindowName
    opens: datetime
    closes: datetime
    state: WindowState

    @classmethod
    def of(cls, cell: Cell) -> Self:
        """From the domain's cell."""
        span = cell.span
        return cls(day=span.day, window=span.window, opens=span.opens, closes=span.closes, state=cell.state)


class CellAnswer(WindowAnswer):
    """A window as staff see it: with how much was declared and whether something was alarming."""

    declarations: int
    alarming: bool


class NextWindow(Answer):
    """The window to declare for next; open already when `opens` has passed."""

    day: date
    window: WindowName
    opens: datetime
    closes: datetime

    @classmethod
    def of(cls, span: WindowSpan | None) -> Self | None:
        """From the domain's span."""
        if span is None:
            return None
        return cls(day=span.day, window=span.window, opens=span.opens, closes=span.closes)


class FiguresAnswer(Answer):
    """Windows so far: answered + missed + open == due."""

    due: int
    answered: int
    late: int
    missed: int
    open: int
    streak: int

    @classmethod
    def of(cls, figures: Figures) -> Self:
        """From the domain's figures."""
        return cls(
            due=figures.due,
            answered=figures.answered,
            late=figures.late,
            missed=figures.missed,
            open=figures.open,
            streak=figures.streak,
        )


class ReceiptAnswer(Answer):
    """What became of a declaration."""

    declaration_id: UUID
    day: date
    window: WindowName
    standing: Standing
    alarming: bool
    received_at: datetime
    instruction: str | None

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """From the handler's receipt."""
        return cls(
            declaration_id=receipt.declaration_id,
            day=receipt.day,
            window=receipt.window,
            standing=receipt.standing,
            alarming=receipt.alarming,
            received_at=receipt.received_at,
            instruction=FEVER_PATH if receipt.alarming else None,
        )


class DecisionAnswer(Answer):
    """What a decision led to, as it was answered the first time."""

    decision_id: UUID
    case_id: UUID
    kind: DecisionKind
    decided_at: datetime
    state: State
    last_day: date


class LinkAnswer(Answer):
    """A link, shown this once. The address is the resident page with the token behind `#`."""

    link_id: UUID
    token: str


class LinkSessionAnswer(Answer):
    """The secret of a session: `Authorization: Link <session>`."""

    session: str


class CaseLine(Answer):
    """A case in a list: no name, no phone, no room."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    grid: GridId
    category: Category
    measure: Measure
    state: State
    anchor_date: date
    last_day: date
    opened_at: datetime


class InterruptionAnswer(Answer):
    """A stretch in medical hands."""

    reason: str
    began_at: datetime
    ended_at: datetime | None
    ended_by: str | None


class ReschedulingAnswer(Answer):
    """What moved day 0 or the last day."""

    kind: str
    at: datetime
    day_zero: date | None
    basis: str | None
    extra_days: int


class MeasureChangeAnswer(Answer):
    """How the person was observed before and after a change."""

    at: datetime
    from_measure: Measure
    from_category: Category
    to_measure: Measure
    to_category: Category
    approver: str | None
    technical_means: str | None
    decision_id: UUID | None


class ContactAnswer(Answer):
    """How to reach the person: masked; each reading is in the audit log."""

    name: str | None
    phone: str | None
    room: str | None


class CaseAnswer(CaseLine):
    """A case with its days."""

    day_number: int
    days: int
    anchor_basis: str
    first_anchor_date: date
    closed_as: Closing | None
    pass_from: date
    figures: FiguresAnswer
    windows: list[CellAnswer]
    interruptions: list[InterruptionAnswer]
    reschedulings: list[ReschedulingAnswer]
    measure_changes: list[MeasureChangeAnswer]
    contact: ContactAnswer | None


class MyCaseAnswer(Answer):
    """What a resident sees of the own observation."""

    state: State
    measure: Measure
    day_number: int
    days: int
    last_day: date
    pass_from: date
    today: list[WindowAnswer]
    next_window: NextWindow | None
    figures: FiguresAnswer
