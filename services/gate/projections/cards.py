"""The cards that the registry seals for the gate."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.gate.domain.subjects import Card, document_key, room_key, surname_of
from services.gate.projections.folds import columns
from services.gate.sealing import DOCUMENT_INDEX, FOUND_BY, HOMES, PLATE, PLATE_INDEX, ROOM_INDEX, SURNAME
from services.gate.store import copies, vehicles
from shared.bus.consumer import Received
from shared.bus.projection import EventBatch, Projection
from shared.context import Context
from shared.db.pool import Tx
from shared.events.registry.cards import SubjectCardSealed
from shared.kernel.cards import CardKeys
from shared.kernel.plates import spell_plate
from shared.kernel.sealed import PersonKey, Vault

CARDS_IN_A_ROW = 25
"""Cards opened and sealed before others get a turn: some milliseconds, so that a check at a gate need not wait."""


class Cards(Projection, name="gate.cards", version=1, reads=(SubjectCardSealed,)):
    """The cards sealed for gate: opened, sealed again with gate's own keys, and made findable by keyed index only."""

    tables = ("subject_card", "card_index")

    def __init__(self, context: Context) -> None:
        self._context = context

    def channels(self) -> set[tuple[str, str]]:
        """Gate's own channel only: cards for others are not even received."""
        return {(SubjectCardSealed.service, "cards_gate")}

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The newest card of each person. A withdrawn one leaves a row that says so, with nothing in it."""
        newest = {
            item.event.person_ref: item
            for item in sorted(batch.envelopes(SubjectCardSealed), key=lambda item: item.version)
            if isinstance(item.event, SubjectCardSealed) and item.event.recipient == "gate"
        }
        if not newest:
            return
        vault, card_keys = self._context.vault, self._context.cards
        wanted = [ref for ref, item in newest.items() if getattr(item.event, "card", None)]
        keys = await vault.keys(wanted, create=True)
        sealed: dict[UUID, _Resealed] = {}
        for done, (ref, item) in enumerate(newest.items(), start=1):
            sealed[ref] = _resealed(item, keys.get(ref), vault, card_keys)
            if done % CARDS_IN_A_ROW == 0:
                await asyncio.sleep(0)
        kept = await tx.fetch(copies.KEEP_CARDS, *columns([one.row for one in sealed.values()], 6))
        if again := [row["person_ref"] for row in kept if row["may_have_index"]]:
            await tx.execute(copies.DROP_CARD_INDEX, again)
            await tx.execute(vehicles.DROP_PLATES, again)
        refs = [row["person_ref"] for row in kept]
        if pairs := sorted((value, ref) for ref in refs for value in sealed[ref].values):
            await tx.execute(copies.KEEP_CARD_INDEX, [value for value, _ in pairs], [ref for _, ref in pairs])
        plates = [
            (plate.index, plate.vehicle_ref, ref, plate.sealed)
            for ref in refs
            for plate in sealed[ref].plates
        ]
        if plates:
            await tx.execute(vehicles.KEEP_PLATES, *columns(plates, 4))


FoundBy = Mapping[str, Sequence[str]]
"""Name of an index -> the texts that are looked up by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plate:
    """A plate of a person's vehicle: how it is found, and what is shown."""

    index: bytes
    vehicle_ref: UUID
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resealed:
    """A card as it is kept: its row, its lookup values, its plates."""

    row: tuple[object, ...]
    values: list[bytes]
    plates: list[_Plate]


def read_card(payload: Mapping[str, Any]) -> Card:
    """The fields of an opened card.

    Raises:
        KeyError, TypeError: it lacks one; the card is set aside.
    """
    return Card(
        surname=surname_of(payload["surname"]),
        homes=tuple((str(home["compound"]), str(home["room"])) for home in payload["homes"]),
        documents=tuple(str(number) for number in payload["documents"]),
        vehicles=tuple((UUID(one["vehicle_ref"]), str(one["plate"])) for one in payload.get("vehicles", ())),
    )


def found_by_of(card: Card) -> FoundBy:
    """The texts under which somebody is looked up: documents, and rooms with the surname."""
    return {
        DOCUMENT_INDEX: sorted({document_key(number) for number in card.documents} - {""}),
        ROOM_INDEX: sorted({room_key(compound, room, card.surname) for compound, room in card.homes}),
    }


def values_of(vault: Vault, found_by: FoundBy) -> list[bytes]:
    """The lookup values of these texts, by the current index key."""
    return [vault.index(name, text) for name, texts in found_by.items() for text in texts]


def _resealed(item: Received, key: PersonKey | None, vault: Vault, card_keys: CardKeys) -> _Resealed:
    """A card under gate's own keys; without a card, or for an erased person, there is nothing to find."""
    event = item.event
    assert isinstance(event, SubjectCardSealed)  # noqa: S101 -- the caller chose it
    if event.card is None or key is None:
        return _Resealed(row=(event.person_ref, "", None, None, None, item.version), values=[], plates=[])
    card = read_card(card_keys.open_card("gate", event.card))
    found_by = found_by_of(card)
    surname = vault.seal(key, SURNAME, card.surname)
    homes = vault.seal(key, HOMES, json.dumps(card.rooms, ensure_ascii=False))
    plates = [
        _Plate(
            index=vault.index(PLATE_INDEX, spell_plate(plate)),
            vehicle_ref=vehicle,
            sealed=vault.seal(key, PLATE, plate),
        )
        for vehicle, plate in card.vehicles
        if spell_plate(plate)
    ]
    texts = vault.seal(key, FOUND_BY, json.dumps(found_by, ensure_ascii=False))
    row = (event.person_ref, " ".join(card.rooms), surname, homes, texts, item.version)
    return _Resealed(row=row, values=values_of(vault, found_by), plates=plates)
