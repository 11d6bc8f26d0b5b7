"""Sites: registered once, corrected with history, closed for whole days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

import asyncpg

from services.sanitation.domain.duty import Closure, DutyState, next_state
from services.sanitation.domain.sites import (
    ClosureReason,
    ClosureUnknown,
    CompoundUnknown,
    Site,
    SiteChanged,
    SiteCodeTaken,
    SiteUnknown,
    decide_closure,
    decide_reopening,
)
from services.sanitation.handlers.day_close import reconsider
from services.sanitation.handlers.policy import in_force
from services.sanitation.store import copies as copies_store
from services.sanitation.store import day_close as day_close_store
from services.sanitation.store import duty as duty_store
from services.sanitation.store import rounds as rounds_store
from services.sanitation.store import sites as sites_store
from shared.db.pool import Conn, Tx
from shared.events.sanitation import SiteExempted, SiteRegistered
from shared.http.access import Principal, Role
from shared.kernel.ids import CompoundId, SiteId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import same, seal

NOTE = "closure_note"
"""Name of a sealed field, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSite:
    """Exempt a site for whole days, with a reason."""

    closure_id: UUID
    site_code: SiteId
    days: Closure
    reason: ClosureReason
    note: str | None


async def require_compound(conn: Conn, who: Principal, compound: CompoundId) -> None:
    """Insist that the compound is known and the caller's.

    Raises:
        OutOfScope: no grant covers it.
        CompoundUnknown: the registry has not told of it.
    """
    neighbourhood = await copies_store.compound_place(conn, compound)
    who.require_compound(compound, neighbourhood=neighbourhood)
    if neighbourhood is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")


async def site_within(tx: Tx, who: Principal, code: SiteId) -> sites_store.KnownSite:
    """A site of the caller's, with everyone else waiting.

    Raises:
        SiteUnknown, OutOfScope: there is none, or it is somebody else's.
    """
    known = await sites_store.site_for_update(tx, code)
    if known is None:
        raise SiteUnknown("没有这个点位编号。There is no site with this code.", field="site_code")
    neighbourhood = await copies_store.compound_place(tx, known.site.compound)
    who.require_compound(known.site.compound, neighbourhood=neighbourhood)
    return known


async def register_site(
    site: Site, *, who: Principal, tx: Tx, day_given: bool
) -> tuple[sites_store.KnownSite, bool]:
    """Add a site; the code is its natural key, so the same again is answered alike. Says whether it is new.

    `day_given` is false where `site.since` is merely today: a repeat on the next day is still the same.

    Raises:
        SiteCodeTaken: the code is in use with other particulars.
    """
    await require_compound(tx, who, site.compound)
    await tx.fetch(copies_store.LOCK_COMPOUNDS, [site.compound])  # whoever adds sites here takes turns
    known = await sites_store.site_for_update(tx, site.code)
    if known is not None:
        if known.site != (site if day_given else replace(site, since=known.site.since)):
            raise SiteCodeTaken(
                "该点位编号已被使用，内容不同。The code is in use with other particulars.", field="code"
            )
        return known, False
    known = sites_store.KnownSite(site_id=uuid7(), version=1, registered_at=tx.now, site=site)
    await sites_store.add_sites(tx, [known])
    await enter(tx, [known])
    return known, True


async def correct_site(
    site: Site, *, revision: int, who: Principal, tx: Tx
) -> tuple[sites_store.KnownSite, bool]:
    """Correct a site's particulars from today on; days that are over keep what held then. Says whether it changed.

    The same again changes nothing, whatever revision it names.

    Raises:
        SiteUnknown, OutOfScope: see `site_within`.
        SiteCodeTaken: a site never moves to another compound; it is closed there, and another one registered here.
        SiteChanged: somebody else corrected it meanwhile.
    """
    known = await site_within(tx, who, site.code)
    if known.site.compound != site.compound:
        raise SiteCodeTaken("点位不能换小区。A site does not move to another compound.", field="compound")
    if known.site == site:
        return known, False
    if known.revision != revision:
        raise SiteChanged(
            "点位已被他人修改，请刷新。Somebody else corrected it; look again.",
            field="revision",
            revision=known.revision,
        )
    changed = replace(known, version=known.version + 1, revision=known.revision + 1, site=site)
    await sites_store.change_sites(tx, [changed])
    await enter(tx, [changed])
    return changed, True


async def enter(tx: Tx, sites: Sequence[sites_store.KnownSite]) -> None:
    """Write what holds for new or corrected sites from today on, and tell of each as it stands now."""
    histories = await duty_store.histories(tx, [known.site_id for known in sites])
    states = [(known, next_state(known.site, histories.get(known.site_id, ()), tx.now)) for known in sites]
    await day_close_store.begin_closing(tx, [known.site.compound for known in sites])
    await duty_store.put_states(tx, [(known.site_id, state, known.revision) for known, state in states])
    for known, state in states:
        await _announce(tx, known, state)


async def _announce(tx: Tx, known: sites_store.KnownSite, state: DutyState) -> None:
    event = SiteRegistered(
        site_id=known.site_id,
        compound=known.site.compound,
        kind=known.site.kind,
        rounds_per_day=known.site.rounds_per_day,
        since=known.site.since,
        active=known.site.active,
        registered_at=known.registered_at,
        on_duty_from=state.on_duty_from,
    )
    await tx.publish(event, version=known.version)


async def close_site(cmd: CloseSite, *, who: Principal, tx: Tx, vault: Vault) -> tuple[CloseSite, bool]:
    """Exempt a site. Asked twice, answered once; says whether it is new (S2).

    The community and HQ may exempt the last days as far back as policy allows late entries; the property company,
    which answers for the rounds, only from today on.

    Raises:
        SiteUnknown, OutOfScope: see `site_within`.
        SameIdOtherContent: the id was used for something else.
        ClosureDays: see `decide_closure`.
    """
    known = await site_within(tx, who, cmd.site_code)
    before = await duty_store.closure(tx, cmd.closure_id)
    if before is not None:
        said = (before["site_id"], before["from_day"], before["reason"])
        last_day = before["last_day"] if before["ended_at"] is None else cmd.days.last_day
        if (*said, last_day) != (
            *(known.site_id, cmd.days.from_day, cmd.reason),
            cmd.days.last_day,
        ) or not same(vault, NOTE, before["note_index"], cmd.note):
            raise SameIdOtherContent(
                "该编号已用于另一次停用。This id was used for another closure.", field="closure_id"
            )
        kept = Closure(from_day=before["from_day"], last_day=before["last_day"])
        return replace(cmd, days=kept), False
    decide_closure(
        from_day=cmd.days.from_day,
        last_day=cmd.days.last_day,
        today=tx.today,
        earliest=await _earliest_exempt(tx, who),
    )
    note = await seal(vault, known.site_id, NOTE, cmd.note)
    await duty_store.add_closure(
        tx, cmd.closure_id, site_id=known.site_id, days=cmd.days, reason=cmd.reason, note=note
    )
    await _tell_exempted(tx, known, cmd.closure_id, cmd.days, cmd.reason)
    day = cmd.days.from_day
    while day < tx.today and cmd.days.covers(day):  # as far back as policy allows late entries
        await reconsider(tx, known.site.compound, known.site_id, day)
        day += timedelta(days=1)
    return cmd, True


async def reopen_site(
    code: SiteId, closure_id: UUID, last_day: date, *, who: Principal, tx: Tx
) -> asyncpg.Record:
    """Say which day of a closure is its last; the same again changes nothing.

    Raises:
        SiteUnknown, OutOfScope: see `site_within`.
        ClosureUnknown: the site has no such closure.
        ClosureDays: see `decide_reopening`.
    """
    known = await site_within(tx, who, code)
    found = await duty_store.closure(tx, closure_id)
    if found is None or found["site_id"] != known.site_id:
        raise ClosureUnknown("没有这次停用。There is no such closure.", field="closure_id")
    if found["last_day"] == last_day:
        return found
    decide_reopening(from_day=found["from_day"], last_day=last_day, today=tx.today)
    await duty_store.end_closure(tx, closure_id, last_day)
    days = Closure(from_day=found["from_day"], last_day=last_day)
    await _tell_exempted(tx, known, closure_id, days, found["reason"])
    ended = await duty_store.closure(tx, closure_id)
    assert ended is not None  # noqa: S101 -- its row was just written
    return ended


async def _earliest_exempt(tx: Tx, who: Principal) -> date:
    if not who.has(Role.COMMUNITY_CLERK, Role.HQ_OFFICER, Role.ADMIN):
        return tx.today
    late = (await in_force(tx, tx.today)).document.sanitation.late
    return tx.today - timedelta(days=late.entry_days if late else 0)


async def _tell_exempted(
    tx: Tx, known: sites_store.KnownSite, closure_id: UUID, days: Closure, reason: ClosureReason
) -> None:
    event = SiteExempted(
        closure_id=closure_id,
        site_id=known.site_id,
        compound=known.site.compound,
        reason=reason,
        from_day=days.from_day,
        last_day=days.last_day,
    )
    await tx.publish(event, version=await rounds_store.raise_version(tx, known.site_id))
