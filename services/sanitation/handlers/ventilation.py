"""Airing of public places: kept once, like rounds."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.sanitation.domain.duty import state_on
from services.sanitation.domain.late import Source, by_our_clock, decide_timeliness
from services.sanitation.domain.ventilation import decide_length
from services.sanitation.handlers.policy import clock_tolerance, in_force, late_rules
from services.sanitation.handlers.rounds import EXPLANATION
from services.sanitation.handlers.sites import site_within
from services.sanitation.store import duty as duty_store
from services.sanitation.store import ventilation as store
from services.sanitation.store.sites import KnownSite
from shared.db.pool import Tx
from shared.events.policy_sanitation import SiteKind
from shared.events.sanitation import VentilationLogged
from shared.http.access import Principal
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId, SiteId
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import same, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class LogVentilation:
    """A worker opened the windows. `began_at` and `sent_at` are what the worker's phone said."""

    ventilation_id: UUID
    site_code: SiteId
    began_at: datetime
    minutes: int
    sent_at: datetime | None
    source: Source
    explanation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedVentilation:
    """An airing as it is kept. `fresh`: by this very command."""

    fresh: bool
    ventilation_id: UUID
    site_id: UUID
    site_code: SiteId
    compound: CompoundId
    kind: SiteKind
    day: date
    began_at: datetime
    minutes: int


async def log_ventilation(cmd: LogVentilation, *, who: Principal, tx: Tx, vault: Vault) -> LoggedVentilation:
    """Keep an airing. Asked twice, answered once; it belongs to the day on which it began.

    Raises:
        SiteUnknown, OutOfScope: about the site.
        SameIdOtherContent: the id was used for something else.
        PolicyUnknown, NoPolicyOnThatDay: nothing to judge by.
        Refusal: what `decide_length` and `decide_timeliness` raise.
    """
    known = await site_within(tx, who, cmd.site_code)
    before = await store.ventilation(tx, cmd.ventilation_id)
    if before is not None:
        said = (before["site_id"], before["device_at"], before["minutes"], before["source"])
        explained = same(vault, EXPLANATION, before["explanation_index"], cmd.explanation)
        if said != (known.site_id, cmd.began_at, cmd.minutes, cmd.source) or not explained:
            raise SameIdOtherContent(
                "该编号已用于另一次通风。This id was used for another airing.", field="ventilation_id"
            )
        return await _logged(tx, cmd, known, before["began_at"], fresh=False)
    document = (await in_force(tx, tx.today)).document
    tolerance = clock_tolerance(document)
    began_at = by_our_clock(cmd.began_at, sent_at=cmd.sent_at, now=tx.now, tolerance=tolerance)
    decide_length(began_at, cmd.minutes, now=tx.now, tolerance=tolerance)
    decide_timeliness(
        began_at,
        source=cmd.source,
        explained=cmd.explanation is not None,
        now=tx.now,
        tolerance=tolerance,
        rules=late_rules(document),
    )
    logged = await _logged(tx, cmd, known, began_at, fresh=True)
    explanation = await seal(vault, known.site_id, EXPLANATION, cmd.explanation)
    await tx.execute(
        store.ADD,
        cmd.ventilation_id,
        known.site_id,
        logged.day,
        began_at,
        cmd.began_at,
        cmd.minutes,
        cmd.source,
        explanation.sealed if explanation else None,
        explanation.index if explanation else None,
        tx.now,
        tx.actor,
    )
    event = VentilationLogged(
        ventilation_id=cmd.ventilation_id,
        site_id=known.site_id,
        compound=logged.compound,
        kind=logged.kind,
        began_at=began_at,
        minutes=cmd.minutes,
    )
    await tx.publish(event, version=1)
    return logged


async def _logged(
    tx: Tx, cmd: LogVentilation, known: KnownSite, began_at: datetime, *, fresh: bool
) -> LoggedVentilation:
    day = local_day(began_at)
    held = state_on((await duty_store.histories(tx, [known.site_id]))[known.site_id], day)
    return LoggedVentilation(
        fresh=fresh,
        ventilation_id=cmd.ventilation_id,
        site_id=known.site_id,
        site_code=known.site.code,
        compound=known.site.compound,
        kind=held.kind if held else known.site.kind,
        day=day,
        began_at=began_at,
        minutes=cmd.minutes,
    )
