"""How to reach a person: masked as screens show it, and whole for who is about to call or to visit."""

from uuid import UUID

import asyncpg
from fastapi import APIRouter

from services.observation.api.models import ContactAnswer, Running, cause
from services.observation.api.scope import place_within, roles_of
from services.observation.domain.masking import masked_name, masked_phone
from services.observation.store import copies
from shared.audit.noting import note_reads
from shared.http.access import Caller
from shared.http.models import Answer
from shared.kernel.sealed import PersonKey, Vault

router = APIRouter(tags=["desk"])


class WholeContactAnswer(Answer):
    """How to reach the person. All null where nothing is known, or the person was erased."""

    name: str | None
    phone: str | None
    room: str | None


def masked_of(key: PersonKey | None, card: asyncpg.Record) -> ContactAnswer | None:
    """A person's contact, masked; None where there is no card, or the person was erased.

    Args:
        key: opens it; None of whoever was erased.
        card: `name_sealed`, `phone_sealed` and `room_sealed`, of a row that has them among others.
    """
    name, phone, room = opened(key, card)
    if name is None and phone is None and room is None:
        return None
    return ContactAnswer(
        name=None if name is None else masked_name(name),
        phone=None if phone is None else masked_phone(phone),
        room=room,
    )


def opened(key: PersonKey | None, card: asyncpg.Record | None) -> tuple[str | None, str | None, str | None]:
    """Name, phone and room of a card as they were told."""
    if key is None or card is None:
        return None, None, None
    name, phone, room = card["name_sealed"], card["phone_sealed"], card["room_sealed"]
    return (
        None if name is None else Vault.open(key, "name", name),
        None if phone is None else Vault.open(key, "phone", phone),
        None if room is None else Vault.open(key, "room", room),
    )


@router.post("/v1/cases/{case_id}/contact-readings", summary="Name and phone, to call or to visit")
async def read_contact(case_id: UUID, who: Caller, context: Running) -> WholeContactAnswer:
    """Tell how to reach one person, unmasked, to who looks after them. Each reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        place = await place_within(tx, case_id, who)
        person = place["person_ref"]
        keys = await context.vault.keys([person])
        name, phone, room = opened(keys.get(person), await copies.find_card(tx, person))
        await note_reads(
            tx,
            role=roles_of(who),
            action="observation.read_contact",
            refs=[person],
            scope=f"compound:{place['compound']}",
        )
    return WholeContactAnswer(name=name, phone=phone, room=room)
