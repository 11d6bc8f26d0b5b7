"""Opening and closing survey rounds (R4.1)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.surveys import (
    Round,
    RoundUnknown,
    Tally,
    decide_closing,
    decide_opening,
    rolled_up,
)
from services.registry.store import surveys as store
from shared.db.pool import Conn, Tx
from shared.events.registry.surveys import SurveyRoundClosed, SurveyRoundOpened
from shared.kernel.ids import CompoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRound:
    """Ask every household of these compounds. `round_id` is made by the client."""

    round_id: UUID
    number: int
    compounds: frozenset[CompoundId]
    due_on: date


async def open_round(cmd: OpenRound, *, tx: Tx) -> tuple[Round, bool]:
    """Begin a round with the address list as it is now; dwellings that are added meanwhile join it.

    Returns:
        The round, and whether it is new.

    Raises:
        SameIdOtherContent: the id was used for another round (by its constraint, if at the same moment).
        CompoundUnknown, RoundDueInPast, NothingToSurvey: the statement.
        RoundOpenAlready, RoundNumberUsed: as their names say (by their constraints).
    """
    known = await store.locked_round(tx, cmd.round_id)
    if known is not None:
        if (known.number, known.compounds, known.due_on) != (cmd.number, cmd.compounds, cmd.due_on):
            raise store.REJECTIONS["survey_round_pkey"]
        return known, False
    unknown = cmd.compounds - (await store.places(tx, sorted(cmd.compounds))).keys()
    if unknown:
        raise CompoundUnknown(
            "没有这个小区。There is no such compound.", field="compounds", compounds=sorted(unknown)
        )
    opening = Round(number=cmd.number, compounds=cmd.compounds, due_on=cmd.due_on, opened_at=tx.now)
    await store.lock_grids(tx, sorted(cmd.compounds))
    await store.add_round(tx, cmd.round_id, opening)
    denominators = await _denominators(tx, cmd.round_id)
    decide_opening(opening, denominators, today=tx.today)
    await tx.publish(
        SurveyRoundOpened(
            round_id=cmd.round_id,
            number=opening.number,
            compounds=tuple(sorted(opening.compounds)),
            dwellings=denominators,
            opened_at=opening.opened_at,
            due_on=opening.due_on,
        ),
        version=1,
    )
    return opening, True


async def close_round(round_id: UUID, reason: str | None, *, tx: Tx) -> tuple[Round, bool]:
    """End a round; dwellings without a final result stay visible. The same closing again changes nothing.

    Raises:
        RoundUnknown: there is no such round.
        RoundClosed: it was closed with another reason.
        ReasonRequired: dwellings are open.
    """
    held = known(await store.locked_round(tx, round_id))
    if held.closed_at is not None and held.close_reason == reason:
        return held, False
    await store.lock_grids(tx, sorted(held.compounds))
    total = rolled_up(await store.parts(tx, round_id), lambda _part: None).get(None, Tally())
    remaining = decide_closing(held, total, reason=reason)
    await store.close_round(tx, round_id, reason=reason, open_dwellings=remaining)
    await tx.publish(
        SurveyRoundClosed(
            round_id=round_id,
            number=held.number,
            dwellings=await _denominators(tx, round_id),
            open_dwellings=remaining,
            closed_at=tx.now,
        ),
        version=2,
    )
    return known(await store.find_round(tx, round_id)), True


def known(found: Round | None) -> Round:
    """The round that was looked for.

    Raises:
        RoundUnknown: there is none.
    """
    if found is None:
        raise RoundUnknown("没有这一轮排摸。There is no such survey round.", field="round_id")
    return found


async def _denominators(conn: Conn, round_id: UUID) -> dict[CompoundId, int]:
    sums = rolled_up(await store.parts(conn, round_id), lambda part: part.compound)
    return {compound: tally.dwellings for compound, tally in sorted(sums.items())}
