"""Looking again whom the open lines of a watch list mean, after people were registered (R4.4, P11).

A line never settles by itself: what changes is whom it may mean.
"""

from uuid import UUID

import asyncpg

from services.registry.domain.documents import NO_DOCUMENT, Document, DocumentKind
from services.registry.domain.watch_lists import Match, WatchLine, WatchListClosed, WatchListUnknown
from services.registry.handlers.people import DOCUMENT, NAME, PHONE
from services.registry.handlers.watch_lists import match_lines
from services.registry.store import watch_lists as store
from shared.db.pool import Tx
from shared.kernel.identities import normalise_phone
from shared.kernel.sealed import PersonKey, Vault

_AT_ONCE = 500


async def look_again(list_id: UUID, *, tx: Tx, vault: Vault) -> dict[Match, int]:
    """Match the open lines anew; tells how many mean somebody by now, may, or do not.

    Raises:
        WatchListUnknown, WatchListClosed: as their names say.
    """
    known = await store.locked_list(tx, list_id, alone=True)
    if known is None:
        raise WatchListUnknown("没有这份名单。There is no such list.")
    if known["state"] == "closed":
        raise WatchListClosed("名单已办结，不能再更改。The list is closed; nothing changes any more.")
    counts: dict[Match, int] = {"matched": 0, "possible": 0, "none": 0}
    after = 0
    while rows := await store.open_lines(tx, list_id, after=after, limit=_AT_ONCE):
        after = rows[-1]["nth"]
        keys = await vault.keys([row["line_id"] for row in rows])
        opened = [
            (row["line_id"], _line(row, keys[row["line_id"]])) for row in rows if row["line_id"] in keys
        ]
        found = await match_lines([line for _, line in opened], tx=tx, vault=vault)
        matches = dict(zip((line_id for line_id, _ in opened), found, strict=True))
        await store.look_again(tx, matches)
        for match, _ in matches.values():
            counts[match] += 1
    return counts


def _line(row: asyncpg.Record, key: PersonKey) -> WatchLine:
    phone = Vault.open(key, PHONE, row["phone_sealed"]) if row["phone_sealed"] else ""
    number = Vault.open(key, DOCUMENT, row["document_sealed"]) if row["document_sealed"] else ""
    kind = DocumentKind(row["document_kind"])
    document = Document(kind=kind, number=number, error=row["document_error"]) if number else NO_DOCUMENT
    return WatchLine(
        name=Vault.open(key, NAME, row["name_sealed"]),
        document=document,
        phone=phone,
        phone_matches=normalise_phone(phone) is not None,
        origin_code=row["origin_code"],
        arrived_on=row["arrived_on"],
        note="",
    )
