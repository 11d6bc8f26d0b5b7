"""What PostgreSQL tells: settings, roles, migrations, backlog, locks, time."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg

from deploy.doctor.finding import Finding, fail, ok, warn
from deploy.local import databases
from deploy.local.names import SERVICES
from deploy.local.secrets import Secrets
from deploy.local.state import PROJECT
from shared.bus.lag import progress_seen
from shared.db.migrations import MigrationError, Source, read, service_sources

Connection = "asyncpg.Connection[asyncpg.Record]"
SKEW_SECONDS = 2.0
LATE_SECONDS, VERY_LATE_SECONDS = 60, 300
BLOCKED_SECONDS = 2
_NEEDED = {"data_checksums": "on", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
SETTINGS = "select name, setting from pg_settings where name = any($1::text[])"
ROLE = """
select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication as mighty,
  has_schema_privilege(rolname, 'public', 'create') as creates,
  exists (select from pg_class c where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace) as owns,
  array(select datname::text from pg_database d
    where has_database_privilege(rolname, d.oid, 'connect') and not datistemplate and datname <> all($2::text[])
    order by datname) as elsewhere
from pg_roles r where rolname = $1
"""
LATE = """
select p.consumer, p.producer, p.channel, extract(epoch from clock_timestamp() - p.moved_at)::int as seconds
from bus_position p join bus_heard h using (producer, channel)
where (p.epoch, p.last_pos) < (h.epoch, h.pos) order by seconds desc limit 3
"""
WAITING = "select count(*)::int from dead_letter where state = 'waiting'"
UNSENT = """
select count(*)::int as events, coalesce(extract(epoch from clock_timestamp() - min(recorded_at)), 0)::int as seconds
from outbox where pos is null
"""
BLOCKED = """
select a.pid, extract(epoch from clock_timestamp() - a.state_change)::int as seconds,
  pg_blocking_pids(a.pid)::text as blockers
from pg_stat_activity a
where a.datname = current_database() and cardinality(pg_blocking_pids(a.pid)) > 0
  and clock_timestamp() - a.state_change > make_interval(secs => $1)
"""
LEDGER = "select source, number, sha256 from schema_migration"


async def look(port: int, secrets: Secrets) -> list[Finding]:
    """Everything, over the services' own roles."""
    found: list[Finding] = []
    open_ones: dict[str, Any] = {}
    try:
        for service in SERVICES:
            address = databases.url(port, f"{service}_app", service, secrets)
            try:
                open_ones[service] = await asyncpg.connect(address, timeout=5)
            except (OSError, TimeoutError, asyncpg.PostgresError) as error:
                remedy = "./fangkong logs postgres"
                found.append(
                    fail("数据库 database", service, "连不上", f"not reached: {type(error).__name__}", remedy)
                )
        if open_ones:
            found += await _server(next(iter(open_ones.values())))
        for service, connection in open_ones.items():
            found += [finding async for finding in _service(service, connection)]
            found += await migrations(
                service, service, service_sources(service, PROJECT / "services" / service), port, secrets
            )
            found += await migrations(service, f"{service}_keys", (databases.KEYSTORE,), port, secrets)
        if len(open_ones) == len(SERVICES):
            found.append(await _backlog(open_ones))
    finally:
        for connection in open_ones.values():
            await connection.close()
    return found


async def _server(connection: Any) -> list[Finding]:
    version = await connection.fetchval("show server_version")
    found = [ok("版本 version", "PostgreSQL", version, version)]
    set_to = {row["name"]: row["setting"] for row in await connection.fetch(SETTINGS, list(_NEEDED))}
    for name, needed in _NEEDED.items():
        if set_to[name] == needed:
            found.append(ok("持久 durable", "PostgreSQL", f"{name} {needed}", f"{name} is {needed}"))
        else:
            told = f"{name} = {set_to[name]}"
            remedy = f"set {name} = {needed}: an acknowledgement may not survive a crash else"
            found.append(fail("持久 durable", "PostgreSQL", told, told, remedy))
    here = datetime.now(UTC)
    found.append(skew("PostgreSQL", await connection.fetchval("select clock_timestamp()"), here))
    return found


def skew(about: str, theirs: datetime, ours: datetime) -> Finding:
    """How far two clocks are apart."""
    seconds = (theirs - ours).total_seconds()
    told = f"{seconds:+.1f} s"
    if abs(seconds) > SKEW_SECONDS:
        return fail("时钟 clock", about, told, told, "mend the time service of both machines")
    return ok("时钟 clock", about, told, told)


async def _service(service: str, connection: Any) -> Any:
    role = f"{service}_app"
    row = await connection.fetchrow(ROLE, role, list(databases.names_of(service)))
    yield judge_role(role, row)
    waiting = await connection.fetchval(WAITING)
    if waiting:
        told = str(waiting)
        yield warn("死信 dead letters", service, told, told, "./fangkong dead-letters list")
    else:
        yield ok("死信 dead letters", service, "没有", "none")
    unsent = await connection.fetchrow(UNSENT)
    told = f"{unsent['events']} ({unsent['seconds']} s)"
    if unsent["seconds"] > LATE_SECONDS:
        yield fail("待发 outbox", service, told, told, f"./fangkong logs {service}: does it lead?")
    else:
        yield ok("待发 outbox", service, told, told)
    late = await connection.fetch(LATE)
    yield judge_lateness(service, late)
    for blocked in await connection.fetch(BLOCKED, BLOCKED_SECONDS):
        told = f"{blocked['pid']} ← {blocked['blockers']} ({blocked['seconds']} s)"
        yield warn(
            "锁 lock", service, f"等待锁 {told}", f"waits for a lock: {told}", "end the session that holds it"
        )


def judge_role(role: str, row: Any) -> Finding:
    """A service's role reads and writes its own rows and can do nothing else."""
    faults = [
        fault
        for fault, there in (
            ("is mightier than a login", row["mighty"]),
            ("may create tables", row["creates"]),
            ("owns tables", row["owns"]),
            (f"may enter {', '.join(row['elsewhere'])}", row["elsewhere"]),
        )
        if there
    ]
    if faults:
        told = "; ".join(faults)
        remedy = "revoke it; ./fangkong up sets every privilege again"
        return fail("权限 grants", role, f"权限过大：{told}", told, remedy)
    return ok("权限 grants", role, "只能读写本库", "reads and writes its own rows alone")


def judge_lateness(service: str, rows: Iterable[Any]) -> Finding:
    """Who has not read what it heard of, and since when it stands still."""
    late = [(row["consumer"], row["seconds"]) for row in rows]
    worst = max((seconds for _, seconds in late), default=0)
    told = ", ".join(f"{consumer} {seconds} s" for consumer, seconds in late) or "0 s"
    if worst > VERY_LATE_SECONDS:
        return fail("滞后 lag", service, told, told, f"./fangkong logs {service}: channel_waits, dead_letter")
    if worst > LATE_SECONDS:
        return warn("滞后 lag", service, told, told, "look again in a minute")
    return ok("滞后 lag", service, told, told)


async def migrations(
    service: str, database: str, sources: Iterable[Source], port: int, secrets: Secrets
) -> list[Finding]:
    """Does a database have the schema of this program, and did nobody edit what was applied?"""
    connection = await asyncpg.connect(databases.url(port, f"{service}_owner", database, secrets), timeout=5)
    try:
        done = {(row["source"], row["number"]): row["sha256"] for row in await connection.fetch(LEDGER)}
    finally:
        await connection.close()
    try:
        faults = list(_differences(done, sources))
    except MigrationError as error:
        faults = [str(error)]
    if faults:
        told = "; ".join(faults[:3])
        remedy = "start the version that belongs to this database, or ./fangkong up, which migrates"
        return [fail("迁移 migrations", database, told, told, remedy)]
    return [
        ok(
            "迁移 migrations",
            database,
            f"{len(done)} 个，与程序一致",
            f"{len(done)}, as the program has them",
        )
    ]


def _differences(done: dict[tuple[str, int], str], sources: Iterable[Source]) -> Iterator[str]:
    left = dict(done)
    for source in sources:
        for migration in read(source):
            applied = left.pop((source.name, migration.number), None)
            if applied is None:
                yield f"{source.name}/{migration.name} is not applied"
            elif applied != migration.sha256:
                yield f"{source.name}/{migration.name} was changed after it was applied"
    for source_name, number in left:
        yield f"{source_name}/{number:04d} is of a newer program"


async def _backlog(open_ones: dict[str, Any]) -> Finding:
    now = await progress_seen(open_ones)
    told = f"{now.behind} / {now.committed}"
    if now.behind:
        return warn("积压 backlog", "events", told, told, "look again: it should shrink")
    return ok("积压 backlog", "events", told, told)
