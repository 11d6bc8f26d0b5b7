"""Importing the list of workers and their posts (R3.1, R3.2)."""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID, uuid4

from services.registry.domain.faults import Fault
from services.registry.domain.import_rows import RawRow, Reader, WorkerLine, read_all, read_worker
from services.registry.handlers.import_steps import Judged, Sheet
from services.registry.handlers.postings import CONTENT, posted, posts_of_town, sealed_worker
from services.registry.store import workers as store
from services.registry.store.workers import Post, Posting
from shared.db.pool import Conn, Tx
from shared.kernel.ids import uuid7
from shared.kernel.sealed import PersonKeys, Vault

_UNKNOWN = {
    "neighbourhood": "neighbourhood_unknown",
    "compound": "compound_unknown",
    "checkpoint": "checkpoint_unknown",
    "grid": "grid_unknown",
}


@dataclass(slots=True)
class _Batch:
    """What a batch changes."""

    refs: dict[str, UUID] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    fresh: dict[UUID, WorkerLine] = field(default_factory=dict)
    changed: dict[UUID, WorkerLine] = field(default_factory=dict)
    new_postings: list[Posting] = field(default_factory=list)
    moved_postings: list[Posting] = field(default_factory=list)
    kinds: dict[UUID, str] = field(default_factory=dict)


@dataclass(slots=True)
class WorkerImporter:
    """工作人员表: one row a posting, the same 工号 is the same worker."""

    vault: Vault
    seen: set[Hashable] = field(default_factory=set)

    async def judge(self, conn: Conn, rows: Sequence[RawRow]) -> Judged:
        """See `Importer`."""
        posts, compounds = await posts_of_town(conn)
        read = await asyncio.to_thread(read_all, rows, read_worker)
        known = await store.workers(conn, {line.code for _, _, line in read if line})
        postings = await store.postings(conn, {ref for ref, _ in known.values()})
        batch = _Batch(
            refs={code: ref for code, (ref, _) in known.items()},
            contents={code: content for code, (_, content) in known.items()},
        )
        sheet, seen = Sheet(), set[Hashable]()
        for row, reader, line in read:
            if line is None:
                sheet.reject(row, reader.faults)
                continue
            post = posts.get((line.place_kind, line.place))
            if post is None:
                sheet.reject(row, [Fault("派驻编号", _UNKNOWN[line.place_kind])])
            elif line.home_compound and line.home_compound not in compounds:
                sheet.reject(row, [Fault("居住小区编号", "compound_unknown")])
            else:
                self._settle(
                    sheet=sheet,
                    row=row,
                    reader=reader,
                    line=line,
                    post=post,
                    batch=batch,
                    postings=postings,
                    seen=seen,
                )

        async def enter(tx: Tx) -> None:
            await _enter(tx, batch, self.vault)

        return Judged(verdicts=sheet.verdicts, seen=frozenset(seen), enter=enter)

    def _settle(
        self,
        *,
        sheet: Sheet,
        row: RawRow,
        reader: Reader,
        line: WorkerLine,
        post: Post,
        batch: _Batch,
        postings: Mapping[tuple[UUID, Post, date], Posting],
        seen: set[Hashable],
    ) -> None:
        content = self.vault.index(CONTENT, line.facts().content())
        met = line.code in seen or line.code in self.seen
        if met and batch.contents.get(line.code) != content:
            sheet.reject(row, [Fault("工号", "worker_conflict")])
            return
        key = (line.code, post, line.from_day)
        if key in seen or key in self.seen:
            sheet.repeat(row)
            return
        seen |= {line.code, key}
        ref = batch.refs.get(line.code)
        described = batch.contents.get(line.code) != content
        if ref is None:
            ref = batch.refs[line.code] = uuid4()
            batch.fresh[ref] = line
        elif described:
            batch.changed[ref] = line
        batch.contents[line.code] = content
        batch.kinds[ref] = line.kind
        before = postings.get((ref, post, line.from_day))
        if before is None:
            batch.new_postings.append(
                Posting(
                    posting_id=uuid7(),
                    worker_ref=ref,
                    post=post,
                    from_day=line.from_day,
                    until_day=line.until_day,
                )
            )
        elif before.until_day != line.until_day:
            batch.moved_postings.append(replace(before, until_day=line.until_day))
        changed = described or before is None or before.until_day != line.until_day
        sheet.take(row, reader.faults, changed=changed)


async def _enter(tx: Tx, batch: _Batch, vault: Vault) -> None:
    keys = await vault.keys([*batch.fresh, *batch.changed], create=True)
    await store.add_workers(tx, await asyncio.to_thread(_seal, batch.fresh, keys, vault))
    await store.change_workers(tx, await asyncio.to_thread(_seal, batch.changed, keys, vault))
    await store.add_postings(tx, batch.new_postings)
    versions = await store.change_postings(tx, batch.moved_postings)
    for posting in (*batch.new_postings, *batch.moved_postings):
        told = posted(posting, batch.kinds[posting.worker_ref])
        await tx.publish(told, version=versions.get(posting.posting_id, 1))


def _seal(lines: Mapping[UUID, WorkerLine], keys: PersonKeys, vault: Vault) -> list[tuple[object, ...]]:
    return [sealed_worker(ref, line.facts(), keys[ref], vault) for ref, line in lines.items()]
