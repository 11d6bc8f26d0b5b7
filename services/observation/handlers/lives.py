"""Life goes on during an observation: people die, leave, move, turn out to be one person, or two (P10)."""

from services.observation.domain.calendar import Calendar
from services.observation.domain.case import Case, Closing, State, interrupted
from services.observation.domain.deciding import as_long_as, closed
from services.observation.domain.opening import Home, rest_of, still_due
from services.observation.domain.settling import decide_settling
from services.observation.handlers.observing import keep_change, open_case
from services.observation.store import cases, copies, merges
from shared.db.pool import Tx
from shared.events.registry.people import PeopleMerged, PeopleSeparated, ResidenceEnded
from shared.kernel.ids import uuid7

_ENDINGS: dict[str, Closing] = {"died": "died", "left_town": "left_town", "moved": "transferred"}


async def follow_residence(event: ResidenceEnded, *, tx: Tx) -> None:
    """End the case of somebody who lives there no longer; a move within the town goes on at the new home.

    Somebody who leaves another dwelling than the one where they are observed is observed on.
    """
    case = await cases.lock_in_force(tx, event.person_ref)
    calendar = await copies.calendar(tx)
    if case is None or calendar is None:
        return
    if event.reason != "died" and event.dwelling_id != case.dwelling_id:
        return
    settled, facts = decide_settling(case, calendar, until=tx.now)
    after = settled if settled.is_over else closed(settled, _ENDINGS[event.reason], tx.now)
    await keep_change(tx, (case, settled, facts), after, calendar)
    if not settled.is_over and event.reason == "moved":
        await _go_on_elsewhere(settled, event, calendar, tx=tx)


async def follow_merge(event: PeopleMerged, *, tx: Tx) -> None:
    """Of two cases in force that turn out to be one person's, one goes on, as long as the longer one (P10)."""
    await merges.keep(tx, event.merge_id, kept=event.kept, merged=event.merged, in_force=True)
    calendar = await copies.calendar(tx)
    await cases.lock_people(tx, [event.kept, event.merged])
    observed = await cases.lock_of_people(tx, [event.kept, event.merged])
    kept, merged = observed.get(event.kept), observed.get(event.merged)
    if kept is None or merged is None or calendar is None:
        return
    kept_settled, kept_facts = decide_settling(kept, calendar, until=tx.now)
    settled, facts = decide_settling(merged, calendar, until=tx.now)
    if kept_settled.is_over or settled.is_over:
        await keep_change(tx, (kept, kept_settled, kept_facts), kept_settled, calendar)
        await keep_change(tx, (merged, settled, facts), settled, calendar)
        return
    await keep_change(tx, (merged, settled, facts), closed(settled, "merged", tx.now), calendar)
    longer = as_long_as(kept_settled, settled.last_day, tx.now)
    kept_now = await keep_change(tx, (kept, kept_settled, kept_facts), longer, calendar)
    if settled.state is State.MEDICAL and kept_now.state is not State.MEDICAL and not kept_now.is_over:
        await keep_change(tx, (kept_now, kept_now, ()), interrupted(kept_now, "fever", tx.now), calendar)


async def follow_separation(event: PeopleSeparated, *, tx: Tx) -> None:
    """Give somebody back the observation that a merging closed, for the days that are still due (P10).

    What the merging added to the other one's period stays until an officer decides: nothing is shortened by itself.
    """
    await merges.keep(tx, event.merge_id, kept=event.kept, merged=event.merged, in_force=False)
    calendar = await copies.calendar(tx)
    if calendar is None or await cases.lock_in_force(tx, event.merged) is not None:
        return
    ended = await cases.lock_merged(tx, event.merged)
    if ended is None or not still_due(ended, tx.today):
        return
    home = Home(compound=ended.compound, dwelling_id=ended.dwelling_id, grid=ended.grid)
    await _go_on(ended, home, calendar, tx=tx)


async def _go_on_elsewhere(settled: Case, event: ResidenceEnded, calendar: Calendar, *, tx: Tx) -> None:
    """Open the rest of a period at the new home, with the same last day; the old case keeps what was declared."""
    if event.new_compound is None or event.new_dwelling_id is None or event.new_grid is None:
        return
    home = Home(compound=event.new_compound, dwelling_id=event.new_dwelling_id, grid=event.new_grid)
    await _go_on(settled, home, calendar, tx=tx)


async def _go_on(ended: Case, home: Home, calendar: Calendar, *, tx: Tx) -> None:
    rest = rest_of(ended, home, case_id=uuid7(), at=tx.now)
    opened = await open_case(rest, calendar, intake_id=None, tx=tx)
    if ended.open_interruption is not None and not opened.is_over:
        await keep_change(tx, (opened, opened, ()), interrupted(opened, "fever", tx.now), calendar)
