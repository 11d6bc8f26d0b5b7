"""Declarations that look made up: derived again whenever something was declared, reviewed by somebody (O11)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from services.observation.domain.patterns import (
    OWN_KINDS,
    FlagReviewed,
    Pattern,
    Review,
    Said,
    family_pattern,
    own_pattern,
)
from services.observation.domain.repeats import same_content
from services.observation.handlers.entries import Entry, entries_of
from services.observation.handlers.keys import sealing_key
from services.observation.store import copies
from services.observation.store import patterns as store
from shared.db.pool import Database, Tx
from shared.kernel.ids import uuid7
from shared.kernel.sealed import Vault

NAME = "observation.patterns"
BATCH = 100


async def derive_due(database: Database, vault: Vault, *, batch: int = BATCH) -> int:
    """Look at every case in which something was declared; tells how many. Where policy is silent, they wait."""
    looked = 0
    while True:
        async with database.begin(actor=NAME) as tx:
            found = await _derive(tx, vault, batch)
        if not found:
            return looked
        looked += found


async def _derive(tx: Tx, vault: Vault, limit: int) -> int:
    calendar = await copies.calendar(tx)
    rules = None if calendar is None else calendar.on(tx.today).document.patterns
    if rules is None:
        return 0
    due = await store.take_due(tx, limit)
    if not due:
        return 0
    links = await store.links(tx, due)
    case_ids = sorted({*due, *(link.case_id for link in links), *(link.own for link in links)})
    entries = await entries_of(tx, await store.people(tx, case_ids), vault)
    reviewed = await store.reviewed(tx, case_ids)
    by_case: defaultdict[UUID, list[Entry]] = defaultdict(list)
    by_link: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_case[entry.case_id].append(entry)
        by_link[entry.recorded_by].append(entry)
    found: dict[tuple[UUID, str], Pattern] = {}
    for case_id in due:
        for kind in OWN_KINDS:
            said = _said(by_case[case_id], after=reviewed.get((case_id, kind)))
            if (pattern := own_pattern(kind, said, rules)) is not None:
                found[case_id, kind] = pattern
    for link_id, own in {link.link_id: link.own for link in links}.items():
        said = _said(by_link[f"link:{link_id}"], after=reviewed.get((own, "family_same")))
        if (pattern := family_pattern(said, rules)) is not None:
            found[own, pattern.kind] = pattern
    await store.flag(tx, [(uuid7(), case_id, pattern) for (case_id, _), pattern in found.items()])
    return len(due)


async def review(
    review_id: UUID,
    verdict: Review,
    note: str,
    *,
    flag: asyncpg.Record,
    person_ref: UUID,
    by: str,
    tx: Tx,
    vault: Vault,
) -> bool:
    """Keep what somebody found about a locked flag, once per id; tells whether it is new. Nothing else follows.

    Raises:
        FlagReviewed, SameIdOtherContent.
    """
    content = f"{flag['flag_id']}|{verdict}|{note}"
    if flag["reviewed_at"] is not None:
        if flag["review_id"] != review_id:
            raise FlagReviewed("该提示已核查。Somebody has looked at it.")
        same_content(flag["content_index"], vault.index_all("pattern_review", content))
        return False
    key = await sealing_key(vault, person_ref)
    await store.keep_review(
        tx,
        flag["flag_id"],
        by=by,
        review_id=review_id,
        verdict=verdict,
        note_sealed=vault.seal(key, "pattern_note", note),
        content_index=vault.index("pattern_review", content),
    )
    return True


def _said(entries: Iterable[Entry], *, after: datetime | None) -> list[Said]:
    """Measured values that nobody corrected, received since somebody looked."""
    return [
        Said(
            case_id=entry.case_id,
            taken_at=entry.taken_at,
            received_at=entry.received_at,
            value=Decimal(entry.temperature_c),
        )
        for entry in entries
        if entry.temperature_c is not None
        and entry.corrected_by is None
        and (after is None or entry.received_at > after)
    ]
