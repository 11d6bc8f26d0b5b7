"""The daily report: figures derived, what units say of them, versions that go upward (R7.4, H1)."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.reporting.domain import report_content as contents
from services.reporting.domain.daily_report import (
    Change,
    Difference,
    Hours,
    NothingChanged,
    against_zero,
    decide_correction,
    decide_sending,
    decide_zero,
    hours_of,
    require_continuity,
    require_open,
)
from services.reporting.domain.report_content import AreaCount, Content, Correction, UnitLine
from services.reporting.domain.report_day import ONE_DAY
from services.reporting.domain.report_figures import Values, summed
from services.reporting.handlers.daily_figures import Derived, derive
from services.reporting.handlers.report_days import RuledDay, require_ruled, ruled_day
from services.reporting.store import daily_reports as store
from services.reporting.store import returnees
from services.reporting.store.daily_reports import Act, Version
from shared.db.pool import Conn, Tx
from shared.events.reporting import DailyReportCorrected, DailyReportSent
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import said_in, same, seal

REASON = "daily_report_reason"
"""Name of a sealed field, part of what is stored: never renamed."""
CONTENT = "daily_report_content"
"""Name of an index, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """What a unit says of its figures of a day; a correction has changes and a reason."""

    act_id: UUID
    day: date
    unit: CompoundId
    kind: Literal["confirm", "zero", "correct"]
    changes: Mapping[str, int] = field(default_factory=dict)
    reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """The report of a day is to go upward; after the first time, what changed since."""

    sending_id: UUID
    day: date
    missing_accepted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A day's report as it would be told now, beside what was sent.

    Attributes:
        derived: figures before units said anything.
        content: figures with what units said.
        versions: as they were sent.
        previous: the report of the day before, as it stands.
    """

    ruled: RuledDay
    hours: Hours
    derived: Mapping[str, Values]
    content: Content
    versions: list[Version]
    previous: Content | None

    @property
    def newest(self) -> Version | None:
        """What was sent last."""
        return self.versions[-1] if self.versions else None

    def pending(self) -> list[Difference]:
        """What is another figure now than was sent last; nothing before anything was sent."""
        newest = self.newest
        return self.content.differences_from(Content.of_document(newest.document)) if newest else []


async def stand(conn: Conn, day: date, *, now: datetime) -> Standing:
    """A day's report as it stands.

    Raises:
        ReportDayUnknown: the day is from before the first policy.
        PolicyUnknown, PolicySilent: as their names say.
    """
    await require_ruled(conn, day, now=now)
    ruled = await ruled_day(conn, day)
    rules = ruled.rules
    versions = await store.versions_of(conn, day)
    first = Content.of_document(versions[0].document) if versions else None
    before = await store.newest_of(conn, day - ONE_DAY)
    previous = Content.of_document(before.document) if before else None
    found = await derive(conn, ruled, now=now)
    acts = await store.acts_of(conn, day)
    lines = contents.standing(found.lines, first, {act.compound for act in acts})
    derived = contents.with_last(lines, previous)
    content = _content(
        ruled,
        found,
        derived,
        owing=first.expected if first else [unit for unit, known in found.units.items() if known.registered],
        acts=acts,
        town=contents.standing_town(found.town, first),
        upward=[
            AreaCount(**dict(row))
            for row in await conn.fetch(returnees.FOCUS_BETWEEN, ruled.span.starts, ruled.span.ends)
        ],
    )
    return Standing(
        ruled=ruled,
        hours=hours_of(ruled.span, rules),
        derived=derived,
        content=content,
        versions=versions,
        previous=previous,
    )


def _content(
    ruled: RuledDay,
    found: Derived,
    derived: Mapping[str, Values],
    *,
    owing: Collection[str],
    acts: list[Act],
    town: Values,
    upward: list[AreaCount],
) -> Content:
    said: defaultdict[str, list[Act]] = defaultdict(list)
    for act in acts:
        said[act.compound].append(act)
    figures = {unit: contents.effective(derived[unit], _changes(said[unit])) for unit in derived}
    lines = tuple(
        UnitLine(
            unit=unit,
            name=known.name,
            neighbourhood=known.neighbourhood,
            neighbourhood_name=known.neighbourhood_name,
            registered=unit in owing,
            values=figures[unit],
            **contents.word_of(
                [(act.kind, act.late, act.acted_at) for act in said[unit]],
                nothing=not against_zero(derived[unit], figures[unit]),
            ),
        )
        for unit, known in found.units.items()
        if unit in derived
    )
    return Content(
        day=ruled.span.day,
        starts=ruled.span.starts,
        ends=ruled.span.ends,
        lines=lines,
        town=summed(line.values for line in lines) | dict(town),
        corrections=tuple(
            Correction(
                act_id=str(act.act_id),
                unit=act.compound,
                figure=change.figure,
                original=change.original,
                value=change.value,
                said_at=act.acted_at,
            )
            for act in acts
            for change in act.changes
        ),
        upward=tuple(upward),
    )


def _changes(acts: list[Act]) -> list[Change]:
    return [change for act in acts for change in act.changes]


async def say(cmd: Say, *, role: str, tx: Tx, vault: Vault) -> tuple[Act, bool]:
    """Keep a unit's word on its figures; the same twice is one.

    Raises:
        SameIdOtherContent: the id was used for something else.
        ReportDayNotOver, ReportDayClosed, NotZero, FigureUnknown, CorrectionChangesNothing: as their names say.
    """
    await store.lock_day(tx, cmd.day)
    if known := await store.act(tx, cmd.act_id):
        if not same(vault, CONTENT, known.content_index, said_in(cmd)):
            raise SameIdOtherContent(
                "该编号已用于其他内容。The id was used for something else.", field="act_id"
            )
        return known, False
    now = await stand(tx, cmd.day, now=tx.now)
    require_open(now.hours, tx.now)
    derived, line = now.derived.get(cmd.unit, {}), now.content.by_unit.get(cmd.unit, {})
    changes: list[Change] = []
    match cmd.kind:
        case "zero":
            decide_zero(derived, line)
        case "correct":
            changes = decide_correction(derived, line, cmd.changes)
        case "confirm":
            pass
    reason = await seal(vault, cmd.act_id, REASON, cmd.reason)
    act = Act(
        act_id=cmd.act_id,
        day=cmd.day,
        compound=cmd.unit,
        kind=cmd.kind,
        late=bool(now.versions) or tx.now >= now.hours.confirm_until,
        changes=tuple(changes),
        reason_sealed=reason.sealed if reason else None,
        content_index=vault.index(CONTENT, said_in(cmd)),
        acted_at=tx.now,
        acted_by=tx.actor or "unknown",
        role=role,
    )
    await store.add_act(tx, act, derived=derived)
    return act, True


async def send(cmd: Send, *, tx: Tx) -> tuple[Version, bool]:
    """Send the report of a day, or a correction with the differences once it was sent; the same twice is one.

    Raises:
        SameIdOtherContent: the id was used for another day.
        ReportDayNotOver, ReportDayClosed, ContinuityBroken, UnitsMissing, NothingChanged: as their names say.
    """
    await store.lock_day(tx, cmd.day)
    if known := await store.sending(tx, cmd.sending_id):
        if known.day != cmd.day:
            raise SameIdOtherContent(
                "该编号已用于其他日期。The id was used for another day.", field="sending_id"
            )
        return known, False
    now = await stand(tx, cmd.day, now=tx.now)
    if now.newest:
        return await _correct(now, now.newest, cmd.sending_id, tx), True
    decide_sending(
        hours=now.hours,
        faults=now.content.faults(),
        missing=now.content.missing,
        missing_accepted=cmd.missing_accepted,
        now=tx.now,
    )
    return await _send(now, cmd.sending_id, tx), True


async def _send(now: Standing, sending_id: UUID, tx: Tx) -> Version:
    report_id = uuid7()
    number = await store.begin_report(tx, report_id, now.content.day, units=now.content.expected)
    version = _version(now, report_id, number, sending_id, tx=tx)
    await store.add_version(tx, version)
    await tx.publish(
        DailyReportSent(
            report_id=report_id,
            day=version.day,
            version=version.version,
            units_missing=version.units_missing,
            sent_at=tx.now,
        ),
        version=version.version,
    )
    return version


async def _correct(now: Standing, newest: Version, sending_id: UUID, tx: Tx) -> Version:
    require_open(now.hours, tx.now)
    pending = now.pending()
    if not pending:
        raise NothingChanged("报送以来数据没有变化。Nothing has changed since it was sent.")
    require_continuity(now.content.faults())
    version = _version(
        now, newest.report_id, newest.number, sending_id, tx=tx, after=newest.version, pending=pending
    )
    await store.add_version(tx, version)
    await tx.publish(
        DailyReportCorrected(
            report_id=version.report_id,
            day=version.day,
            version=version.version,
            changed=tuple(sorted({one.figure for one in pending})),
            corrected_at=tx.now,
        ),
        version=version.version,
    )
    return version


def _version(
    now: Standing,
    report_id: UUID,
    number: int,
    sending_id: UUID,
    *,
    tx: Tx,
    after: int = 0,
    pending: list[Difference] | None = None,
) -> Version:
    return Version(
        report_id=report_id,
        day=now.content.day,
        number=number,
        version=after + 1,
        sending_id=sending_id,
        document=now.content.document(),
        differences=tuple(pending or ()),
        policy_version=now.ruled.policy_version,
        units_missing=len(now.content.missing),
        made_at=tx.now,
        made_by=tx.actor or "unknown",
    )
