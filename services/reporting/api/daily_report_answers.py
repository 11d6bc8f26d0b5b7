"""What is told of a daily report (R7.4)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from services.reporting.api.common import SourceAsOf
from services.reporting.domain.daily_report import ActKind, Difference, Fault
from services.reporting.domain.report_content import AreaCount, Content, UnitLine, UnitState
from services.reporting.domain.report_figures import FIGURES, NOTES_EN, NOTES_ZH, Section, Values, words_of
from services.reporting.store.daily_reports import Version
from shared.http.models import Answer

ReportState = Literal["collecting", "confirming", "sent", "corrected"]


class FigureAnswer(Answer):
    """A figure of the town, or of the caller's units together. Null is not known, never 0.

    `parts`: new, now, total and so on; `change`: against the day before, null where there is no report of it.
    """

    code: str
    zh: str
    en: str
    section: Section
    parts: dict[str, int | None]
    change: int | None


class UnitAnswer(Answer):
    """A unit's line. `late`: its word came after the hour for it, or after the report went out."""

    unit: str
    name: str | None
    neighbourhood: str | None
    neighbourhood_name: str | None
    state: UnitState
    late: bool
    said_at: datetime | None
    values: dict[str, int | None]

    @classmethod
    def of(cls, line: UnitLine) -> Self:
        """The line."""
        return cls(
            unit=line.unit,
            name=line.name,
            neighbourhood=line.neighbourhood,
            neighbourhood_name=line.neighbourhood_name,
            state=line.state,
            late=line.late,
            said_at=line.said_at,
            values=dict(line.values),
        )


class CorrectionAnswer(Answer):
    """A figure that a unit corrected: what was derived, what it said instead, and why."""

    act_id: UUID
    unit: str
    figure: str
    zh: str
    en: str
    original: int | None
    value: int
    reason: str | None
    said_at: datetime


class FaultAnswer(Answer):
    """Where the figures contradict each other. `unit` null: the town."""

    unit: str | None
    figure: str
    zh: str
    en: str
    expected: int
    found: int
    off_by: int

    @classmethod
    def of(cls, fault: Fault) -> Self:
        """The fault in words."""
        zh, en = words_of(fault.figure)
        return cls(
            unit=fault.unit,
            figure=fault.figure,
            zh=zh,
            en=en,
            expected=fault.expected,
            found=fault.found,
            off_by=fault.off_by,
        )


class DifferenceAnswer(Answer):
    """A figure that is another one than in the version before. `unit` null: the town."""

    unit: str | None
    figure: str
    zh: str
    en: str
    before: int | None
    after: int | None

    @classmethod
    def of(cls, one: Difference) -> Self:
        """The difference in words."""
        zh, en = words_of(one.figure)
        return cls(unit=one.unit, figure=one.figure, zh=zh, en=en, before=one.before, after=one.after)


class DailyReportAnswer(Answer):
    """A daily report as it stands, or as it was sent when `version` is not null.

    `pending`: what is another figure now than in the newest version; a correction will tell it. `faults`: where figures
    contradict each other; such a report is not sent.
    """

    day: date
    number: int | None
    state: ReportState
    scope: Literal["town", "part"]
    starts: datetime
    ends: datetime
    confirm_until: datetime
    policy_version: int
    version: int | None
    newest_version: int | None
    made_at: datetime | None
    made_by: str | None
    as_of: list[SourceAsOf]
    units_expected: int
    units_said: int
    missing: list[str]
    zero: list[str]
    continuous: bool
    faults: list[FaultAnswer]
    figures: list[FigureAnswer]
    units: list[UnitAnswer]
    corrections: list[CorrectionAnswer]
    pending: list[DifferenceAnswer]
    notes_zh: list[str]
    notes_en: list[str]


class ReportLine(Answer):
    """A report that was sent. `versions` above 1: it was corrected."""

    day: date
    number: int
    versions: int
    sent_at: datetime
    newest_at: datetime
    units_missing: int


class VersionAnswer(Answer):
    """A version as it was sent, with what changed since the one before."""

    version: int
    made_at: datetime
    made_by: str
    policy_version: int
    units_missing: int
    differences: list[DifferenceAnswer]


class VersionsAnswer(Answer):
    """Every version of a day's report, the first one first."""

    day: date
    number: int
    versions: list[VersionAnswer]


class SentAnswer(Answer):
    """What went upward."""

    day: date
    number: int
    version: int
    made_at: datetime
    units_missing: int
    differences: list[DifferenceAnswer]

    @classmethod
    def of(cls, version: Version) -> Self:
        """The version without its figures."""
        return cls(
            day=version.day,
            number=version.number,
            version=version.version,
            made_at=version.made_at,
            units_missing=version.units_missing,
            differences=[DifferenceAnswer.of(one) for one in version.differences],
        )


class SaidAnswer(Answer):
    """A unit's word as it is kept."""

    act_id: UUID
    day: date
    unit: str
    kind: ActKind
    late: bool
    said_at: datetime


class AreaAnswer(Answer):
    """People of a focus area in a compound under a measure. `origin_code` is GB/T 2260."""

    origin_code: str
    measure: str
    compound: str
    new: int
    total: int


class UpwardAnswer(Answer):
    """The list of people from focus areas for whoever asks from above: counts only, nobody is named (R7.4)."""

    day: date
    version: int | None
    areas: list[AreaAnswer]
    new: int
    total: int

    @classmethod
    def of(cls, day: date, version: int | None, counts: Iterable[AreaCount]) -> Self:
        """The counts and their sums."""
        areas = [
            AreaAnswer(
                origin_code=one.origin_code,
                measure=one.measure,
                compound=one.compound,
                new=one.new,
                total=one.total,
            )
            for one in counts
        ]
        return cls(
            day=day,
            version=version,
            areas=areas,
            new=sum(one.new for one in areas),
            total=sum(one.total for one in areas),
        )


def figures(town: Values, before: Values | None) -> list[FigureAnswer]:
    """Every figure that these values know the keys of, with its change."""
    return [
        FigureAnswer(
            code=figure.code,
            zh=figure.zh,
            en=figure.en,
            section=figure.section,
            parts={part: town.get(f"{figure.code}.{part}") for part in figure.parts},
            change=_change(town, before, figure.compared),
        )
        for figure in FIGURES
        if any(key in town for key in figure.keys)
    ]


def _change(town: Values, before: Values | None, key: str) -> int | None:
    now, then = town.get(key), before.get(key) if before else None
    return None if now is None or then is None else now - then


def corrections(content: Content, reasons: Mapping[str, str | None]) -> list[CorrectionAnswer]:
    """What units corrected, with the reasons that were opened."""
    return [
        CorrectionAnswer(
            act_id=UUID(one.act_id),
            unit=one.unit,
            figure=one.figure,
            zh=words_of(one.figure)[0],
            en=words_of(one.figure)[1],
            original=one.original,
            value=one.value,
            reason=reasons.get(one.act_id),
            said_at=one.said_at,
        )
        for one in content.corrections
    ]


def notes() -> dict[str, list[str]]:
    """By what the figures are counted."""
    return {"notes_zh": list(NOTES_ZH), "notes_en": list(NOTES_EN)}
