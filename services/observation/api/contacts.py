"""How to reach a person, as screens show it: masked."""

import asyncpg

from services.observation.api.models import ContactAnswer
from services.observation.domain.masking import masked_name, masked_phone
from shared.kernel.sealed import PersonKey, Vault


def masked_of(key: PersonKey | None, card: asyncpg.Record) -> ContactAnswer | None:
    """A person's contact, masked; None where there is no card, or the person was erased.

    Args:
        key: opens it; None of whoever was erased.
        card: `name_sealed`, `phone_sealed` and `room_sealed`, of a row that has them among others.
    """
    name, phone, room = card["name_sealed"], card["phone_sealed"], card["room_sealed"]
    if key is None or (name is None and phone is None and room is None):
        return None
    return ContactAnswer(
        name=None if name is None else masked_name(Vault.open(key, "name", name)),
        phone=None if phone is None else masked_phone(Vault.open(key, "phone", phone)),
        room=None if room is None else Vault.open(key, "room", room),
    )
