"""The fever path: opened by a gate or a declaration, ended by what a clinic says, or turned into a cascade (O6, O9)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.observation.domain.calendar import Calendar
from services.observation.domain.case import Case, State, interrupted
from services.observation.domain.contacts import (
    Household,
    Nearness,
    check_exposure,
    contact_of,
    near,
    new_contact,
)
from services.observation.domain.refusals import EpisodeClosed, EpisodeUnknown, PersonUnknown
from services.observation.domain.repeats import same_content
from services.observation.domain.settling import decide_settling
from services.observation.handlers.keys import sealing_key
from services.observation.handlers.observing import (
    calendar_in_force,
    keep_change,
    open_case,
)
from services.observation.store import cases, changes, copies, fevers, households, merges
from services.observation.store.fevers import Traced
from shared.db.pool import Tx
from shared.events.gate import FeverSeen
from shared.events.observation import CaseConfirmed, FeverCleared
from shared.kernel.ids import CompoundId, PersonRef, uuid7
from shared.kernel.sealed import Vault

ClinicResult = Literal["cleared", "stay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Somebody was confirmed ill, as headquarters was told."""

    confirmation_id: UUID
    person_ref: PersonRef
    confirmed_on: date
    last_exposure: date
    contacts: tuple[PersonRef, ...]
    reason: str

    def content(self) -> str:
        """Everything that was said, in one canonical text."""
        stated = ",".join(sorted(str(person) for person in self.contacts))
        return f"{self.person_ref}|{self.confirmed_on}|{self.last_exposure}|{stated}|{self.reason}"


async def see_fever(event: FeverSeen, *, tx: Tx) -> None:
    """A gate saw a resident's fever: an open observation stops, and the path is open also for who has none (G2, O6).

    A reading that arrives after somebody has looked at a later state of the fever changes nothing.
    """
    case = await cases.lock_in_force(tx, event.person_ref)
    await fevers.see_at_gate(tx, event.check_id, event.person_ref, event.checked_at)
    people = await cases.lock_person(tx, event.person_ref)
    if await fevers.looked_at_since(tx, people, event.checked_at):
        return
    calendar = await copies.calendar(tx)
    if case is not None and calendar is not None:
        case = await _interrupted(case, calendar, tx=tx)
    await fevers.open_episode(
        tx,
        event.check_id,
        person_ref=event.person_ref if case is None else case.person_ref,
        compound=event.compound,
        grid=None if case is None else case.grid,
        case_id=None if case is None else case.case_id,
        source="gate",
        at=tx.now,
        people=people,
    )


async def take_result(
    result_id: UUID,
    result: ClinicResult,
    reason: str,
    *,
    episode_id: UUID,
    decided_by: str,
    tx: Tx,
    vault: Vault,
) -> tuple[datetime, bool]:
    """Record what a clinic said, once per id; tells when, and whether it is a repeated answer.

    `cleared` ends the path and is told, of somebody under observation and of others alike: whether the observation
    resumes or restarts is a decision of its own. `stay` is kept, and nothing changes.

    Raises:
        EpisodeUnknown, EpisodeClosed, SameIdOtherContent.
    """
    episode = await fevers.lock(tx, episode_id)
    if episode is None:
        raise EpisodeUnknown("没有这条发热记录。There is no such fever path.")
    content = f"{episode_id}|{result}|{reason}"
    if kept := await fevers.find_result(tx, result_id):
        same_content(kept["content_index"], vault.index_all("fever_result", content))
        return kept["decided_at"], True
    if episode["closed_at"] is not None:
        raise EpisodeClosed("该发热记录已处置完毕。This fever path is closed already.")
    person: PersonRef = episode["person_ref"]
    key = await sealing_key(vault, person)
    await fevers.add_result(
        tx,
        result_id,
        episode_id,
        result,
        sealed=vault.seal(key, "fever_reason", reason),
        content_index=vault.index("fever_result", content),
        decided_by=decided_by,
    )
    if result == "cleared":
        await fevers.close_episodes(tx, await cases.lock_person(tx, person), "cleared", tx.now)
        cleared = FeverCleared(
            person_ref=person,
            compound=CompoundId(episode["compound"]),
            case_id=episode["case_id"],
            cleared_at=tx.now,
        )
        await tx.publish(cleared, version=await fevers.next_version(tx, person))
    return tx.now, False


async def confirm(said: Confirmation, *, confirmed_by: str, tx: Tx, vault: Vault) -> bool:
    """Make everybody near a confirmed person a close contact, in this one step; True if it was said before (O9).

    Near is who lives in any dwelling of the person, tenants included, and whom the person stated.

    Raises:
        PersonUnknown, AnchorInFuture, ExposureAfterConfirmation, SameIdOtherContent.
    """
    own = await cases.lock_person(tx, said.person_ref)
    if kept := await fevers.find_confirmation(tx, said.confirmation_id):
        same_content(kept["content_index"], vault.index_all("confirmation", said.content()))
        return True
    check_exposure(confirmed_on=said.confirmed_on, last_exposure=said.last_exposure, today=tx.today)
    calendar = await calendar_in_force(tx, tx.today)
    roots = await merges.in_force(tx)
    confirmed = _standing_for(roots, said.person_ref)
    homes = await _homes(tx, own, roots)
    reached = near(confirmed, homes, [_standing_for(roots, person) for person in said.contacts])
    people = sorted({confirmed, *(one.person_ref for one in reached)})
    known = {*people, *own, *(ref for ref, root in roots.items() if root in people)}
    await cases.lock_people(tx, sorted(known))
    observed = {
        _standing_for(roots, case.person_ref): case
        for case in (await cases.lock_of_people(tx, sorted(known))).values()
    }
    compound = await _place_of(own, observed.get(confirmed), homes, tx=tx)
    key = await sealing_key(vault, said.person_ref)
    await fevers.add_confirmation(
        tx,
        said.confirmation_id,
        person_ref=said.person_ref,
        compound=compound,
        confirmed_on=said.confirmed_on,
        last_exposure=said.last_exposure,
        sealed=vault.seal(key, "confirmation_reason", said.reason),
        content_index=vault.index("confirmation", said.content()),
        confirmed_by=confirmed_by,
    )
    if case := observed.pop(confirmed, None):
        await _interrupted(case, calendar, tx=tx)
    await fevers.close_episodes(tx, own, "confirmed", tx.now)
    told = CaseConfirmed(
        person_ref=confirmed,
        compound=compound,
        confirmed_on=said.confirmed_on,
        last_exposure=said.last_exposure,
        contacts=tuple(person for person in people if person != confirmed),
        confirmed_at=tx.now,
    )
    await tx.publish(told, version=await fevers.next_version(tx, confirmed))
    await fevers.add_contacts(
        tx,
        said.confirmation_id,
        await _cascade(
            reached,
            [*homes, *await _homes(tx, sorted(known), roots)],
            observed,
            said.last_exposure,
            calendar,
            tx=tx,
        ),
    )
    return False


async def _cascade(
    reached: Sequence[Nearness],
    homes: Sequence[Household],
    observed: dict[PersonRef, Case],
    last_exposure: date,
    calendar: Calendar,
    *,
    tx: Tx,
) -> list[Traced]:
    """Restart or open the observation of each contact once; tells what became of each nearness."""
    home_of = {home.dwelling_id: home for home in homes}
    traced: list[Traced] = []
    done: dict[PersonRef, Traced] = {}
    for one in reached:
        if earlier := done.get(one.person_ref):
            traced.append(Traced(nearness=one, outcome=earlier.outcome, case_id=earlier.case_id))
            continue
        home = home_of.get(one.dwelling_id) if one.dwelling_id else _home(one.person_ref, home_of.values())
        found = await _trace(one, home, observed.get(one.person_ref), last_exposure, calendar, tx=tx)
        done[one.person_ref] = found
        traced.append(found)
    return traced


async def _trace(
    one: Nearness,
    home: Household | None,
    case: Case | None,
    last_exposure: date,
    calendar: Calendar,
    *,
    tx: Tx,
) -> Traced:
    policy = calendar.on(tx.today)
    if case is not None:
        settled, facts = decide_settling(case, calendar, until=tx.now)
        if not settled.is_over:
            after = contact_of(settled, last_exposure, policy, at=tx.now)
            await keep_change(tx, (case, settled, facts), after, calendar)
            if after is not settled:
                await changes.save_measure(tx, settled, after)
            moved = len(after.reschedulings) > len(settled.reschedulings)
            return Traced(
                nearness=one, outcome="restarted" if moved else "counted_already", case_id=case.case_id
            )
        await keep_change(tx, (case, settled, facts), settled, calendar)
    if home is None:
        return Traced(nearness=one, outcome="home_unknown", case_id=None)
    opened = new_contact(one.person_ref, home, last_exposure, policy, case_id=uuid7(), now=tx.now)
    await open_case(opened, calendar, intake_id=None, tx=tx)
    return Traced(nearness=one, outcome="opened", case_id=opened.case_id)


async def _interrupted(case: Case, calendar: Calendar, *, tx: Tx) -> Case | None:
    """Stop the clock of a locked case, unless it stands or the case turns out to be over: then there is none."""
    settled, facts = decide_settling(case, calendar, until=tx.now)
    stops = not settled.is_over and settled.state is not State.MEDICAL
    after = interrupted(settled, "fever", tx.now) if stops else settled
    await keep_change(tx, (case, settled, facts), after, calendar)
    return None if after.is_over else after


async def _place_of(
    people: Sequence[UUID], case: Case | None, homes: Sequence[Household], *, tx: Tx
) -> CompoundId:
    if case is not None:
        return case.compound
    if homes:
        return homes[0].compound
    seen = await fevers.last_place(tx, people)
    if seen is None:
        raise PersonUnknown("未找到此人的住处或观察记录。No home and no observation of this person is known.")
    return CompoundId(seen)


async def _homes(tx: Tx, people: Sequence[UUID], roots: Mapping[UUID, UUID]) -> list[Household]:
    """Every household in which one of the people lives, each of its people once (P10)."""
    return [
        replace(home, members=frozenset(_standing_for(roots, member) for member in home.members))
        for home in await households.of_people(tx, people)
    ]


def _standing_for(roots: Mapping[UUID, UUID], person: UUID) -> PersonRef:
    """The pseudonym under which everything of a person is looked up (P10)."""
    return PersonRef(roots.get(person, person))


def _home(person: PersonRef, homes: Iterable[Household]) -> Household | None:
    return next((home for home in homes if person in home.members), None)
