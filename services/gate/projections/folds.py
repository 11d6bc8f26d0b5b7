"""What all copies share: rows as columns, and news that cannot stand alone."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from shared.db.pool import Tx


class MissingFactError(Exception):
    """News of something that this copy never heard of: set aside until the beginning is there."""


def columns(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    """Rows as columns, sorted by key so that two writers never deadlock."""
    ordered = sorted(rows, key=lambda row: str(row[0]))
    return [[row[place] for row in ordered] for place in range(width)]


async def all_held(tx: Tx, statement: str, wanted: Mapping[UUID, object], what: str) -> None:
    """A suspension of a pass, or the end of a case, that is not known here must never be lost silently."""
    held = {row[0] for row in await tx.fetch(statement, list(wanted))}
    if missing := wanted.keys() - held:
        raise MissingFactError(f"{what} {min(missing)} is not known here")
