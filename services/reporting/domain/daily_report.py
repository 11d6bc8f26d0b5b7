"""May a unit confirm, may a report go out, and what changed since it did? Pure. (R7.4, H1)"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from services.reporting.domain.report_day import ONE_DAY, ReportDay
from services.reporting.domain.report_figures import (
    CAME,
    MEASURES,
    UNIT_KEYS,
    WENT,
    ZERO_KEYS,
    Values,
    words_of,
)
from shared.events.policy_reporting import DailyReportRules
from shared.kernel.days import at_local
from shared.kernel.refusal import Refusal

ActKind = Literal["confirm", "zero", "correct"]
_LARGEST = 10_000_000


class ReportDayNotOver(Refusal):
    """The cut-off of the day is still to come: nothing can be confirmed or sent."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "report_day_not_over"


class ReportDayClosed(Refusal):
    """The day is too long ago: its report stays as it was sent."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "report_day_closed"


class NotZero(Refusal):
    """Something is to be reported: a zero report would say otherwise."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "not_zero"


class FigureUnknown(Refusal):
    """A report of a unit has no such figure, or it is not for the unit to correct."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "figure_unknown"


class CorrectionChangesNothing(Refusal):
    """The figure has this value already."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "correction_changes_nothing"


class ContinuityBroken(Refusal):
    """In force is not the last, and what came, without what went: such a report is not sent."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "continuity_broken"

    def __init__(self, faults: Sequence["Fault"]) -> None:
        first = faults[0]
        zh, en = words_of(first.figure)
        super().__init__(
            f"数据前后不衔接，不能报送：{first.unit or '全镇'} {zh}应为 {first.expected}，实为 {first.found}。"
            f"The figures contradict each other: {first.unit or 'the town'}, {en} should be {first.expected} and is "
            f"{first.found}.",
            remedy="更正该单位数据或先更正上一期日报。Correct the unit's figures, or the report of the day before.",
            faults=[
                {
                    "unit": fault.unit,
                    "figure": fault.figure,
                    "expected": fault.expected,
                    "found": fault.found,
                    "off_by": fault.off_by,
                }
                for fault in faults
            ],
        )
        self.faults = tuple(faults)

    def off_by(self) -> dict[str, int]:
        """By how much each figure is off, over all units; what is off in both directions does not cancel out."""
        found: dict[str, int] = {}
        for fault in self.faults:
            if fault.unit is not None:
                found[fault.figure] = found.get(fault.figure, 0) + abs(fault.off_by)
        return found


class UnitsMissing(Refusal):
    """Units have not confirmed, and they have time until the hour that policy says."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "units_missing"


class NothingChanged(Refusal):
    """The report was sent, and nothing that came in since changes it."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "nothing_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Where the numbers contradict each other. `unit` None: the town."""

    unit: str | None
    figure: str
    expected: int
    found: int

    @property
    def off_by(self) -> int:
        """By how much."""
        return self.found - self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A unit says that a figure is another one: `original` is what was derived when it said so."""

    figure: str
    original: int | None
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A figure that is another one in a later version. `unit` None: the town."""

    unit: str | None
    figure: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Between the cut-off and the last correction of a report."""

    opens_at: datetime
    confirm_until: datetime
    closes_at: datetime
    between_corrections: timedelta


def hours_of(span: ReportDay, rules: DailyReportRules) -> Hours:
    """When units confirm, when the report goes out, and until when it is corrected."""
    return Hours(
        opens_at=span.ends,
        confirm_until=at_local(span.day, rules.confirm_until),
        closes_at=span.ends + rules.correction_days * ONE_DAY,
        between_corrections=timedelta(minutes=rules.correction_minutes),
    )


def require_open(hours: Hours, now: datetime) -> None:
    """Insist that the day is over and not too long ago.

    Raises:
        ReportDayNotOver, ReportDayClosed: as their names say.
    """
    if now < hours.opens_at:
        raise ReportDayNotOver(
            "统计截止时间未到，不能确认或报送。The cut-off is still to come.",
            remedy="截止后再确认。Confirm after the cut-off.",
            opens_at=hours.opens_at.isoformat(),
        )
    if now > hours.closes_at:
        raise ReportDayClosed(
            "该日报已过更正期限，不再更改。The report is too old to be changed.",
            closed_at=hours.closes_at.isoformat(),
        )


def against_zero(derived: Values, effective: Values) -> dict[str, int]:
    """What stands against a zero report: figures that are not zero, as derived or else as the unit corrected them."""
    return {key: value for key in ZERO_KEYS if (value := derived.get(key) or effective.get(key))}


def decide_zero(derived: Values, effective: Values) -> None:
    """A zero report says that there is nothing: only where the derived figures say so, and nobody corrected them.

    Raises:
        NotZero: naming every figure that is not zero.
    """
    if found := against_zero(derived, effective):
        named = "、".join(f"{words_of(key)[0]} {value}" for key, value in found.items())
        english = "; ".join(f"{words_of(key)[1]} {value}" for key, value in found.items())
        raise NotZero(
            f"本单位有数据，不能零报告：{named}。There is something to report: {english}.",
            field=next(iter(found)),
            remedy="请确认数据或更正。Confirm the figures, or correct them.",
            figures=found,
        )


def decide_correction(derived: Values, effective: Values, wanted: Mapping[str, int]) -> list[Change]:
    """What a unit changes, with what was derived.

    Raises:
        FigureUnknown, CorrectionChangesNothing: as their names say.
    """
    for key, value in wanted.items():
        if key not in UNIT_KEYS or key.endswith(".last") or not 0 <= value <= _LARGEST:
            raise FigureUnknown(
                "没有这个指标或数值不合理；上期数不在本期更正。"
                "There is no such figure, or no such value; what was last is corrected in its own report.",
                field=f"changes.{key}",
            )
        if effective.get(key) == value:
            raise CorrectionChangesNothing(
                "与现有数值相同。The figure has this value already.", field=f"changes.{key}"
            )
    return [
        Change(figure=key, original=derived.get(key), value=value) for key, value in sorted(wanted.items())
    ]


def corrected(derived: Values, changes: Iterable[Change]) -> dict[str, int | None]:
    """The figures with what units said of them, oldest first: the newest word holds."""
    return dict(derived) | {change.figure: change.value for change in changes}


def continuity(lines: Mapping[str, Values], town: Values) -> list[Fault]:
    """Where figures contradict each other, of every unit and of the town.

    In force follows from the last and what moved; what moves from one measure to another leaves one for each that it
    joins; who was released was released from some measure.
    """
    found = [fault for unit, values in sorted(lines.items()) for fault in _faults(unit, values)]
    return found + list(_faults(None, town))


def _faults(unit: str | None, values: Values) -> Iterable[Fault]:
    def of(*keys: str) -> int:
        return sum(values.get(key) or 0 for key in keys)

    for measure in MEASURES:
        came = of(*(f"{measure}.{part}" for part in CAME))
        went = of(*(f"{measure}.{part}" for part in WENT))
        expected, now = of(f"{measure}.last") + came - went, of(f"{measure}.now")
        if now != expected:
            yield Fault(unit=unit, figure=f"{measure}.now", expected=expected, found=now)
    left, joined = (of(*(f"{one}.{part}" for one in MEASURES)) for part in ("moved_out", "moved_in"))
    if joined != left:
        yield Fault(unit=unit, figure=f"{MEASURES[0]}.moved_in", expected=left, found=joined)
    released = of(*(f"{one}.released" for one in MEASURES))
    if of("released.new") != released:
        yield Fault(unit=unit, figure="released.new", expected=released, found=of("released.new"))


def decide_sending(
    *,
    hours: Hours,
    faults: Sequence[Fault],
    missing: Sequence[str],
    missing_accepted: bool,
    now: datetime,
) -> None:
    """May the first version of a report go out? After the hour for confirming, with the missing units named.

    Raises:
        ReportDayNotOver, ReportDayClosed, ContinuityBroken, UnitsMissing: as their names say.
    """
    require_open(hours, now)
    require_continuity(faults)
    if missing and now < hours.confirm_until and not missing_accepted:
        raise UnitsMissing(
            f"还有 {len(missing)} 个单位未确认。{len(missing)} units have not confirmed.",
            remedy="到点自动报送并列出未报单位，或注明先行报送。"
            "It goes out by itself and names them, or say that it goes without them.",
            units=list(missing),
            until=hours.confirm_until.isoformat(),
        )


def require_continuity(faults: Sequence[Fault]) -> None:
    """Insist that the figures do not contradict each other.

    Raises:
        ContinuityBroken: naming each unit, figure, and by how much.
    """
    if faults:
        raise ContinuityBroken(faults)


def differences(
    before: Mapping[str, Values], after: Mapping[str, Values], *, town: tuple[Values, Values]
) -> list[Difference]:
    """Every figure that is another one, of the town and then of each unit. A unit that is new had nothing before."""
    found = list(_differing(None, *town))
    for unit in sorted(before.keys() | after.keys()):
        found += _differing(unit, before.get(unit, {}), after.get(unit, {}))
    return found


def _differing(unit: str | None, before: Values, after: Values) -> Iterable[Difference]:
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was != now:
            yield Difference(unit=unit, figure=key, before=was, after=now)
