"""Passes on paper: only those that admit, each with the fields that a guard may see (R2.4)."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from services.registry.domain.people import masked_name
from services.registry.handlers import pass_life, people_reading
from services.registry.handlers.passes import TOKEN
from services.registry.papers.pass_paper import Paper
from services.registry.store import premises as premises_store
from services.registry.store.passes import EntryPass
from shared.db.pool import Conn, Tx
from shared.kernel.refusal import Refusal
from shared.kernel.sealed import Vault


class PassesNotPrintable(Refusal):
    """Some of the passes do not admit; a copy of them would only mislead."""

    code: ClassVar[str] = "passes_not_printable"


async def token_of(tx: Tx, pass_id: UUID, *, vault: Vault) -> str:
    """The text of the QR code of a pass that admits.

    Raises:
        PassUnknown, PassesNotPrintable: there is none to show.
    """
    one = await pass_life.existing(tx, pass_id)
    _require_admitting(tx, [one])
    return vault.open(await vault.key(one.person_ref), TOKEN, one.token_sealed)


async def papers(tx: Tx, wanted: Sequence[EntryPass], *, vault: Vault) -> list[Paper]:
    """What the sheet shows of each pass, in the order in which they were asked for.

    Raises:
        PassesNotPrintable: names the passes that do not admit; nothing is printed then.
    """
    _require_admitting(tx, wanted)
    refs = [one.person_ref for one in wanted]
    profiles = await people_reading.by_pseudonym(tx, refs, vault)
    keys = await vault.keys(refs)
    names = {one.compound: await _name(tx, one.compound) for one in wanted}
    return [
        Paper(
            kind=one.kind,
            number=one.number,
            serial=one.serial,
            holder=masked_name(profiles[one.person_ref].name),
            compound=names[one.compound],
            room=_room(profiles[one.person_ref], one.compound),
            starts=one.validity.starts,
            ends=one.validity.ends,
            token=vault.open(keys[one.person_ref], TOKEN, one.token_sealed),
            purpose=one.purpose,
            daily_from=one.daily_from,
            daily_until=one.daily_until,
        )
        for one in wanted
    ]


def _require_admitting(tx: Tx, wanted: Sequence[EntryPass]) -> None:
    dead = [str(one.pass_id) for one in wanted if not one.held.admits_at(tx.now)]
    if dead:
        raise PassesNotPrintable(
            "其中有证已停用、作废或过期。Some of these passes do not admit.", field="pass_ids", passes=dead
        )


def _room(profile: people_reading.Profile, compound: str) -> str:
    here = (
        living.home.key.shown()
        for living in profile.homes
        if living.resident and living.home.key.compound_id == compound
    )
    return next(here, "")


async def _name(conn: Conn, compound: str) -> str:
    place = await premises_store.compound(conn, compound)
    return place.name if place else compound
