"""Works off uploaded site lists: piece by piece, each piece and its position in one transaction.

Killed anywhere, it goes on with the next row. Sent twice, a file changes nothing the second time.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Final
from uuid import UUID

from services.sanitation.domain.sites import ListedAs, Site, SiteCodeTaken, decide_listing
from services.sanitation.handlers.sites import enter
from services.sanitation.imports.site_rows import (
    REQUIRED,
    Fault,
    judge,
    names_unknown_compound,
    refused_elsewhere,
)
from services.sanitation.store import copies as copies_store
from services.sanitation.store import imports as imports_store
from services.sanitation.store import sites as sites_store
from shared.db.pool import Database, Tx
from shared.kernel import sheets
from shared.kernel.ids import uuid7
from shared.obs.logging import get_logger

log = get_logger(__name__)

PIECE: Final = 500
SETTLED_SECONDS: Final = 1.0
"""Real time that file and compounds' events must have rested before a compound counts as unknown: the list
may be sent right after the compounds, and their events are then still on their way."""


class SiteImports:
    """The ticker's work; keeps the file it works on decoded between two looks."""

    def __init__(self) -> None:
        self._decoded: tuple[UUID, list[sheets.Row]] | None = None

    async def act(self, database: Database) -> None:
        """Do everything that can be done now."""
        while True:
            try:
                async with database.begin() as tx:
                    going_on = await self._piece(tx)
            except SiteCodeTaken:
                # A clerk entered one of these codes between our look and our write: look again next time.
                log.info("import_piece_again")
                return
            if not going_on:
                return

    async def _piece(self, tx: Tx) -> bool:
        """One piece of the oldest import; says whether there may be more to do at once."""
        job = await tx.fetchrow(imports_store.NEXT_IMPORT)
        if job is None:
            self._decoded = None
            return False
        import_id: UUID = job["import_id"]
        rows = await self._rows(import_id, job["content"])
        compounds = {row["compound"] for row in await tx.fetch(copies_store.COMPOUNDS)}
        if names_unknown_compound(rows, compounds) and not (
            compounds and await tx.fetchval(imports_store.SETTLED, import_id, SETTLED_SECONDS)
        ):
            return False
        done: int = job["rows_done"]
        verdicts = list(judge(rows, compounds))[done : done + PIECE]
        tally = await self._apply(tx, import_id, done, rows[done : done + PIECE], verdicts)
        await imports_store.advance_import(tx, import_id, tally)
        if done + len(verdicts) == job["rows_total"]:
            await tx.execute(imports_store.FINISH_IMPORT, import_id, tx.now)
            self._decoded = None
        return True

    async def _rows(self, import_id: UUID, content: bytes) -> list[sheets.Row]:
        if self._decoded is None or self._decoded[0] != import_id:
            self._decoded = import_id, await asyncio.to_thread(sheets.read, content, required=REQUIRED)
        return self._decoded[1]

    async def _apply(
        self, tx: Tx, import_id: UUID, first: int, rows: list[sheets.Row], verdicts: list[Site | Fault]
    ) -> imports_store.Tally:
        listed = [verdict for verdict in verdicts if isinstance(verdict, Site)]
        await tx.fetch(copies_store.LOCK_COMPOUNDS, sorted({site.compound for site in listed}))
        known = await sites_store.sites_for_update(tx, [site.code for site in listed])
        found: Counter[str] = Counter()
        faults: list[tuple[int, Fault]] = []
        added: list[sites_store.KnownSite] = []
        changed: list[sites_store.KnownSite] = []
        for nth, (row, verdict) in enumerate(zip(rows, verdicts, strict=True), start=first):
            if isinstance(verdict, Fault):
                faults.append((nth, verdict))
                continue
            before = known.get(verdict.code)
            match decide_listing(verdict, before.site if before else None):
                case ListedAs.ELSEWHERE:
                    faults.append((nth, refused_elsewhere(row)))
                case ListedAs.UNCHANGED:
                    found["unchanged"] += 1
                case ListedAs.NEW:
                    added.append(
                        sites_store.KnownSite(site_id=uuid7(), version=1, registered_at=tx.now, site=verdict)
                    )
                case ListedAs.CHANGED if before:
                    changed.append(
                        replace(
                            before, version=before.version + 1, revision=before.revision + 1, site=verdict
                        )
                    )
        await sites_store.add_sites(tx, added)
        await sites_store.change_sites(tx, changed)
        await enter(tx, [*added, *changed])
        await imports_store.add_faults(tx, import_id, faults)
        return imports_store.Tally(
            accepted=len(added) + len(changed),
            unchanged=found["unchanged"],
            duplicate=sum(fault.outcome == "duplicate" for _, fault in faults),
            rejected=sum(fault.outcome == "rejected" for _, fault in faults),
        )
