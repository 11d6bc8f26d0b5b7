"""Life goes on during an observation: people die, leave, move, turn out to be one person, or two (P10)."""

from dataclasses import replace

from services.observation.domain.calendar import Calendar
from services.observation.domain.case import Case, Closing, State, interrupted
from services.observation.domain.deciding import as_long_as, closed
from services.observation.domain.opening import Home, rest_of
from services.observation.domain.risk import as_strict_as
from services.observation.domain.settling import decide_settling
from services.observation.handlers.observing import Settled, keep_change, open_case
from services.observation.store import cases, changes, copies, fevers, merges
from shared.db.pool import Tx
from shared.events.registry.people import PeopleMerged, PeopleSeparated, ResidenceEnded, ResidenceRestored
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


async def follow_restoration(event: ResidenceRestored, *, tx: Tx) -> None:
    """Nobody died or left: the observation that ended for it goes on at the same home, for the days still due.

    Where its last day has passed meanwhile, an officer decides: nobody is released who was not observed (O5).
    """
    calendar = await copies.calendar(tx)
    if calendar is None or await cases.lock_in_force(tx, event.person_ref) is not None:
        return
    people = await merges.same_person(tx, event.person_ref)
    ended = await cases.lock_ended_for_good(tx, people, event.dwelling_id)
    if ended is None:
        return
    home = Home(compound=event.compound, dwelling_id=event.dwelling_id, grid=event.grid)
    await _go_on(ended, home, calendar, tx=tx)


async def follow_merge(event: PeopleMerged, *, tx: Tx) -> None:
    """Of two cases in force that turn out to be one person's, one goes on (P10).

    It lasts as long as the longer one, is as strict as the stricter one, and stands still if the person is ill by
    either record. A single case stays under the pseudonym under which it was opened: every other one finds it.
    """
    await cases.lock_people(tx, [event.kept, event.merged])
    both = [await cases.lock_in_force(tx, ref) for ref in (event.kept, event.merged)]
    await merges.keep(tx, event.merge_id, kept=event.kept, merged=event.merged, in_force=True)
    calendar = await copies.calendar(tx)
    if calendar is None:
        return
    ill = await fevers.is_open(tx, await merges.same_person(tx, event.kept))
    left: list[Settled] = []
    for case in {case.case_id: case for case in both if case is not None}.values():
        settled, facts = decide_settling(case, calendar, until=tx.now)
        ill = ill or settled.state is State.MEDICAL
        if settled.is_over:
            await keep_change(tx, (case, settled, facts), settled, calendar)
        else:
            left.append((case, settled, facts))
    if not left:
        return
    (kept, longer, facts), *merged = left
    stricter = longer
    for one in merged:
        await keep_change(tx, one, closed(one[1], "merged", tx.now), calendar)
        longer, stricter = as_long_as(longer, one[1].last_day, tx.now), as_strict_as(stricter, one[1])
    goes_on = await keep_change(tx, (kept, left[0][1], facts), longer, calendar)
    goes_on = await _as_strict(goes_on, stricter, calendar, tx=tx)
    if ill and goes_on.state is not State.MEDICAL and not goes_on.is_over:
        await keep_change(tx, (goes_on, goes_on, ()), interrupted(goes_on, "fever", tx.now), calendar)


async def follow_separation(event: PeopleSeparated, *, tx: Tx) -> None:
    """Give somebody back the observation that a merging closed, for the days that are still due (P10).

    Where its last day has passed meanwhile, an officer decides: nobody is released who was not observed (O5).
    What the merging added to the other one's period stays until an officer decides: nothing is shortened by itself.
    """
    await merges.keep(tx, event.merge_id, kept=event.kept, merged=event.merged, in_force=False)
    calendar = await copies.calendar(tx)
    if calendar is None or await cases.lock_in_force(tx, event.merged) is not None:
        return
    ended = await cases.lock_merged(tx, await merges.same_person(tx, event.merged))
    if ended is None:
        return
    home = Home(compound=ended.compound, dwelling_id=ended.dwelling_id, grid=ended.grid)
    await _go_on(ended, home, calendar, tx=tx)


async def _as_strict(case: Case, wanted: Case, calendar: Calendar, *, tx: Tx) -> Case:
    held = (case.category, case.measure)
    if case.is_over or held == (wanted.category, wanted.measure):
        return case
    after = replace(case, category=wanted.category, measure=wanted.measure, version=case.version + 1)
    kept = await keep_change(tx, (case, case, ()), after, calendar)
    await changes.save_measure(tx, case, after)
    return kept


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
