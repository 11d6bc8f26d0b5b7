"""The log of reads cannot be changed quietly: every change of it breaks the chain, and the check says where."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.audit import chain
from shared.audit.chain import Checked, Link
from shared.audit.noting import note_reads
from shared.db.pool import Database
from shared.kernel.clock import SystemClock
from shared.testing.databases import Urls

pytestmark = pytest.mark.requirement("F17")

NOTE = """
insert into audit_read (at, actor, role, action, person_ref, reason)
select now(), 'clerk-7', 'community_clerk', 'people.sheet', gen_random_uuid(), '核对 "住址"\n' || n
from generate_series(1, $1::int) n
"""
ONE_MORE = """
insert into audit_read (id, at, actor, role, action) overriding system value
values ($1, now(), 'clerk-7', 'community_clerk', 'people.sheet')
"""


@pytest.fixture
async def urls(database_url: Callable[[str], Awaitable[Urls]]) -> Urls:
    return await database_url("sanitation")


@pytest.fixture
async def database(urls: Urls) -> AsyncIterator[Database]:
    """A service with nine reads in its chain."""
    opened = await Database.open(urls.database, service="sanitation", clock=SystemClock(), size=2)
    async with opened.begin() as tx:
        await tx.execute(NOTE, 9)
    assert await chain.link(opened) == 9
    yield opened
    await opened.close()


@asynccontextmanager
async def as_owner(urls: Urls, *tables: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """What somebody may do who owns the tables: take the triggers away and put them back."""
    connection = await asyncpg.connect(urls.owner)
    try:
        for table in tables:
            await connection.execute(f"alter table {table} disable trigger all")
        yield connection
        for table in tables:
            await connection.execute(f"alter table {table} enable trigger all")
    finally:
        await connection.close()


async def checked(database: Database, noted: Link | None = None) -> Checked:
    async with database.read() as conn:
        return await chain.check(conn, database.service, noted=noted)


async def fault(database: Database, noted: Link | None = None) -> tuple[int | None, int | None, str]:
    """Place, read and kind of the first fault."""
    found = (await checked(database, noted)).fault
    assert found is not None, "the chain passes for whole"
    return found.pos, found.read_id, found.what


async def test_what_nobody_reads_does_not_leave(database: Database) -> None:
    with pytest.raises(RuntimeError, match="say who acts"):
        async with database.begin() as tx:
            await note_reads(tx, role="community_clerk", action="people.sheet", refs=[uuid4()])
    async with database.read() as conn:
        assert await conn.fetchval("select count(*) from audit_read where actor <> 'clerk-7'") == 0


async def test_reads_are_linked_after_they_were_noted_and_wait_in_sight_until_then(
    database: Database,
) -> None:
    before = await checked(database)
    assert (before.head.pos, before.queued, before.fault) == (9, 0, None)
    async with database.begin() as tx:
        await tx.execute(NOTE, 3)
    waiting = await checked(database)
    assert (waiting.head, waiting.queued, waiting.fault) == (before.head, 3, None)
    await chain.linking().act(database)
    after = await checked(database, noted=before.head)
    assert (after.head.pos, after.queued, after.fault) == (12, 0, None)
    assert await chain.link(database) == 0


async def test_a_read_of_a_slow_transaction_is_linked_behind_those_that_were_quicker(
    database: Database,
) -> None:
    async with database.begin() as slow:
        await slow.execute(NOTE, 1)
        async with database.begin() as quick:
            await quick.execute(NOTE, 1)
        assert await chain.link(database) == 1
    assert await chain.link(database) == 1
    async with database.read() as conn:
        order = [row["read_id"] for row in await conn.fetch(chain.LINKS, 9, 10)]
    assert order == sorted(order, reverse=True)
    assert (await checked(database)).fault is None


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_read set reason = null",
        "delete from audit_read",
        "truncate audit_read",
        "update audit_link set pos = pos + 100",
        "delete from audit_link",
    ],
)
async def test_the_service_itself_may_add_reads_and_change_none(database: Database, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.pool.execute(statement)


@pytest.mark.usefixtures("database")
async def test_not_even_the_owner_changes_a_read_by_mistake(urls: Urls) -> None:
    async with as_owner(urls) as owner:
        for statement in (
            "update audit_read set actor = 'x'",
            "delete from audit_link",
            "truncate audit_read",
        ):
            with pytest.raises(asyncpg.RaiseError, match="append only"):
                await owner.execute(statement)


async def test_a_changed_read_is_found(database: Database, urls: Urls) -> None:
    async with as_owner(urls, "audit_read") as owner:
        await owner.execute("update audit_read set actor = 'clerk-8' where id = 5")
    assert await fault(database) == (5, 5, "hash_differs")


async def test_a_removed_read_is_found_also_without_its_link(database: Database, urls: Urls) -> None:
    async with as_owner(urls, "audit_read", "audit_link") as owner:
        await owner.execute("delete from audit_read where id = 4")
        assert await fault(database) == (4, 4, "read_missing")
        await owner.execute("delete from audit_link where pos = 4")
        assert await fault(database) == (4, None, "link_missing")
        await owner.execute("update audit_link set pos = pos - 1 where pos > 4")
    assert await fault(database) == (4, 5, "hash_differs")


async def test_an_inserted_read_is_found_with_a_link_and_without(database: Database, urls: Urls) -> None:
    async with as_owner(urls, "audit_read", "audit_link") as owner:
        await owner.execute(ONE_MORE, 1_000)
        assert await fault(database) == (None, 1_000, "not_linked")
        await owner.execute("update audit_link set pos = pos + 100 where pos > 6")
        await owner.execute("update audit_link set pos = pos - 99 where pos > 100")
        await owner.execute(
            "insert into audit_link select 7, 1000, linked_at, hash from audit_link where pos = 6"
        )
    assert await fault(database) == (7, 1_000, "hash_differs")


async def test_reads_that_changed_places_are_found(database: Database, urls: Urls) -> None:
    async with as_owner(urls, "audit_link") as owner:
        await owner.execute("update audit_link set read_id = read_id + 100 where pos in (2, 3)")
        await owner.execute("update audit_link set read_id = 5 - pos where pos in (2, 3)")
    assert await fault(database) == (2, 3, "hash_differs")


async def test_a_read_that_was_removed_before_it_had_a_link_is_found(database: Database, urls: Urls) -> None:
    async with database.begin() as tx:
        await tx.execute(NOTE, 1)
    async with as_owner(urls, "audit_read") as owner:
        await owner.execute("delete from audit_read where id = 10")
    assert await chain.link(database) == 0
    assert await fault(database) == (None, 10, "read_missing")


async def test_a_chain_that_was_cut_off_or_made_anew_is_not_the_one_that_was_noted(
    database: Database, urls: Urls
) -> None:
    noted = (await checked(database)).head
    async with as_owner(urls, "audit_read", "audit_link") as owner:
        await owner.execute("delete from audit_read where id > 7")
        await owner.execute("delete from audit_link where pos > 7")
        assert (await checked(database)).fault is None, "by itself it is whole: that is why heads are kept"
        assert await fault(database, noted) == (8, None, "cut_off")
        await owner.execute("update audit_read set actor = 'clerk-8' where id = 3")
        await owner.execute("delete from audit_link")
        await owner.execute("insert into audit_unlinked select id from audit_read")
    async with database.begin() as tx:
        await tx.execute(NOTE, 4)
    assert await chain.link(database) == 11
    assert (await checked(database)).fault is None
    assert await fault(database, noted) == (9, 11, "made_anew")


async def test_a_chain_is_no_other_services(database: Database) -> None:
    async with database.read() as conn:
        found = await chain.check(conn, "registry")
    assert found.fault is not None
    assert (found.fault.pos, found.fault.what) == (1, "hash_differs")


def test_the_hash_covers_every_column_and_tells_nothing_from_nothing_said() -> None:
    at = SystemClock().real_now()
    read = {
        "id": 1,
        "at": at,
        "actor": "a",
        "role": "b",
        "action": "c",
        "person_ref": UUID(int=7),
        "scope": None,
        "reason": None,
        "correlation_id": None,
    }
    whole = chain.hash_of(b"", 1, at, read)
    others = [
        chain.hash_of(b"", 1, at, read | {name: value})
        for name, value in {
            "id": 2,
            "at": at.replace(microsecond=(at.microsecond + 1) % 1_000_000),
            "actor": "ab",
            "role": "",
            "action": "d",
            "person_ref": uuid4(),
            "scope": "None",
            "reason": "",
            "correlation_id": uuid4(),
        }.items()
    ]
    assert len({whole, *others}) == len(read) + 1
