"""Sanitation's cards: in which room waste is fetched, for as long as somebody is under home quarantine there (R5.2).

Least fields: the room alone. Sent when the quarantine begins, again when the room changes, withdrawn when it is over.
"""

import json
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from services.registry.handlers import people_reading
from services.registry.handlers.people import Keeper
from services.registry.store import returnees as store
from shared.db.pool import Tx
from shared.events.observation import (
    ObservationClosed,
    ObservationCompleted,
    ObservationMeasureChanged,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.registry.cards import SubjectCardSealed
from shared.kernel.ids import CompoundId, PersonRef

RECIPIENT: Final = "sanitation"
CARD = "pickup_card_content"
"""Name of a keyed index, part of what is stored: never renamed."""
_WITHDRAWN: Mapping[str, str] = {}


async def follow_measure(
    event: ObservationStarted | ObservationMeasureChanged | ObservationResumed | ObservationRestarted,
    /,
    *,
    tx: Tx,
    keeper: Keeper,
) -> None:
    """Home quarantine calls for a card; any other measure ends the need."""
    await store.lock_person(tx, event.person_ref)
    if event.measure != "home_quarantine":
        await _withdraw(tx, keeper, event.person_ref, event.compound)
        return
    dwelling = event.dwelling_id if isinstance(event, ObservationStarted) else None
    await _tell_room(tx, keeper, event.person_ref, event.compound, dwelling)


async def follow_end(event: ObservationCompleted | ObservationClosed, /, *, tx: Tx, keeper: Keeper) -> None:
    """Nothing is fetched any more."""
    await store.lock_person(tx, event.person_ref)
    await _withdraw(tx, keeper, event.person_ref, event.compound)


async def refresh(
    tx: Tx, keeper: Keeper, person_ref: UUID, compound: CompoundId, dwelling: UUID | None
) -> None:
    """Tell again where sanitation holds a card and the room may have changed."""
    if await store.card_stands(tx, RECIPIENT, person_ref, _digest(keeper, _WITHDRAWN)):
        await _tell_room(tx, keeper, PersonRef(person_ref), compound, dwelling)


async def _tell_room(
    tx: Tx, keeper: Keeper, person_ref: PersonRef, compound: CompoundId, dwelling: UUID | None
) -> None:
    found = await people_reading.profiles(tx, [person_ref], keeper.vault)
    if not found:  # erased meanwhile: there is nothing to tell
        return
    if dwelling is None and (case := await store.open_case(tx, person_ref)) is not None:
        dwelling = case["dwelling_id"]
    homes = [living.home for living in found[0].homes if dwelling in {None, living.home.dwelling_id}]
    if homes:
        await _send(tx, keeper, person_ref, compound, {"room": homes[0].key.shown()})


async def _withdraw(tx: Tx, keeper: Keeper, person_ref: PersonRef, compound: CompoundId) -> None:
    if await store.card_stands(tx, RECIPIENT, person_ref, _digest(keeper, _WITHDRAWN)):
        await _send(tx, keeper, person_ref, compound, _WITHDRAWN)


async def _send(
    tx: Tx, keeper: Keeper, person_ref: PersonRef, compound: CompoundId, card: Mapping[str, str]
) -> None:
    version = await store.next_card(tx, RECIPIENT, person_ref, _digest(keeper, card))
    if version is not None:
        sealed = keeper.cards.seal_card(RECIPIENT, card) if card else None
        await tx.publish(
            SubjectCardSealed(recipient=RECIPIENT, person_ref=person_ref, compound=compound, card=sealed),
            version=version,
        )


def _digest(keeper: Keeper, card: Mapping[str, str]) -> bytes:
    return keeper.vault.index(CARD, json.dumps(card, ensure_ascii=False, sort_keys=True))
