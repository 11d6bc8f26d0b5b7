"""What all copies share: rows as columns, and news that cannot stand alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.db.pool import Tx


class MissingFactError(Exception):
    """News of something that this copy never heard of: set aside until the beginning is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """How a kind of pass is written: whole, its state alone, and which of them are here. `what` it is called."""

    keep: str
    turn: str
    held: str
    what: str


def columns(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    """Rows as columns, sorted by key so that two writers never deadlock."""
    ordered = sorted(rows, key=lambda row: str(row[0]))
    return [[row[place] for row in ordered] for place in range(width)]


async def keep_and_turn(
    tx: Tx,
    issued: Mapping[UUID, tuple[object, ...]],
    turned: dict[UUID, tuple[object, ...]],
    statements: Statements,
) -> None:
    """Copy passes: those issued with the state that they ended in, and the state of those that are here already.

    Args:
        tx: where to write.
        issued: by pass what its last issue says.
        turned: by pass its last state, also of those that were issued.
        statements: of this kind of pass.

    Raises:
        MissingFactError: the state of a pass that is not here.
    """
    rows = [(pass_id, *facts, *turned.pop(pass_id)) for pass_id, facts in issued.items()]
    if rows:
        await tx.execute(statements.keep, *columns(rows, len(rows[0])))
    if turned:
        await all_held(tx, statements.held, turned, statements.what)
        states = [(pass_id, *state) for pass_id, state in turned.items()]
        await tx.execute(statements.turn, *columns(states, len(states[0])))


async def all_held(tx: Tx, statement: str, wanted: Mapping[UUID, object], what: str) -> None:
    """A suspension of a pass, or the end of a case, that is not known here must never be lost silently."""
    held = {row[0] for row in await tx.fetch(statement, list(wanted))}
    if missing := wanted.keys() - held:
        raise MissingFactError(f"{what} {min(missing)} is not known here")
