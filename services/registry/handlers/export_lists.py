"""The lines of exported lists: the columns of the templates, so that they can be imported again (R4.2, P6).

Lines come in small pages, between which requests are answered. What names people is masked where the caller may not
see it; a masked list cannot be imported by mistake, because the importer refuses masked names and numbers.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar, assert_never
from uuid import UUID

import asyncpg

from services.registry.domain.documents import Document, masked_number
from services.registry.domain.exports import DOCUMENT_LABELS, day, document_to_state, label_of
from services.registry.domain.import_rows import PLACE_KINDS, WORKER_KINDS
from services.registry.domain.list_columns import Kind
from services.registry.domain.people import (
    RELATIONS,
    RESIDENT,
    SEXES,
    Sex,
    masked_name,
    masked_phone,
)
from services.registry.domain.premises import (
    BUILDING_TYPES,
    MODES,
    NEIGHBOURHOOD_KINDS,
    OCCUPANCIES,
    TRAFFICS,
    order_of,
)
from services.registry.handlers.people_reading import Living, Profile, profiles
from services.registry.store import exports as store
from services.registry.store import premises
from shared.db.pool import Conn
from shared.kernel.cells import Cell
from shared.kernel.sealed import PersonKeys, Vault

T = TypeVar("T")
_PAGE = 200
Line = Sequence[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an export is of: a kind of list, of the whole town or of one compound."""

    kind: Kind
    compound: str | None
    masked: bool


async def pages(conn: Conn, wish: Wish, vault: Vault) -> AsyncIterator[list[Line]]:
    """The lines of a list, page by page."""
    match wish.kind:
        case "residents":
            async for page in _residents(conn, wish, vault):
                yield page
        case "workers":
            async for page in _workers(conn, wish, vault):
                yield page
        case "addresses":
            async for page in _addresses(conn, wish):
                yield page
        case "compounds":
            yield await _compounds(conn, wish)
        case "checkpoints":
            yield await _checkpoints(conn, wish)
        case "grids":
            yield await _grids(conn, wish)
        case _:
            assert_never(wish.kind)


async def count(conn: Conn, wish: Wish) -> int:
    """About how many lines there will be, for the progress; 0 where the list is short."""
    return await store.resident_count(conn, wish.compound) if wish.kind == "residents" else 0


# ---- places


async def _compounds(conn: Conn, wish: Wish) -> list[Line]:
    neighbourhoods = await premises.neighbourhoods(conn)
    lines: list[Line] = []
    for one in (await premises.compounds(conn)).values():
        around = neighbourhoods[one.neighbourhood_id]
        if wish.compound in {None, one.compound_id}:
            lines.append(
                (
                    *(one.compound_id, one.name, around.neighbourhood_id, around.name),
                    *(
                        label_of(NEIGHBOURHOOD_KINDS, around.kind),
                        label_of(BUILDING_TYPES, one.building_type),
                    ),
                    *(one.address, str(one.area_m2), _number(one.buildings), _number(one.households)),
                    *(label_of(MODES, one.mode), one.property_company, one.note),
                )
            )
    return lines


async def _checkpoints(conn: Conn, wish: Wish) -> list[Line]:
    """Those that are open for good: a list of closed or temporary ones would open them again, and for good."""
    return [
        (
            *(one.checkpoint_id, one.compound_id, one.name, label_of(TRAFFICS, one.traffic)),
            *(day(one.opened_on), one.note),
        )
        for one, is_open in (await premises.checkpoints(conn)).values()
        if is_open and not one.temporary and wish.compound in {None, one.compound_id}
    ]


async def _grids(conn: Conn, wish: Wish) -> list[Line]:
    return [
        (one.grid_id, one.compound_id, one.name, one.span, str(one.dwellings))
        for one in (await premises.grids(conn)).values()
        if wish.compound in {None, one.compound_id}
    ]


async def _addresses(conn: Conn, wish: Wish) -> AsyncIterator[list[Line]]:
    for compound in await _of(conn, wish):
        found = [one for _, one in (await premises.dwellings_of(conn, [compound])).values()]
        found.sort(key=lambda one: [(order_of(part), part) for part in one.key.parts()])
        for page in _cut(found):
            yield [
                (
                    *(one.key.compound_id, one.grid_id, one.key.building, one.key.unit, one.key.room),
                    *(one.address, label_of(OCCUPANCIES, one.occupancy)),
                )
                for one in page
            ]


# ---- people


async def _residents(conn: Conn, wish: Wish, vault: Vault) -> AsyncIterator[list[Line]]:
    for compound in await _of(conn, wish):
        for page in _cut(await store.residents(conn, compound)):
            found = await _profiles(conn, [row["person_ref"] for row in page], vault)
            guardians = {one.guardian_ref for one in found.values() if one.guardian_ref} - found.keys()
            around = found | await _profiles(conn, sorted(guardians), vault)
            notes = {} if wish.masked else await open_notes(conn, list(found), vault)
            lines = []
            for row in page:
                person = found.get(row["person_ref"])
                living = person and next(
                    (one for one in person.homes if one.home.dwelling_id == row["dwelling_id"]), None
                )
                if person and living:  # erased meanwhile: not in the book any more
                    note = notes.get((person.person_ref, row["dwelling_id"]), "")
                    line = _resident(person, living, _guardian(person, around), note)
                    lines.append(_masked(line, _RESIDENT_MASKS) if wish.masked else line)
            yield lines


async def _profiles(conn: Conn, refs: Sequence[UUID], vault: Vault) -> dict[UUID, Profile]:
    return {one.person_ref: one for one in await profiles(conn, refs, vault)}


async def open_notes(conn: Conn, refs: Sequence[UUID], vault: Vault) -> dict[tuple[UUID, UUID], str]:
    """The notes on these people's dwellings, opened."""
    sealed = await store.notes(conn, refs)
    keys = await vault.keys({ref for ref, _ in sealed})
    return {
        (ref, home): Vault.open(keys[ref], "residence_note", note)
        for (ref, home), note in sealed.items()
        if ref in keys
    }


def _guardian(person: Profile, around: Mapping[UUID, Profile]) -> Document | None:
    guardian = around.get(person.guardian_ref) if person.guardian_ref and not person.documents else None
    return document_to_state(guardian.documents) if guardian else None


def _resident(person: Profile, living: Living, guardian: Document | None, note: str) -> Line:
    document, key = document_to_state(person.documents), living.home.key
    return (
        *(key.compound_id, key.building, key.unit, key.room, person.name, label_of(SEXES, Sex(person.sex))),
        *(day(person.born), DOCUMENT_LABELS[document.kind], document.number, person.phone),
        *(label_of(RELATIONS, living.relation), person.origin_code, label_of(RESIDENT, living.resident)),
        *(guardian.number if guardian else "", day(living.registered_on), note),
    )


async def _workers(conn: Conn, wish: Wish, vault: Vault) -> AsyncIterator[list[Line]]:
    for page in _cut(await store.workers(conn, wish.compound)):
        keys = await vault.keys({row["worker_ref"] for row in page})
        lines = [_worker(row, keys) for row in page if row["name_sealed"] and row["worker_ref"] in keys]
        yield [_masked(line, _WORKER_MASKS) for line in lines] if wish.masked else lines


def _worker(row: asyncpg.Record, keys: PersonKeys) -> Line:
    key = keys[row["worker_ref"]]
    return (
        *(row["code"], Vault.open(key, "name", row["name_sealed"])),
        label_of(SEXES, Sex(Vault.open(key, "sex", row["sex_sealed"]))),
        *(Vault.open(key, "phone", row["phone_sealed"]), label_of(WORKER_KINDS, row["kind"])),
        *(row["home_unit"], row["work_group"], label_of(PLACE_KINDS, row["place_kind"]), row["place"]),
        *(row["home_compound_id"], day(row["from_day"]), day(row["until_day"])),
    )


_NAME, _NUMBER, _PHONE, _DAY, _FREE = "name", "number", "phone", "day", "free"
_RESIDENT_MASKS = {4: _NAME, 6: _DAY, 8: _NUMBER, 9: _PHONE, 13: _NUMBER, 15: _FREE}
_WORKER_MASKS = {1: _NAME, 3: _PHONE}
"""Which columns of a line are personal, and as what they are masked."""


def _masked(line: Line, masks: Mapping[int, str]) -> Line:
    return tuple(
        _mask(str(cell), masks[place]) if place in masks and cell else cell for place, cell in enumerate(line)
    )


def _mask(text: str, how: str) -> str:
    match how:
        case "name":
            return masked_name(text)
        case "number":
            return masked_number(text)
        case "phone":
            return masked_phone(text)
        case "day":
            return text[:4]
        case _:
            return ""


# ---- small helpers


async def _of(conn: Conn, wish: Wish) -> list[str]:
    return [wish.compound] if wish.compound else sorted(await premises.compounds(conn))


def _cut(rows: Iterable[T]) -> Iterator[list[T]]:
    left = iter(rows)
    while page := list(islice(left, _PAGE)):
        yield page


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
