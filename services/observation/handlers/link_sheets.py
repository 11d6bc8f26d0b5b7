"""Personal links for everybody under observation in a grid or a compound, printed at once (architecture §7)."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from services.observation.domain.masking import masked_name
from services.observation.store import link_sheets, links
from services.observation.store.desk import Reach
from shared.audit.noting import note_reads
from shared.db.pool import Tx
from shared.kernel.ids import uuid7
from shared.kernel.links import digest, new_secret
from shared.kernel.sealed import PersonKey, Vault

Replace = Literal["none", "unused", "all"]
"""Which living links are made anew: none, those that no phone has opened, or all."""
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedLink:
    """A link on the one occasion on which it is shown."""

    link_id: UUID
    case_id: UUID
    compound: str
    grid: str
    last_day: date
    name: str | None
    room: str | None
    token: str = field(repr=False)


async def issue(
    issue_id: UUID, reach: Reach, *, replace: Replace, issued_by: str, role: str, tx: Tx, vault: Vault
) -> list[PrintedLink]:
    """Make links for at most 200 people; ask again for the rest. They can be shown only now.

    Raises:
        LinkShownOnce: the id was used before.
    """
    rows = await link_sheets.to_issue(tx, reach, replace=replace, limit=MOST)
    await link_sheets.add_sheet(tx, issue_id, issued_by=issued_by, links=len(rows))
    keys = await vault.keys(row["person_ref"] for row in rows)
    made: list[PrintedLink] = []
    for row in rows:
        key = keys.get(row["person_ref"])
        one = PrintedLink(
            link_id=uuid7(),
            case_id=row["case_id"],
            compound=row["compound"],
            grid=row["grid"],
            last_day=row["last_day"],
            name=_opened(key, "name", row["name_sealed"]),
            room=_opened(key, "room", row["room_sealed"]),
            token=new_secret(),
        )
        await links.replace_live(
            tx, link_id=one.link_id, case_id=one.case_id, token_hash=digest(one.token), issued_by=issued_by
        )
        made.append(one)
    await note_reads(
        tx,
        role=role,
        action="observation.link_sheet",
        refs=[row["person_ref"] for row in rows],
        scope=reach.grid or reach.compound,
    )
    return made


def _opened(key: PersonKey | None, name: str, sealed: bytes | None) -> str | None:
    if key is None or sealed is None:
        return None
    text = Vault.open(key, name, sealed)
    return masked_name(text) if name == "name" else text
