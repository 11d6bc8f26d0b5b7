"""What the sites of a compound owe on a day and have, derived from all that is known now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from services.sanitation.domain.day_sheet import DaySheet, day_sheet
from services.sanitation.domain.duty import rounds_required
from services.sanitation.handlers.policy import in_force
from services.sanitation.store import rounds as rounds_store
from services.sanitation.store.rounds import SiteDay
from shared.db.pool import Conn
from shared.events.policy import PolicyDocument
from shared.events.policy_sanitation import RoundRule, SiteKind
from shared.kernel.ids import CompoundId, SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSheet:
    """A site's sheet of a day. `last_at` is when it was disinfected last on that day."""

    site_id: UUID
    code: SiteId
    compound: CompoundId
    kind: SiteKind
    name: str
    outside_range: int
    last_at: datetime | None
    sheet: DaySheet


async def day_sheets(conn: Conn, compound: CompoundId, *, day: date, now: datetime) -> list[SiteSheet]:
    """What each site of a compound owes on a day and has.

    Raises:
        PolicyUnknown, NoPolicyOnThatDay: nothing to judge by.
    """
    document = (await in_force(conn, day)).document
    return sheets_of(await rounds_store.site_days(conn, [compound], day), document, day=day, now=now)


def sheets_of(
    sites: Sequence[SiteDay], document: PolicyDocument | None, *, day: date, now: datetime
) -> list[SiteSheet]:
    """The sheets of sites by the policy of the day; without one nothing is owed."""
    rules = {rule.kind: rule for rule in document.sanitation.rounds} if document else {}
    return [_sheet_of(site, rules.get(site.kind), day, now) for site in sites]


def _sheet_of(site: SiteDay, rule: RoundRule | None, day: date, now: datetime) -> SiteSheet:
    spacing = timedelta(minutes=rule.spacing_minutes if rule else 0)
    required = rounds_required(
        site.state,
        day=day,
        closed=site.closed,
        policy_rounds=rule.rounds_per_day if rule else 0,
        spacing=spacing,
    )
    return SiteSheet(
        site_id=site.site_id,
        code=site.code,
        compound=site.compound,
        kind=site.kind,
        name=site.name,
        outside_range=site.outside_range,
        last_at=site.logs[-1].done_at if site.logs else None,
        sheet=day_sheet(required, site.logs, day=day, now=now, spacing=spacing),
    )
