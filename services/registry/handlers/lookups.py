"""How lookup values follow from what is sealed, for the exchange of an index key (`./fangkong rotate-keys`)."""

from collections.abc import Iterable
from datetime import date

import asyncpg

from services.registry.domain.leads import receipt_read
from services.registry.domain.people import surname_of
from services.registry.handlers import applications, leads, people
from services.registry.handlers.people_events import PLATE
from services.registry.store import lookups as store
from shared.db.reindexing import Lookup
from shared.kernel.sealed import PersonKey, Vault


def _person(vault: Vault, key: PersonKey, row: asyncpg.Record) -> Iterable[object]:
    phone = None if row["phone_index"] is None else Vault.open(key, "phone", row["phone_sealed"])
    yield key.ref
    yield vault.index(people.NAME, Vault.open(key, "name", row["name_sealed"]))
    yield None if phone is None else vault.index(people.PHONE, phone)


def _document(vault: Vault, key: PersonKey, row: asyncpg.Record) -> Iterable[object]:
    yield from (key.ref, row["kind"], row["number_index"])
    yield vault.index(people.DOCUMENT, Vault.open(key, "document", row["number_sealed"]))


def _residence(vault: Vault, key: PersonKey, row: asyncpg.Record) -> Iterable[object]:
    name = Vault.open(key, "name", row["name_sealed"])
    born = date.fromisoformat(Vault.open(key, "born", row["born_sealed"]))
    yield from (key.ref, row["dwelling_id"])
    yield people.surname_index(vault, surname_of(name), row["dwelling_id"])
    yield people.identity_index(vault, name, born, row["dwelling_id"])


def _vehicle(vault: Vault, key: PersonKey, row: asyncpg.Record) -> Iterable[object]:
    yield row["vehicle_ref"]
    yield vault.index(PLATE, Vault.open(key, PLATE, row["plate_sealed"]))


def _lead(vault: Vault, key: PersonKey, row: asyncpg.Record) -> Iterable[object]:
    yield row["lead_id"]
    yield vault.index(leads.RECEIPT, receipt_read(Vault.open(key, leads.RECEIPT, row["receipt_sealed"])))


def _application(vault: Vault, key: PersonKey, row: asyncpg.Record) -> Iterable[object]:
    yield row["application_id"]
    receipt = Vault.open(key, applications.RECEIPT, row["receipt_sealed"])
    yield vault.index(applications.RECEIPT, receipt_read(receipt))


def _call(vault: Vault, key: PersonKey, row: asyncpg.Record) -> Iterable[object]:
    yield key.ref
    yield vault.index(people.NAME, Vault.open(key, people.NAME, row["name_sealed"]))
    yield vault.index(people.PHONE, Vault.open(key, people.PHONE, row["phone_sealed"]))


LOOKUPS = (
    Lookup(find=store.OLD_PEOPLE, write=store.NEW_PEOPLE, values=_person),
    Lookup(find=store.OLD_DOCUMENTS, write=store.NEW_DOCUMENT, values=_document),
    Lookup(find=store.OLD_RESIDENCES, write=store.NEW_RESIDENCE, values=_residence),
    Lookup(find=store.OLD_VEHICLES, write=store.NEW_VEHICLE, values=_vehicle),
    Lookup(find=store.OLD_LEADS, write=store.NEW_LEAD, values=_lead),
    Lookup(find=store.OLD_APPLICATIONS, write=store.NEW_APPLICATION, values=_application),
    Lookup(find=store.OLD_CALLS, write=store.NEW_CALL, values=_call),
)
