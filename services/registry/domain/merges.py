"""May two records be one person's, and which of their passes goes on? Pure (Identity, P10)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from services.registry.domain.documents import LASTING, Document
from shared.kernel.refusal import Refusal


class MergeImpossible(Refusal):
    """The two records cannot be one person's."""

    code: ClassVar[str] = "merge_impossible"


class MergedAlready(Refusal):
    """One of the records belongs to another one already; that one is named."""

    code: ClassVar[str] = "merged_already"


class MergeUnknown(Refusal):
    """There is no such merge."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "merge_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two records. `root`: who stands for it now; itself, where it was not merged."""

    person_ref: UUID
    root: UUID
    guardian_ref: UUID | None
    died_on: date | None
    documents: Sequence[Document]


def decide_merge(kept: Side, merged: Side) -> None:
    """May these be one person? Two lifelong numbers of one kind are two people; so are a child and its guardian.

    Raises:
        MergedAlready, MergeImpossible: as their names say, with the cause.
    """
    if kept.root == merged.root:
        raise MergedAlready(
            "两条记录已合并。The two records are merged.", field="merged", into=str(kept.root)
        )
    for side in (kept, merged):
        if side.root != side.person_ref:
            raise MergedAlready(
                "该记录已并入另一条。The record belongs to another one already.",
                remedy="请用所并入的记录。Name the record it belongs to.",
                person_ref=str(side.person_ref),
                into=str(side.root),
            )
    if cause := _apart(kept, merged):
        raise MergeImpossible(
            "两条记录不可能是同一人。The two records cannot be one person.",
            remedy="先更正有误的资料。Correct the values that are wrong first.",
            cause=cause,
        )


def _apart(kept: Side, merged: Side) -> str | None:
    if kept.person_ref == merged.guardian_ref or merged.person_ref == kept.guardian_ref:
        return "guardian"
    if (kept.died_on is None) != (merged.died_on is None):
        return "deceased"
    numbers: defaultdict[str, set[str]] = defaultdict(set)
    for document in (*kept.documents, *merged.documents):
        if document.verified and document.kind in LASTING:
            numbers[document.kind].add(document.number)
    return "documents" if any(len(found) > 1 for found in numbers.values()) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOfTwo:
    """A pass that is not void, of one of two records."""

    pass_id: UUID
    compound: str
    active: bool
    ends: datetime


def surplus(passes: Iterable[PassOfTwo]) -> list[UUID]:
    """Which passes end with the merge: of each compound one goes on, one that admits before one that does not.

    Of two that admit, the one that is good for longer.
    """
    by_compound: defaultdict[str, list[PassOfTwo]] = defaultdict(list)
    for one in passes:
        by_compound[one.compound].append(one)
    ended = []
    for held in by_compound.values():
        best = max(held, key=lambda one: (one.active, one.ends, one.pass_id))
        ended += [one.pass_id for one in held if one is not best]
    return sorted(ended)
