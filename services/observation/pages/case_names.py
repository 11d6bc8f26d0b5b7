"""Who it is, in lists that the API tells without names: masked, for who may read the worklists, and recorded."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from services.observation.api.contacts import masked_of
from services.observation.api.models import ContactAnswer, cause
from services.observation.api.scope import roles_of
from services.observation.pages.case_forms import may
from services.observation.store import copies
from shared.audit.noting import note_reads
from shared.context import Context
from shared.http.access import Principal
from shared.kernel.ids import CompoundId, NeighbourhoodId, PersonRef

_NAMES = "GET /v1/worklists/{of}"


class About(Protocol):
    """A line of a list that is about a person at a place."""

    @property
    def person_ref(self) -> PersonRef:
        """Who, by pseudonym."""
        ...

    @property
    def compound(self) -> CompoundId:
        """Where."""
        ...


async def contacts_of(
    lines: Sequence[About], who: Principal, context: Context, *, action: str
) -> dict[UUID, ContactAnswer]:
    """Masked contacts of the people of lines, by pseudonym; none for who may not read names there.

    Args:
        lines: what is shown; all of it is within the caller's reach.
        who: the caller.
        context: what the service works with.
        action: as what the reading is recorded.
    """
    reader = may(who, _NAMES)
    if reader is None or not lines:
        return {}
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        around = await copies.neighbourhoods(tx, {line.compound for line in lines})
        told = [line.person_ref for line in lines if _reaches(reader, line, around)]
        cards = await copies.find_cards(tx, told)
        keys = await context.vault.keys(cards)
        found = {
            person: contact
            for person, card in cards.items()
            if (contact := masked_of(keys.get(person), card)) is not None
        }
        if found:
            await note_reads(tx, role=roles_of(reader), action=action, refs=sorted(found))
    return found


def _reaches(reader: Principal, line: About, around: dict[str, str]) -> bool:
    neighbourhood = around.get(line.compound)
    return reader.reaches(
        compound=line.compound,
        neighbourhood=None if neighbourhood is None else NeighbourhoodId(neighbourhood),
        grid=getattr(line, "grid", None),
    )
