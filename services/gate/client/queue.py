"""The device's own store: SQLite in WAL mode, every commit on the disk before it counts (device contract).

A check is in here before anything is shown of it, and stays until the server has said that it keeps it. Numbers are
given without a gap. The statements are the device's, not the service's: they stand where they are used.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from services.gate.client.box import Box

State = Literal["asking", "waiting", "rejected", "quarantined"]
Kind = Literal["entry", "vehicle", "arrival"]
_SCHEMA = """
create table if not exists kept (name text primary key, value blob not null) without rowid;
create table if not exists item (
  seq integer primary key,
  check_id text not null unique,
  body blob not null,
  state text not null check (state in ('asking', 'waiting', 'rejected', 'quarantined')),
  code text,
  made_at text not null
);
create index if not exists item_by_state on item (state, seq);
create table if not exists entered (day text not null, who blob not null, times integer not null,
  primary key (day, who)) without rowid;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """On a local day the holder of a pass with this number was let in here."""

    day: date
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A check in the queue: of a person, a vehicle or an arrival. `code` says why it was rejected or is quarantined."""

    seq: int
    kind: Kind = "entry"
    check_id: UUID
    body: dict[str, Any] = field(repr=False)
    state: State
    code: str | None
    made_at: datetime


class Queue:
    """Blocking, and quick: a call takes one write to the disk at most. Used by one thread at a time."""

    def __init__(self, path: Path, box: Box) -> None:
        self._box = box
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        self._db.executescript(_SCHEMA)
        if "kind" not in {row[1] for row in self._db.execute("pragma table_info(item)")}:
            self._db.execute(
                "alter table item add column kind text not null default 'entry'"
            )  # an older store

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def add(self, check_id: UUID, body: dict[str, Any], made_at: datetime, kind: Kind = "entry") -> Item:
        """Give the next number and keep the check, both or neither."""
        with _transaction(self._db):
            row = self._db.execute("select value from kept where name = 'seq'").fetchone()
            seq = int(row[0]) + 1 if row else 1
            self._db.execute(
                "insert into kept (name, value) values ('seq', ?1)"
                " on conflict (name) do update set value = excluded.value",
                (str(seq).encode(),),
            )
            body = {"check_id": str(check_id), "seq": seq} | body
            self._db.execute(
                "insert into item (seq, check_id, body, state, made_at, kind) values (?, ?, ?, 'asking', ?, ?)",
                (seq, str(check_id), self._box.seal_json(f"item {seq}", body), made_at.isoformat(), kind),
            )
        return Item(
            seq=seq, kind=kind, check_id=check_id, body=body, state="asking", code=None, made_at=made_at
        )

    def wait(self, seq: int, body: dict[str, Any], entered: Entered | None = None) -> None:
        """The check was decided here, and waits to be handed in; who was let in by it goes into the log of the day."""
        sealed = self._box.seal_json(f"item {seq}", body)
        with _transaction(self._db):
            self._db.execute("update item set body = ?, state = 'waiting' where seq = ?", (sealed, seq))
            self._log(entered)

    def settle(
        self,
        gone: Sequence[int],
        marked: Sequence[tuple[int, State, str | None]],
        entered: Entered | None = None,
    ) -> None:
        """Delete what the server keeps; mark what it does not take; log who was let in."""
        with _transaction(self._db):
            self._log(entered)
            self._db.executemany("delete from item where seq = ?", [(seq,) for seq in gone])
            self._db.executemany(
                "update item set state = ?, code = ? where seq = ?",
                [(state, code, seq) for seq, state, code in marked],
            )

    def items(self, state: State, limit: int = -1) -> list[Item]:
        """Checks in a state, in the order of their numbers."""
        rows = self._db.execute(
            "select seq, check_id, body, state, code, made_at, kind from item where state = ?"
            " order by seq limit ?",
            (state, limit),
        ).fetchall()
        return [
            Item(
                seq=row[0],
                check_id=UUID(row[1]),
                body=self._box.open_json(f"item {row[0]}", row[2]),
                state=row[3],
                code=row[4],
                made_at=datetime.fromisoformat(row[5]),
                kind=row[6],
            )
            for row in rows
        ]

    def run(self, limit: int) -> list[Item]:
        """What is handed in next, in the order of numbers: as many of one kind as follow each other."""
        waiting = self.items("waiting", limit)
        return list(takewhile(lambda item: item.kind == waiting[0].kind, waiting))

    def entries(self, day: date, number: str) -> int:
        """How often the holder of a pass was let in here on a local day, as far as this device knows."""
        row = self._db.execute(
            "select times from entered where day = ? and who = ?",
            (day.isoformat(), self._box.index("entered", number)),
        ).fetchone()
        return int(row[0]) if row else 0

    def _log(self, entered: Entered | None) -> None:
        """One more entry; other days than this one are nobody's affair any more."""
        if entered is None:
            return
        day, who = entered.day.isoformat(), self._box.index("entered", entered.number)
        self._db.execute("delete from entered where day <> ?", (day,))
        self._db.execute(
            "insert into entered (day, who, times) values (?, ?, 1)"
            " on conflict (day, who) do update set times = times + 1",
            (day, who),
        )

    def holds(self, seq: int) -> bool:
        """Is the check with this number still here?"""
        return self._db.execute("select 1 from item where seq = ?", (seq,)).fetchone() is not None

    def counts(self) -> dict[State, int]:
        """How many checks are in each state."""
        return dict(self._db.execute("select state, count(*) from item group by state").fetchall())

    def oldest(self) -> datetime | None:
        """When the oldest check was made that is still to be handed in."""
        row = self._db.execute(
            "select made_at from item where state in ('asking', 'waiting') order by seq limit 1"
        ).fetchone()
        return datetime.fromisoformat(row[0]) if row else None

    def keep(self, **values: Any) -> None:
        """Keep plain values by name, all or none."""
        with _transaction(self._db):
            self._db.executemany(
                "insert into kept (name, value) values (?1, ?2)"
                " on conflict (name) do update set value = excluded.value",
                [(name, self._box.seal_json(name, value)) for name, value in values.items()],
            )

    def kept(self, name: str) -> Any:
        """A value that was kept; None for none."""
        row = self._db.execute("select value from kept where name = ?", (name,)).fetchone()
        return self._box.open_json(name, row[0]) if row else None


class _transaction:  # noqa: N801 -- reads as a statement
    """All or nothing, and nobody else writes meanwhile."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("begin immediate")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("commit" if kind is None else "rollback")
