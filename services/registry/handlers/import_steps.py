"""What the importers of all kinds of lists have in common: a batch is judged, then entered."""

from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.registry.domain.faults import DUPLICATE, KEPT, Fault, Outcome
from services.registry.domain.import_rows import RawRow
from services.registry.store.imports import Counts
from shared.db.pool import Conn, Tx


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a row, and why where it is not plain."""

    row: RawRow
    outcome: Outcome
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A judged batch. `enter` writes what the accepted rows change; `seen` is what later batches must know of it."""

    verdicts: Sequence[Verdict]
    seen: frozenset[Hashable]
    enter: Callable[[Tx], Awaitable[None]]

    def counts(self) -> Counts:
        """How many rows came to what."""
        count = Counter(verdict.outcome for verdict in self.verdicts)
        return Counts(
            accepted=count[Outcome.ACCEPTED],
            unchanged=count[Outcome.UNCHANGED],
            unverified=count[Outcome.UNVERIFIED],
            rejected=count[Outcome.REJECTED],
            duplicate=count[Outcome.DUPLICATE],
        )


class Importer(Protocol):
    """One run over a file. It reads the database afresh for each batch and remembers only `seen` in between."""

    seen: set[Hashable]

    async def judge(self, conn: Conn, rows: Sequence[RawRow]) -> Judged:
        """Judge the next batch; changes neither the database nor this importer's `seen`."""


@dataclass(slots=True)
class Sheet:
    """Collects the verdicts of a batch in the order of its rows."""

    verdicts: list[Verdict] = field(default_factory=list)

    def reject(self, row: RawRow, faults: Sequence[Fault]) -> None:
        """The row is not taken."""
        self.verdicts.append(Verdict(row, Outcome.REJECTED, tuple(faults)))

    def repeat(self, row: RawRow) -> None:
        """The row repeats an earlier one."""
        self.verdicts.append(Verdict(row, Outcome.DUPLICATE, (Fault("", DUPLICATE),)))

    def take(self, row: RawRow, faults: Sequence[Fault], *, changed: bool) -> None:
        """The row is taken: unverified where it has faults, whether or not it changes anything.

        So the same file gives the same error sheet when it is imported again.
        """
        kept = tuple(fault for fault in faults if fault.code in KEPT)
        plain = Outcome.ACCEPTED if changed else Outcome.UNCHANGED
        self.verdicts.append(Verdict(row, Outcome.UNVERIFIED if kept else plain, kept))
