"""The key under which something is sealed about a person, unless nothing may be kept of them any more."""

from typing import ClassVar
from uuid import UUID

from shared.kernel.refusal import Refusal
from shared.kernel.sealed import PersonKey, PersonKeyMissingError, PersonKeys, Vault


class ErasedPerson(Refusal):
    """The person was erased: nothing personal is kept of them again (Data and law)."""

    code: ClassVar[str] = "person_erased"


async def sealing_key(vault: Vault, person_ref: UUID) -> PersonKey:
    """Fetch a person's key, or make it.

    Raises:
        ErasedPerson: the key was destroyed.
    """
    return key_of(await vault.keys([person_ref], create=True), person_ref)


def key_of(keys: PersonKeys, person_ref: UUID) -> PersonKey:
    """Take a person's key from those that were fetched, or made.

    Raises:
        ErasedPerson: the key was destroyed.
    """
    try:
        return keys[person_ref]
    except PersonKeyMissingError as error:
        raise ErasedPerson(
            "此人的个人信息已删除，不再记录。This person was erased; nothing more is recorded of them.",
            remedy="如此人重新登记，请使用新的记录。If they are registered anew, use the new record.",
        ) from error
