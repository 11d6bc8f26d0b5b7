"""Volunteers: they apply, somebody looks into it, and who is accepted serves as a worker (R6.2)."""

import secrets
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from services.registry.domain.erasure import ErasedAlready
from services.registry.domain.errors import CompoundUnknown, PersonUnknown
from services.registry.domain.people import Sex
from services.registry.domain.workers import (
    ApplicationSettled,
    ApplicationUnknown,
    VolunteerRefusal,
    WorkerFacts,
)
from services.registry.handlers import postings
from services.registry.store import people, premises
from services.registry.store import volunteers as store
from services.registry.store.volunteers import NewApplication
from shared.db.pool import Tx
from shared.kernel.ids import uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

CONTENT, NAME, SEX, PHONE = "volunteer.content", "volunteer.name", "volunteer.sex", "volunteer.phone"
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_LETTERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Somebody would serve as a volunteer; `person_ref` where they are known in the book."""

    application_id: UUID
    name: str = field(repr=False)
    sex: Sex
    phone: str = field(repr=False)
    home_compound: str
    person_ref: UUID | None
    via: str

    def content(self) -> str:
        """All that is stated, as one text."""
        return "\n".join((self.name, self.sex, self.phone, self.home_compound, str(self.person_ref)))


async def apply(application: Application, *, tx: Tx, vault: Vault) -> bool:
    """Write an application down; the same one twice is one. Tells whether it is new.

    Raises:
        SameIdOtherContent, CompoundUnknown, PersonUnknown: as their names say.
    """
    held = await store.one(tx, application.application_id)
    if held is not None:
        if held["content_index"] not in vault.index_all(CONTENT, application.content()):
            raise SameIdOtherContent(
                "该编号已用于另一申请。This id was used for another application.", field="application_id"
            )
        return False
    if await premises.compound(tx, application.home_compound) is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="home_compound")
    if application.person_ref and not await people.known(tx, application.person_ref):
        raise PersonUnknown("没有这个人。There is no such person.", field="person_ref")
    key_ref = uuid7()  # never an id that a client chose
    key = await vault.key(key_ref, create=True)
    await store.add(
        tx,
        NewApplication(
            application_id=application.application_id,
            key_ref=key_ref,
            name=vault.seal(key, NAME, application.name),
            sex=vault.seal(key, SEX, application.sex),
            phone=vault.seal(key, PHONE, application.phone),
            content_index=vault.index(CONTENT, application.content()),
            home_compound=application.home_compound,
            person_ref=application.person_ref,
            via=application.via,
        ),
    )
    return True


async def accept(application_id: UUID, *, tx: Tx, vault: Vault) -> asyncpg.Record:
    """Take the applicant on as a volunteer with a staff number of their own; posting follows apart.

    Raises:
        ApplicationUnknown, ApplicationSettled: as their names say.
    """
    row = await _open(application_id, wanted="accepted", tx=tx)
    if row["state"] == "accepted":
        return row
    name, sex, phone = await opened(row, vault)
    facts = WorkerFacts(
        code="V" + "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS)),
        name=name,
        sex=sex,
        phone=phone,
        kind="volunteer",
        home_unit="志愿者",
        work_group=None,
        home_compound=row["home_compound_id"],
    )
    entered = await postings.enter_worker(facts, person_ref=row["person_ref"], seen=0, tx=tx, vault=vault)
    await tx.execute(
        store.SETTLE_APPLICATION, application_id, "accepted", None, entered.worker_ref, tx.actor, tx.now
    )
    return await _read(application_id, tx=tx)


async def refuse(application_id: UUID, reason: VolunteerRefusal, *, tx: Tx) -> asyncpg.Record:
    """Do not take the applicant on, and say why.

    Raises:
        ApplicationUnknown, ApplicationSettled: as their names say.
    """
    row = await _open(application_id, wanted="refused", tx=tx)
    if row["state"] == "refused":
        return row
    await tx.execute(
        store.SETTLE_APPLICATION, application_id, "refused", reason.value, None, tx.actor, tx.now
    )
    return await _read(application_id, tx=tx)


async def opened(row: asyncpg.Record, vault: Vault) -> tuple[str, Sex, str]:
    """Name, sex and phone of who applied; whoever asks is written down by the caller.

    Raises:
        ErasedAlready: nothing is kept of them any more.
    """
    key = (await vault.keys([row["key_ref"]])).get(row["key_ref"])
    if key is None:
        raise ErasedAlready("报名人的个人信息已清除。Nothing is kept of whoever applied any more.")
    return (
        vault.open(key, NAME, row["name_sealed"]),
        Sex(vault.open(key, SEX, row["sex_sealed"])),
        vault.open(key, PHONE, row["phone_sealed"]),
    )


async def _open(application_id: UUID, *, wanted: str, tx: Tx) -> asyncpg.Record:
    row = await store.one(tx, application_id)
    if row is None:
        raise ApplicationUnknown("没有这份申请。There is no such application.", field="application_id")
    if row["state"] not in {"received", wanted}:
        raise ApplicationSettled(
            "该申请已有结论。This application was settled already.",
            field="application_id",
            state=row["state"],
        )
    return row


async def _read(application_id: UUID, *, tx: Tx) -> asyncpg.Record:
    row = await store.one(tx, application_id)
    assert row is not None  # noqa: S101 -- written in this transaction
    return row
